"""An hour's load on a localcloud, compressed into minutes, with faults throughout.

    python -m tests.soak.load [--jobs 9000] [--seed 1]

Agents report through the library and the queue. Meanwhile the API drops, doubles and swaps pushes, and a
signal kills publishers at work. Followers watch a part of the jobs live. After each round every job's log
must have each of its statuses once, in order, without a gap, and every follower must have seen the same.
Then the round's jobs are deleted, as their expiry would do it after days, and the memory of localcloud's
process is measured. It must not grow from round to round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import psutil

from status_utils import QueueTransport, job
from statusbeam.client.connect import connect
from statusbeam.client.deployment import Deployment
from statusbeam.client.follow import follow
from statusbeam.client.target import Flags
from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.outputs import DemoUser, read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.chunked import chunked
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import UP_SECONDS, Cloud, fresh_id

AGENTS = ("Geo Agent", "Weather Agent", "Permit Agent")
STEPS = 3
REPORTERS = 8
FOLLOWED_EVERY = 25
"""One in this number of jobs has a follower."""
FAULTS = {"drop": 0.05, "duplicate": 0.05, "reorder": 0.05}
KILL_PAUSE_SECONDS = 10.0
DRAIN_SECONDS = 600.0
POLL_SECONDS = 0.5
PUBLISHER_PROCESS = "StatusPublisherFunction"
ROUNDS = 12
ROWS_A_BATCH = 25
"""DynamoDB's limit of a BatchWriteItem."""
STEADY_SECONDS = 180
"""The emulator forgets the tokens of transactions once a minute, so a shorter run always grows."""
MOST_GROWTH = 0.05
"""The last third of the rounds may take this much more memory than the second."""
ENDINGS = {"completed": "complete", "failed": "error", "cancelled": "cancelled"}
"""The final status of each outcome."""


class LoadError(AssertionError):
    """A status was lost, doubled or out of order. The message names the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job to report, and the seed of its outcome."""

    key: JobKey
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A reported job: the messages that its log must have, each once."""

    key: JobKey
    messages: frozenset[str]
    state: str


@dataclass(slots=True, kw_only=True)
class Load:
    """The counts of a run."""

    jobs: int = 0
    statuses: int = 0
    followed: int = 0
    kills: int = 0
    seconds: float = 0.0
    megabytes: list[float] = field(default_factory=list)
    """The memory of localcloud's process after each round."""


def run(cloud: Cloud, *, jobs: int, seed: int, kills: bool = True, rounds: int = 1) -> Load:
    """Report, follow, and check `jobs` jobs in `rounds` rounds. Raises LoadError."""
    load = Load()
    begun = time.monotonic()
    viewer = next(user for user in cloud.outputs.demo_users if "viewer" in user.roles)
    deployment = connect(
        Flags(local=True, state_dir=cloud.state.root, user=viewer.user_id, tenant=viewer.tenant_id)
    )
    rng = random.Random(seed)  # noqa: S311 - the same seed kills in the same order
    prefix = fresh_id("load")
    planned = [
        Planned(key=JobKey(viewer.tenant_id, f"{prefix}-{number}"), seed=f"{seed}-{number}")
        for number in range(jobs)
    ]
    with _faults(cloud), _killing(cloud, load, rng) if kills else contextlib.nullcontext():
        for number in range(rounds):
            some = planned[number::rounds]
            for reported in _report(cloud, viewer, deployment, load, some):
                load.statuses += _check(cloud, reported)
            _delete(cloud, [one.key for one in some])
            load.megabytes.append(_megabytes(cloud))
    load.seconds = time.monotonic() - begun
    return load


# --- reporting --------------------------------------------------------------------------------------------


