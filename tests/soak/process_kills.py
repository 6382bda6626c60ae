"""A bridge's process gets `kill -9` during a job, and foreign clients lose no status and get none twice.

    python -m tests.soak.process_kills [--seed 1] [--runs 1000]

A run is one job with three clients: httpx-sse, npm's eventsource, and the five messages by `websockets`. The
jobs of a round share the bridge and its kills. A seed decides the statuses, their pauses and the kills.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from tests.e2e.node_client import script
from tests.soak.bridge_clients import (
    AUTHORIZATION,
    STATUSES,
    EventSourceClient,
    ReceivedEvents,
    ReceivedMessages,
    batches,
    events_of,
)
from tests.soak.killable_bridge import KillableBridge
from tests.soak.model import SoakError

LONGEST_SECONDS: Final = 300.0
"""Long enough for a machine that does much else: only a failing round takes so long."""

_JOBS_PER_ROUND: Final = 50
_COMMITTING_SECONDS: Final = 3.0
_MORE_KILLS: Final = (1, 3)
_DOWN_SECONDS: Final = 0.5
_COME_BACK_SECONDS: Final = (0.02, 0.5)
_NOTHING_MORE: Final = 204


@dataclass(slots=True)
class ProcessKillTally:
    """The counts of the runs."""

    runs: int = 0
    statuses: int = 0
    kills: int = 0
    cut_in_mid_job: int = 0
    """Runs whose job had begun and not ended at a kill."""
    cuts: Counter[str] = field(default_factory=Counter)
    """Connections that broke or were refused, by client."""

    def add(self, other: ProcessKillTally) -> None:
        """Add the counts of another round."""
        self.runs += other.runs
        self.statuses += other.statuses
        self.kills += other.kills
        self.cut_in_mid_job += other.cut_in_mid_job
        self.cuts += other.cuts


@dataclass(slots=True)
class SocketClient:
    """Reconnects with the cursor of its last message, until the bridge closes with 1000."""

    job_id: str
    url: str
    received: ReceivedMessages = field(default_factory=ReceivedMessages)
    cuts: int = 0

    async def follow(self) -> None:
        """Follow the job to the end of its socket."""
        chance = random.Random(self.job_id)  # noqa: S311 - no secret
        address = f"{self.url.replace('http', 'ws', 1)}/ws/orchestrator/{self.job_id}?after="
        while True:
            try:
                async with connect(
                    f"{address}{self.received.cursor}", additional_headers=[AUTHORIZATION], proxy=None
                ) as socket:
                    async for text in socket:  # ends at the close with 1000
                        self.received.take(str(text))
                    return
            except (OSError, EOFError, ConnectionClosed, InvalidMessage):
                self.cuts += 1
            await asyncio.sleep(chance.uniform(*_COME_BACK_SECONDS))


@dataclass(slots=True)
class NodeClient:
    """npm's eventsource on all jobs of a round, in one process."""

    received: Mapping[int, ReceivedEvents]
    connections: dict[int, list[int]] = field(default_factory=dict)
    """The HTTP status of each connection, by job. A connection that nobody answers has none."""

    async def follow(self, lines: AsyncIterator[Mapping[str, Any]]) -> None:
        """Read the script's output until it ends."""
        async for line in lines:
            if "connected" in line:
                self.connections.setdefault(line["url"], []).append(line["connected"])
            else:
                self.received[line["url"]].take(line["type"], line["data"])

    def check(self, job: int, run: str) -> None:
        """Raises SoakError unless each status is there once, and no connection followed the 204."""
        self.received[job].check(run)
        *earlier, last = self.connections[job]
        if last != _NOTHING_MORE or _NOTHING_MORE in earlier:
            raise SoakError(f"{run}: the connections of npm's eventsource were {self.connections[job]}")


