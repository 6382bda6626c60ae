"""A deployment with one job, a network that fails on request, and virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from random import Random
from typing import Any

from statusbeam.client.errors import UnreachableError
from statusbeam.client.follower import Push
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate

JOB_ID = "job-1"


def status_of(sequence: int, status: str = "progress", **more: Any) -> dict[str, Any]:
    """A committed status, as GraphQL answers it."""
    kinds = {"progress": "progress", "complete": "complete", "error": "error", "cancelled": "error"}
    return {
        "jobId": JOB_ID,
        "userId": "ana",
        "tenantId": "acme",
        "eventId": f"event-{sequence}",
        "sequence": sequence,
        "type": kinds.get(status, "agent_status"),
        "status": status,
        "message": f"status {sequence}",
        "timestamp": f"2026-11-20T09:{sequence // 60 % 60:02}:{sequence % 60:02}.000Z",
        "metadata": None,
        **more,
    }


class Network:
    """The faults of a run, drawn from a seed. Without a seed there are none."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret
        self._is_good = seed is None

    def happens(self, chance: float) -> bool:
        return not self._is_good and self._random.random() < chance

    def shuffled(self, pushes: list[Push]) -> list[Push]:
        if not self._is_good:
            self._random.shuffle(pushes)
        return pushes

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


class FakeService:
    """The JobService of a job whose commits come one after the other, while it is followed.

    `pages` hold two statuses. `lost` are the statuses that the log no longer has.
    """

    def __init__(
        self, commits: list[list[dict[str, Any]]], *, network: Network | None = None, lost: int = 0
    ) -> None:
        self.log: list[dict[str, Any]] = []
        self.epoch = "e1"
        self.network = network or Network()
        self.lost = lost
        self.subscriptions = 0
        self.is_closed = False
        self.failures: list[Exception] = []
        """Raised by the next requests."""
        self._commits = list(commits)

    def commit(self) -> Push | None:
        """The next commit, as a push."""
        if not self._commits:
            return None
        batch = self._commits.pop(0)
        self.log += batch
        return {**batch[-1], "earlier": batch[:-1] or None}

    async def subscribe(self) -> AsyncGenerator[Push | None, None]:
        self.subscriptions += 1
        if self.network.happens(0.2):
            raise UnreachableError("no connection")
        yield None
        on_the_way: list[Push] = []
        dropped = 2 if self.network.happens(0.5) else 0
        while True:
            await asyncio.sleep(0)
            push = self.commit()
            if push is not None:
                if dropped or self.network.happens(0.1):
                    dropped = max(0, dropped - 1)
                else:
                    on_the_way += [push] * (2 if self.network.happens(0.2) else 1)
            if self.network.happens(0.1):
                raise UnreachableError("the connection broke")
            for arrived in self.network.shuffled(on_the_way):
                yield arrived
            on_the_way = [] if not self.network.happens(0.3) else on_the_way
            if push is None and not self.network.happens(0.5):
                await asyncio.Event().wait()

    async def position(self) -> tuple[int, str | None]:
        await self._answer()
        return len(self.log), self.epoch if self.log else None

    async def page(self, after: int) -> Mapping[str, Any]:
        await self._answer()
        current = len(self.log)
        page = {
            "updates": [],
            "currentSequence": current,
            "nextAfterSequence": after,
            "recovered": False,
            "firstSequence": None,
        }
        if after > current:
            return {**page, "reason": "ahead_of_log"}
        if after < self.lost:
            return {**page, "reason": "log_expired", "firstSequence": self.lost + 1}
        updates = self.log[after : after + 2]
        reached = after + len(updates)
        return {**page, "updates": updates, "nextAfterSequence": reached, "recovered": True, "reason": None}

    async def snapshot(self) -> Job:
        await self._answer()
        return fold(map(StatusUpdate.from_store, self.log), epoch=self.epoch)

    async def close(self) -> None:
        self.is_closed = True

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        if self.network.happens(0.2):
            raise UnreachableError("no answer")


class VirtualTime:
    """A `sleep` that wakes the sleepers one after the other, the earliest first, when nothing else runs."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, self._count, woken))
        await woken

    async def run(self) -> None:
        """Let time pass, until cancelled."""
        while True:
            for _ in range(20):  # whatever can go on without time goes on first
                await asyncio.sleep(0)
            self._sleepers = [each for each in self._sleepers if not each[2].done()]
            if self._sleepers:
                earliest = min(self._sleepers)
                self._sleepers.remove(earliest)
                self.now = max(self.now, earliest[0])
                earliest[2].set_result(None)
