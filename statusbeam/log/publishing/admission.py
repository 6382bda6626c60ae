"""What a publisher lets in, and as what: without secrets, of its own tenant, at a bearable rate.

>>> admission = Admission(tenant="city", details=S3DetailStore(client, "details"))
>>> parsed = admission.parse(payload, batch_id="b1", now=time.time())
>>> commit = journal.commit(admission.admit(batch, now=time.time()), deadline=deadline)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import DetailStoreError, ForeignTenantError
from statusbeam.model.limits import OPERATOR_BYTES
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.replace import altered
from statusbeam.model.settings import PublisherSettings, StatusTable
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text

from ..journal.batch import Aside, Batch
from ..journal.commits import Commit
from ..journal.shedding import Shedding
from .payload import ParsedPayload, Rejection, parse_payload
from .ports import DetailStore
from .screening import detail_key, screen, spill_mark, split_screened

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 30
"""How long no detail is stored after that failed: each try would take its time from the commits."""


@dataclass(slots=True, kw_only=True)
class Admission:
    """The rules of one publisher: `tenant` is the one it is bound to; without `details` nothing is kept that
    is too big for the log."""

    redactor: Redactor = field(default_factory=Redactor)
    tenant: str | None = None
    details: DetailStore | None = None
    shedding: Shedding = field(default_factory=Shedding)
    _details_fail_until: float = 0.0

    def parse(self, payload: object, *, batch_id: str, now: float) -> ParsedPayload:
        """See parse_payload; the statuses are without secrets and within the log's limits."""
        screened = partial(screen, redactor=self.redactor, now=now)
        parsed = split_screened(parse_payload(payload, batch_id=batch_id, now=now, screen=screened))
        return replace(parsed, rejected=tuple(map(self._without_secrets, parsed.rejected)))

    def admit(self, batch: Batch, *, now: float) -> Batch:
        """The batch to commit: its details are stored, what is too much for its tenant is marked as left out.

        Raises ForeignTenantError.
        """
        if self.tenant is not None and batch.tenant_id != self.tenant:
            raise ForeignTenantError(batch.tenant_id)
        updates = list(batch.updates)
        attributes = {}
        for place, aside in batch.asides.items():
            updates[place], attributes[place] = self._set_aside(updates[place], aside, now)
        return altered(
            batch,
            updates=tuple(updates),
            attributes=attributes,
            left_out=self.shedding.left_out(batch.tenant_id, updates, now=now),
            shed_before=self.shedding.waiting(batch.job_id, batch.batch_id),
        )

    def _without_secrets(self, rejection: Rejection) -> Rejection:
        # It names the field, and what should have been a value may stand where a field does.
        clean = self.redactor.text
        name = None if rejection.field is None else clean(rejection.field)
        return replace(rejection, field=name, message=clean(rejection.message))

    def note(self, batch: Batch, commit: Commit) -> None:
        """What became of a batch: what was left out of it is told by a later commit, if not by its own."""
        if not commit.redelivered:
            told = bool(commit.updates)
            self.shedding.note(batch.job_id, batch.batch_id, committed=told, shed=commit.shed)

    def _set_aside(
        self, update: StatusUpdate, aside: Aside, now: float
    ) -> tuple[StatusUpdate, Mapping[str, str]]:
        """The status as the log has it, and the attributes beside it."""
        told = None if aside.operator is None else json_text(aside.operator)
        too_much = told is not None and len(told.encode()) > OPERATOR_BYTES
        attributes = {}
        stored = None
        if aside.detail is not None or too_much:
            stored = self._store(update, aside, now)
        if stored is not None:
            attributes[StatusTable.DETAIL_KEY] = stored
        elif aside.detail is not None:
            update = replace(update, metadata=_marked(update, aside.detail))
        if told is not None:
            told = (
                json_text(spill_mark(aside.operator or {}, stored=stored is not None)) if too_much else told
            )
            attributes[StatusTable.OPERATOR_DETAIL] = told
        return update, attributes

    def _store(self, update: StatusUpdate, aside: Aside, now: float) -> str | None:
        """Where the detail is; None when it is nowhere: the status is worth more than what hangs on it."""
        if self.details is None or now < self._details_fail_until:
            return None
        held: dict[str, Any] = {"detail": aside.detail, "operatorDetail": aside.operator}
        body = json_text(held).encode()
        key = detail_key(update, body)
        try:
            self.details.put(key, body)
        except DetailStoreError as error:
            self._details_fail_until = now + _PAUSE_SECONDS
            _log.warning(
                "job_id=<%s>, event_id=<%s>, bytes=<%s>, code=<%s> | detail not stored",
                update.job_id,
                update.event_id,
                len(body),
                error.code,
            )
            return None
        return key


def admission_of(settings: PublisherSettings, new_client: Callable[[], S3Client]) -> Admission:
    """The rules that a publisher's settings name; `new_client` is for the first detail.

    Raises SettingError.
    """
    from .detail_store import S3DetailStore  # noqa: PLC0415 - loads the SDK

    bucket = settings.detail_bucket
    return Admission(
        redactor=Redactor(settings.fields_to_redact),
        tenant=settings.publisher_tenant,
        details=S3DetailStore(new_client, bucket) if bucket else None,
    )


def _marked(update: StatusUpdate, detail: Mapping[str, Any]) -> dict[str, Any]:
    mark = spill_mark(detail, stored=False)
    told = update.metadata or {}
    return {**mark, **({"reportedAt": told["reportedAt"]} if "reportedAt" in told else {})}