class Round:
    """Some jobs on one bridge, which is killed."""

    def __init__(self, bridge: KillableBridge, *, seed: int, jobs: int) -> None:
        self._bridge = bridge
        self._seed = seed
        self._name = f"seed {seed} with {jobs} jobs"
        self._jobs = [f"job-{seed}-{number}" for number in range(jobs)]
        self._committed = [0] * jobs
        self._in_mid_job: set[int] = set()
        self._kills = 0

    async def run(self) -> ProcessKillTally:
        """Let the jobs and their clients come to their end, and check each run. Raises SoakError."""
        events = [EventSourceClient(job) for job in self._jobs]
        sockets = [SocketClient(job, self._bridge.url) for job in self._jobs]
        node = NodeClient({number: ReceivedEvents() for number in range(len(self._jobs))})
        urls = [f"{self._bridge.url}{events_of(job)}" for job in self._jobs]
        limits = httpx.Limits(max_connections=None)
        async with (
            httpx.AsyncClient(base_url=self._bridge.url, timeout=LONGEST_SECONDS, limits=limits) as http,
            script("event-source.mjs", urls=urls, token="ana") as lines,
        ):
            try:
                async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as tasks:
                    for one in events:
                        tasks.create_task(one.follow(http))
                    for socket in sockets:
                        tasks.create_task(socket.follow())
                    tasks.create_task(node.follow(lines))
                    tasks.create_task(self._work())
            except TimeoutError:
                raise SoakError(f"{self._name}: a client reconnects after the end") from None
        for number, job in enumerate(self._jobs):
            run = f"{self._name}, {job}"
            events[number].received.check(run)
            node.check(number, run)
            undisturbed = SocketClient(job, self._bridge.url)
            await undisturbed.follow()
            sockets[number].received.check(run, undisturbed.received)
        await asyncio.to_thread(self._bridge.kill)
        return self._tally(events, sockets)

    def _tally(
        self, events: Sequence[EventSourceClient], sockets: Sequence[SocketClient]
    ) -> ProcessKillTally:
        of_events, of_sockets = (sum(one.cuts for one in clients) for clients in (events, sockets))
        return ProcessKillTally(
            runs=len(self._jobs),
            statuses=sum(self._committed),
            kills=self._kills,
            cut_in_mid_job=len(self._in_mid_job),
            cuts=Counter({"httpx-sse": of_events, "websockets": of_sockets}),
        )

    async def _work(self) -> None:
        """Commit the statuses of all jobs in turns of chance, and kill the bridge between some of them."""
        chance = random.Random(self._seed)  # noqa: S311 - no secret
        waiting = [list(batches(chance)) for _ in self._jobs]
        halves = [
            [job for job, some in enumerate(waiting) for _ in some[: len(some) // 2]],
            [job for job, some in enumerate(waiting) for _ in some[len(some) // 2 :]],
        ]
        for half in halves:
            chance.shuffle(half)
        turns = [*halves[0], *halves[1]]
        # One kill finds every job begun, and none ended.
        killed_before = {len(halves[0]), *chance.sample(range(1, len(turns)), k=chance.randint(*_MORE_KILLS))}
        await asyncio.to_thread(self._bridge.start)
        for turn, job in enumerate(turns):
            if turn in killed_before:
                await self._kill(down_seconds=chance.uniform(0, _DOWN_SECONDS))
            self._commit(job, waiting[job].pop(0))
            await asyncio.sleep(chance.expovariate(len(turns) / _COMMITTING_SECONDS))
        if chance.random() < 0.5:  # after the jobs' end, while clients wait for the end of their streams
            await self._kill(down_seconds=chance.uniform(0, _DOWN_SECONDS))

    async def _kill(self, *, down_seconds: float) -> None:
        await asyncio.to_thread(self._bridge.kill)
        self._kills += 1
        self._in_mid_job |= {job for job, count in enumerate(self._committed) if 0 < count < STATUSES}
        await asyncio.sleep(down_seconds)
        await asyncio.to_thread(self._bridge.start)

    def _commit(self, job: int, entries: Sequence[Mapping[str, Any]]) -> None:
        job_id, first = self._jobs[job], self._committed[job]
        self._bridge.commit(f"{job_id}.{first}", *({"jobId": job_id, **entry} for entry in entries))
        self._committed[job] += len(entries)


def process_kill_runs(*, seed: int, runs: int) -> ProcessKillTally:
    """A number of runs, in rounds with seeds from `seed` on. Raises SoakError."""
    tally = ProcessKillTally()
    with KillableBridge() as bridge:
        while tally.runs < runs:
            jobs = min(_JOBS_PER_ROUND, runs - tally.runs)
            tally.add(asyncio.run(Round(bridge, seed=seed, jobs=jobs).run()))
            seed += 1
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 0 when all holds, 1 when something doesn't."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.process_kills")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first round; the next has the next one [1]"
    )
    parser.add_argument("--runs", type=int, default=1_000, help="how many jobs are followed [1000]")
    options = parser.parse_args(arguments)
    try:
        tally = process_kill_runs(seed=options.seed, runs=options.runs)
    except SoakError as error:
        print(f"process_kills: {error}", file=sys.stderr)
        return 1
    cuts = ", ".join(f"{count} of {client}" for client, count in tally.cuts.items())
    print(
        f"{tally.runs} runs from seed {options.seed}, {tally.cut_in_mid_job} of them killed in mid-job: "
        f"{tally.kills} kills, {tally.statuses} statuses\n"
        f"  connections cut or refused: {cuts}\n"
        f"  0 statuses lost, 0 twice, 0 reconnects after HTTP 204"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