def _report(
    cloud: Cloud, viewer: DemoUser, deployment: Deployment, load: Load, jobs: Sequence[Planned]
) -> list[Reported]:
    """Run the jobs, and follow some of them until they have ended."""
    outputs = cloud.outputs
    queue = QueueTransport(
        outputs.status_queue_url,
        new_client=lambda: boto3.client(
            "sqs",
            endpoint_url=outputs.aws_endpoint_url,
            region_name=outputs.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        ),
    )
    with ThreadPoolExecutor(REPORTERS) as reporters, ThreadPoolExecutor(REPORTERS) as followers:
        running: list[Future[Reported]] = []
        following: dict[str, Future[list[int | None]]] = {}
        for number, one in enumerate(jobs):
            if number % FOLLOWED_EVERY == 0:
                following[one.key.job_id] = followers.submit(_followed, one.key.job_id, deployment)
            running.append(reporters.submit(_one_job, one, viewer.user_id, queue))
        reported = [future.result() for future in running]
        for job_id, seen in following.items():
            _check_order(job_id, seen.result(DRAIN_SECONDS), "a follower of")
    load.jobs += len(reported)
    load.followed += len(following)
    return reported


def _one_job(planned: Planned, user_id: str, queue: QueueTransport) -> Reported:
    """A job of three agents. Most complete, some fail, some are cancelled."""
    key, rng = planned.key, random.Random(planned.seed)  # noqa: S311 - a seed
    messages = {f"{agent} {step}" for agent in AGENTS for step in range(STEPS)}
    state = rng.choices(("completed", "failed", "cancelled"), (8, 1, 1))[0]
    with job(
        job_id=key.job_id,
        user_id=user_id,
        tenant_id=key.tenant_id,
        transport=queue,
        flush_seconds=DRAIN_SECONDS,
        workflow="load",
    ) as scope:
        for agent in AGENTS:
            with scope.agent(agent) as at_work:
                for step in range(STEPS):
                    at_work.status("looking_up", f"{agent} {step}")
        end = f"The end of {key.job_id}"
        if state == "completed":
            scope.complete(end)
        elif state == "failed":
            scope.fail(end)
        else:
            scope.cancel(end)
    return Reported(key=key, messages=frozenset(messages | {end}), state=state)


def _followed(job_id: str, deployment: Deployment) -> list[int | None]:
    return [update.sequence for update in follow(job_id, deployment=deployment)]


# --- faults -----------------------------------------------------------------------------------------------


@contextmanager
def _faults(cloud: Cloud) -> Iterator[None]:
    """Pushes are dropped, doubled and swapped during the block."""
    _switch(cloud, FAULTS)
    try:
        yield
    finally:
        _switch(cloud, dict.fromkeys(FAULTS, 0.0))


def _switch(cloud: Cloud, faults: dict[str, float]) -> None:
    request = urllib.request.Request(
        f"http://{cloud.host}{FAULTS_PATH}",
        data=json.dumps(faults).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request):
        return


@contextmanager
def _killing(cloud: Cloud, load: Load, rng: random.Random) -> Iterator[None]:
    """Every few seconds one of the publisher's processes is killed."""
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(KILL_PAUSE_SECONDS):
            if publishers := _publishers(cloud):
                with contextlib.suppress(psutil.NoSuchProcess):
                    rng.choice(publishers).kill()
                load.kills += 1

    killer = threading.Thread(target=kill, name="killer")
    killer.start()
    try:
        yield
    finally:
        stop.set()
        killer.join()


def _server(cloud: Cloud) -> psutil.Process:
    """The process of the data plane, which `statusbeam local up` has started."""
    return psutil.Process(json.loads(cloud.state.process_record.read_text())["pid"])


def _publishers(cloud: Cloud) -> list[psutil.Process]:
    found = []
    for process in _server(cloud).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if any(PUBLISHER_PROCESS in part for part in process.cmdline()):
                found.append(process)
    return found


# --- memory -----------------------------------------------------------------------------------------------


def _delete(cloud: Cloud, keys: Sequence[JobKey]) -> None:
    """Delete all rows of the jobs."""
    dynamodb, table = cloud.aws("dynamodb"), cloud.outputs.status_table
    for key in keys:
        rows = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :job",
            ExpressionAttributeValues={":job": {"S": partition(key)}},
            ProjectionExpression="pk, sk",
        )["Items"]
        for some in chunked(rows, ROWS_A_BATCH):
            dynamodb.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": row}} for row in some]})


