"""The scopes of jobs, agents and tools: they carry the ids, and report the work from beginning to end.

    with job(job_id="job-1", user_id="ana", tenant_id="city", plan=["Geo Agent", "Severity Agent"]) as j:
        with j.agent("Geo Agent", message="Reading the address") as a:
            with a.tool("location", reason="The text names a street"):
                ...
            a.progress(0.8, "One of two places found")

Every scope that began reports its end, also if the work raises, is cancelled or times out. Scopes never raise
and never wait for the network. `async with` works alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.words import StatusWord

from ..sending.sender import FLUSH_SECONDS
from ..sending.senders import sender_for
from .cancel_lookup import CancelLookup
from .failures import log_not_reported
from .guard import never_raises
from .invocations import Invocation, Invocations
from .plain_texts import identity_of, to_id, to_name, to_title
from .plan import plan_parts, step_name
from .runs import Opening
from .scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sending.sender import Sender
    from ..transports.transport import Transport


class ToolScope(Scope):
    """One use of a tool by an agent: `calling_tool` at once, `tool_complete` or `tool_error` at its end."""

    COMPLETED = StatusWord.TOOL_COMPLETE
    FAILED = StatusWord.TOOL_ERROR
    CANCELLED = StatusWord.TOOL_ERROR  # `cancelled` would end its agent

    def __init__(
        self, agent: AgentScope, tool_name: str, reason: str, metadata: Mapping[str, Any] | None
    ) -> None:
        tool_name = to_name(tool_name) or "tool"
        super().__init__(agent.sender, tool_name, {**agent.fields, "toolName": tool_name}, agent)
        self.agent = agent
        self.tool_name = tool_name
        self._began_at = self.sender.ticks()
        self._report_call(reason, metadata)

    @never_raises
    def _report_call(self, reason: str, metadata: Mapping[str, Any] | None) -> None:
        self._report(StatusWord.CALLING_TOOL, reason, metadata)

    def _pause(self, wait: dict[str, str]) -> None:
        self.agent._pause(wait)  # a tool is part of its invocation, which waits

    @property
    def is_waiting(self) -> bool:
        """Whether its agent waits."""
        return self.agent._wait is not None

    def _current_usage(self) -> dict[str, Any] | None:
        return self.agent._current_usage()

    def _set_usage(self, usage: dict[str, Any]) -> None:
        self.agent._set_usage(usage)  # a tool's tokens are its agent's

    @property
    def cancel_requested(self) -> bool:
        """See JobScope.cancel_requested."""
        return self.agent.cancel_requested

    def _renew_lease(self) -> None:
        self.agent._renew_lease()  # a tool has no lease of its own


class AgentScope(Scope):
    """One invocation of an agent. See JobScope.agent."""

    COMPLETED = StatusWord.AGENT_COMPLETE
    FAILED = StatusWord.AGENT_ERROR
    CANCELLED = StatusWord.CANCELLED

    def __init__(
        self, owner: JobScope | AgentScope, agent_name: str, message: str, invocation: Invocation
    ) -> None:
        self.job: JobScope = owner if isinstance(owner, JobScope) else owner.job
        fields = {**self.job.fields, "agentName": agent_name, "invocationId": invocation.invocation_id}
        fields["attempt"] = invocation.attempt
        super().__init__(owner.sender, agent_name, fields, owner)
        self.agent_name = agent_name
        self._message = message
        self._invocations = Invocations(invocation.invocation_id, invocation.counted_attempt)

    def set_parent(self, invocation_id: str | None) -> None:
        """Name the invocation that started this one, before it begins."""
        parent = to_id(invocation_id, "parent_invocation_id")
        if parent is not None:
            self.fields["parentInvocationId"] = parent

    @property
    def invocation_id(self) -> str:
        """The id of this invocation, the same in all its attempts."""
        invocation_id: str = self.fields["invocationId"]
        return invocation_id

    @property
    def cancel_requested(self) -> bool:
        """See JobScope.cancel_requested."""
        return self.job.cancel_requested

    @property
    def attempt(self) -> int:
        """The attempt, from 1 on, if the invocation is retried."""
        attempt: int = self.fields["attempt"]
        return attempt

    def agent(
        self,
        agent_name: str,
        *,
        message: str | None = None,
        attempt: int | None = None,
        invocation_id: str | None = None,
        parent_invocation_id: str | None = None,
    ) -> AgentScope:
        """An invocation of an agent below this one. See JobScope.agent."""
        agent = _agent_scope(
            self, self._invocations.next, agent_name, message, attempt=attempt, invocation_id=invocation_id
        )
        agent.set_parent(self.invocation_id if parent_invocation_id is None else parent_invocation_id)
        return agent

    @property
    def counts_attempts(self) -> bool:
        """Whether the ids of agents below it are made of their names, the same in each attempt."""
        return self._invocations.are_counted

    def leave_attempts_uncounted(self) -> None:
        """Give each agent below it a random id, although this one has an attempt."""
        self._invocations = Invocations(self.invocation_id, None)

    def tool(self, tool_name: str, reason: str = "", metadata: Mapping[str, Any] | None = None) -> ToolScope:
        """Report that the agent uses a tool; as a `with` block, also the tool's end.

            a.tool("location", reason="Find Elm Street")
            with a.tool("location", reason="Find Elm Street", metadata={"street": "Elm"}): ...

        `metadata` holds the tool's parameters that readers may see.
        """
        return ToolScope(self, tool_name, reason, metadata)

    @never_raises
    def end(self, error: BaseException | None = None) -> None:
        """See Scope.end."""
        super().end(error)
        if self.job.process != os.getpid():  # a forked process: its parent ends the job, and flushes there
            self.sender.flush(last_chance=True)

    def _open(self) -> None:
        if not self.job.has_ended:  # otherwise its statuses are sent, without heartbeats
            super()._open()

    def _report_start(self) -> None:
        self._end_wait_above(self.invocation_id)
        self._report(StatusWord.AGENT_INVOKING, self._message, None)

    def _renew_lease(self) -> None:
        super()._renew_lease()
        self.job.last_status_at = self.last_status_at  # a job lives as long as anything in it reports


class JobScope(Scope):
    """A job. See `job`."""

    COMPLETED = StatusWord.COMPLETE
    FAILED = StatusWord.ERROR
    CANCELLED = StatusWord.CANCELLED
    _waits_itself = False

    def __init__(
        self,
        fields: dict[str, Any],
        start: JobStart,
        sender: Sender,
        *,
        ends_job: bool,
        attempt: int | None,
        opening: Opening | None = None,
    ) -> None:
        """`opening`: another process's, which this scope is a part of."""
        super().__init__(sender, "The job", fields, None)
        self._opening = opening or Opening()
        self._start = start
        self._ends_job = ends_job
        self.process = os.getpid()
        self.flush_seconds = FLUSH_SECONDS
        self._invocations = Invocations(self.job_id, attempt)
        if ends_job and self._invocations.attempt is not None:
            self.fields["attempt"] = self._invocations.attempt
        self._cancel_lookup = CancelLookup(self.fields)

    @property
    def has_ended(self) -> bool:
        """Whether this scope has reported the job's end."""
        return self._ends_job and not self.is_open

    def agent(
        self,
        agent_name: str,
        *,
        message: str | None = None,
        attempt: int | None = None,
        invocation_id: str | None = None,
        parent_invocation_id: str | None = None,
    ) -> AgentScope:
        """An invocation of an agent: `agent_invoking` at its beginning, `agent_complete` or `agent_error` at
        its end.

            with j.agent("Geo Agent", message="Reading the address") as a: ...

        Every invocation has a random id, unless `attempt` counts its tries from 1 on. Then job and name make
        the id, so that a retry in another process is the same invocation. Give `invocation_id` if several
        processes run agents of one name in one job. `parent_invocation_id` names an agent of another process
        that started this one.
        """
        agent = _agent_scope(
            self, self._invocations.next, agent_name, message, attempt=attempt, invocation_id=invocation_id
        )
        agent.set_parent(parent_invocation_id)
        return agent

    @property
    def cancel_requested(self) -> bool:
        """Whether there is a request to cancel the job. Reading it raises nothing and stops nothing.

            for page in pages:
                if j.cancel_requested:
                    j.cancel("Stopped after 3 pages")
                    break

        The answer comes at once and is at most some seconds old: a background thread looks. The first answer
        is always False. Without STATUS_TABLE in the environment, every answer is False.
        """
        return self._cancel_lookup.is_requested()

    @property
    def counts_attempts(self) -> bool:
        """See AgentScope.counts_attempts."""
        return self._invocations.are_counted

    @never_raises
    def end(self, error: BaseException | None = None) -> None:
        """End, and wait until the statuses are sent, `flush_seconds` at most."""
        self.end_unflushed(error)
        self.sender.flush(self.flush_seconds)

    async def end_async(self, error: BaseException | None = None) -> None:
        """See Scope.end_async. May raise a cancellation."""
        self.end_unflushed(error)
        await self.flush_at_exit(error)

    async def flush_at_exit(self, error: BaseException | None) -> None:
        """Wait until the statuses are sent, where `error` leaves a block. May raise a cancellation."""
        if isinstance(error, GeneratorExit):  # the coroutine is being closed, and may not wait any more
            self._flush_at_once()
            return
        try:
            await self.sender.flush_async(self.flush_seconds)
        except Exception as problem:  # noqa: BLE001 - an event loop of somebody's own
            log_not_reported("flush", self.fields, problem)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException:
            # A cancellation. If another exception is propagating, it continues: the scopes of anyio and trio
            # end the cancellation that they raise, and the caller's exception would end with it.
            if error is None:
                raise

    @never_raises
    def _flush_at_once(self) -> None:
        self.sender.flush(0)

    @never_raises
    def time_out(self) -> None:
        """Report that every open agent ran out of time, and the job too if this scope ends it."""
        for scope in reversed(self.sender.open_sources()):
            own_agent = isinstance(scope, AgentScope) and scope.job is self
            if isinstance(scope, Scope) and (own_agent or (scope is self and self._ends_job)):
                scope.fail(f"{scope.label} ran out of time", {"reason": "timed out"})

    def _flush_if_ending(self) -> None:
        """The end of a job flushes in any case, and waits."""

    @never_raises
    def end_unflushed(self, error: BaseException | None) -> None:
        """See Scope.end_unflushed."""
        if not self._ends_job or self.process != os.getpid():  # in a forked process: the parent ends the job
            self._unclaimed_end.clear()
        super().end(error)

    def _close(self) -> None:
        """Send no more heartbeats, and none of the agents that are still open: readers see them as unfinished
        until their own final status."""
        super()._close()
        if self.has_ended:
            for source in self.sender.open_sources():
                if isinstance(source, AgentScope) and source.job is self:
                    self.sender.closed(source)

    def _report_start(self) -> None:
        if self._ends_job and self._invocations.attempt is None:
            self._opening.begin()
            self._cancel_lookup.opened_at = time.time()
        first, *more = plan_parts(self._start.plan, self.fields)
        steps = (step for part in (first, *more) for step in part.get(MetadataKey.PLAN, ()))
        self.planned_agents = [step_name(step) for step in steps]
        metadata = {**self._start.metadata, **first}
        if self._ends_job or metadata:
            self._report(StatusWord.LOADING_AGENTS, self._start.message, metadata or None)
        for part in more:
            self._report(StatusWord.LOADING_AGENTS, self._start.message, part)


