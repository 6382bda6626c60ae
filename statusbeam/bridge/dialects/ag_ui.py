"""AG-UI 1.0: a job is a run, its agents are subagents, its snapshot is the state.

| job | events |
|---|---|
| a client joins | RUN_STARTED, STATE_SNAPSHOT, SUBAGENT_STARTED for each running agent, parents first |
| any status | STATE_DELTA (RFC 6902), so that the state is the snapshot |
| an agent begins, ends, fails | SUBAGENT_STARTED, _FINISHED, _ERROR, named `invocation#attempt` |
| a newer attempt of an agent | SUBAGENT_ERROR `superseded`, then SUBAGENT_STARTED |
| a tool | ACTIVITY_SNAPSHOT: an unanswered TOOL_CALL would become the client's to answer |
| the job has settled | SUBAGENT_ERROR `unfinished` for open agents, then RUN_FINISHED or RUN_ERROR |
| all work waits for an answer | SUBAGENT_FINISHED `suspended`, RUN_FINISHED `interrupt` |
| any status after that | the events of a join |
| a new run of the job | the end of the old run, then the events of a join |
| statuses were lost | CUSTOM `statusbeam.verdict`, STATE_SNAPSHOT, RUN_ERROR: the client must run again |

The events follow the snapshots, not the status words: AG-UI's verifier rejects an end without a start, and a
second start. The end of the run waits until the job has settled, because nothing may follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonpatch

from statusbeam.log.snapshot.agent_state import AgentState, AgentStatus, without_none
from statusbeam.log.snapshot.fold import invocation_of
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.log.snapshot.times import ms_of, time_of
from statusbeam.log.snapshot.usage import usage_view
from statusbeam.log.snapshot.waiting import Waiting
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus, StatusWord

from ..tail.events import Joined, Step

PROTOCOL_VERSION: Final = "1.0"

_REFUSED_PATH: Final = re.compile(r"/(__proto__|prototype|constructor)(/|$)")
"""Names that clients' JSON Patch libraries reject, and that an agent may have."""

_TOOL_STATES: Final = {
    StatusWord.CALLING_TOOL: "running",
    StatusWord.TOOL_COMPLETE: "complete",
    StatusWord.TOOL_ERROR: "error",
}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The run that a client requested."""

    thread_id: str
    """The client's name for the session."""
    job_id: str

    def events_at_join(self, joined: Joined) -> list[Event]:
        """The events that bring a client to the snapshot; after a loss, they end the run."""
        job = joined.job
        snapshot = {"type": "STATE_SNAPSHOT", "snapshot": state_of(job), **_metadata(job.head)}
        if joined.lost is not None:
            verdict = {"recovered": False, "reason": str(joined.lost)}
            return [
                {"type": "CUSTOM", "name": "statusbeam.verdict", "value": verdict},
                snapshot,
                {"type": "RUN_ERROR", "message": "Statuses were lost. Run again.", "code": str(joined.lost)},
            ]
        started = {"type": "RUN_STARTED", **self._ids(job.head), "protocolVersion": PROTOCOL_VERSION}
        events: list[Event] = [started, snapshot]
        running = _parents_first(agent for agent in job.agents.values() if _is_running(agent))
        begun: dict[str, AgentState] = {}
        for agent in running:
            events.append(_started(agent, begun))
            begun[agent.invocation_id] = agent
        return [*events, *self._interruption(job)]

    def events_of(self, step: Step) -> list[Event]:
        """The events of one status."""
        before, after = step.before, step.after
        if is_interrupted(before):  # only the next run may follow the end of a run
            return self.events_at_join(Joined(job=after))
        if before.head.sequence and before.head.runs.number != after.head.runs.number:
            return [*self.events_at_end(before), *self.events_at_join(Joined(job=after))]
        at = ms_of(step.update.timestamp)
        events = [*self._events_of(step), *self._interruption(after)]
        return [{**event, "timestamp": at} for event in events]

    def events_at_end(self, job: Job) -> list[Event]:
        """The events that end the run, once the job has ended and has settled."""
        running = _parents_first(agent for agent in job.agents.values() if _is_running(agent))
        unfinished = [_error(agent, "unfinished") for agent in reversed(running)]
        return [*unfinished, self._end(job)]

    def _events_of(self, step: Step) -> Iterator[Event]:
        before, update, after = step.before, step.update, step.after
        invocation = invocation_of(update)
        agent = after.agents.get(invocation or "")
        if invocation is not None and agent is not None:  # None after a status of an older run
            yield from _changes(before.agents.get(invocation), agent, after, update.message)
            if update.tool_name and update.status in _TOOL_STATES and before.agents != after.agents:
                yield _tool_activity(agent, update)
        patch = jsonpatch.make_patch(state_of(before), state_of(after)).patch
        if any(_REFUSED_PATH.search(operation["path"]) for operation in patch):
            yield {"type": "STATE_SNAPSHOT", "snapshot": state_of(after), **_metadata(after.head)}
        elif patch:
            yield {"type": "STATE_DELTA", "delta": patch, **_metadata(after.head)}

    def _interruption(self, job: Job) -> Iterator[Event]:
        """The end of a run that cannot continue before an answer."""
        if not is_interrupted(job):
            return
        running = _parents_first(agent for agent in job.agents.values() if _is_running(agent))
        for agent in reversed(running):
            asked = [_interrupt_id(agent, agent.waiting)] if agent.waiting else []
            outcome = {"type": "suspended", "interruptIds": asked}
            yield {"type": "SUBAGENT_FINISHED", "subagentRunId": _run_id(agent), "outcome": outcome}
        waiting = [(None, job.head.waiting), *((agent, agent.waiting) for agent in running)]
        interrupts = [_interrupt(agent, one) for agent, one in waiting if one is not None]
        end = {"type": "interrupt", "interrupts": interrupts}
        yield {"type": "RUN_FINISHED", **self._ids(job.head), "outcome": end}

    def _end(self, job: Job) -> Event:
        if job.head.overall_status is OverallStatus.FAILED:
            failed = [agent.activity for agent in job.shown_agents if agent.status is AgentStatus.ERROR]
            return {"type": "RUN_ERROR", "message": next(filter(None, failed), "The job failed.")}
        completed = job.head.overall_status is OverallStatus.COMPLETED
        usage = usage_view(job.head.tokens)
        counted = {name: usage[name] for name in ("inputTokens", "outputTokens")} if usage else None
        return without_none(
            {
                "type": "RUN_FINISHED",
                **self._ids(job.head),
                "outcome": {"type": "success" if completed else "cancelled"},
                "result": job.head.result,
                "usage": [counted] if counted else None,
            }
        )

    def _ids(self, head: Head) -> dict[str, str]:
        return {"threadId": self.thread_id, "runId": f"{self.job_id}#{head.runs.number}"}


