"""Fan-out of the data plane, compared with alternatives that people use or write.

    python -m benchmarks.fanout [--runs 3] [--seconds 2] [--only rates|stalled|idle|latency]

docs/explanation/performance.md has the results. One client measures all servers in one run. Each server is a
separate process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from benchmarks.audience import Audience, Delivered
from benchmarks.dialects import AppSyncDialect, CentrifugeDialect, Credentials, Dialect, NaiveDialect
from benchmarks.localcloud_server import LocalcloudServer
from benchmarks.measure import Goal, Server, Spread, node, paired, percentile, python, ratios

OURS, SIMULATOR, NAIVE = "our data plane", "Amplify simulator", "naive FastAPI"
CENTRIFUGE = "Centrifugo's library"
PEERS = Path(__file__).parent / "peers"
SCHEMA = Path(__file__).parents[1] / "graphql" / "schema.graphql"
SIMULATOR_KEY = "da2-benchmark"
DEBIAN_GO_SOURCES = "/usr/share/gocode"
CENTRIFUGE_PACKAGES = (
    "golang-go golang-github-centrifugal-centrifuge-dev golang-github-centrifugal-protocol-dev "
    "golang-github-fzambia-eagle-dev golang-github-igm-sockjs-go-dev golang-github-mna-redisc-dev"
)

SUBSCRIBERS = (100, 1_000)
IN_FLIGHT = (1, 8, 16)
MOST_STATUSES = 30_000
RATE_GOALS = {(SIMULATOR, 1): 3.0, (SIMULATOR, 16): 10.0, (CENTRIFUGE, 8): 1.0}
"""Peer and statuses in flight -> the least factor over the peer's rate."""

STALLED_SUBSCRIBERS = 100
STALLED_STATUS_BYTES = 4_000
STALLED_SECONDS = 4.0
FILL_STATUSES = 1_200
FILL_SECONDS = 12.0
STALLED_GOAL = 0.8
STALLED_GROWTH_GOAL_MB = 4.0

IDLE_CONNECTIONS = 5_000
IDLE_GOAL_KB = 4.0

PACE_PER_SECOND = 50.0
PACED_STATUSES = 250
LATENCY_GOAL_MS = 100.0

MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server and its protocol."""

    name: str
    server: Callable[[], Server]
    dialect: Callable[[Server], Dialect]


def peers() -> tuple[Peer, ...]:
    """Ours first. Raises FileNotFoundError when a peer is not installed."""
    if not (PEERS / "node_modules").exists():
        raise FileNotFoundError("the Amplify simulator is missing: run `npm ci --prefix benchmarks/peers`")
    simulator = PEERS / "amplify_simulator.cjs"
    return (
        Peer(name=OURS, server=LocalcloudServer, dialect=_our_dialect),
        Peer(
            name=SIMULATOR,
            server=partial(Server, [node(), "--no-warnings", str(simulator), str(SCHEMA)]),
            dialect=lambda _: AppSyncDialect(SIMULATOR, api_key=SIMULATOR_KEY),
        ),
        Peer(
            name=NAIVE,
            server=partial(Server, python("benchmarks.peers.naive_fastapi")),
            dialect=lambda _: NaiveDialect(),
        ),
        Peer(
            name=CENTRIFUGE,
            server=partial(Server, [str(_built_centrifuge())]),
            dialect=lambda _: CentrifugeDialect(),
        ),
    )


@cache
def _built_centrifuge() -> Path:
    """The peer with Centrifugo's library, built from Debian's packages."""
    go = shutil.which("go")
    if go is None or not Path(DEBIAN_GO_SOURCES, "src/github.com/centrifugal/centrifuge").exists():
        raise FileNotFoundError(f"{CENTRIFUGE} is missing: run `apt-get install {CENTRIFUGE_PACKAGES}`")
    binary = PEERS / "centrifuge" / "centrifuge"
    subprocess.run(
        [go, "build", "-o", str(binary), str(PEERS / "centrifuge" / "main.go")],
        env={**os.environ, "GO111MODULE": "off", "GOPATH": DEBIAN_GO_SOURCES},
        check=True,
    )
    return binary


def _our_dialect(server: Server) -> Dialect:
    credentials = Credentials(
        access_key_id=server.ready["accessKeyId"],
        secret_access_key=server.ready["secretAccessKey"],
        region=server.ready["region"],
    )
    return AppSyncDialect(OURS, api_key=server.ready["apiKey"], credentials=credentials)


@contextmanager
def running(peer: Peer) -> Iterator[tuple[Server, Dialect]]:
    """The peer's server, for the time of the block."""
    with peer.server() as server:
        yield server, peer.dialect(server)


# --- rates ------------------------------------------------------------------------------------------------


def rates(runs: int, seconds: float) -> list[Goal]:
    """Deliveries per second by audience and statuses in flight."""
    goals = []
    with ExitStack() as stack:
        servers = {peer.name: stack.enter_context(running(peer)) for peer in peers()}
        for subscribers in SUBSCRIBERS:
            with ExitStack() as open_sockets:
                audiences = {
                    name: open_sockets.enter_context(Audience(dialect, server.port))
                    for name, (server, dialect) in servers.items()
                }
                for audience in audiences.values():
                    audience.join(subscribers)
                for in_flight in IN_FLIGHT:
                    watch = {
                        name: partial(a.watch, in_flight=in_flight, seconds=seconds, most=MOST_STATUSES)
                        for name, a in audiences.items()
                    }
                    goals += _rate_goals(subscribers, in_flight, paired(runs, watch))
    return goals