def job(
    *,
    user_id: str,
    tenant_id: str,
    job_id: str | None = None,
    title: str | None = None,
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
    """The scope of a job: reports `complete` at its end, `error` if the block raises.

        with job(user_id="ana", tenant_id="city", title="Pothole on Elm Street", plan=["Geo Agent"]) as j:
            print(j.job_id)

    Without `job_id` the job gets a random id. `title` is its name for people. `plan` declares agents by name
    or as `{"name", "weight", "depends_on", "tools", "invocation_id"}`, so that readers see them before they
    begin and the job has a percentage.

    A job that has ended begins a new run, with fresh agents. With `attempt`, a number from 1 on, it goes on
    instead. The attempt is the job's and its agents', and a failed job is processing again.

    `ends_job=False` is for a part of a job, such as one state of a workflow, whose end is reported elsewhere.
    The attempt of a part is its agents' only.

    `flush_seconds` limits how long the end of the block waits for its statuses to be sent. Give more if the
    next state's statuses must come after this one's even with a slow backend.
    """
    metadata = identity_of(
        session_id=session_id,
        correlation_id=correlation_id,
        document_id=document_id,
        source_type=source_type,
        workflow=workflow,
        workflow_version=workflow_version,
    )
    shown_title = to_title(title)
    if shown_title is not None:
        metadata[MetadataKey.TITLE] = shown_title
    start = JobStart(message, plan, metadata)
    fields = {
        "jobId": _random_id() if job_id is None else to_id(job_id, "job_id"),
        "userId": to_id(user_id, "user_id"),
        "tenantId": to_id(tenant_id, "tenant_id"),
    }
    scope = JobScope(fields, start, sender_for(transport), ends_job=ends_job, attempt=attempt)
    scope.flush_seconds = flush_seconds
    return scope


def _random_id() -> str:
    from uuid import uuid4  # noqa: PLC0415 - for jobs without an id only

    return str(uuid4())


class JobStart:
    """The fields of a job's first status."""

    def __init__(
        self,
        message: str,
        plan: Iterable[str | Mapping[str, Any]],
        metadata: dict[str, Any],
    ) -> None:
        self.message = message
        self.plan = plan
        self.metadata = metadata


def _agent_scope(
    owner: JobScope | AgentScope,
    next_invocation: Callable[[str, int | None, str | None], Invocation],
    agent_name: str,
    message: str | None,
    *,
    attempt: int | None,
    invocation_id: str | None,
) -> AgentScope:
    name = to_name(agent_name) or "Agent"
    invocation = next_invocation(name, attempt, invocation_id)
    return AgentScope(owner, name, f"{name} started" if message is None else message, invocation)
