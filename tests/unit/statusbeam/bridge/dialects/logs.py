"""Logs for the tests of dialects: the golden vectors, and every way to join and follow one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from statusbeam.bridge.tail.events import Joined, Step, WatchEvent
from statusbeam.log.snapshot.fold import apply, fold
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.log.snapshot.test_fold_vectors import LOGS as VECTORS
from tests.unit.statusbeam.log.snapshot.test_fold_vectors import statuses

EPOCH = "e1"
LOGS = {name: statuses(vector) for name, vector in VECTORS.items()}
"""The golden vectors that are logs, by name."""


def job_of(log: Sequence[StatusUpdate]) -> Job:
    """The snapshot of a log."""
    return fold(log, epoch=EPOCH)


def steps_of(log: Sequence[StatusUpdate], *, after: int = 0) -> Iterator[Step]:
    """The steps of a log after the first `after` statuses."""
    job = fold(log[:after], epoch=EPOCH) if after else Job(head=Head(epoch=EPOCH))
    for update in log[after:]:
        now = apply(job, [update])
        yield Step(before=job if job.head.sequence else Job(), update=update, after=now)
        job = now


def watched(log: Sequence[StatusUpdate], joined_at: int) -> list[WatchEvent]:
    """The events of a watch for a client that joins after `joined_at` statuses and stays to the end."""
    joined = job_of(log[:joined_at]) if joined_at else Job()
    return [Joined(job=joined), *steps_of(log, after=joined_at)]
