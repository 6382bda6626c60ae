"""`python -m tests.soak`: proves the completeness of the log, with repeatable seeds."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statusbeam.cli.command import CommandError
from statusbeam.cli.local_server import StateOptions, running_outputs, state_folder
from statusbeam.client.localcloud import DEFAULT_STATE_DIR

STORES = ("memory", "moto", "localcloud")
DESCRIPTION = (
    "Delivers the statuses of 8 parallel agents in 2 attempts, each payload 1 to 3 times in any order, "
    "through concurrent publishers that crash at every step, to a table that refuses transactions and loses "
    "answers; then the log must have each status once, without a gap, and the stored snapshot must be its "
    "fold. As often lets a client join over a network that loses, doubles, swaps and cuts, and end with the "
    "log. As often kills the bridge in mid-job; its clients, which resume, must get each status once, and be "
    "left alone after the end. A tenth as often sends messages that hang, crash or slow down their "
    "publisher; no other job may wait for them. "
    "Exit code 0 when all holds, 1 when something doesn't; the message names the seed."
)
_POISON_EVERY = 10
_MEMORY_START = 1_795_163_400.0
"""The time in runs whose table no other clock reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A status table, and when runs on it begin (epoch seconds)."""

    client: object | None  # None: a new one in memory for each run
    table: str
    start: float
    job_prefix: str


def build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of the command line; `environ` gives the defaults of flags that have a variable."""
    soak = argparse.ArgumentParser(prog="python -m tests.soak", description=DESCRIPTION)
    soak.add_argument("--seed", type=int, default=1, help="of the first run; the next has the next one [1]")
    soak.add_argument("--runs", type=_count, default=1_000, help="how many runs of each kind [1000]")
    soak.add_argument(
        "--store",
        choices=STORES,
        default=STORES[0],
        help="the table that publishers commit to: in memory, moto's, or the running localcloud's [memory]",
    )
    soak.add_argument(
        "--state-dir",
        type=Path,
        default=environ.get("STATUSBEAM_STATE_DIR") or DEFAULT_STATE_DIR,
        help="folder of the running localcloud [.local]",
    )
    return soak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 0 when all holds, 1 when something doesn't, 2 for a wrong call."""
    try:
        return run(build_parser(os.environ).parse_args(arguments))
    except CommandError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1


def run(arguments: argparse.Namespace) -> int:
    """Run all kinds of runs and give the exit code."""
    from tests.soak.bridge_kills import KillTally, kill_run  # noqa: PLC0415 - loads the bridge
    from tests.soak.joiner import JoinTally, join_run  # noqa: PLC0415 - loads the AWS SDK
    from tests.soak.model import SoakError, Step, Tally, soak_run  # noqa: PLC0415
    from tests.soak.poison import POISONED, PoisonTally, poison_run  # noqa: PLC0415
    from tests.soak.table import MemoryTable  # noqa: PLC0415

    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    tally, joined, poisoned, killed = Tally(), JoinTally(), PoisonTally(), KillTally()
    began = time.process_time()
    try:
        with _store(arguments) as store, _silent_publishers():
            for seed in seeds:
                client = store.client or MemoryTable()
                job_id = f"{store.job_prefix}{seed}"
                tally.add(soak_run(client, store.table, seed=seed, start=store.start, job_id=job_id))
        between = time.process_time()
        for seed in seeds:
            joined.add(join_run(seed=seed))
        joiners = time.process_time() - between
        for seed in seeds:
            killed.add(kill_run(seed=seed))
        kills = time.process_time() - between - joiners
        with _silent_publishers():
            for seed in seeds[::_POISON_EVERY]:
                poisoned.add(poison_run(seed=seed))
    except SoakError as error:
        raise CommandError(f"{error}. Run it again with --seed and --runs 1.") from error
    crashes = ", ".join(f"{tally.crashes[step]} {step}" for step in Step)
    print(
        f"publishers: {arguments.runs} runs on {arguments.store}, seeds {seeds[0]} to {seeds[-1]}, "
        f"{between - began:.1f} s of CPU\n"
        f"  {tally.statuses} statuses in {tally.deliveries} deliveries, {tally.conflicts} conflicts, "
        f"{tally.answers_lost} answers lost\n"
        f"  crashes: {crashes}\n"
        f"  no gap, each status once, every snapshot the fold of its log\n"
        f"joiners: {arguments.runs} runs, {joiners:.1f} s of CPU\n"
        f"  {joined.statuses} statuses; pushes lost {joined.pushes_lost}, doubled {joined.pushes_doubled}; "
        f"{joined.disconnects} disconnects, {joined.replays} replays\n"
        f"  0 statuses lost, 0 applied twice\n"
        f"bridge: {arguments.runs} runs, {kills:.1f} s of CPU\n"
        f"  {killed.statuses} statuses; {killed.kills} kills, {sum(killed.resumed.values())} resumes, "
        f"{killed.cut_within_an_event} cuts within an event\n"
        f"  0 statuses lost, 0 twice, 0 reconnects after the end\n"
        f"poison: {sum(poisoned.poisons.values()) // POISONED} runs, {_counted(poisoned.poisons)}; "
        f"{poisoned.deaths} publishers died, {poisoned.dead_letters} dead letters\n"
        f"  slowest status of another job {poisoned.slowest_innocent:.2f} s, "
        f"of the same job {poisoned.slowest_behind_poison:.2f} s"
    )
    return 0


def _counted(kinds: Counter[Any]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"must be from 1 to 1000000, not {text!r}")
    return int(text)


@contextmanager
def _silent_publishers() -> Iterator[None]:
    """Hide the log lines of the planted failures, which would hide the findings."""
    logger = logging.getLogger("statusbeam")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _store(arguments: argparse.Namespace) -> Iterator[Store]:
    if arguments.store == "memory":
        yield Store(client=None, table="StatusTable", start=_MEMORY_START, job_prefix="soak-")
    elif arguments.store == "moto":
        with _moto_table() as client:
            yield Store(client=client, table="StatusTable", start=_MEMORY_START, job_prefix="soak-")
    else:
        from statusbeam.localcloud.emulator.clients import Clients  # noqa: PLC0415 - loads the AWS SDK

        outputs = running_outputs(state_folder(StateOptions(state_dir=arguments.state_dir)))
        client = Clients(outputs.aws_endpoint_url).tables
        prefix = f"soak-{os.urandom(4).hex()}-"  # the table keeps its jobs
        yield Store(client=client, table=outputs.status_table, start=time.time(), job_prefix=prefix)


@contextmanager
def _moto_table() -> Iterator[Any]:
    try:
        import boto3  # noqa: PLC0415
        from moto import mock_aws  # noqa: PLC0415 - a tool of the tests, not needed to use Statusbeam
    except ImportError as error:
        raise CommandError(f"--store moto needs {error.name}, which is not installed.") from error
    from statusbeam.model.settings import StatusTable  # noqa: PLC0415

    keys = {StatusTable.PARTITION_KEY: "HASH", StatusTable.SORT_KEY: "RANGE"}
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="StatusTable",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        )
        yield client
