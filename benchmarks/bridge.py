"""The bridge's WebSocket, compared with the ConnectionManager that people write first.

    python -m benchmarks.bridge [--runs 3] [--only latency|stalled|idle|cycles|reads]

Each server is a process, and they are measured in turns. The bridge polls a log in memory, without hints.
What its polls cost on DynamoDB is counted in virtual time, once.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from benchmarks.audience import Audience
from benchmarks.bridge_reads import watched_for_an_hour
from benchmarks.dialects import JOB_ID, Dialect, NaiveDialect, http_post, status, upgrade
from benchmarks.measure import Goal, Server, Spread, paired, percentile, python
from statusbeam.model.prices import Prices

BRIDGE, NAIVE = "the bridge", "naive FastAPI"
SUBSCRIBERS = 1_000
PER_SECOND = 50.0
STATUSES = 250
LATENCY_GOAL_MS = 150.0
STALLED_SUBSCRIBERS = 100
STALLED_STATUS_BYTES = 2_000
STALLED_GOAL = 0.9
IDLE_CONNECTIONS = 5_000
CYCLES = 1_000
WARM_UP = 3
CYCLES_GOAL_MB = 2.0
SECONDS_BETWEEN_STATUSES = (1.0, 10.0, 60.0, 600.0)
MB = 1_000_000


class BridgeDialect:
    """The session's socket; statuses are committed to the log."""

    name = BRIDGE

    def upgrade(self, host: str) -> bytes:
        """The upgrade of /ws/orchestrator/<session>."""
        return upgrade(f"/ws/orchestrator/{JOB_ID}", host, "")

    def subscribe(self, host: str) -> Sequence[tuple[bytes, bytes]]:  # noqa: ARG002 - part of a Dialect
        """The server needs no further frames."""
        return ()

    def publish(self, host: str, number: int, size: int) -> bytes:
        """POST /publish with the status. The server makes each status different from the one before."""
        found = status(number, size)
        del found["sequence"]
        return http_post("/publish", host, json.dumps(found).encode(), {})


Running = tuple[Server, Dialect]

PEERS: dict[str, tuple[str, Callable[[], Dialect]]] = {
    BRIDGE: ("benchmarks.bridge_server", BridgeDialect),
    NAIVE: ("benchmarks.peers.naive_fastapi", NaiveDialect),
}


@contextmanager
def running(name: str) -> Iterator[Running]:
    """The peer's server, for the time of the block."""
    module, dialect = PEERS[name]
    with Server(python(module)) as server:
        yield server, dialect()


def latency(runs: int) -> list[Goal]:
    """The latency from a send to each of a thousand sockets, at a steady rate."""
    with ExitStack() as stack:
        watch = {}
        for name in PEERS:
            server, dialect = stack.enter_context(running(name))
            audience = stack.enter_context(Audience(dialect, server.port))
            audience.join(SUBSCRIBERS)
            watch[name] = partial(audience.watch_paced, per_second=PER_SECOND, most=STATUSES)
        results = paired(runs, watch)
    print(f"\n{SUBSCRIBERS} subscribers of a job, {PER_SECOND:.0f} statuses/s: ms from status to received")
    p99 = {}
    for name, delivered in results.items():
        p50 = Spread.of([percentile(one.latencies_ms, 50) for one in delivered])
        p99[name] = [percentile(one.latencies_ms, 99) for one in delivered]
        arrived = min(one.deliveries / (one.published * SUBSCRIBERS) for one in delivered)
        print(f"  {name:<14} p50 {p50}   p99 {Spread.of(p99[name])}   arrived {arrived:.1%}")
    return [Goal(what="p99 status to received", values=p99[BRIDGE], at_most=LATENCY_GOAL_MS, unit=" ms")]


def stalled(runs: int) -> list[Goal]:
    """The others' rate when one subscriber stops reading."""
    results = paired(runs, {name: partial(_with_one_stalled, name) for name in PEERS})
    print(f"\none of {STALLED_SUBSCRIBERS + 1} subscribers stalled: rate that the others keep")
    for name, kept in results.items():
        print(f"  {name:<14} {Spread.of(kept)}")
    return [Goal(what="rate kept beside a stalled one", values=results[BRIDGE], at_least=STALLED_GOAL)]


def _with_one_stalled(name: str) -> float:
    with running(name) as (server, dialect), Audience(dialect, server.port) as audience:
        audience.join(STALLED_SUBSCRIBERS)
        watch = partial(audience.watch, in_flight=8, size=STALLED_STATUS_BYTES)
        alone = watch(seconds=4.0, most=30_000)
        audience.join_stalled()
        # First fill the kernel's buffers of the stalled socket, because it has no effect before.
        watch(seconds=12.0, most=1_200)
        return watch(seconds=4.0, most=30_000).rate / alone.rate


def idle(_: int) -> list[Goal]:
    """Memory of idle connections."""
    print(f"\n{IDLE_CONNECTIONS} idle connections: KB each")
    still_open = 0
    for name in PEERS:
        with running(name) as (server, dialect), Audience(dialect, server.port) as audience:
            before = server.rss_bytes()
            audience.connect_only(IDLE_CONNECTIONS)
            each = (server.rss_bytes() - before) / 1_000 / IDLE_CONNECTIONS
            still_open = audience.still_open() if name == BRIDGE else still_open
            print(f"  {name:<14} {each:.2f}")
    return [Goal(what="idle connections held", values=[still_open], at_least=IDLE_CONNECTIONS)]


def cycles(_: int) -> list[Goal]:
    """The memory that grows with a thousand more clients, after three thousand."""
    print(f"\n{CYCLES} connects and disconnects, after {WARM_UP * CYCLES} others: MB more")
    grown = 0.0
    for name in PEERS:
        with running(name) as (server, dialect):
            sizes = []
            for _ in range(WARM_UP + 1):
                for _ in range(CYCLES // 100):
                    with Audience(dialect, server.port) as audience:
                        audience.join(100)
                sizes.append(server.rss_bytes())
            more = (sizes[-1] - sizes[-2]) / MB
            grown = more if name == BRIDGE else grown
            print(f"  {name:<14} {more:.2f}")
    return [Goal(what="memory grown", values=[grown], at_most=CYCLES_GOAL_MB, unit=" MB")]


def reads(_: int) -> list[Goal]:
    """Read units of one watched job, an hour long."""
    print("\nread units that the bridge takes in an hour of a watched job, in each process that watches it")
    for every in SECONDS_BETWEEN_STATUSES:
        found = watched_for_an_hour(every)
        units = found.positions + found.others
        dollars = units / 1e6 * Prices().read_unit
        print(
            f"  a status every {every:>3.0f} s   {units:>8,.1f}   of them positions {found.positions:>8,.1f}"
            f"   ${dollars:.4f}"
        )
    return []


def main() -> None:
    """Measure and print."""
    parts = {"latency": latency, "stalled": stalled, "idle": idle, "cycles": cycles, "reads": reads}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=tuple(parts))
    arguments = parser.parse_args()
    goals = [
        goal
        for name, part in parts.items()
        if arguments.only in (None, name)
        for goal in part(arguments.runs)
    ]
    print("", *goals, sep="\n")


if __name__ == "__main__":
    main()
