"""The way of one payload: admit, commit, look up watchers, push.

>>> pipeline = Pipeline(journal=journal, sessions=sessions, broadcaster=broadcaster)
>>> pipeline.publish(payload, batch_id="request-1", deadline=time.time() + 20)
{'committed': 2, 'rejected': [], 'pushed': 1}
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from statusbeam.model.clock import Clock
from statusbeam.model.errors import (
    BroadcastError,
    ForeignOwnerError,
    InvalidStatusError,
    JournalError,
    StatusError,
)
from statusbeam.model.limits import PUSH_BYTES
from statusbeam.model.replace import replace
from statusbeam.model.settings import COMMITTED_TO_PUSHED_METRIC, PUSHES_METRIC, SUPPRESSED_METRIC
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text

from ..journal.audience import Audience
from ..journal.batch import Batch
from ..journal.commits import Commit
from .admission import Admission
from .api_key_readers import ApiKeyReaders
from .measurements import Measurements
from .payload import Rejection
from .ports import Broadcaster, Journal, SessionStore
from .tenant_limits import UnreportedSheds

if TYPE_CHECKING:
    from ..eta.estimates import Estimates

_log = logging.getLogger(__name__)


class PublishResult(TypedDict):
    """The result of a payload, as JSON."""

    committed: int
    """Statuses in their jobs' logs, from this delivery or an earlier one."""
    rejected: list[dict[str, Any]]
    """The others: index (None: the payload as a whole), code, field, message."""
    pushed: int
    """Mutations sent; 0 when there is no live session."""
    shed: NotRequired[int]
    """Statuses that a limit shed; absent when there are none."""
    refused: NotRequired[int]
    """Those of `rejected` that name another user's job or another tenant; absent when there are none."""


@dataclass(slots=True)
class _Tally:
    measured: Measurements
    pushing: bool
    """False after a push failed that may succeed later: each further one would take time from the commits."""
    committed: int = 0
    pushed: int = 0
    shed: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    failures: list[StatusError] = field(default_factory=list)

    def worst(self) -> StatusError:
        """The error to raise: a failed commit goes before other failures."""
        return next((f for f in self.failures if isinstance(f, JournalError)), self.failures[0])

    def reject(self, rejections: Iterable[Rejection]) -> None:
        for rejection in rejections:
            self.rejected.append(rejection)
            self.measured.reject(rejection)

    def fail(self, batch: Batch, error: StatusError) -> None:
        self.failures.append(error)
        _log.error(
            "job_id=<%s>, batch_id=<%s>, error=<%s>, code=<%s>, retriable=<%s> | publishing failed: %s",
            batch.job_id,
            batch.batch_id,
            type(error).__name__,
            error.code,
            error.retriable,
            error.message,
        )


