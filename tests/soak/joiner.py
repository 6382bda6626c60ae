"""The joiner model: a client follows a job over a network that loses, doubles, swaps and cuts, from one seed.

tally = join_run(seed=7)        # SoakError if the client's log differs from the job's
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from statusbeam.client.job_log import JobLog
from statusbeam.log.snapshot.times import time_of
from tests.soak.model import SoakError

JOB_ID = "job-1"
_MOST_COMMITS = 20
_MOST_STATUSES = 6
_MOST_DROPPED_AT_START = 4
_LOST = 0.05
_DOUBLED = 0.15
_HELD_BACK = 0.4
_CUT = 0.08
_CONNECTED_AGAIN = 0.5
_REPLAYED = 0.1
_WORDS = ("progress", "loading_agents", "waiting", "complete", "error", "cancelled")
_START_MS = 1_795_163_400_000

Status = dict[str, Any]


@dataclass(slots=True)
class JoinTally:
    """The network's faults, and the client's counts."""

    statuses: int = 0
    pushes_lost: int = 0
    pushes_doubled: int = 0
    disconnects: int = 0
    replays: int = 0

    def add(self, other: JoinTally) -> None:
        """Add the counts of another run."""
        self.statuses += other.statuses
        self.pushes_lost += other.pushes_lost
        self.pushes_doubled += other.pushes_doubled
        self.disconnects += other.disconnects
        self.replays += other.replays


def join_run(*, seed: int, client: JobLog | None = None) -> JoinTally:
    """Let a client follow one job from any position to its end. Raises SoakError."""
    run = _Run(Random(seed), client or JobLog(JOB_ID))  # noqa: S311 - no secret
    run.play()
    shown = [status["sequence"] for status in run.shown]
    if len(set(shown)) != len(shown):
        raise SoakError(f"seed {seed}: the client applied a status twice")
    if list(map(_said, run.shown)) != list(map(_said, run.log)):
        raise SoakError(f"seed {seed}: the client ended with another log, {len(run.log) - len(shown)} lost")
    return run.tally


class _Run:
    def __init__(self, rng: Random, client: JobLog) -> None:
        self.tally = JoinTally()
        self.log: list[Status] = []
        self.shown: list[Status] = []
        self._rng = rng
        self._client = client
        self._connected = False
        self._dropped_yet = 0  # pushes after start_ack that AppSync will not deliver
        self._on_the_way: list[Status] = []

    def play(self) -> None:
        for _ in range(self._rng.randint(1, _MOST_COMMITS)):
            push = self._commit()
            if not self._connected and self._rng.random() < _CONNECTED_AGAIN:
                self._connect()
            elif self._connected:
                self._send(push)
                self._arrive()
                if self._rng.random() < _CUT:
                    self._disconnect()
                elif self._rng.random() < _REPLAYED:
                    self._replay()
        if not self._connected:
            self._connect()
        # The position check that every client makes at a quiet moment: what is still unknown is replayed.
        self._replay()
        while self._on_the_way:
            self._arrive()
        self.tally.statuses = len(self.log)

    def _commit(self) -> Status:
        first = len(self.log) + 1
        batch = [
            self._status(sequence) for sequence in range(first, first + self._rng.randint(1, _MOST_STATUSES))
        ]
        self.log += batch
        return {**batch[-1], "earlier": batch[:-1] or None}

    def _status(self, sequence: int) -> Status:
        """A status of one of the job's runs; clients of the log follow it beyond each end, into the next."""
        return {
            "jobId": JOB_ID,
            "sequence": sequence,
            "status": self._rng.choice(_WORDS),
            "message": str(sequence),
            "timestamp": time_of(_START_MS + self._rng.randint(-7_200_000, 600_000)),
            "metadata": f'{{"run":"p.{self._rng.randint(1, 3)}"}}',
        }

    def _connect(self) -> None:
        self._connected = True
        self._dropped_yet = self._rng.randint(0, _MOST_DROPPED_AT_START)
        if self._rng.random() < 0.5:  # its replay may come before pushes, or when it notices a gap
            self._replay()

    def _disconnect(self) -> None:
        self.tally.disconnects += 1
        self.tally.pushes_lost += len(self._on_the_way)
        self._on_the_way.clear()
        self._connected = False

    def _send(self, push: Status) -> None:
        if self._dropped_yet or self._rng.random() < _LOST:
            self._dropped_yet = max(0, self._dropped_yet - 1)
            self.tally.pushes_lost += 1
            return
        self._on_the_way.append(push)
        if self._rng.random() < _DOUBLED:
            self.tally.pushes_doubled += 1
            self._on_the_way.append(push)

    def _arrive(self) -> None:
        """Deliver some of the pending pushes, in any order."""
        self._rng.shuffle(self._on_the_way)
        while self._on_the_way and self._rng.random() > _HELD_BACK:
            self._client.add_push(self._on_the_way.pop())
            self._show()

    def _replay(self) -> None:
        self.tally.replays += 1
        limit = self._rng.randint(1, 20)
        more = True
        while more:
            after = self._client.contiguous
            updates = self.log[after : after + limit]
            page = {
                "updates": updates,
                "currentSequence": len(self.log),
                "nextAfterSequence": after + len(updates),
                "recovered": True,
                "reason": None,
            }
            more = self._client.add_page(page)
            self._show()

    def _show(self) -> None:
        self.shown += map(dict, self._client.take_ready())


def _said(status: Status) -> Status:
    return {field: value for field, value in status.items() if field != "earlier"}
