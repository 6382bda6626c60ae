"""The cost of reading a user's sessions, with a growing number of sessions in the tenant.

    python -m benchmarks.sessions [--state-dir DIR]

Without --state-dir it starts a localcloud of its own; with it, it measures the one that runs there. Read
units are DynamoDB's own answers; no times, because the emulator looks through its whole table for each query.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, cast

from benchmarks.cost import MeteredClient
from benchmarks.end_to_end import localcloud
from statusbeam.localcloud.emulator.clients import Clients
from statusbeam.localcloud.outputs import LocalOutputs, read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.log.journal.audience import Audience
from statusbeam.log.journal.dynamo_sessions import DynamoSessionStore
from statusbeam.model.chunked import chunked
from statusbeam.model.settings import SessionsTable

SIZES = (10, 1_000, 10_000, 30_000)
LOOKS = 5
AT_ONCE = 25


def report(state_dir: Path | None) -> None:
    """Measure and print."""
    if state_dir is not None:
        measure(read_outputs(StateFolder(state_dir).outputs))
        return
    with tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-") as folder, localcloud(Path(folder)):
        measure(read_outputs(StateFolder(Path(folder)).outputs))


def measure(outputs: LocalOutputs) -> None:
    """The table of docs/explanation/cost.md."""
    client = Clients(outputs.aws_endpoint_url).tables
    tenant = f"crowd-{uuid.uuid4().hex[:8]}"
    print("| sessions in the tenant | read units, watched | nobody watches |")
    print("|---|---|---|")
    there = 0
    for size in SIZES:
        _open(client, outputs.user_sessions_table, tenant, range(there, size))
        there = size
        metered = MeteredClient(client)
        store = DynamoSessionStore(cast("Any", metered), outputs.user_sessions_table)
        watched = _units(
            metered, store, tenant, [f"user-{size * at // LOOKS}" for at in range(LOOKS)], seen=True
        )
        alone = _units(metered, store, tenant, [f"nobody-{at}" for at in range(LOOKS)], seen=False)
        print(f"| {size} | {watched:.2f} | {alone:.2f} |")


def _open(client: Any, table: str, tenant: str, numbers: range) -> None:
    ttl = {"N": str(int(time.time()) + 3_600)}
    for part in chunked(numbers, AT_ONCE):
        items = [
            {
                SessionsTable.PARTITION_KEY: {"S": tenant},
                SessionsTable.SORT_KEY: {"S": f"user-{number}#{uuid.uuid4().hex}"},
                SessionsTable.TTL: ttl,
            }
            for number in part
        ]
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in items]})


def _units(
    metered: MeteredClient, store: DynamoSessionStore, tenant: str, users: list[str], *, seen: bool
) -> float:
    """The read units of one read of sessions."""
    metered.read = 0.0
    for user in users:
        found = store.audience(tenant, user, now=time.time(), of_several=True)
        if (found is not Audience.NOBODY) is not seen:
            raise AssertionError(f"{user} is {'not ' if seen else ''}watched")
    return metered.read / len(users)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state-dir", type=Path)
    report(parser.parse_args().state_dir)
