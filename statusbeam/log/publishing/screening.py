"""The publisher's changes of a status before parsing: no secrets, within the limits, on its own clock.

    >>> screened = screen(status, redactor=Redactor(), clock=ReceiverClock(received_at=time.time()))
    >>> screened.operator
    {'errorId': 'e-1', 'cause': 'the model timed out'}

The result depends on the status and the time alone, so a redelivery is screened to the same statuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from statusbeam.model.errors import RejectionCode
from statusbeam.model.fit import fit_end
from statusbeam.model.limits import (
    MESSAGE_LENGTH,
    METADATA_BYTES,
    NAME_LENGTH,
    SPILLED_KEYS,
)
from statusbeam.model.metadata import FOLDED_KEYS, MetadataKey
from statusbeam.model.normalize import normalized, with_plan_names
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate, refuse_unknown_fields
from statusbeam.model.validation import (
    JsonObject,
    json_text,
    mended_object,
    readable_json,
    refuse,
)

from ..journal.entry import Entry
from ..snapshot.fold import invocation_of
from .metadata_values import settled
from .payload import Screened
from .receiver_clock import ReceiverClock


def screen(
    status: object, *, redactor: Redactor, clock: ReceiverClock, tenant: str | None = None
) -> Screened:
    """The status in the log's form, and its restricted metadata. A status without a tenant gets `tenant`.

    Raises InvalidStatusError for values that the parser would refuse after a long redaction: unknown fields,
    and texts and metadata above every limit. A status that ends a job or an agent is cut instead. The parser
    checks all other rules.
    """
    if not isinstance(status, Mapping):
        return Screened(status)
    if tenant is not None and status.get("tenantId") is None:
        status = {**status, "tenantId": tenant}
    status = fit_end(normalized(status))
    _refuse_too_much(status)
    texts: dict[str, Any] = {str(field): value for field, value in status.items() if isinstance(value, str)}
    if status.get("metadata") is not None:
        given = with_plan_names(mended_object("metadata", status["metadata"]))
        texts["metadata"] = readable_json(settled(given))
    clean = redactor.entry(texts)
    others = {field: value for field, value in status.items() if field not in texts}
    metadata = clean.get("metadata")
    operator = detail = None
    if isinstance(metadata, Mapping):
        clean["metadata"], operator, detail = _parted(metadata)
    return Screened(clock.applied_to({**others, **clean}), operator, detail)


def _refuse_too_much(status: Mapping[Any, Any]) -> None:
    refuse_unknown_fields(status)
    for field, value in status.items():
        if field != "metadata" and isinstance(value, str) and len(value) > MESSAGE_LENGTH:
            problem = f"must be at most {MESSAGE_LENGTH} characters, not {len(value)}"
            raise refuse(field, RejectionCode.TOO_LONG, problem)


def without_split_secrets(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries without the secrets that go from one message of an invocation into its next."""
    places: dict[tuple[str, str, str | None], list[int]] = {}
    for place, entry in enumerate(entries):
        update = entry.update
        same_invocation = (update.tenant_id, update.job_id, invocation_of(update))
        places.setdefault(same_invocation, []).append(place)
    found = list(entries)
    for same in places.values():
        messages = [found[place].update.message for place in same]
        for place, message in zip(same, split_redacted(messages), strict=True):
            update = found[place].update
            if message != update.message:
                # A mark may be longer than the hidden text.
                found[place] = replace(found[place], update=update.with_message(message))
    return tuple(found)


def spill_mark(metadata: Mapping[str, Any], *, stored: bool = True) -> dict[str, Any]:
    """The mark that replaces spilled metadata: its size, its keys, and the values that the fold reads."""
    names = [key[:NAME_LENGTH] for key in list(metadata)[:SPILLED_KEYS]]
    spilled: dict[str, Any] = {"bytes": _size(metadata), "keys": names}
    if not stored:
        spilled["stored"] = False
    mark: dict[str, Any] = {MetadataKey.SPILLED: spilled}
    kept = {key: metadata[key] for key in FOLDED_KEYS if key in metadata}
    if MetadataKey.RESULT in kept:  # its mark has room in any case
        mark[MetadataKey.RESULT] = {MetadataKey.SPILLED: {"bytes": _size(kept[MetadataKey.RESULT])}}
    for key in sorted(kept, key=lambda key: _size(kept[key])):
        if _size({**mark, key: kept[key]}) <= METADATA_BYTES:
            mark[key] = kept[key]
    return mark


def detail_key(update: StatusUpdate, body: bytes) -> str:
    """The key of a status's detail: the same at each delivery, and impossible to guess.

    Only the log entry has the key, and only the resolver reads it there, after checking who owns the job.
    """
    folder = detail_folder(update.tenant_id, update.user_id, update.job_id)
    return f"{folder}{_digest(update.event_id, hashlib.sha256(body).hexdigest())}.json"


def detail_folder(tenant_id: str, user_id: str, job_id: str) -> str:
    """The beginning of the keys of all details that a user's job has."""
    return f"{_digest(tenant_id, user_id, job_id)}/"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _parted(
    metadata: Mapping[str, Any],
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """The public metadata, the operators', and the whole public metadata where it is too big."""
    public = JsonObject({key: value for key, value in metadata.items() if key != MetadataKey.OPERATOR})
    operator = metadata.get(MetadataKey.OPERATOR)
    if operator is not None and not isinstance(operator, Mapping):
        operator = {"value": operator}  # any value of it is restricted
    if public.size > METADATA_BYTES:
        return spill_mark(public), operator, public
    return public or None, operator, None


def _size(value: Any) -> int:
    return len(json_text(value).encode())