def _megabytes(cloud: Cloud) -> float:
    """The memory of the server's process, which holds the data plane and the emulated tables."""
    rss: int = _server(cloud).memory_info().rss
    return rss / 1_000_000


def growth(megabytes: Sequence[float]) -> float:
    """How much the last third of the rounds took above the second: 0.1 is a tenth. The first third fills what
    the emulator keeps for a time."""
    third = len(megabytes) // 3
    return statistics.mean(megabytes[-third:]) / statistics.mean(megabytes[third : 2 * third]) - 1


# --- checks -----------------------------------------------------------------------------------------------


def _check(cloud: Cloud, reported: Reported) -> int:
    """Wait for the job's end in its log, then check the whole log. Returns the number of statuses."""
    job_id = reported.key.job_id
    deadline = time.monotonic() + DRAIN_SECONDS
    log = cloud.log(reported.key)
    while not any(entry["message"] == f"The end of {job_id}" for entry in log):
        if time.monotonic() > deadline:
            raise LoadError(f"{job_id} has no end {DRAIN_SECONDS:.0f} s after it was reported")
        time.sleep(POLL_SECONDS)
        log = cloud.log(reported.key)
    _check_order(job_id, [int(entry["sequence"]) for entry in log], "the log of")
    counts = Counter(entry["message"] for entry in log if entry["message"] in reported.messages)
    if wrong := {message: counts[message] for message in reported.messages if counts[message] != 1}:
        raise LoadError(f"the log of {job_id} has these messages not once: {wrong}")
    if log[-1]["status"] != ENDINGS[reported.state]:
        raise LoadError(f"{job_id} ended as {log[-1]['status']}, reported as {reported.state}")
    return len(log)


def _check_order(job_id: str, sequences: Sequence[int | None], whose: str) -> None:
    if list(sequences) != list(range(1, len(sequences) + 1)) or not sequences:
        raise LoadError(f"{whose} {job_id} has the sequences {list(sequences)}")


# --- the command ------------------------------------------------------------------------------------------


@contextmanager
def compressed_cloud(folder: Path) -> Iterator[Cloud]:
    """A localcloud in `folder` that keeps streams for seconds. Raises LoadError when it does not start."""
    options = ("--state-dir", str(folder), "--port", "0", "--aws-port", "0", "--bridge-port", "0", "--faults")
    state = StateFolder(folder)
    state.create()
    with state.server_log.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.compressed_server", *options], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + UP_SECONDS
        while not state.outputs.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise LoadError(f"localcloud did not start:\n{state.server_log.read_text()}")
            time.sleep(POLL_SECONDS)
        yield Cloud(state=state, outputs=read_outputs(state.outputs))
    finally:
        server.terminate()
        server.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run on a separate localcloud. Returns 1 if a status was lost, doubled or reordered, or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.load", description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=9_000)
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="statusbeam-load-", ignore_cleanup_errors=True) as folder:
        try:
            with compressed_cloud(Path(folder)) as cloud:
                load = run(cloud, jobs=parsed.jobs, seed=parsed.seed, rounds=ROUNDS)
        except LoadError as error:
            print(f"load: {error}", file=sys.stderr)
            return 1
    memory = ", ".join(f"{megabytes:.0f}" for megabytes in load.megabytes)
    grown = growth(load.megabytes) if load.seconds > STEADY_SECONDS else None
    judged = f"the run was too short to judge it (up to {STEADY_SECONDS} s)"
    if grown is not None:
        judged = f"the last third took {grown:+.1%} compared with the second"
    print(
        f"{load.jobs} jobs, {load.statuses} statuses in {load.seconds:.0f} s\n"
        f"publishers killed: {load.kills}\n"
        f"{load.followed} followers: every status once, in order\n"
        f"0 statuses lost, 0 twice\n"
        f"memory of localcloud after each round: {memory} MB; {judged}"
    )
    if grown is not None and grown > MOST_GROWTH:
        print(f"load: the memory grew by {grown:.0%}, more than {MOST_GROWTH:.0%}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
