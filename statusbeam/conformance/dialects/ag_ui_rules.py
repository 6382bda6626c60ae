"""Checks the rules of AG-UI's own verifier, and that each delta applies to the state before it.

| rule | for |
|---|---|
| the first event is RUN_STARTED, or RUN_ERROR | a run |
| only RUN_STARTED may follow the end | a run |
| RUN_FINISHED comes after the end of each | subagents, steps, messages, tool calls |
| an open one cannot start, and only an open one can end | the same |
| an id is used once, and a parent started in the same run | subagents |
| no field is null | every event |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonpatch

OPENING: Mapping[str, tuple[str, str]] = {
    "SUBAGENT_STARTED": ("subagent", "subagentRunId"),
    "STEP_STARTED": ("step", "stepName"),
    "TEXT_MESSAGE_START": ("message", "messageId"),
    "TOOL_CALL_START": ("tool call", "toolCallId"),
}
CLOSING: Mapping[str, tuple[str, str]] = {
    "SUBAGENT_FINISHED": ("subagent", "subagentRunId"),
    "SUBAGENT_ERROR": ("subagent", "subagentRunId"),
    "STEP_FINISHED": ("step", "stepName"),
    "TEXT_MESSAGE_END": ("message", "messageId"),
    "TOOL_CALL_END": ("tool call", "toolCallId"),
}
ENDS = ("RUN_FINISHED", "RUN_ERROR")


class RunRules:
    """Checks one stream of events."""

    def __init__(self) -> None:
        self.state: Any = None
        """The state as the client has it."""
        self.has_ended = False
        """Whether the newest run is over."""
        self._is_running = False
        self._open: set[tuple[str, str, str]] = set()
        self._subagents: set[str] = set()
        self._ever_subagents: set[str] = set()

    def broken_by(self, event: Mapping[str, Any]) -> list[str]:
        """The faults of the next event."""
        return [f"{event.get('type')}: {problem}" for problem in self._check(event)]

    def _check(self, event: Mapping[str, Any]) -> Iterator[str]:
        kind = str(event.get("type"))
        yield from (f"{name} is null" for name, value in event.items() if value is None)
        if kind == "RUN_STARTED":
            if self._is_running:
                yield "the previous run has not ended"
            self._is_running, self.has_ended = True, False
            self._subagents = set()
        elif self.has_ended:
            yield "the run has ended"
        elif not self._is_running and kind != "RUN_ERROR":
            yield "no run has started"
        if kind in OPENING or kind in CLOSING:
            yield from self._check_part(kind, event)
        elif kind in ENDS:
            if kind == "RUN_FINISHED" and self._open:
                yield f"still open: {', '.join(sorted(' '.join(one).strip() for one in self._open))}"
            self._is_running, self.has_ended, self._open = False, True, set()
        elif kind == "STATE_SNAPSHOT":
            self.state = event.get("snapshot")
        elif kind == "STATE_DELTA":
            yield from self._apply(event)

    def _check_part(self, kind: str, event: Mapping[str, Any]) -> Iterator[str]:
        what, id_field = OPENING.get(kind) or CLOSING[kind]
        owner = "" if what == "subagent" else str(event.get("subagentRunId", ""))
        name = str(event.get(id_field))
        part = (what, name, owner)
        if kind in CLOSING:
            if part not in self._open:
                yield f"{what} {name} is not open"
            self._open.discard(part)
            return
        if part in self._open:
            yield f"{what} {name} is already open"
        self._open.add(part)
        if what != "subagent":
            return
        if name in self._ever_subagents:
            yield f"the id {name} was used before"
        parent = event.get("parentSubagentRunId")
        if parent is not None and parent not in self._subagents:
            yield f"the parent {parent} was not started in this run"
        self._subagents.add(name)
        self._ever_subagents.add(name)

    def _apply(self, event: Mapping[str, Any]) -> Iterator[str]:
        try:
            self.state = jsonpatch.apply_patch(self.state, event.get("delta") or ())
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError) as error:
            yield f"the delta does not apply to the state: {error}"
