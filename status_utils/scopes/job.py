"""Scopes: the ids of a job and its agents, carried along, and what they do told from beginning to end.

    with job(job_id="job-1", user_id="ana", tenant_id="city", plan=["Geo Agent", "Severity Agent"]) as j:
        with j.agent("Geo Agent", message="Reading the address") as a:
            with a.tool("location", reason="The text names a street"):
                ...
            a.progress(80, "One of two places found")

Each beginning has its end, also when the work raises, is cancelled or times out. Nothing here raises into the
caller or waits for the network; `async with` works alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from statusbeam.model.words import StatusWord

from ..sending.sender import FLUSH_SECONDS
from ..sending.senders import sender_for
from ..sending.truncate import id_text, text_of
from .invocations import Run, Runs
from .scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ..sending.sender import Sender
    from ..transports.transport import Transport

_PLAN_CHARACTERS = 4_000
"""Of a plan's part in one status: a longer plan comes in several, below what metadata may have."""


class ToolScope(Scope):
    """One use of a tool by an agent: `calling_tool` at once, `tool_complete` or `tool_error` at its end."""

    DONE = StatusWord.TOOL_COMPLETE
    FAILED = StatusWord.TOOL_ERROR

    def __init__(self, agent: AgentScope, tool_name: str, reason: str) -> None:
        tool_name = text_of(tool_name) or "tool"
        super().__init__(agent.sender, tool_name, {**agent.entry, "toolName": tool_name}, agent)
        self.agent = agent
        self.tool_name = tool_name
        self._began_at = self.sender.ticks()
        self.say(StatusWord.CALLING_TOOL, reason, None)

    def tokens(self, *, input: int, output: int) -> None:  # noqa: A002 - what everybody calls them
        """See Scope.tokens: a tool's are its agent's."""
        self.agent.tokens(input=input, output=output)

    def _tokens_used(self) -> dict[str, int] | None:
        return self.agent._tokens_used()

    def _renew(self) -> None:
        self.agent._renew()  # a tool has no lease of its own


class AgentScope(Scope):
    """One run of an agent. See JobScope.agent."""

    DONE = StatusWord.AGENT_COMPLETE
    FAILED = StatusWord.AGENT_ERROR

    def __init__(self, owner: JobScope | AgentScope, agent_name: str, message: str, run: Run) -> None:
        self.job: JobScope = owner if isinstance(owner, JobScope) else owner.job
        entry = {**self.job.entry, "agentName": agent_name, "invocationId": run.invocation_id}
        if isinstance(owner, AgentScope):
            entry["parentInvocationId"] = owner.invocation_id
        entry["attempt"] = run.attempt
        super().__init__(owner.sender, agent_name, entry, owner)
        self.agent_name = agent_name
        self._message = message
        self._runs = Runs(run.invocation_id, run.counted)

    @property
    def invocation_id(self) -> str:
        """This run of the agent, the same over its attempts."""
        invocation_id: str = self.entry["invocationId"]
        return invocation_id

    @property
    def attempt(self) -> int:
        """1, 2 … when the run is retried."""
        attempt: int = self.entry["attempt"]
        return attempt

    def agent(
        self,
        agent_name: str,
        *,
        message: str | None = None,
        attempt: int | None = None,
        invocation_id: str | None = None,
    ) -> AgentScope:
        """A run of an agent below this one. See JobScope.agent."""
        agent_name = text_of(agent_name) or "Agent"
        run = self._runs.next(agent_name, attempt, invocation_id)
        return AgentScope(self, agent_name, _opening(agent_name, message), run)

    def tool(self, tool_name: str, reason: str = "") -> ToolScope:
        """Say that the agent uses a tool; as a `with` block, also how that ended.

        a.tool("location", reason="Find Elm Street")
        with a.tool("location", reason="Find Elm Street"): ...
        """
        return ToolScope(self, tool_name, reason)

    def end(self, error: BaseException | None = None) -> None:
        """See Scope.end."""
        super().end(error)
        if self.job.process != os.getpid():  # a forked one: the job's end, where all is sent, is the parent's
            self.sender.flush(last_chance=True)

    def _say_start(self) -> None:
        self.say(StatusWord.AGENT_INVOKING, self._message, None)

    def _renew(self) -> None:
        super()._renew()
        self.job.said_at = self.said_at  # a job lives as long as anything in it reports


