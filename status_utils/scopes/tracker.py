"""Track the agents of one job by name: for orchestrators that call their agents themselves.

    >>> tracker = StatusTracker("job-1", "ana", "city", correlation_id="request-7")
    >>> tracker.initialize_status(["Geo Agent", "Category Agent"])
    True
    >>> tracker.update_agent_status("Geo Agent", "in-progress", activity="Reading the address")
    True
    >>> tracker.update_agent_status("Geo Agent", "success", token_usage={"inputTokens": 90})
    True
    >>> tracker.finalize_status()
    True

Its three methods never raise. They report ordinary statuses, so readers see the job as any other: its agents
with activity, start, end, duration, attempts and tokens. While an agent is in progress and quiet, the tracker
sends heartbeats for it.

The defaults of `user_id` and `tenant_id` are STATUS_USER_ID and STATUS_TENANT_ID of the environment. With
STATUS_TABLE_NAME, the tracker also writes the job as one item of that table, and needs no transport
(docs/how-to/library.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.clock import Clock
from statusbeam.model.limits import ID_LENGTH
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.words import StatusWord

from ..defaults import default_owner, default_session_table, has_transport
from .agent_heartbeats import AgentHeartbeats
from .failures import describe_failure, log_not_reported
from .invocations import Invocations
from .plain_texts import identity_of, to_id, to_name
from .plain_values import plain_object
from .plan import plan_parts
from .projection import SessionProjection
from .publish import plain_fields, publish_draft
from .runs import Opening
from .scope import enclosing_scope

if TYPE_CHECKING:
    from ..transports.transport import Transport
    from .optional_arguments import OptionalArguments

PENDING: Final = "pending"
IN_PROGRESS: Final = "in-progress"
SUCCESS: Final = "success"
ERROR: Final = "error"
CANCELLED: Final = "cancelled"

_AGENT_ENDS: Final = {
    SUCCESS: StatusWord.AGENT_COMPLETE,
    ERROR: StatusWord.AGENT_ERROR,
    CANCELLED: StatusWord.CANCELLED,
}
_JOB_ENDS: Final = {
    SUCCESS: StatusWord.COMPLETE,
    "completed": StatusWord.COMPLETE,
    ERROR: StatusWord.ERROR,
    "failed": StatusWord.ERROR,
    CANCELLED: StatusWord.CANCELLED,
}
_JOB_MESSAGES: Final = {
    StatusWord.COMPLETE: "The job is complete",
    StatusWord.ERROR: "The job failed",
    StatusWord.CANCELLED: "The job was cancelled",
}


@dataclass(slots=True)
class _AgentState:
    """The state of one agent."""

    status: str = PENDING
    attempt: int = 1
    invocation_id: str | None = None  # None: its name is the id
    started: float | None = None  # epoch seconds, of this attempt
    lock: Lock = field(
        default_factory=Lock
    )  # held while sending, so that the agent's statuses keep their order

    def begins_again(self, status: str) -> bool:
        """Whether the agent continues after its end."""
        return self.status in _AGENT_ENDS and status in (PENDING, IN_PROGRESS)

    def change(self, status: str, *, now: float, measured: bool) -> str:
        """Change to `status`; returns the word to report. `measured`: with a percentage."""
        if status in _AGENT_ENDS:
            self.status = status
            return _AGENT_ENDS[status]
        if status not in (PENDING, IN_PROGRESS):
            known = ", ".join((PENDING, IN_PROGRESS, *_AGENT_ENDS))
            raise ValueError(f"the state of an agent is one of {known}, not {status}")
        self.status = status
        if status == PENDING:
            return PENDING
        if self.started is None:
            self.started = now
            return StatusWord.AGENT_RETRYING if self.attempt > 1 else StatusWord.AGENT_INVOKING
        return StatusWord.PROGRESS if measured else IN_PROGRESS

    def spent_ms(self, now: float) -> int | None:
        """How long the attempt took; None before its end."""
        ended = self.status in _AGENT_ENDS and self.started is not None
        return _milliseconds(now - (self.started or 0.0)) if ended else None


class StatusTracker:
    """Reports a job and its agents; threads may share one.

    `session_id` and `correlation_id` are the caller's own ids; readers find them in the job as `sessionId`
    and `correlationId`. Without a session id, it is `session-` and the correlation id, or else the job id.

    `attempt` counts, from 1 on, the processes that work on the job one after the other. The next attempt goes
    on where the one before it failed. Without it, `initialize_status` begins a new run of a job that has
    ended.
    """

    def __init__(
        self,
        job_id: str,
        user_id: str | None = None,
        tenant_id: str | None = None,
        *,
        session_id: str | None = None,
        correlation_id: str | None = None,
        document_id: str | None = None,
        source_type: str | None = None,
        attempt: int | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._ids = _ids(job_id, user_id, tenant_id)
        self.session_id = _session_id(self._ids["jobId"], session_id, correlation_id)
        self._invocations = Invocations(self._ids["jobId"], attempt)
        self._opening = Opening()
        self._identity = identity_of(
            session_id=self.session_id,
            correlation_id=correlation_id,
            document_id=document_id,
            source_type=source_type,
        )
        self._projection = _projection(self.session_id)
        self._heartbeats = AgentHeartbeats(self, self._ids, transport)
        self._transport = transport
        self._clock = clock or Clock()
        self._began: float | None = None
        self._states: dict[str, _AgentState] = {}
        self._lock = Lock()

    def initialize_status(
        self, agents: Sequence[str | Mapping[str, Any]] = (), message: str = "The agents are being loaded"
    ) -> bool:
        """Report that the job exists, with its agents as pending.

        `agents` holds names, or the steps of a plan: `{"name", "weight", "depends_on", "tools"}`. A long plan
        takes several statuses. Returns whether all were accepted.
        """
        try:
            self._began = self._clock.now()
            if self._invocations.attempt is None:
                self._opening.begin()
            draft = {"status": StatusWord.LOADING_AGENTS, "message": message}
            first, *more = plan_parts(agents, self._ids)
            parts = ({**self._identity, **first}, *more)
            taken = [self._report(draft, self._optional_of_job(self._began, part)) for part in parts]
            return all(taken)
        except Exception as error:  # noqa: BLE001 - status calls never raise
            return _not_reported("initialize_status", error)

    def update_agent_status(
        self,
        agent_name: str,
        status: str,
        activity: str | None = None,
        token_usage: Mapping[str, int] | None = None,
        error: BaseException | str | None = None,
        *,
        progress: float | None = None,
        percent: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        """Report the state of one agent: `pending`, `in-progress`, `success`, `error` or `cancelled`.

        `activity` is a sentence about its work. `token_usage` is `{"inputTokens", "outputTokens"}`, the
        running total of this attempt. `error` is a sentence for readers, or an exception, whose text stays in
        the process's logs. `progress` is a share from 0 to 1; `percent` is the same in percent. An agent that
        goes on after its end begins its next attempt, or its next invocation if the tracker has an `attempt`.
        Returns whether the status was accepted; an unknown state is not.
        """
        try:
            details = {} if metadata is None else dict(plain_object(metadata))
            if token_usage is not None:
                details[MetadataKey.TOKEN_USAGE] = token_usage
            message = activity or f"{agent_name}: {status}"
            if error is not None:
                message = self._public_text(agent_name, error, details)
            name = _state_name(agent_name)
            with self._lock:
                agent = self._states.get(name) or self._new_agent(name)
            with agent.lock:
                now = self._clock.now()
                if agent.begins_again(status):
                    self._begin_again(name, agent)
                measured = progress is not None or percent is not None
                word = agent.change(status, now=now, measured=measured)
                optional = self._optional(now, details, final=False)
                optional["attempt"], optional["invocation_id"] = agent.attempt, agent.invocation_id
                optional["progress"], optional["percent"] = progress, percent
                self._keep_alive(name, agent)
                draft = {"agentName": agent_name, "status": word, "message": message}
                return self._report({**draft, "executionTimeMs": agent.spent_ms(now)}, optional)
        except Exception as problem:  # noqa: BLE001 - status calls never raise
            return _not_reported("update_agent_status", problem)

    def finalize_status(
        self, status: str = SUCCESS, message: str | None = None, error: BaseException | str | None = None
    ) -> bool:
        """Report the job's end: `success` or `completed`, `cancelled`, `error` or `failed`.

        With an `error`, it failed.

        `error` is as in update_agent_status. Returns whether the status was accepted.
        """
        try:
            word = _JOB_ENDS[status if error is None else ERROR]
            details: dict[str, Any] = {}
            text = message or _JOB_MESSAGES[word]
            if error is not None:
                text = self._public_text("The job", error, details)
            now = self._clock.now()
            spent = None if self._began is None else _milliseconds(now - self._began)
            optional = self._optional_of_job(now, details, final=True)
            self._heartbeats.stop_all()
            return self._report({"status": word, "message": text, "executionTimeMs": spent}, optional)
        except Exception as problem:  # noqa: BLE001 - status calls never raise
            return _not_reported("finalize_status", problem)

    def _report(self, draft: Mapping[str, Any], optional: OptionalArguments) -> bool:
        """Publish a status and write it into the table of sessions, as far as they are set; whether all took
        it."""
        whole = {**self._ids, **draft}
        taken = []
        if self._projection is None or self._can_publish():
            taken.append(publish_draft(whole, optional))
        if self._projection is not None:
            taken.append(self._projection.write(plain_fields(whole, optional)))
        return all(taken)

    def _can_publish(self) -> bool:
        given = self._transport is not None or enclosing_scope(self._ids["jobId"], None) is not None
        return given or has_transport()

    def _keep_alive(self, name: str, agent: _AgentState) -> None:
        if name and agent.status == IN_PROGRESS and self._can_publish():
            fields: dict[str, Any] = {"attempt": agent.attempt, "invocationId": agent.invocation_id}
            fields["metadata"] = self._opening.metadata
            self._heartbeats.keep(name, {key: value for key, value in fields.items() if value is not None})
        else:
            self._heartbeats.stop(name)

    def _public_text(self, label: str, error: BaseException | str, details: dict[str, Any]) -> str:
        if isinstance(error, str):
            return error
        text, found = describe_failure(error, label, {"jobId": self._ids["jobId"], "invocationId": label})
        details.update(found)
        return text

    def _new_agent(self, agent_name: str) -> _AgentState:
        invocation = self._invocations.next(
            agent_name, None, None
        )  # its name is its id while the agent has one invocation
        agent = self._states[agent_name] = _AgentState(attempt=invocation.attempt)
        return agent

    def _begin_again(self, agent_name: str, agent: _AgentState) -> None:
        agent.started = None
        if self._invocations.attempt is None:
            agent.attempt += 1
        else:  # the next number is the next process's
            agent.invocation_id = self._invocations.next(agent_name, None, None).invocation_id

    def _optional_of_job(
        self, now: float, metadata: Mapping[str, Any], *, final: bool = False
    ) -> OptionalArguments:
        optional = self._optional(now, metadata, final=final)
        optional["attempt"] = self._invocations.attempt
        return optional

    def _optional(self, now: float, metadata: Mapping[str, Any], *, final: bool) -> OptionalArguments:
        optional: OptionalArguments = {
            "timestamp": datetime.fromtimestamp(now, UTC),
            "transport": self._transport,
        }
        run = self._opening.final_metadata if final else self._opening.metadata
        if metadata or run:
            optional["metadata"] = {**metadata, **(run or {})}
        return optional


def _ids(job_id: str, user_id: str | None, tenant_id: str | None) -> dict[str, Any]:
    default_user, default_tenant = (None, None) if user_id and tenant_id else default_owner()
    return {
        "jobId": to_id(job_id, "job_id"),
        "userId": to_id(user_id or default_user, "user_id"),
        "tenantId": to_id(tenant_id or default_tenant, "tenant_id"),
    }


def _session_id(job_id: str | None, session_id: str | None, correlation_id: str | None) -> str:
    if session_id is not None or correlation_id is None:
        return to_id(session_id, "session_id") or job_id or ""
    return f"session-{to_id(correlation_id, 'correlation_id')}"[:ID_LENGTH]


def _projection(session_id: str) -> SessionProjection | None:
    table = default_session_table()
    return None if table is None else SessionProjection(session_id, table)


def _state_name(agent_name: Any) -> Any:
    """Names that readers see as one are one agent."""
    return to_name(agent_name) if isinstance(agent_name, str) else agent_name


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _not_reported(method: str, error: Exception) -> bool:
    log_not_reported(method, {}, error)
    return False
