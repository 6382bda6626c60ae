"""Statuses for the tests of the fold: a short way to write one, and strategies that draw whole logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from status_utils.agent_state import time_of
from status_utils.events import StatusUpdate
from status_utils.words import status_type

START_MS = 1_795_167_000_000  # 2026-11-20T09:30:00.000Z
FIELDS = {
    "agent": "agent_name",
    "invocation": "invocation_id",
    "parent": "parent_invocation_id",
    "tool": "tool_name",
    "took_ms": "execution_time_ms",
}


def status(word: str, at: float = 0.0, message: str = "", **fields: Any) -> StatusUpdate:
    """A status not yet committed, said `at` seconds after the start; `fields` may use FIELDS' short names."""
    named = {FIELDS.get(name, name): value for name, value in fields.items()}
    return StatusUpdate(
        job_id="job-1",
        user_id="user-1",
        tenant_id="tenant-1",
        event_id=named.pop("event_id", f"{word}-{at}-{message[:32]}"),
        type=status_type(word),
        status=word,
        message=message or f"{word} at {at:g}",
        timestamp=time_of(START_MS + round(at * 1000)) or "",
        **named,
    )


def committed(updates: Iterable[StatusUpdate], *, first: int = 1) -> list[StatusUpdate]:
    """The statuses as the log has them: numbered, each with an event id of its own."""
    return [
        StatusUpdate.from_wire({**update.to_wire(), "sequence": sequence, "eventId": f"e{sequence}"})
        for sequence, update in enumerate(updates, first)
    ]


NAMES = ("Geo Agent", "Category Agent", "Severity Agent")
AGENT_WORDS = (
    "agent_invoking",
    "agent_retrying",
    "agent_complete",
    "agent_error",
    "calling_tool",
    "tool_complete",
    "progress",
    "heartbeat",
    "pending",
    "thinking",
)
JOB_WORDS = (
    "loading_agents",
    "validating",
    "synthesizing",
    "complete",
    "error",
    "reopened",
    "progress",
    "heartbeat",
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
counts = st.integers(0, 2_000)
usages = st.fixed_dictionaries({}, optional={"inputTokens": counts, "outputTokens": counts})
steps = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES)},
    optional={
        "weight": st.sampled_from((0, 0.5, 1, 3)),
        "dependsOn": st.lists(st.sampled_from(NAMES), max_size=2),
        "tools": st.lists(st.sampled_from(("geocode", "search")), max_size=2),
    },
)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "tokenUsage": usages | json_values,
        "plan": st.lists(steps | st.sampled_from(NAMES), max_size=3) | json_values,
        "leaseSeconds": st.integers(0, 600) | json_values,
        "eta": st.fixed_dictionaries({"p50": st.integers(0, 60), "p90": st.integers(0, 60)}) | json_values,
        "sessionId": st.sampled_from(("s1", "s2")) | json_values,
        "workflow": st.just("complaints"),
    },
)
percents = st.floats(0, 100).map(lambda value: round(value, 3))
common = {
    "at": st.integers(0, 40),
    "message": st.sampled_from(("", "one", "two", "three" * 80)),
    "metadata": st.none() | metadata,
    "progress": st.none() | percents,
    "attempt": st.none() | st.integers(1, 3),
}


def _status(fields: Mapping[str, Any]) -> StatusUpdate:
    return status(**fields)


agent_statuses = st.fixed_dictionaries(
    {
        **common,
        "word": st.sampled_from(AGENT_WORDS),
        "agent": st.sampled_from(NAMES),
        "invocation": st.sampled_from((None, None, "i1", "i2", "Geo Agent")),
        "parent": st.sampled_from((None, None, "i1", "Category Agent")),
        "tool": st.sampled_from((None, "geocode", "search", "translate")),
        "took_ms": st.none() | st.integers(0, 5_000),
    }
).map(_status)
job_statuses = st.fixed_dictionaries({**common, "word": st.sampled_from(JOB_WORDS)}).map(_status)
logs = st.lists(agent_statuses | agent_statuses | job_statuses, max_size=24).map(committed)
