"""Runs the checks: publishes statuses, follows them with several clients, and judges the received events.

| check | what happens |
|---|---|
| `order` | two clients follow a job to its end: one from the first status, one from the middle |
| `resume` | a client resumes with each cursor that the first client got |
| `reconnect` | a client of a failing job loses its connection twice, once during commits |
| `verdict` | a client resumes with a cursor of another log, and with one of a missing status |
| `end` | a client with every status of an ended job reconnects until the server refuses |
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .checks import (
    Fault,
    Finding,
    check_end,
    check_refusal,
    check_returns,
    check_statuses,
    check_verdict,
    position_after,
)
from .dialects.dialect import Dialect, Probe
from .live import Live
from .observed import Close, Connection, Join, Outcome, Position, text_of
from .publisher import Publisher

STEPS: Final = 8
AGENT: Final = "Conformance Agent"
RESUMES_AT_ONCE: Final = 8
RETURNS: Final = 5
RETURN_SECONDS: Final = 0.5
"""The pause between two reconnects after the end, because a server may first wait for late statuses."""


class UnreachableServerError(Exception):
    """The server did not answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its findings."""

    name: str
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of all checks of a dialect."""

    dialect: str
    checks: Sequence[Check]

    @property
    def conforming(self) -> bool:
        """Whether no check found a fault."""
        return not any(check.findings for check in self.checks)


