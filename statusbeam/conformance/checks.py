"""Finds faults in the received events. Pure functions: connections in, findings out.

| fault | what the server did |
|---|---|
| `lost` | left out a status |
| `doubled` | sent a client a status twice |
| `reordered` | sent a status before an earlier one, or after the job's end |
| `no_snapshot` | sent no snapshot to a client without a cursor, or after a verdict |
| `no_verdict` | accepted an impossible cursor, or sent a snapshot in place of statuses, without a verdict |
| `wrong_verdict` | reported lost statuses although none was lost |
| `no_end` | did not report the job's end, or kept the connection open after it |
| `wrong_outcome` | reported a completed job as failed, or a failed one as completed |
| `endless_reconnect` | let clients reconnect forever after the job's end |
| `broken` | refused or ended a connection for no reason |
| `malformed` | broke a rule of the protocol |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .observed import Close, Connection, Join, Outcome, Position, Received

ANYWHERE = 1_000_000


class Fault(StrEnum):
    """The kinds of faults."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    NO_SNAPSHOT = "no_snapshot"
    NO_VERDICT = "no_verdict"
    WRONG_VERDICT = "wrong_verdict"
    NO_END = "no_end"
    WRONG_OUTCOME = "wrong_outcome"
    ENDLESS_RECONNECT = "endless_reconnect"
    BROKEN = "broken"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and the place where the kit found it."""

    fault: Fault
    detail: str


def check_statuses(connections: Sequence[Connection], *, published: int) -> list[Finding]:
    """Faults in the statuses that one client received over its successive connections.

    The client must have every status up to `published` at the end, each once and in order.
    """
    client = _Client()
    for connection in connections:
        client.connect(connection)
        for event in connection.events:
            client.receive(event)
    client.miss(range(client.position.step + 1, published + 1))
    return [*client.findings, *(Finding(Fault.LOST, f"step {step}") for step in sorted(client.missing))]


def position_after(connection: Connection, count: int) -> Position:
    """The position of a client after this number of events of a connection."""
    client = _Client()
    client.connect(connection)
    for event in connection.events[:count]:
        client.receive(event)
    return client.position


def check_end(connection: Connection, expected: Outcome) -> list[Finding]:
    """Faults in the report of a job's end, and in the end of the connection after it."""
    return [*_outcome(connection, expected), *_ending(connection)]


def check_returns(returns: Sequence[Connection]) -> list[Finding]:
    """Faults in the answers to a client that has every status of an ended job and reconnects repeatedly."""
    steps = [step for connection in returns for step in _statuses(connection)]
    findings = [Finding(Fault.DOUBLED, f"step {step}, and the client had everything") for step in steps]
    findings += [finding for connection in returns for finding in _problems(connection)]
    last = returns[-1].ending
    if last is None or last.close is not Close.FINAL:
        last_answer = f"the last answer: {last.close} {last.detail}" if last else "the connection stays open"
        findings.append(
            Finding(Fault.ENDLESS_RECONNECT, f"{len(returns)} returns after the end; {last_answer}")
        )
    return findings


def check_verdict(connection: Connection) -> list[Finding]:
    """Faults in the answer to an impossible cursor: the server must send a verdict, then a snapshot."""
    first = next((event for event in connection.events if event.is_lost or _shows(event)), None)
    if first is None or not first.is_lost:
        return [Finding(Fault.NO_VERDICT, f"after the cursor {connection.after}{_end_of(connection)}")]
    if not any(_shows(event) for event in connection.events):
        return [Finding(Fault.NO_SNAPSHOT, f"none follows the verdict on {connection.after}")]
    return list(_problems(connection))


def check_refusal(connection: Connection, what: str) -> list[Finding]:
    """Faults in the answer to an invalid request: the server must send an error and no statuses."""
    refused = connection.ending is not None and connection.ending.close is Close.REFUSED
    if refused and not connection.steps:
        return []
    return [Finding(Fault.NO_VERDICT, f"{what} was not refused{_end_of(connection)}")]


