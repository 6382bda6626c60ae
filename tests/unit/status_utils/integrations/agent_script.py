"""One scripted run of five agents for every framework, with its expected statuses.

The Orchestrator asks Geo Agent and Category Agent at once, then Review Agent, whose model fails, and ends
well. Geo Agent asks Street Agent and uses a tool that reports progress; Category Agent uses a tool that
fails. Every answer of a model costs 10 tokens in and 5 out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from status_utils import MemoryTransport, StatusUpdate, report_progress
from tests.unit.status_utils.published import statuses

TOKENS_IN, TOKENS_OUT = 10, 5
SECRET = "password is hunter2"


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of a model: tools to call, else a text, else an error."""

    calls: tuple[str, ...] = ()
    say: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ScriptedAgent:
    """The answers of its model, and its tools: functions, or agents that run as tools."""

    name: str
    steps: tuple[Step, ...]
    functions: tuple[str, ...] = ()
    agents: dict[str, ScriptedAgent] = field(default_factory=dict)


STREET = ScriptedAgent("Street Agent", (Step(say="Elm"),))
GEO = ScriptedAgent(
    "Geo Agent",
    (Step(("street",)), Step(("lookup",)), Step(say="Elm Street")),
    functions=("lookup",),
    agents={"street": STREET},
)
CATEGORY = ScriptedAgent(
    "Category Agent", (Step(("classify",)), Step(say="lighting")), functions=("classify",)
)
REVIEW = ScriptedAgent("Review Agent", (Step(error=SECRET),))
ORCHESTRATOR = ScriptedAgent(
    "Orchestrator",
    (Step(("geo", "category")), Step(("review",)), Step(say="done")),
    agents={"geo": GEO, "category": CATEGORY, "review": REVIEW},
)
CRASHING = ScriptedAgent("Orchestrator", (Step(("lookup",)), Step(error=SECRET)), functions=("lookup",))


def lookup(text: str) -> str:
    """Look up a street."""
    report_progress(0.5, "Half of the map")
    return text.upper()


def classify(text: str) -> str:
    """Find the category of a text."""
    raise ValueError(SECRET)


FUNCTIONS: dict[str, Callable[[str], str]] = {"lookup": lookup, "classify": classify}


class Meeting:
    """Async twins of the functions, which wait for each other: then the two agents really run at once."""

    def __init__(self, parties: int) -> None:
        self._barrier = asyncio.Barrier(parties)

    async def lookup(self, text: str) -> str:
        """Look up a street."""
        await self._barrier.wait()
        return lookup(text)

    async def classify(self, text: str) -> str:
        """Find the category of a text."""
        await self._barrier.wait()
        return classify(text)


@contextmanager
def own_loop() -> Iterator[None]:
    """A new loop for this thread: the frameworks' `run_sync` take the thread's, which pytest has used up."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


Told = list[tuple[Any, ...]]


def canonical(transport: MemoryTransport) -> dict[tuple[str | None, ...], Told]:
    """What was reported: by (agent, its parent, tool), the (status, attempt, tokens in, tokens out) in order.

    What runs at once has no order; within one agent, and within one use of a tool, there is one.
    """
    seen = statuses(transport)
    names = {update.invocation_id: update.agent_name for update in seen}
    told: dict[tuple[str | None, ...], Told] = {}
    for update in seen:
        usage = (update.metadata or {}).get("tokenUsage") or {}
        told.setdefault(
            (
                update.agent_name,
                names[update.parent_invocation_id] if update.parent_invocation_id else None,
                update.tool_name,
            ),
            [],
        ).append((update.status, update.attempt, usage.get("inputTokens"), usage.get("outputTokens")))
    return told


def work(transport: MemoryTransport) -> list[StatusUpdate]:
    """The statuses of agents, without the job's own."""
    return [update for update in statuses(transport) if update.agent_name is not None]
