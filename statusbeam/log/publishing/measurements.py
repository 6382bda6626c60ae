"""What the pipeline did with payloads, by the names of its CloudWatch metrics."""

from __future__ import annotations

from collections import Counter, defaultdict

from statusbeam.model.settings import (
    COMMITTED_METRIC,
    PRODUCED_TO_COMMITTED_METRIC,
    PUSHES_METRIC,
    REFUSED_METRIC,
    REJECTED_METRIC,
    SHED_METRIC,
)

from ..journal.commits import Commit
from ..snapshot.times import ms_of
from .payload import Rejection


class Measurements:
    """Counts and latencies of one call or several. The pipeline adds each one when it happens: an error that
    follows takes nothing back."""

    def __init__(self) -> None:
        # Zeros are metrics too: with them, a graph distinguishes an idle publisher from a broken one.
        self.counts = Counter({COMMITTED_METRIC: 0, REJECTED_METRIC: 0, PUSHES_METRIC: 0})
        self.latencies: defaultdict[str, list[float]] = defaultdict(list)
        """Milliseconds, by metric."""

    def reject(self, rejection: Rejection) -> None:
        """Count one rejected status. Each delivery of a payload counts it."""
        self.counts[REJECTED_METRIC] += 1
        if rejection.refused:
            self.counts[REFUSED_METRIC] += 1

    def commit(self, commit: Commit, *, now: float) -> None:
        """Count the statuses of a commit that ended at `now`. Only the first delivery counts them."""
        if commit.redelivered:
            return
        if commit.shed:
            self.counts[SHED_METRIC] += commit.shed
        if commit.updates:
            self.counts[COMMITTED_METRIC] += len(commit.updates)
            oldest = min(ms_of(update.timestamp) or 0 for update in commit.updates)
            self.latencies[PRODUCED_TO_COMMITTED_METRIC].append(max(0.0, now * 1000 - oldest))