@dataclass(slots=True)
class _Job:
    """A job of the kit, and the number of its statuses."""

    publisher: Publisher
    job_id: str = field(default_factory=lambda: f"conformance-{uuid.uuid4().hex[:12]}")
    step: int = 0

    async def publish(self, count: int = 1) -> None:
        """Publish the agent's next statuses: its start, its progress, its end."""
        for _ in range(count):
            self.step += 1
            word = {1: "agent_invoking", STEPS: "agent_complete"}.get(self.step, "progress")
            progress = {"progress": 100 * self.step // STEPS} if word == "progress" else {}
            await self._send(word, text_of(self.job_id, self.step), agentName=AGENT, **progress)

    async def end(self, outcome: Outcome) -> None:
        """Publish the final status."""
        await self._send("complete" if outcome is Outcome.COMPLETED else "error", f"The job {outcome}.")

    async def _send(self, word: str, message: str, **more: Any) -> None:
        status = {"jobId": self.job_id, "status": word, "message": message, **more}
        await self.publisher.publish(status)


class Kit:
    """Checks one server in one dialect. `seconds` is how long each expected event may take."""

    def __init__(self, dialect: Dialect, publisher: Publisher, *, seconds: float = 10) -> None:
        self._dialect = dialect
        self._publisher = publisher
        self._seconds = seconds

    async def run(self) -> Report:
        """Run all checks. Raises PublishError, UnreachableServerError."""
        job = _Job(self._publisher)
        first, second = await self._follow(job)
        checks = [Check("order", [*_follow_findings(first), *_follow_findings(second)])]
        if self._dialect.resumes:
            checks.append(Check("resume", await self._resume(job, first)))
        checks.append(Check("reconnect", await self._reconnect(_Job(self._publisher))))
        probes = self._dialect.probes(job.job_id, first.cursor)
        if probes:
            checks.append(Check("verdict", await self._probe(probes)))
        elif self._dialect.resumes:
            detail = f"the cursor {first.cursor} has no epoch, so a cursor of another log looks equal"
            checks.append(Check("verdict", [Finding(Fault.NO_VERDICT, detail)]))
        checks.append(Check("end", await self._return(job, first)))
        return Report(self._dialect.name, checks)

    async def _follow(self, job: _Job) -> tuple[Connection, Connection]:
        await job.publish()
        async with self._live(job) as first:
            await first.until(lambda: self._has_joined(first.connection))
            ending = first.connection.ending
            if ending is not None and ending.close is Close.UNREACHABLE:
                raise UnreachableServerError(ending.detail)
            await job.publish(STEPS // 2 - 1)
            async with self._live(job) as second:
                await second.until(lambda: self._has_joined(second.connection))
                await job.publish(STEPS - job.step)
                await job.end(Outcome.COMPLETED)
                await asyncio.gather(first.until_ended(), second.until_ended())
        return first.connection, second.connection

    async def _resume(self, job: _Job, followed: Connection) -> list[Finding]:
        gate = asyncio.Semaphore(RESUMES_AT_ONCE)

        async def come_back(point: Connection) -> list[Finding]:
            async with gate, Live(self._dialect, job.job_id, point, seconds=self._seconds) as live:
                await live.until_ended()
            end = [] if point.after == followed.cursor else check_end(point, Outcome.COMPLETED)
            found = [*check_statuses([point], published=STEPS), *end]
            return [Finding(one.fault, f"{one.detail}, resumed after {point.after}") for one in found]

        points = resume_points(followed)
        if not points:
            return [Finding(Fault.MALFORMED, "no event has a cursor, so clients cannot resume")]
        return [finding for found in await asyncio.gather(*map(come_back, points)) for finding in found]

    async def _reconnect(self, job: _Job) -> list[Finding]:
        await job.publish()
        connections = []
        async with self._live(job) as live:
            await live.until(lambda: self._has_joined(live.connection))
            await job.publish(2)
            await live.until(lambda: job.step in live.connection.steps)
        connections.append(live.connection)
        await job.publish(2)
        async with self._live(job, connections) as live:
            await live.until(lambda: self._is_up_to_date(live.connection, job.step))
            await job.publish()
            await live.until(lambda: job.step in live.connection.steps)
        connections.append(live.connection)
        async with self._live(job, connections) as live:
            if not self._dialect.resumes:
                await live.until(lambda: self._has_joined(live.connection))
            await job.publish(STEPS - job.step)
            await job.end(Outcome.FAILED)
            await live.until_ended()
        connections.append(live.connection)
        return [*check_statuses(connections, published=STEPS), *check_end(live.connection, Outcome.FAILED)]

    async def _probe(self, probes: Sequence[Probe]) -> list[Finding]:
        findings: list[Finding] = []
        for probe in probes:
            connection = Connection(after=probe.after)
            async with Live(self._dialect, probe.job_id, connection, seconds=self._seconds) as live:
                await live.until_ended()
            if probe.wants_verdict:
                findings += check_verdict(connection)
            else:
                findings += check_refusal(connection, probe.what)
        return findings

    async def _return(self, job: _Job, followed: Connection) -> list[Finding]:
        returns: list[Connection] = []
        for _ in range(RETURNS):
            connection = self._connection(STEPS, [followed])
            async with Live(self._dialect, job.job_id, connection, seconds=self._seconds) as live:
                await live.until_ended()
            returns.append(connection)
            if connection.ending is None or connection.ending.close is Close.FINAL:
                break
            await asyncio.sleep(RETURN_SECONDS)
        if self._dialect.resumes:
            return check_returns(returns)
        again = returns[-1]  # it first gets a snapshot, and the server must report the end again
        statuses = check_statuses([again], published=STEPS)
        return [*check_returns(returns), *statuses, *check_end(again, Outcome.COMPLETED)]

    def _live(self, job: _Job, before: Sequence[Connection] = ()) -> Live:
        connection = self._connection(job.step, before)
        return Live(self._dialect, job.job_id, connection, seconds=self._seconds)

    def _connection(self, committed: int, before: Sequence[Connection]) -> Connection:
        """The next connection of a client after these connections."""
        if self._dialect.resumes and before and before[-1].cursor is not None:
            last = before[-1]
            return Connection(after=last.cursor, start=position_after(last, last.cursor_at))
        from_beginning = self._dialect.joins is Join.BEGINNING
        start = Position(0 if from_beginning else committed)
        return Connection(start=start, join=self._dialect.joins)

    def _has_joined(self, connection: Connection) -> bool:
        if self._dialect.joins is Join.SNAPSHOT:
            return any(event.is_snapshot for event in connection.events)
        return bool(connection.steps)

    def _is_up_to_date(self, connection: Connection, step: int) -> bool:
        """Whether the client has this status, or a snapshot that contains it."""
        return step in connection.steps or (not self._dialect.resumes and self._has_joined(connection))


def resume_points(followed: Connection) -> list[Connection]:
    """One connection for each cursor from the first status on, which resumes there."""
    points: dict[str, Connection] = {}
    for count, event in enumerate(followed.events, 1):
        if event.cursor is not None and any(one.step is not None for one in followed.events[:count]):
            points[event.cursor] = Connection(after=event.cursor, start=position_after(followed, count))
    return list(points.values())


def _follow_findings(connection: Connection) -> list[Finding]:
    return [
        *check_statuses([connection], published=STEPS),
        *check_end(connection, Outcome.COMPLETED),
    ]
