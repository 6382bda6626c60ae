"""The events that a client received, in the terms that all dialects share.

The kit publishes statuses with numbered texts. The number in a received text shows the status, whatever names
and fields the protocol has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a job ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Join(StrEnum):
    """The first answer to a client without a cursor."""

    SNAPSHOT = "snapshot"  # one event that replaces the client's statuses
    MESSAGES = "messages"  # the newest status, in ordinary messages
    BEGINNING = "beginning"  # the log, from its first status


class Close(StrEnum):
    """How a server ended a connection."""

    FINAL = "final"  # by the protocol: the job has ended, so do not reconnect
    PLAIN = "plain"  # an end after which clients of this protocol reconnect
    REFUSED = "refused"  # the server answered the request with an error
    BROKEN = "broken"  # the connection failed, or the server ended it in a way that means failure
    UNREACHABLE = "unreachable"  # there was no connection


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a connection; `detail` is for people."""

    close: Close
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event of a server, with the fields that the checks use."""

    step: int | None = None
    """The number of the status that it shows."""
    part: str = ""
    """Which of a status's events it is, in dialects that send several."""
    is_snapshot: bool = False
    """Whether it replaces what the client has."""
    is_lost: bool = False
    """Whether it is the verdict that statuses are missing."""
    cursor: str | None = None
    """The cursor with which a client resumes after this event."""
    outcome: Outcome | None = None
    """How the job ended, if the event is an end."""
    problem: str | None = None
    """The rules of its protocol that the event breaks."""


@dataclass(frozen=True, slots=True)
class Position:
    """The newest status that a client has, and which of its events."""

    step: int = 0
    parts: frozenset[str] | None = None
    """None: the client has the whole status."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """The events of one connection."""

    after: str | None = None
    """The cursor with which the client connected."""
    start: Position = Position()
    """The client's position by that cursor; without a cursor, the newest status at that time."""
    join: Join | None = None
    """The first answer of the server; None: the statuses after the cursor."""
    events: list[Received] = field(default_factory=list)
    ending: Ending | None = None
    """None: the client left, or the server kept the connection open for too long."""

    @property
    def steps(self) -> list[int]:
        """The numbers of all statuses that it shows."""
        return [event.step for event in self.events if event.step is not None]

    @property
    def outcome(self) -> Outcome | None:
        """How the job ended, by its last end event."""
        return next((event.outcome for event in reversed(self.events) if event.outcome), None)

    @property
    def cursor(self) -> str | None:
        """The last cursor, with which the client reconnects."""
        return self.events[self.cursor_at - 1].cursor if self.cursor_at else self.after

    @property
    def cursor_at(self) -> int:
        """How many events the client has at its last cursor."""
        counts = range(len(self.events), 0, -1)
        return next((count for count in counts if self.events[count - 1].cursor), 0)


def text_of(job_id: str, step: int) -> str:
    """The text of a job's status with this number."""
    return f"{job_id} step {step}"


def steps_in(job_id: str, value: Any) -> Sequence[int]:
    """The numbers of the statuses whose texts are anywhere in `value`, each once.

    >>> steps_in("job-1", {"status": "job-1 step 3", "data": {"text": "job-1 step 3"}})
    [3]
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    found = re.finditer(rf"{re.escape(job_id)} step ([0-9]{{1,6}})(?![0-9])", text)
    return list(dict.fromkeys(int(match[1]) for match in found))
