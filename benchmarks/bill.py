"""The cost of a million statuses, compared with a newcomer's design (docs/explanation/performance.md).

    python -m benchmarks.bill [--state-dir DIR]

Units of DynamoDB are measured as in benchmarks.cost. The size of a push is that of its statuses. All other
items follow AWS's own rules at us-east-1's list prices, without connections and storage. Without
--state-dir it starts a localcloud of its own; with it, it measures the one that runs there.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from benchmarks.cost import AGENTS, per_status
from benchmarks.dialects import status
from benchmarks.end_to_end import localcloud
from benchmarks.measure import Goal
from statusbeam.cli.cost_model import (
    BILLED_SECONDS,
    DELIVERY_BYTES,
    MEMORY_GB,
    QUEUE_REQUESTS,
    SESSION_READ,
)
from statusbeam.localcloud.outputs import LocalOutputs, read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.model.prices import Prices

BATCHES = (1, 10, 25)
WATCHERS = (1, 10)
GOAL_BATCH = 10
GOAL = 5.0
STATUS_BYTES = 400
NAIVE_MEMORY_GB = 0.25
"""A newcomer's function redacts nothing, so it needs a quarter of the publisher's memory."""

PRICES = Prices()


def naive(watchers: int) -> float:
    """One invoke, one read, one put and one mutation for each status."""
    mutation = PRICES.mutation + watchers * PRICES.delivery
    return _invocation(NAIVE_MEMORY_GB) + PRICES.read_unit + PRICES.write_unit + mutation


def ours(batch: int, watchers: int, *, written: float, read: float) -> float:
    """One message, one commit and one push for `batch` statuses. The units are those of one status."""
    deliveries = math.ceil(batch * len(json.dumps(status(1, STATUS_BYTES))) / DELIVERY_BYTES)
    push = PRICES.mutation + watchers * deliveries * PRICES.delivery if watchers else 0.0
    commit = _invocation(MEMORY_GB) + QUEUE_REQUESTS * PRICES.fifo_request + SESSION_READ * PRICES.read_unit
    return (commit + push) / batch + written * PRICES.write_unit + read * PRICES.read_unit


def _invocation(memory_gb: float) -> float:
    return PRICES.invocation + memory_gb * BILLED_SECONDS * PRICES.gb_second


def report(state_dir: Path | None) -> None:
    """Measure and print."""
    if state_dir is not None:
        goals = measure(read_outputs(StateFolder(state_dir).outputs))
    else:
        with tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-") as folder, localcloud(Path(folder)):
            goals = measure(read_outputs(StateFolder(Path(folder)).outputs))
    print("", *goals, sep="\n")


def measure(outputs: LocalOutputs) -> list[Goal]:
    """The table of docs/explanation/performance.md."""
    print("| $ for a million statuses | nobody watches | 1 watcher | 10 watchers |\n|---|---|---|---|")
    print(f"| naive | {naive(0):.2f} | {naive(1):.2f} | {naive(10):.2f} |")
    goals = []
    for batch in BATCHES:
        for agents in sorted({1, min(batch, AGENTS)}):
            written, read, _ = per_status(outputs, batch, agents, remembers=True)
            bills = {who: ours(batch, who, written=written, read=read) for who in (0, *WATCHERS)}
            shown = " | ".join(f"{bill:.2f}" for bill in bills.values())
            print(f"| batch of {batch}, agents in it: {agents} ({written:.2f} write units) | {shown} |")
            if batch == GOAL_BATCH:
                what = "naive / batch of 10, agents in it: "
                goals += [
                    Goal(
                        what=f"{what}{agents}, watchers: {who}",
                        values=[naive(who) / bills[who]],
                        at_least=GOAL,
                    )
                    for who in WATCHERS
                ]
    return goals


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state-dir", type=Path)
    report(parser.parse_args().state_dir)
