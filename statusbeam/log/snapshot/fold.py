"""The snapshot is a fold of the log: one function from statuses to the readers' view.

    job = fold(log)                                       in any order, with any number of redeliveries
    apply(fold(log[:40]), log[40:]) == fold(log)          so a commit continues from the stored snapshot
    part = Job(head, {id: agents[id] for id in touched(batch) if id in agents})
    apply(part, batch)                                    is exact with the touched agents alone

Total over valid statuses: nothing here raises. docs/reference/fold.md has the rules as a table,
tests/vectors examples that the TypeScript twin is held to as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from statusbeam.model.metadata import MetadataKey
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import OverallStatus, StatusType, StatusWord

from .agent_state import AgentState, AgentStatus
from .fold_agent import Recency, agent_after, attempt_of, renewed_lease, share_of
from .fold_job import (
    described,
    ended_by,
    eta_in,
    in_new_run,
    is_over,
    reopened,
    with_cancel_request,
    with_reopening,
)
from .job_state import Head, Job
from .progress import PlanStep, parse_plan
from .runs import RunId, opened_in, opens, run_in
from .times import ms_of
from .usage import usage_in
from .waiting import waiting_after

INITIAL_WORDS: Final = frozenset((StatusWord.LOADING_AGENTS, "initializing", "pending"))

_ORDERS_PER_STATUS: Final = 64
"""Room for the steps of one plan between two statuses in the order of agents."""


def fold(updates: Iterable[StatusUpdate], *, epoch: str | None = None) -> Job:
    """The snapshot of one job's statuses; an empty one answers as a job that has not begun."""
    return apply(Job(head=Head(epoch=epoch)), updates)


def apply(snapshot: Job, batch: Iterable[StatusUpdate]) -> Job:
    """The snapshot after `batch`. Statuses that the snapshot has already (by sequence) change nothing.

    The batch must continue the log. Statuses that are not committed yet (no sequence) come last and count as
    its next. `snapshot` may hold only the agents in `touched(batch)`; the answer then holds those and the new
    ones.
    """
    return apply_each(snapshot, batch)[0]


def apply_each(snapshot: Job, batch: Iterable[StatusUpdate]) -> tuple[Job, list[Head]]:
    """Like `apply`. Also returns the head before the batch and after each of its statuses, in their order."""
    work = _Work(snapshot)
    heads = [work.head]
    for update in canonical(batch):
        sequence = work.head.sequence + 1 if update.sequence is None else update.sequence
        if sequence > work.head.sequence:
            work.take(update, sequence)
        heads.append(work.head)
    return Job(head=work.head, agents=work.agents), heads


def canonical(updates: Iterable[StatusUpdate]) -> list[StatusUpdate]:
    """Each status once, in the order that decides which one is latest.

    A committed status is its sequence and comes in that order; then those not committed, each once by event
    id, in the order of timestamp and event id. The `earlier` statuses of a push are statuses like others.
    """
    committed: dict[int, StatusUpdate] = {}
    fresh: dict[str, StatusUpdate] = {}
    for push in updates:
        for update in (*(push.earlier or ()), push):
            if update.sequence is not None:
                committed[update.sequence] = _first(committed.get(update.sequence), update)
            else:
                fresh[update.event_id] = _first(fresh.get(update.event_id), update)
    for update in committed.values():
        fresh.pop(update.event_id, None)
    in_order = [committed[sequence] for sequence in sorted(committed)]
    return in_order + sorted(fresh.values(), key=lambda update: (update.timestamp, update.event_id))


def touched(updates: Iterable[StatusUpdate]) -> frozenset[str]:
    """The invocations that `apply` reads. It writes no others."""
    found: set[str] = set()
    for push in updates:
        for update in (*(push.earlier or ()), push):
            found.update(name for name in (update.invocation_id, update.agent_name) if name)
            if invocation_of(update) is None:
                plan = (update.metadata or {}).get(MetadataKey.PLAN)
                found.update(step.invocation_id for step in parse_plan(plan))
    return frozenset(found)


def changed(before: Job, now: Job) -> list[AgentState]:
    """The agents that must be written when `before` became `now`."""
    return [agent for key, agent in now.agents.items() if before.agents.get(key) != agent]


