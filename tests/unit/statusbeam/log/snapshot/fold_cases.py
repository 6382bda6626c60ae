"""Statuses for the tests of the fold: a short form to write one, and strategies for whole logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from statusbeam.log.snapshot.agent_state import AgentState
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import status_type

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
        type=status_type(word, of_job=not ({"agent_name", "invocation_id"} & named.keys())),
        status=word,
        message=message or f"{word} at {at:g}",
        timestamp=time_of(START_MS + round(at * 1000)) or "",
        **named,
    )


def committed(updates: Iterable[StatusUpdate], *, first: int = 1) -> list[StatusUpdate]:
    """The statuses in the log's form: numbered, each with its own event id."""
    return [
        replace(update, sequence=sequence, event_id=f"e{sequence}")
        for sequence, update in enumerate(updates, first)
    ]


def folded(*updates: StatusUpdate) -> Job:
    """The snapshot of the statuses, committed in this order."""
    return fold(committed(updates))


def geo(word: str, at: float = 0.0, **fields: Any) -> StatusUpdate:
    """A status of the Geo Agent."""
    return status(word, at, agent="Geo Agent", **fields)


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
    "waiting",
    "answered",
    "cancelled",
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
    "loading_agents",
    "waiting",
    "answered",
    "cancelled",
    "cancel_requested",
)
RUNS = ("p.1", "p.2", "p.3", "q.1", "q.2", "r")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
PLANS: tuple[list[Any], ...] = (
    ["Geo Agent", "Category Agent"],
    [
        {"name": "Geo Agent", "weight": 3, "tools": ["geocode", "search"]},
        {"name": "Severity Agent", "weight": 0},
    ],
    [{"name": "Severity Agent", "weight": 0.5, "dependsOn": ["Geo Agent"], "tools": ["search"]}],
    [{"name": "Geo Agent", "weight": 0}, {"name": "Category Agent", "weight": 2, "invocationId": "i2"}],
)


class _Dice:
    """Picks from one drawn number: far quicker than a draw for each field, and 0 is still the simplest."""

    def __init__(self, number: int) -> None:
        self._number = number

    def pick(self, *options: Any) -> Any:
        self._number, place = divmod(self._number, len(options))
        return options[place]

    def below(self, end: int) -> int:
        self._number, value = divmod(self._number, end)
        return value

    def common(self) -> dict[str, Any]:
        return {
            "at": self.pick(self.below(40), self.below(40), self.below(40), self.below(400)),
            "message": self.pick("one", "two", "", "three" * 80),
            "attempt": self.pick(None, None, None, 1, 2, 3),
            "progress": self.pick(None, self.below(100_001) / 1000),
            "metadata": self._metadata(),
        }

    def _metadata(self) -> dict[str, Any] | None:
        said = self.pick(None, None, self._usage(), self._usage(), self._plan(), self._said(), self._life())
        run = self.pick(None, *RUNS)
        return said if run is None else {**(said or {}), "run": run, "opened": self.below(4)}

    def _life(self) -> dict[str, Any]:
        waits = {
            "for": self.pick("approval", "timer"),
            "prompt": self.pick(None, "Go on?"),
            "answerable": self.pick(False, True, "yes"),
        }
        return {
            "title": self.pick("One", "Two"),
            "result": self.pick(None, 1, {"a": [1]}),
            "waiting": waits,
            "cancelRequest": {"by": "user-9", "reason": "Enough"},
        }

    def _usage(self) -> dict[str, Any]:
        return {"tokenUsage": {"inputTokens": self.below(1_000), "outputTokens": self.below(1_000)}}

    def _plan(self) -> dict[str, Any]:
        return {"plan": self.pick(*PLANS)}

    def _said(self) -> dict[str, Any]:
        eta = {"p50": self.below(30), "p90": self.below(60)}
        return {"leaseSeconds": self.below(600), "sessionId": self.pick("s1", "s2"), "eta": eta}


def _agent_status(number: int) -> StatusUpdate:
    dice = _Dice(number)
    return status(
        dice.pick(*AGENT_WORDS),
        agent=dice.pick(*NAMES, NAMES[0]),
        invocation=dice.pick(None, None, "i1", "i2", "Geo Agent"),
        tool=dice.pick(None, "geocode", "search", "translate"),
        parent=dice.pick(None, None, "i1", "Category Agent"),
        took_ms=dice.pick(None, dice.below(5_000)),
        **dice.common(),
    )


def _job_status(number: int) -> StatusUpdate:
    dice = _Dice(number)
    return status(dice.pick(*JOB_WORDS), **dice.common())


def status_drawn_from(number: int) -> StatusUpdate:
    """The status that a number from 0 to 2^96 - 1 stands for."""
    number, kind = divmod(number, 3)
    return _job_status(number) if kind == 0 else _agent_status(number)


numbers = st.integers(0, 2**96)
agent_statuses = numbers.map(_agent_status)
job_statuses = numbers.map(_job_status)
statuses = agent_statuses | agent_statuses | job_statuses
# Long ones by themselves: a list that may be short mostly is, and little happens twice in it.
logs = (st.lists(statuses, max_size=6) | st.lists(statuses, min_size=12, max_size=28)).map(committed)


def job_of_items(head: Mapping[str, Any], agents: Iterable[Mapping[str, Any]]) -> Job:
    """The snapshot that a store holds."""
    states = [AgentState.from_item(item) for item in agents]
    return Job(head=Head.from_item(head), agents={state.invocation_id: state for state in states})
