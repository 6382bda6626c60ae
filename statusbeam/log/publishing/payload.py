"""The publisher's payload: from any JSON to valid statuses, grouped into batches that can be committed.

    >>> payload = {"batchId": "b1", "updates": [good, bad]}
    >>> parsed = parse_payload(payload, batch_id="request-1", now=time.time())
    >>> len(parsed.entries), parsed.rejected[0].code
    (1, 'missing')

One payload is `{"batchId": …, "updates": [StatusInput, …]}` or one bare StatusInput, with or without a
batchId beside its fields. Statuses are taken or refused one by one; only a payload without a readable list of
statuses is refused whole. With `"onlyIfOpen": true`, statuses that would not move their job are skipped; with
`"onlyIfWaiting": true`, those that would end no wait for an answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from statusbeam.model.errors import InvalidStatusError, RejectionCode
from statusbeam.model.limits import (
    AGENTS_PER_COMMIT,
    BATCH_ID_LENGTH,
    ENTRIES_PER_PAYLOAD,
    INTEGER_DIGITS,
    UPDATES_PER_COMMIT,
)
from statusbeam.model.parse import CONDITIONS, ENVELOPE_FIELDS, parse_status
from statusbeam.model.texts import one_line
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import identifier, refuse

from ..journal.batch import Batch
from ..journal.entry import Entry
from ..snapshot.fold import touched

if TYPE_CHECKING:
    from collections.abc import Callable

    Screen = Callable[[object], "Screened"]


class Screened(NamedTuple):
    """A status of a payload before it is parsed, and the metadata taken out of it: see Entry."""

    status: object
    operator: Mapping[str, Any] | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The reason of a rejection. `index` is the status's position; None means the whole payload."""

    index: int | None
    code: str
    field: str | None
    message: str

    @property
    def refused(self) -> bool:
        """Whether the status names another user's job, or another tenant than the publisher's."""
        return self.code in (RejectionCode.FOREIGN_OWNER, RejectionCode.FOREIGN_TENANT)

    def to_wire(self) -> dict[str, Any]:
        """The rejection as JSON."""
        return {"index": self.index, "code": self.code, "field": self.field, "message": self.message}

    @classmethod
    def of(cls, error: InvalidStatusError, index: int | None) -> Rejection:
        """The rejection for `error`, which the status at `index` raised."""
        return cls(index=index, code=str(error.code), field=error.field, message=error.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPayload:
    """The statuses of one payload in order, and the rejections."""

    batch_id: str
    only_if_open: bool = False
    only_if_waiting: bool = False
    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejection, ...] = ()

    @property
    def updates(self) -> tuple[StatusUpdate, ...]:
        """The statuses, in their order."""
        return tuple(entry.update for entry in self.entries)


def payload_of_text(text: str) -> object:
    """The payload that a JSON text describes; None, which no payload is, for any other text.

    A number that no reader could hold becomes infinity, so that its own status is rejected, not the payload.
    """
    try:
        return json.loads(text, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return None


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= INTEGER_DIGITS else math.inf


def parse_payload(
    payload: object, *, batch_id: str, now: float, screen: Screen | None = None
) -> ParsedPayload:
    """Read a payload; never raises.

    `batch_id` is used when the payload brings none, `now` (epoch seconds) when a status has no timestamp.
    `screen` sees each status first. It takes out what is not for the log, or raises InvalidStatusError.
    """
    try:
        batch_id, statuses = _open(payload, batch_id)
        only_if_open, only_if_waiting = (_condition(payload, name) for name in CONDITIONS)
    except InvalidStatusError as error:
        return ParsedPayload(batch_id=batch_id, rejected=(Rejection.of(error, None),))
    entries = []
    rejected = []
    for index, status in enumerate(statuses):
        try:
            screened = screen(status) if screen else Screened(status)
            # Made of batch id and index, so that a redelivered payload is the same statuses again.
            update = parse_status(screened.status, event_id=f"{batch_id}.{index}", now=now)
        except InvalidStatusError as error:
            rejected.append(Rejection.of(error, index))
            continue
        entries.append(
            Entry(
                index=index,
                update=update,
                operator=screened.operator,
                detail=screened.detail,
                reported_at=status.get("timestamp"),
            )
        )
    return ParsedPayload(
        batch_id=batch_id,
        only_if_open=only_if_open,
        only_if_waiting=only_if_waiting,
        entries=tuple(entries),
        rejected=tuple(rejected),
    )


def _open(payload: object, batch_id: str) -> tuple[str, list[Any]]:
    if not isinstance(payload, Mapping):
        raise refuse(None, RejectionCode.WRONG_TYPE, "must be a JSON object")
    bare = {field: value for field, value in payload.items() if field not in ENVELOPE_FIELDS}
    statuses = payload.get("updates", [bare])
    if not isinstance(statuses, list):
        raise refuse("updates", RejectionCode.WRONG_TYPE, "must be a list of statuses")
    if len(statuses) > ENTRIES_PER_PAYLOAD:
        problem = f"must have at most {ENTRIES_PER_PAYLOAD} entries, not {len(statuses)}"
        raise refuse("updates", RejectionCode.TOO_MANY, problem)
    own = payload.get("batchId")
    if isinstance(own, str):
        own = one_line(own)
    return (batch_id if own is None else _BATCH_ID("batchId", own)), statuses


def _condition(payload: object, name: str) -> bool:
    stated = payload.get(name) if isinstance(payload, Mapping) else None
    if not isinstance(stated, bool | None):
        raise refuse(name, RejectionCode.WRONG_TYPE, "must be true or false")
    return bool(stated)


def batches(parsed: ParsedPayload) -> Iterable[tuple[Batch, ...]]:
    """The batches to commit, one tuple a job and owner; those of a tuple must be committed in their order.

    Which statuses share a batch, and its id, depend on the payload alone: a redelivery is cut the same way.
    """
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in parsed.entries:
        update = entry.update
        groups.setdefault((update.job_id, update.tenant_id, update.user_id), []).append(entry)
    for group in groups.values():
        yield tuple(
            Batch(
                batch_id=f"{parsed.batch_id}#{number}" if number else parsed.batch_id,
                entries=tuple(part),
                only_if_open=parsed.only_if_open,
                only_if_waiting=parsed.only_if_waiting,
            )
            for number, part in enumerate(_cut(group))
        )


def _cut(group: list[Entry]) -> Iterator[list[Entry]]:
    """The group in parts, each as long as one commit can take."""
    part: list[Entry] = []
    agents: frozenset[str] = frozenset()
    for entry in group:
        own = touched((entry.update,))
        more = agents | own
        if part and (len(part) == UPDATES_PER_COMMIT or len(more) > AGENTS_PER_COMMIT):
            yield part
            part, more = [], own
        part.append(entry)
        agents = more
    yield part


_BATCH_ID = identifier(BATCH_ID_LENGTH, forbidden="#")  # `#` marks the parts of a batch that was cut