def invocation_of(update: StatusUpdate) -> str | None:
    """The invocation a status is about, None for the job; an agent without an id goes by its name."""
    return update.invocation_id or update.agent_name


def _first(one: StatusUpdate | None, other: StatusUpdate) -> StatusUpdate:
    """Decides which of two statuses at one place counts; in a sound log they are equal."""
    return other if one is None or one == other else min(one, other, key=_whole_text)


def _whole_text(update: StatusUpdate) -> tuple[str, str, str]:
    return (update.timestamp, update.event_id, json.dumps(update.to_wire(), sort_keys=True))


class _Work:
    """A snapshot while statuses are applied to it."""

    def __init__(self, snapshot: Job) -> None:
        self.head = snapshot.head
        run = snapshot.head.runs.number
        self.agents = {key: agent for key, agent in snapshot.agents.items() if agent.run == run}

    def take(self, update: StatusUpdate, sequence: int) -> None:
        if self.head.sequence == 0:
            self._begin(update, sequence)
        earlier = self.head
        self.head = replace(self.head, sequence=sequence)
        run = run_in(update)
        if run is not None:
            if self.head.runs.is_older(run):
                return
            self._enter(run, update)
        before = self.head
        invocation = invocation_of(update)
        if invocation is None:
            self._take_job_status(update)
        else:
            self._take_agent_status(invocation, update)
        self._advance(before)
        self.head = with_reopening(earlier, self.head)

    def _advance(self, before: Head) -> None:
        """Bring the bar up to date, once a status: the sums are wrong amid the changes of one status."""
        weighted, planned = self.head.weighted, self.head.planned
        if planned and (weighted != before.weighted or not before.planned):
            revised = weighted.total != before.weighted.total or not before.planned
            self.head = replace(self.head, weighted=weighted.advanced(revised=revised))

    def _enter(self, run: RunId, update: StatusUpdate) -> None:
        """Note the run that a status names: an opening begins the next run of a job that is over."""
        runs = self.head.runs
        if opens(update) and not runs.knows(run):
            if is_over(self.head, update):
                self.agents = {}
                self.head = in_new_run(self.head, run, update)
            else:
                self.head = replace(self.head, runs=runs.joined(run))
        opened = opened_in(update)
        if opened is not None:
            self.head = replace(self.head, runs=self.head.runs.ended(run, opened=opened))

    def _begin(self, update: StatusUpdate, sequence: int) -> None:
        self.head = replace(
            self.head,
            job_id=update.job_id,
            user_id=update.user_id,
            tenant_id=update.tenant_id,
            created_ms=ms_of(update.timestamp),
            started_ms=ms_of(update.timestamp),
            runs=replace(self.head.runs, first_sequence=sequence),
        )

    def _take_agent_status(self, invocation: str, update: StatusUpdate) -> None:
        known = self.agents.get(invocation)
        fresh = AgentState(
            invocation_id=invocation,
            name=update.agent_name or invocation,
            order=self._order(0),
            run=self.head.runs.number,
        )
        agent, recency = agent_after(known or fresh, update)
        if recency is Recency.CURRENT:
            agent = self._with_plan(agent, update.agent_name, is_new=known is None)
        self._put(agent)
        if recency is not Recency.CURRENT:
            return
        self._renew_lease(update)
        if agent.status is not AgentStatus.PENDING:
            self._processing()
        self.head = ended_by(self.head, update)

    def _with_plan(self, agent: AgentState, name: str | None, *, is_new: bool) -> AgentState:
        """An invocation under its own id takes over the planned step of its agent's name."""
        step = self.agents.get(name or "")
        if agent.planned or step is None or not step.planned or step.weight == 0:
            return agent
        takes_over = step.claimed_by is None and step.status is AgentStatus.PENDING
        if takes_over:
            self._put(replace(step, claimed_by=agent.invocation_id))
        order = step.order if takes_over and is_new else agent.order
        return replace(_planned_like(agent, step), order=order)

    def _put(self, agent: AgentState) -> None:
        """Store an agent and settle what its change means for the job's sums."""
        before = self.agents.get(agent.invocation_id)
        self.agents[agent.invocation_id] = agent
        weight, done = agent.counted
        tokens_in, tokens_out = agent.ledger.total
        if before is not None:
            weight, done = weight - before.counted[0], done - before.counted[1]
            tokens_in, tokens_out = tokens_in - before.ledger.total[0], tokens_out - before.ledger.total[1]
        self._paid(tokens_in, tokens_out)
        waited = before.waiting if before else None
        if waited != agent.waiting:
            waiters = self.head.waiters.moved(agent.invocation_id, waited, agent.waiting)
            self.head = replace(self.head, waiters=waiters)
        if weight or done:
            self.head = replace(self.head, weighted=self.head.weighted.moved(weight, done))

    def _paid(self, tokens_in: int, tokens_out: int) -> None:
        if tokens_in or tokens_out:
            before = self.head.tokens
            self.head = replace(self.head, tokens=(before[0] + tokens_in, before[1] + tokens_out))

    def _take_job_status(self, update: StatusUpdate) -> None:
        completed = self.head.overall_status is OverallStatus.COMPLETED
        attempt = attempt_of(
            update,
            current=self.head.attempt,
            ended_ms=None if completed else self.head.ended_ms,
            starts=update.status == StatusWord.REOPENED,
        )
        self._own_usage(update, attempt)
        if attempt > self.head.attempt and not completed:
            self.head = reopened(self.head, attempt)
        if attempt < self.head.attempt or self.head.ended:
            return
        if update.status == StatusWord.CANCEL_REQUESTED:
            self.head = with_cancel_request(self.head, update)
            return
        metadata = update.metadata or {}
        self.head = described(self.head, metadata)
        self.head = replace(self.head, waiting=waiting_after(self.head.waiting, update))
        self._plan(metadata.get(MetadataKey.PLAN))
        if update.progress is not None:
            reported = max(self.head.reported or 0, share_of(update.progress))
            self.head = replace(self.head, reported=reported)
        self._renew_lease(update)
        if update.status not in INITIAL_WORDS and update.type is not StatusType.HEARTBEAT:
            self._processing()
        self.head = ended_by(self.head, update)

    def _own_usage(self, update: StatusUpdate, attempt: int) -> None:
        usage = usage_in(update.metadata or {})
        if usage is not None:
            before = self.head.ledger
            ledger = before.reported(attempt, usage)
            self.head = replace(self.head, ledger=ledger)
            self._paid(ledger.total[0] - before.total[0], ledger.total[1] - before.total[1])

    def _plan(self, plan: Any) -> None:
        steps = parse_plan(plan)
        if not steps:
            return
        for index, step in enumerate(steps):
            known = self.agents.get(step.invocation_id)
            agent = known or AgentState(
                invocation_id=step.invocation_id,
                name=step.name,
                order=self._order(index),
                run=self.head.runs.number,
            )
            name = step.name if agent.name == agent.invocation_id else agent.name
            self._put(replace(_planned_like(agent, step), name=name))
        self.head = replace(self.head, planned=True)

    def _order(self, index: int) -> int:
        return self.head.sequence * _ORDERS_PER_STATUS + index

    def _renew_lease(self, update: StatusUpdate) -> None:
        head, at_ms = self.head, ms_of(update.timestamp) or 0
        self.head = replace(
            head,
            updated_ms=at_ms if head.updated_ms is None else max(head.updated_ms, at_ms),
            lease_ms=None if head.ended or head.waits else renewed_lease(head.lease_ms, update),
            eta=None if head.ended else eta_in(update.metadata or {}, at_ms) or head.eta,
        )

    def _processing(self) -> None:
        if self.head.overall_status is OverallStatus.INITIALIZING:
            self.head = replace(self.head, overall_status=OverallStatus.PROCESSING)


def _planned_like(agent: AgentState, step: PlanStep | AgentState) -> AgentState:
    return replace(
        agent,
        planned=True,
        weight=step.weight,
        depends_on=step.depends_on,
        tool_weights=step.tool_weights,
        reported=agent.progress,  # new weights must not reduce the progress that the old ones reached
    )
