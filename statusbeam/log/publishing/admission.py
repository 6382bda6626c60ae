"""The admission of statuses: without secrets, of the publisher's own tenant, at a bearable rate.

>>> admission = Admission(tenant="city", details=S3DetailStore(client, "details"))
>>> admitted = admission.admit(payload, batch_id="request-1", now=time.time())
>>> for batch in chain(*admitted.jobs):
...     journal.commit(batch, deadline=deadline)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from statusbeam.model.errors import DetailStoreError, RejectionCode
from statusbeam.model.limits import OPERATOR_BYTES
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.replace import replace
from statusbeam.model.settings import PublisherSettings, StatusTable
from statusbeam.model.validation import json_text, refuse

from ..journal.batch import Batch
from ..journal.entry import Entry
from .payload import ParsedPayload, Rejection, batches, parse_payload
from .ports import DetailStore
from .receiver_clock import ReceiverClock
from .screening import detail_key, screen, spill_mark, without_split_secrets
from .tenant_limits import TenantLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 30
"""The seconds without a try of the store after a failure: each try takes time from the commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedPayload:
    """One payload, ready to be committed."""

    batch_id: str
    jobs: tuple[tuple[Batch, ...], ...] = ()
    """The batches of each job and owner; those of one job must be committed in their order."""
    refused: tuple[Batch, ...] = ()
    """Batches of other tenants than the publisher's: evidence, to be kept out of the log."""
    rejected: tuple[Rejection, ...] = ()
    """The statuses that are not committed, with the reasons; those of `refused` are among them."""


@dataclass(slots=True, kw_only=True)
class Admission:
    """The rules of one publisher.

    `tenant` is the one tenant that it is bound to: statuses without a tenant get it. Without `details`,
    metadata too big for the log is left out.
    """

    redactor: Redactor = field(default_factory=Redactor)
    tenant: str | None = None
    details: DetailStore | None = None
    limits: TenantLimits = field(default_factory=TenantLimits)
    _details_fail_until: float = 0.0

    def admit(
        self, payload: object, *, batch_id: str, now: float, received_at: float | None = None
    ) -> AdmittedPayload:
        """The batches to commit; never raises. `received_at` (epoch seconds): see ReceiverClock.

        Their statuses are screened, details are in the store, and the tenant's limit has been applied.
        """
        received_at = now if received_at is None else received_at
        parsed = self.parse(payload, batch_id=batch_id, received_at=received_at)
        jobs: list[tuple[Batch, ...]] = []
        refused: list[Batch] = []
        rejected = list(parsed.rejected)
        for of_one_job in batches(parsed):
            if self.tenant is None or of_one_job[0].tenant_id == self.tenant:
                jobs.append(tuple(self._admitted(batch, now) for batch in of_one_job))
            else:
                refused += of_one_job
                rejected += (_foreign_tenant(entry) for batch in of_one_job for entry in batch.entries)
        return AdmittedPayload(
            batch_id=parsed.batch_id, jobs=tuple(jobs), refused=tuple(refused), rejected=tuple(rejected)
        )

    def parse(self, payload: object, *, batch_id: str, received_at: float) -> ParsedPayload:
        """See parse_payload; the statuses are without secrets and within the log's limits."""
        clock = ReceiverClock.of(payload, received_at=received_at)
        screened = partial(screen, redactor=self.redactor, clock=clock, tenant=self.tenant)
        parsed = parse_payload(payload, batch_id=batch_id, now=received_at, screen=screened)
        return replace(
            parsed,
            entries=without_split_secrets(parsed.entries),
            rejected=tuple(map(self._without_secrets, parsed.rejected)),
        )

    def _admitted(self, batch: Batch, now: float) -> Batch:
        if any(entry.operator is not None or entry.detail is not None for entry in batch.entries):
            batch = replace(batch, entries=tuple(self._set_aside(entry, now) for entry in batch.entries))
        return self.limits.applied_to(batch, now=now)

    def _without_secrets(self, rejection: Rejection) -> Rejection:
        # It names the field, and a caller may have put a secret in its place.
        clean = self.redactor.text
        name = None if rejection.field is None else clean(rejection.field)
        return replace(rejection, field=name, message=clean(rejection.message))

    def _set_aside(self, entry: Entry, now: float) -> Entry:
        """The entry in the log's form: restricted metadata is in its attributes, or in the store."""
        operator = None if entry.operator is None else json_text(entry.operator)
        too_big = operator is not None and len(operator.encode()) > OPERATOR_BYTES
        attributes = {}
        stored = self._store(entry, now) if entry.detail is not None or too_big else None
        if stored is not None:
            attributes[StatusTable.DETAIL_KEY] = stored
        elif entry.detail is not None:
            marked = _marked(entry.update.metadata or {}, entry.detail)
            entry = replace(entry, update=entry.update.with_metadata(marked))
        if operator is not None:
            mark = spill_mark(entry.operator or {}, stored=stored is not None) if too_big else None
            attributes[StatusTable.OPERATOR_DETAIL] = operator if mark is None else json_text(mark)
        return replace(entry, attributes=attributes) if attributes else entry

    def _store(self, entry: Entry, now: float) -> str | None:
        """The key of the stored detail, or None: a status is committed also when its detail is not stored."""
        if self.details is None or now < self._details_fail_until:
            return None
        body = json_text({"detail": entry.detail, "operatorDetail": entry.operator}).encode()
        key = detail_key(entry.update, body)
        try:
            self.details.put(key, body)
        except DetailStoreError as error:
            self._details_fail_until = now + _PAUSE_SECONDS
            _log.warning(
                "job_id=<%s>, event_id=<%s>, bytes=<%s>, code=<%s> | detail not stored",
                entry.update.job_id,
                entry.update.event_id,
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
        redactor=Redactor(settings.fields_to_redact, settings.patterns_to_redact),
        tenant=settings.publisher_tenant,
        details=S3DetailStore(new_client, bucket) if bucket else None,
    )


def _foreign_tenant(entry: Entry) -> Rejection:
    problem = f"must be this publisher's tenant, not {entry.update.tenant_id}"
    return Rejection.of(refuse("tenantId", RejectionCode.FOREIGN_TENANT, problem), entry.index)


def _marked(metadata: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    mark = spill_mark(detail, stored=False)
    if MetadataKey.REPORTED_AT in metadata:
        mark[MetadataKey.REPORTED_AT] = metadata[MetadataKey.REPORTED_AT]
    return mark