def _rate_goals(subscribers: int, in_flight: int, results: Mapping[str, list[Delivered]]) -> list[Goal]:
    print(f"\n{subscribers} subscribers, {in_flight} in flight: deliveries per second")
    for name, delivered in results.items():
        busy = max(one.cpu_share for one in delivered)
        print(f"  {name:<20} {Spread.of([one.rate for one in delivered])}   client busy {busy:.0%}")
    ours = [one.rate for one in results[OURS]]
    goals = []
    for name, delivered in results.items():
        if name == OURS:
            continue
        times = ratios(ours, [one.rate for one in delivered])
        print(f"  ours / {name:<13} {Spread.of(times)}")
        if at_least := RATE_GOALS.get((name, in_flight)):
            what = f"rate with {subscribers} subscribers, {in_flight} in flight, ours / {name}"
            goals.append(Goal(what=what, values=times, at_least=at_least))
    return goals


# --- one stalled subscriber -------------------------------------------------------------------------------


def stalled(runs: int) -> list[Goal]:
    """The healthy subscribers' rate and the server's memory when one subscriber stops reading."""
    results = paired(runs, {peer.name: partial(_with_one_stalled, peer) for peer in peers()})
    print(f"\none of {STALLED_SUBSCRIBERS + 1} subscribers stalled")
    for name, measured in results.items():
        kept, grown = zip(*measured, strict=True)
        print(f"  {name:<20} rate kept {Spread.of(kept)}   memory grown {Spread.of(grown)} MB")
    kept, grown = zip(*results[OURS], strict=True)
    return [
        Goal(what="rate kept beside a stalled subscriber", values=kept, at_least=STALLED_GOAL),
        Goal(
            what="memory grown for a stalled subscriber",
            values=grown,
            at_most=STALLED_GROWTH_GOAL_MB,
            unit=" MB",
        ),
    ]


def _with_one_stalled(peer: Peer) -> tuple[float, float]:
    """Rate with over rate without it, and memory grown in MB."""
    with running(peer) as (server, dialect), Audience(dialect, server.port) as audience:
        audience.join(STALLED_SUBSCRIBERS)
        watch = partial(audience.watch, in_flight=8, size=STALLED_STATUS_BYTES)
        alone = watch(seconds=STALLED_SECONDS, most=MOST_STATUSES)
        audience.join_stalled()
        before = server.rss_bytes()
        # First fill the kernel's buffers of the stalled socket, because it has no effect before.
        watch(seconds=FILL_SECONDS, most=FILL_STATUSES)
        with_stalled = watch(seconds=STALLED_SECONDS, most=MOST_STATUSES)
        return with_stalled.rate / alone.rate, (server.rss_bytes() - before) / MB


# --- idle connections -------------------------------------------------------------------------------------


def idle() -> list[Goal]:
    """The memory of open connections without subscriptions, and of idle subscriptions."""
    print(f"\n{IDLE_CONNECTIONS} idle connections: KB each")
    ours = 0.0
    still_open = 0
    for peer in peers():
        with running(peer) as (server, dialect), Audience(dialect, server.port) as audience:
            before = server.rss_bytes()
            audience.connect_only(IDLE_CONNECTIONS)
            connected = (server.rss_bytes() - before) / 1_000 / IDLE_CONNECTIONS
            print(f"  {peer.name:<20} {connected:.2f}   {audience.still_open()} still open")
            if peer.name == OURS:
                ours, still_open = connected, audience.still_open()
    return [
        Goal(what="memory of an idle connection", values=[ours], at_most=IDLE_GOAL_KB, unit=" KB"),
        Goal(what="idle connections held", values=[still_open], at_least=IDLE_CONNECTIONS),
    ]


# --- latency ----------------------------------------------------------------------------------------------


def latency(runs: int) -> list[Goal]:
    """The latency from the mutation to each of 1 000 subscribers' sockets, at a steady rate."""
    with ExitStack() as stack:
        watch = {}
        for peer in peers():
            server, dialect = stack.enter_context(running(peer))
            audience = stack.enter_context(Audience(dialect, server.port))
            audience.join(max(SUBSCRIBERS))
            watch[peer.name] = partial(audience.watch_paced, per_second=PACE_PER_SECOND, most=PACED_STATUSES)
        results = paired(runs, watch)
    print(f"\n{max(SUBSCRIBERS)} subscribers, {PACE_PER_SECOND:.0f} statuses/s: ms from mutation to received")
    p99 = {}
    for name, delivered in results.items():
        p50 = Spread.of([percentile(one.latencies_ms, 50) for one in delivered])
        p99[name] = [percentile(one.latencies_ms, 99) for one in delivered]
        arrived = min(one.deliveries / (one.published * max(SUBSCRIBERS)) for one in delivered)
        print(f"  {name:<20} p50 {p50}   p99 {Spread.of(p99[name])}   arrived {arrived:.1%}")
    return [Goal(what="p99 mutation to received", values=p99[OURS], at_most=LATENCY_GOAL_MS, unit=" ms")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each rate measurement")
    parser.add_argument("--only", choices=("rates", "stalled", "idle", "latency"))
    arguments = parser.parse_args()
    parts: dict[str, Callable[[], list[Goal]]] = {
        "rates": partial(rates, arguments.runs, arguments.seconds),
        "stalled": partial(stalled, arguments.runs),
        "idle": idle,
        "latency": partial(latency, arguments.runs),
    }
    goals = [goal for name, part in parts.items() if arguments.only in (None, name) for goal in part()]
    print("", *goals, sep="\n")


if __name__ == "__main__":
    main()
