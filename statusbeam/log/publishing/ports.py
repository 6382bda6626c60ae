"""The ports of the pipeline. Their in-memory twins are in `memory.py` and `journal/memory.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from statusbeam.model.job_key import JobKey
    from statusbeam.model.update import StatusUpdate

    from ..journal.audience import Audience
    from ..journal.batch import Batch
    from ..journal.commits import Commit
    from ..snapshot.job_state import Job


class Journal(Protocol):
    """The log of every job. A status exists once its commit returned."""

    def commit(self, batch: Batch, *, deadline: float) -> Commit:
        """Add a batch to its job's log, whole or not at all.

        A batch that is there already changes nothing. One whose condition does not hold is skipped.
        Waits until `deadline` (epoch seconds) for other publishers that commit to the same job.
        Raises ForeignOwnerError, InvalidStatusError (the batch id was used for other statuses), JournalError.
        """
        ...

    def keep_refused(self, batch: Batch) -> None:
        """Keep statuses for another owner's job as evidence, outside of its log. Raises JournalError."""
        ...

    def snapshot(self, job: JobKey) -> Job | None:
        """The fold of a job's log up to its head; None for a job that has no status or has expired.

        Raises JournalError.
        """
        ...

    def updates(self, job: JobKey, *, first: int, last: int) -> tuple[StatusUpdate, ...]:
        """The log from sequence `first` to `last`, without what has expired. Raises JournalError."""
        ...


class DetailStore(Protocol):
    """Keeps the detail of statuses that is too big for the log."""

    def put(self, key: str, body: bytes) -> None:
        """Keep `body`; the same key always comes with the same body. Raises DetailStoreError."""
        ...


class SessionStore(Protocol):
    """The connected clients."""

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:
        """The audience at `now` (epoch seconds) of a commit, which has one status or is `of_several`.

        For one status the first live session is the answer: its kind makes no difference.
        Raises SessionStoreError.
        """
        ...


class Broadcaster(Protocol):
    """The way to all watchers."""

    def push(self, update: StatusUpdate) -> None:
        """Send one committed status, with those in its `earlier`, to its watchers. Raises BroadcastError."""
        ...