@dataclass(frozen=True, slots=True)
class _Committed:
    """A batch that is in the log."""

    batch: Batch
    commit: Commit
    at: float
    """When this delivery knew of the commit, in epoch seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Commits payloads to the log and pushes them to the watchers."""

    journal: Journal
    sessions: SessionStore
    broadcaster: Broadcaster
    clock: Clock = field(default_factory=Clock)
    admission: Admission = field(default_factory=Admission)
    estimates: Estimates | None = None
    """Learns from the jobs that complete, if there is one."""
    unreported: UnreportedSheds = field(default_factory=UnreportedSheds)
    api_key_readers: ApiKeyReaders | None = None
    """Readers with an API key, if the API has one."""

    def publish(
        self,
        payload: object,
        *,
        batch_id: str,
        deadline: float,
        pushing: bool = True,
        received_at: float | None = None,
        measured: Measurements | None = None,
    ) -> PublishResult:
        """Publish a payload; `batch_id` replaces a missing batchId, `deadline` is in epoch seconds.

        `received_at` (epoch seconds) is the time at which the queue took the payload, if there was a queue.
        `measured` counts what is done, also when an error ends the call.

        All commits come before the first push, and no push begins after `deadline`. Without `pushing`, and
        after a push that failed with `retriable`, statuses are only committed. Invalid statuses are rejected
        with a reason; sending them again cannot help.

        After all jobs had their turn, raises the first JournalError. If everything is committed, raises the
        first SessionStoreError or BroadcastError. Then the payload may be delivered again as it is.
        """
        now = self.clock.now()
        admitted = self.admission.admit(payload, batch_id=batch_id, now=now, received_at=received_at)
        tally = _Tally(measured=measured or Measurements(), pushing=pushing)
        tally.reject(admitted.rejected)
        for batch in admitted.refused:
            self._keep_refused(batch, tally)
        commits = [
            found for of_one_job in admitted.jobs for found in self._commit_job(of_one_job, deadline, tally)
        ]
        for found in commits:
            if self.api_key_readers:
                self.api_key_readers.check(found.batch.tenant_id)
            self._push(found, deadline, tally)
        if self.estimates:
            for found in commits:
                if found.commit.change:
                    self.estimates.learn(found.commit.change)
        for rejection in tally.rejected:
            _log.warning(
                "batch_id=<%s>, index=<%s>, code=<%s>, field=<%s> | status rejected: %s",
                admitted.batch_id,
                rejection.index,
                rejection.code,
                rejection.field,
                rejection.message,
            )
        if tally.failures:
            raise tally.worst()
        result: PublishResult = {
            "committed": tally.committed,
            "rejected": [rejection.to_wire() for rejection in tally.rejected],
            "pushed": tally.pushed,
        }
        if tally.shed:
            result["shed"] = tally.shed
        if refused := sum(rejection.refused for rejection in tally.rejected):
            result["refused"] = refused
        return result

    def _commit_job(
        self, of_one_job: Sequence[Batch], deadline: float, tally: _Tally
    ) -> Iterator[_Committed]:
        """The job's batches that the job's log has now, with their commits."""
        for batch in of_one_job:
            try:
                commit = self._commit(batch, deadline, tally)
            except StatusError as error:
                tally.fail(batch, error)
                return  # no later status of the job may overtake an uncommitted one
            if commit is None:
                continue
            at = self.clock.now()
            tally.measured.commit(commit, now=at)
            tally.committed += len(batch.entries) - commit.shed
            tally.shed += commit.shed
            yield _Committed(batch, commit, at)

    def _push(self, found: _Committed, deadline: float, tally: _Tally) -> None:
        if not (tally.pushing and found.commit.updates):
            return
        try:
            self._push_to_watchers(found, deadline, tally)
        except StatusError as error:
            tally.pushing = not error.retriable
            tally.fail(found.batch, error)

    def _push_to_watchers(self, found: _Committed, deadline: float, tally: _Tally) -> None:
        updates, measured = found.commit.updates, tally.measured
        last = updates[-1]
        audience = self.sessions.audience(
            last.tenant_id, last.user_id, now=self.clock.now(), of_several=len(updates) > 1
        )
        if audience is Audience.NOBODY:
            measured.counts[SUPPRESSED_METRIC] += 1
            _log.warning(
                "job_id=<%s>, sequence=<%s> | committed, not pushed: no live session",
                last.job_id,
                last.sequence,
            )
            return
        for push in pushes(updates, audience):
            if self.clock.now() >= deadline:
                raise BroadcastError("no time was left to push", code="out_of_time", retriable=True)
            self.broadcaster.push(push)
            measured.counts[PUSHES_METRIC] += 1
            tally.pushed += 1
        took = (self.clock.now() - found.at) * 1000
        measured.latencies[COMMITTED_TO_PUSHED_METRIC].append(max(0.0, took))

    def _commit(self, batch: Batch, deadline: float, tally: _Tally) -> Commit | None:
        """The commit of a batch, by this delivery or an earlier one; None for a batch that is not in the
        log."""
        unreported = self.unreported.count(batch.job, besides=batch.batch_id)
        try:
            commit = self.journal.commit(
                replace(batch, unreported=unreported) if unreported else batch, deadline=deadline
            )
        except ForeignOwnerError as error:
            self.journal.keep_refused(batch)
            invalid = InvalidStatusError(error.message, code=error.code, field="jobId")
            tally.reject(_rejections(batch, invalid))
            return None
        except InvalidStatusError as error:
            tally.reject(_rejections(batch, error))
            return None
        if commit.skipped:
            problem = "skipped: the job is not open to it"
            _log.info("job_id=<%s>, batch_id=<%s> | %s", batch.job_id, batch.batch_id, problem)
            return None
        self.unreported.note(batch, commit)
        return commit

    def _keep_refused(self, batch: Batch, tally: _Tally) -> None:
        try:
            self.journal.keep_refused(batch)
        except StatusError as error:
            tally.fail(batch, error)


def _rejections(batch: Batch, error: InvalidStatusError) -> Iterator[Rejection]:
    return (Rejection.of(error, entry.index) for entry in batch.entries)


def pushes(
    updates: Sequence[StatusUpdate], audience: Audience, *, max_bytes: int = PUSH_BYTES
) -> Iterator[StatusUpdate]:
    """The pushes of one commit, in order: each status to a plain audience, else the last one with the others
    as `earlier`.

    More than `max_bytes` become several pushes; a single status always goes out.
    """
    readable = [update.with_fields_in_metadata() for update in updates]
    if audience is Audience.PLAIN or len(readable) == 1:
        yield from readable
        return
    group: list[StatusUpdate] = []
    size = 0
    for update in readable:
        own = len(json_text(update.to_wire()).encode())
        if group and size + own > max_bytes:
            yield _one_push(group)
            group, size = [], 0
        group.append(update)
        size += own
    if group:
        yield _one_push(group)


def _one_push(group: Sequence[StatusUpdate]) -> StatusUpdate:
    *earlier, last = group
    return last.with_earlier(earlier)
