"""`follow` and `afollow`: the statuses of one job, live, in order, each once.

from statusbeam import follow

for update in follow("job-1"):
    print(update.sequence, update.status, update.message)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate

from .connect import connect
from .deployment import Deployment
from .follower import Follower
from .join import Reason, Verdict


class AsyncFollow:
    """The statuses of one job, as an asynchronous iterator. `afollow` makes it."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._batches = follower.batches()
        self._updates: list[StatusUpdate] = []

    @property
    def recovered(self) -> bool:
        """Whether no status is missing for good. `reason` names the cause of False."""
        return self._follower.join.recovered

    @property
    def verdict(self) -> Verdict:
        """`whole`: each status of the log was given, and the next ones are pushed."""
        return self._follower.join.verdict

    @property
    def reason(self) -> Reason | None:
        """Why the verdict is not `whole`."""
        return self._follower.join.reason

    @property
    def job(self) -> dict[str, Any]:
        """The job after the statuses that were received: the schema's Job."""
        return job_view(self._follower.job)

    def __aiter__(self) -> AsyncIterator[StatusUpdate]:
        return self

    async def __anext__(self) -> StatusUpdate:
        if not self._updates:
            self._updates = await anext(self._batches)
        return self._updates.pop(0)

    async def aclose(self) -> None:
        """End the subscription."""
        await self._batches.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Follow:
    """The statuses of one job, as an iterator. `follow` makes it.

    A thread keeps the connection alive while your code works on a status.
    """

    def __init__(self, follower: Follower) -> None:
        self._follow = AsyncFollow(follower)
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def recovered(self) -> bool:
        """Whether no status is missing for good. `reason` names the cause of False."""
        return self._follow.recovered

    @property
    def verdict(self) -> Verdict:
        """`whole`: each status of the log was given, and the next ones are pushed."""
        return self._follow.verdict

    @property
    def reason(self) -> Reason | None:
        """Why the verdict is not `whole`."""
        return self._follow.reason

    @property
    def job(self) -> dict[str, Any]:
        """The job after the statuses that were received: the schema's Job."""
        return self._follow.job

    def __iter__(self) -> Iterator[StatusUpdate]:
        return self

    def __next__(self) -> StatusUpdate:
        if self._is_closed:
            raise StopIteration
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        try:
            return asyncio.run_coroutine_threadsafe(anext(self._follow), self._loop).result()
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        except BaseException:  # also Ctrl-C: the connection ends with the iteration
            self.close()
            raise

    def close(self) -> None:
        """End the subscription and the thread."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            with suppress(RuntimeError):  # the generator is still running: the loop's end cancels it
                asyncio.run_coroutine_threadsafe(self._follow.aclose(), self._loop).result()
            asyncio.run_coroutine_threadsafe(self._cancel_rest(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    @staticmethod
    async def _cancel_rest() -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def follow(job_id: str, *, after: int = 0, deployment: Deployment | None = None) -> Follow:
    """The job's statuses after sequence `after`, until the job and its agents have ended.

        for update in follow("job-1"):
            print(update.sequence, update.status, update.message)

    Without a deployment, `connect()` chooses it as the command does. The iteration raises ClientError.
    """
    return Follow(_follower(job_id, after, deployment))


def afollow(job_id: str, *, after: int = 0, deployment: Deployment | None = None) -> AsyncFollow:
    """`follow` for asyncio: `async for update in afollow("job-1")`."""
    return AsyncFollow(_follower(job_id, after, deployment))


def _follower(job_id: str, after: int, deployment: Deployment | None) -> Follower:
    chosen = deployment or connect()
    return Follower(job_id, chosen.service(job_id), after=after)
