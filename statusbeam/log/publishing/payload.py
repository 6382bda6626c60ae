"""The publisher's payload: from any JSON to valid statuses, grouped into batches that can be committed.

    >>> payload = {"batchId": "b1", "updates": [good, bad]}
    >>> parsed = parse_payload(payload, batch_id="request-1", now=time.time())
    >>> len(parsed.updates), parsed.rejected[0].code
    (1, 'missing')

One payload is `{"batchId": …, "updates": [StatusInput, …]}` or one bare StatusInput, with or without a
batchId beside its fields. Entries are taken or refused one by one; only a payload without a readable list of
entries is refused whole. With `"onlyIfOpen": true`, statuses that would not move their job are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import InvalidStatusError, RejectionCode
from statusbeam.model.limits import (
    AGENTS_PER_COMMIT,
    BATCH_ID_LENGTH,
    ENTRIES_PER_PAYLOAD,
    UPDATES_PER_COMMIT,
)
from statusbeam.model.parse import ENVELOPE, read_entry
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import identifier, refuse

from ..journal.batch import Aside, Batch
from ..snapshot.fold import touched

if TYPE_CHECKING:
    from collections.abc import Callable

    Screen = Callable[[object], tuple[object, Aside | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why one entry was not taken; `index` is its place in the payload, None for the payload as a whole."""

    index: int | None
    code: str
    field: str | None
    message: str

    def to_wire(self) -> dict[str, Any]:
        """The rejection as JSON."""
        return {"index": self.index, "code": self.code, "field": self.field, "message": self.message}

    @classmethod
    def of(cls, error: InvalidStatusError, index: int | None) -> Rejection:
        """What `error` says of the entry at `index`."""
        return cls(index=index, code=str(error.code), field=error.field, message=error.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPayload:
    """The statuses of one payload in order, with their places in it (`indexes`), and what was refused."""

    batch_id: str
    only_if_open: bool = False
    updates: tuple[StatusUpdate, ...] = ()
    indexes: tuple[int, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    asides: Mapping[int, Aside] = field(default_factory=dict)
    """By place: what a status carries that is not for its log entry's readers."""


def parse_payload(
    payload: object, *, batch_id: str, now: float, screen: Screen | None = None
) -> ParsedPayload:
    """Read a payload; never raises.

    `batch_id` is used when the payload brings none, `now` (epoch seconds) when an entry has no timestamp.
    `screen` looks at each entry first, takes out what is not for the log, or raises InvalidStatusError.
    """
    try:
        batch_id, only_if_open, entries = _open(payload, batch_id)
    except InvalidStatusError as error:
        return ParsedPayload(batch_id=batch_id, rejected=(Rejection.of(error, None),))
    taken: dict[int, StatusUpdate] = {}
    asides: dict[int, Aside] = {}
    rejected = []
    for index, entry in enumerate(entries):
        try:
            # Made of batch id and place, so that a redelivered payload is the same statuses again.
            screened, aside = screen(entry) if screen else (entry, None)
            taken[index] = read_entry(screened, event_id=f"{batch_id}.{index}", now=now)
            if aside is not None:
                asides[index] = aside
        except InvalidStatusError as error:
            rejected.append(Rejection.of(error, index))
    return ParsedPayload(
        batch_id=batch_id,
        only_if_open=only_if_open,
        updates=tuple(taken.values()),
        indexes=tuple(taken),
        rejected=tuple(rejected),
        asides=asides,
    )


def _open(payload: object, batch_id: str) -> tuple[str, bool, list[Any]]:
    if not isinstance(payload, Mapping):
        raise refuse(None, RejectionCode.WRONG_TYPE, "must be a JSON object")
    bare = {field: value for field, value in payload.items() if field not in ENVELOPE}
    entries = payload.get("updates", [bare])
    if not isinstance(entries, list):
        raise refuse("updates", RejectionCode.WRONG_TYPE, "must be a list of statuses")
    if len(entries) > ENTRIES_PER_PAYLOAD:
        problem = f"must have at most {ENTRIES_PER_PAYLOAD} entries, not {len(entries)}"
        raise refuse("updates", RejectionCode.TOO_MANY, problem)
    own, only_if_open = payload.get("batchId"), payload.get("onlyIfOpen")
    if not isinstance(only_if_open, bool | None):
        raise refuse("onlyIfOpen", RejectionCode.WRONG_TYPE, "must be true or false")
    return (batch_id if own is None else _BATCH_ID("batchId", own)), bool(only_if_open), entries


def batches(parsed: ParsedPayload) -> Iterable[tuple[Batch, ...]]:
    """The batches to commit, one tuple a job and owner; those of a tuple must be committed in their order.

    Which statuses share a batch, and its id, depend on the payload alone: a redelivery is cut the same way.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, StatusUpdate]]] = {}
    for index, update in zip(parsed.indexes, parsed.updates, strict=True):
        owner = (update.job_id, update.tenant_id, update.user_id)
        groups.setdefault(owner, []).append((index, update))
    for group in groups.values():
        yield tuple(
            Batch(
                batch_id=f"{parsed.batch_id}#{number}" if number else parsed.batch_id,
                updates=tuple(update for _, update in part),
                indexes=tuple(index for index, _ in part),
                asides={
                    place: parsed.asides[index]
                    for place, (index, _) in enumerate(part)
                    if index in parsed.asides
                },
                only_if_open=parsed.only_if_open,
            )
            for number, part in enumerate(_cut(group))
        )


def _cut(group: list[tuple[int, StatusUpdate]]) -> Iterator[list[tuple[int, StatusUpdate]]]:
    """The group in parts, each as long as one commit can take."""
    part: list[tuple[int, StatusUpdate]] = []
    agents: frozenset[str] = frozenset()
    for entry in group:
        more = agents | touched((entry[1],))
        if part and (len(part) == UPDATES_PER_COMMIT or len(more) > AGENTS_PER_COMMIT):
            yield part
            part, more = [], touched((entry[1],))
        part.append(entry)
        agents = more
    yield part


_BATCH_ID = identifier(BATCH_ID_LENGTH, forbidden="#")  # `#` marks the parts of a batch that was cut