def is_last(event: Joined | Step) -> bool:
    """Whether the run ends with this event. A client that lost statuses must run again."""
    return isinstance(event, Joined) and event.lost is not None


def is_interrupted(job: Job) -> bool:
    """Whether all work waits: the job itself, or every running agent."""
    if not job.head.waits:
        return False
    if job.head.waiting is not None:
        return True
    running = [agent for agent in job.agents.values() if _is_running(agent)]
    parents = {agent.parent_invocation_id for agent in running}
    working = [agent for agent in running if agent.invocation_id not in parents]
    return bool(working) and all(agent.waiting is not None for agent in working)


def state_of(job: Job) -> dict[str, Any]:
    """The snapshot as AG-UI's state: the job's fields, and its agents by invocation."""
    view = job_view(job)
    return {**view, "agents": {agent["invocationId"]: agent for agent in view["agents"]}}


def _changes(before: AgentState | None, after: AgentState, job: Job, message: str) -> Iterator[Event]:
    """The events of an agent's change, for the agent's subagent."""
    same_attempt = before is not None and before.attempt == after.attempt
    if before is not None and _is_running(before) and not same_attempt:
        yield _error(before, "superseded")
    was_running = before is not None and same_attempt and _is_running(before)
    had_begun = before is not None and same_attempt and before.status is not AgentStatus.PENDING
    if not had_begun and after.status is not AgentStatus.PENDING:
        yield _started(after, job.agents)
        was_running = True
    if was_running and after.ended:
        succeeded = after.status is AgentStatus.SUCCESS
        yield _finished(after) if succeeded else _error(after, message)


def _is_running(agent: AgentState) -> bool:
    return agent.status is AgentStatus.IN_PROGRESS


def _run_id(agent: AgentState) -> str:
    return f"{agent.invocation_id}#{agent.run}.{agent.attempt}"


def _started(agent: AgentState, begun: Mapping[str, AgentState]) -> Event:
    # A parent that is not running may never have started in this client's run, so it must not be named.
    parent = begun.get(agent.parent_invocation_id or "")
    named = parent is not None and _is_running(parent) and parent is not agent
    return without_none(
        {
            "type": "SUBAGENT_STARTED",
            "subagentRunId": _run_id(agent),
            "name": agent.name,
            "parentSubagentRunId": _run_id(parent) if parent and named else None,
        }
    )


def _finished(agent: AgentState) -> Event:
    return {"type": "SUBAGENT_FINISHED", "subagentRunId": _run_id(agent), "outcome": {"type": "success"}}


def _error(agent: AgentState, message: str) -> Event:
    return {"type": "SUBAGENT_ERROR", "subagentRunId": _run_id(agent), "message": message}


def _interrupt_id(agent: AgentState | None, waiting: Waiting) -> str:
    return f"{_run_id(agent) if agent else 'job'}@{waiting.since_ms}"


def _interrupt(agent: AgentState | None, waiting: Waiting) -> Event:
    return without_none(
        {
            "id": _interrupt_id(agent, waiting),
            "reason": waiting.what,
            "message": waiting.prompt,
            "expiresAt": time_of(waiting.until_ms),
            "subagentRunId": _run_id(agent) if agent else None,
        }
    )


def _tool_activity(agent: AgentState, update: StatusUpdate) -> Event:
    content = {
        "agent": agent.name,
        "tool": update.tool_name,
        "state": _TOOL_STATES[StatusWord(update.status)],
        "message": update.message,
    }
    return {
        "type": "ACTIVITY_SNAPSHOT",
        "messageId": f"{_run_id(agent)}/{update.tool_name}",
        "activityType": "TOOL",
        "content": content,
        "replace": True,
    }


def _metadata(head: Head) -> Mapping[str, Any]:
    position = without_none({"sequence": head.sequence, "epoch": head.epoch})
    return {"metadata": {"statusbeam": position}}


def _parents_first(agents: Iterable[AgentState]) -> list[AgentState]:
    """The agents, each after its parent. In a cycle, one agent comes first."""
    waiting = {agent.invocation_id: agent for agent in agents}
    found: list[AgentState] = []
    while waiting:
        ready = [agent for agent in waiting.values() if agent.parent_invocation_id not in waiting]
        for agent in ready or [next(iter(waiting.values()))]:
            found.append(waiting.pop(agent.invocation_id))
    return found