class _Client:
    """A client that tracks its position."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.position = Position()
        self.missing: set[int] = set()
        self._cursor: str | None = None
        self._awaits_snapshot = False
        self._begins_at_most = 0
        self._has_ended = False

    def connect(self, connection: Connection) -> None:
        """Begin the next connection."""
        self.findings += _problems(connection)
        self._cursor, self._has_ended = connection.after, False
        self.position = connection.start
        self._awaits_snapshot = connection.join is Join.SNAPSHOT
        # a snapshot may be slightly old, if all later statuses follow
        joins = connection.join in (Join.SNAPSHOT, Join.MESSAGES)
        self._begins_at_most = connection.start.step + 1 if joins else 0

    def receive(self, event: Received) -> None:
        """Process one event."""
        if event.is_lost:
            self._begins_at_most = ANYWHERE
            if self._cursor is not None:
                self._find(Fault.WRONG_VERDICT, f"statuses are lost after {self._cursor}, by the verdict")
        if event.is_snapshot:
            self._take_snapshot(event)
        elif event.step is not None:
            self._take_status(event.step, event.part)
        self._has_ended = self._has_ended or event.outcome is not None

    def miss(self, steps: Iterable[int]) -> None:
        """Record statuses that the server has not sent yet."""
        self.missing |= set(steps)

    def _take_snapshot(self, event: Received) -> None:
        if self._cursor is not None and not self._begins_at_most:
            self._find(Fault.NO_VERDICT, f"a snapshot without a verdict after {self._cursor}")
        self._awaits_snapshot = False
        if event.step is not None:
            self.position = Position(event.step)
            self._begins_at_most = 0

    def _take_status(self, step: int, part: str) -> None:
        newest, parts = self.position.step, self.position.parts
        begins, self._begins_at_most = step <= self._begins_at_most, 0
        if self._has_ended:
            self._find(Fault.REORDERED, f"step {step} after the job's end")
        if self._awaits_snapshot:
            self._awaits_snapshot = False
            self._find(Fault.NO_SNAPSHOT, f"step {step} without a snapshot before it")
        if begins:
            self.position = Position(step, frozenset({part}))
        elif step > newest:
            self.miss(range(newest + 1, step))
            self.position = Position(step, frozenset({part}))
        elif step in self.missing:
            self.missing.discard(step)
            self._find(Fault.REORDERED, f"step {step} after step {newest}")
        elif step < newest or parts is None or part in parts:
            self._find(Fault.DOUBLED, f"step {step}")
        else:
            self.position = Position(step, parts | {part})

    def _find(self, fault: Fault, detail: str) -> None:
        self.findings.append(Finding(fault, detail))


def _outcome(connection: Connection, expected: Outcome) -> Iterator[Finding]:
    if connection.outcome is None:
        yield Finding(Fault.NO_END, f"no event says that the job {expected}{_end_of(connection)}")
    elif connection.outcome is not expected:
        yield Finding(Fault.WRONG_OUTCOME, f"{connection.outcome}, and the job {expected}")


def _ending(connection: Connection) -> Iterator[Finding]:
    if connection.ending is None:
        if connection.outcome is not None:
            yield Finding(Fault.NO_END, "the connection stays open after the job's end")
    elif connection.ending.close in (Close.BROKEN, Close.REFUSED, Close.UNREACHABLE):
        ended = connection.outcome is not None
        detail = connection.ending.detail
        yield Finding(
            Fault.ENDLESS_RECONNECT if ended else Fault.BROKEN,
            f"{detail} after the job's end: clients come back" if ended else detail,
        )


def _problems(connection: Connection) -> Iterator[Finding]:
    for event in connection.events:
        if event.problem is not None:
            yield Finding(Fault.MALFORMED, event.problem)


def _statuses(connection: Connection) -> list[int]:
    return [event.step for event in connection.events if event.step is not None and not event.is_snapshot]


def _shows(event: Received) -> bool:
    return event.is_snapshot or event.step is not None


def _end_of(connection: Connection) -> str:
    return f" ({connection.ending.close}: {connection.ending.detail})" if connection.ending else ""