class JobScope(Scope):
    """A job. See `job`."""

    DONE = StatusWord.COMPLETE
    FAILED = StatusWord.ERROR

    def __init__(
        self,
        entry: dict[str, Any],
        opening: _Opening,
        sender: Sender,
        *,
        ends_job: bool,
        attempt: int | None,
    ) -> None:
        super().__init__(sender, "The job", entry, None)
        self._opening = opening
        self._ends_job = ends_job
        self.process = os.getpid()
        self.flush_seconds = FLUSH_SECONDS
        self._runs = Runs(self.job_id, attempt)

    def agent(
        self,
        agent_name: str,
        *,
        message: str | None = None,
        attempt: int | None = None,
        invocation_id: str | None = None,
    ) -> AgentScope:
        """A run of an agent: `agent_invoking` when it begins, `agent_complete` or `agent_error` at its end.

            with j.agent("Geo Agent", message="Reading the address") as a: ...

        Every run has an invocation id of its own. `attempt` (1, 2 …) counts retries of one run: then the id
        is made of job and name, so that a retry in another process is the same run; give `invocation_id`
        where several processes run agents of one name in one job.
        """
        agent_name = text_of(agent_name) or "Agent"
        run = self._runs.next(agent_name, attempt, invocation_id)
        return AgentScope(self, agent_name, _opening(agent_name, message), run)

    def end(self, error: BaseException | None = None) -> None:
        """End, and wait for what is still to be sent, `flush_seconds` at most."""
        self._ended(error)
        self.sender.flush(self.flush_seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        self._ended(error)
        await self.sender.flushed(self.flush_seconds)

    def ran_out_of_time(self) -> None:
        """Say the end of every agent at work, and of the job if it is ours to say: nobody will be here to."""
        for scope in reversed(self.sender.open_scopes()):
            about = scope if isinstance(scope, JobScope) else getattr(scope, "job", None)
            if about is self and (scope is not self or self._ends_job):
                scope.fail(f"{scope.who} ran out of time", {"reason": "timed out"})

    def _ended(self, error: BaseException | None) -> None:
        if not self._ends_job or self.process != os.getpid():  # a forked one's: its parent goes on
            self._unsaid_end.clear()
        super().end(error)

    def _say_start(self) -> None:
        first, *more = _plan_parts(self._opening.plan)
        metadata = {**self._opening.metadata, **first}
        if self._ends_job or metadata:
            self.say(StatusWord.LOADING_AGENTS, self._opening.message, metadata or None)
        for part in more:
            self.say(StatusWord.LOADING_AGENTS, self._opening.message, part)


def job(
    *,
    job_id: str,
    user_id: str,
    tenant_id: str,
    plan: Iterable[str | Mapping[str, Any]] = (),
    session_id: str | None = None,
    correlation_id: str | None = None,
    document_id: str | None = None,
    source_type: str | None = None,
    workflow: str | None = None,
    workflow_version: str | None = None,
    message: str = "Starting",
    attempt: int | None = None,
    ends_job: bool = True,
    flush_seconds: float = FLUSH_SECONDS,
    transport: Transport | None = None,
) -> JobScope:
    """The scope of a job: says `complete` at its end, `error` when the block raises.

        with job(job_id="job-1", user_id="ana", tenant_id="city", plan=["Geo Agent"]) as j: ...

    `plan` declares agents by name or as `{"name", "weight", "depends_on", "tools", "invocation_id"}`, so that
    they are shown before they begin and the job has a percentage. `attempt` is that of its agents.
    `ends_job=False` is for a part of a job whose end somebody else tells, such as one state of a workflow.
    `flush_seconds` is how long the end of the block waits at most for what was said to be sent: give more
    where the next state's statuses must come after this one's however slow the backend is.
    """
    identity = {
        "sessionId": session_id,
        "correlationId": correlation_id,
        "documentId": document_id,
        "sourceType": source_type,
        "workflow": workflow,
        "workflowVersion": workflow_version,
    }
    opening = _Opening(message, plan, {name: value for name, value in identity.items() if value})
    entry = {"jobId": id_text(job_id), "userId": id_text(user_id), "tenantId": id_text(tenant_id)}
    scope = JobScope(entry, opening, sender_for(transport), ends_job=ends_job, attempt=attempt)
    scope.flush_seconds = flush_seconds
    return scope


class _Opening:
    """What a job says when it begins."""

    def __init__(
        self,
        message: str,
        plan: Iterable[str | Mapping[str, Any]],
        metadata: dict[str, Any],
    ) -> None:
        self.message = message
        self.plan = plan
        self.metadata = metadata


def _opening(agent_name: str, message: str | None) -> str:
    return f"{agent_name} started" if message is None else message


def _plan_parts(plan: Iterable[str | Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The plan as metadata, in parts that each fit; one empty one when there is no plan."""
    part: list[Any] = []
    size = 0
    whole: Any = plan  # whatever callers gave
    single = isinstance(whole, str | Mapping) or not isinstance(whole, Iterable)
    for step in [whole] if single else whole:
        wire = _wire_step(step)
        own = len(str(wire))
        if part and size + own > _PLAN_CHARACTERS:
            yield {"plan": part}
            part, size = [], 0
        part.append(wire)
        size += own
    yield {"plan": part} if part else {}


def _wire_step(step: str | Mapping[str, Any]) -> Any:
    if not isinstance(step, Mapping):
        return step
    wire = dict(step)
    for name, wire_name in (("depends_on", "dependsOn"), ("invocation_id", "invocationId")):
        if name in wire:
            wire[wire_name] = wire.pop(name)
    return wire
