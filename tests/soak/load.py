"""An hour's load on a localcloud, compressed into minutes, with faults throughout.

    python -m tests.soak.load [--jobs 2000] [--seed 1]

Agents report through the library and the queue. Meanwhile the API drops, doubles and swaps pushes, and a
signal kills publishers at work. Followers watch a part of the jobs live. At the end every job's log must have
each of its statuses once, in order, without a gap, and every follower must have seen the same.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
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
from statusbeam.localcloud.outputs import DemoUser
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, down, fresh_id, up

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
ENDINGS = {"completed": "complete", "failed": "error", "cancelled": "cancelled"}
"""The final status of each outcome."""


class LoadError(AssertionError):
    """A status was lost, doubled or out of order. The message names the job."""


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
    """The data plane's memory after each quarter of the jobs."""


def run(cloud: Cloud, *, jobs: int, seed: int, kills: bool = True) -> Load:
    """Report, follow, and check. Raises LoadError."""
    load = Load(jobs=jobs)
    begun = time.monotonic()
    viewer = next(user for user in cloud.outputs.demo_users if "viewer" in user.roles)
    deployment = connect(
        Flags(local=True, state_dir=cloud.state.root, user=viewer.user_id, tenant=viewer.tenant_id)
    )
    rng = random.Random(seed)  # noqa: S311 - the same seed kills in the same order
    with _faults(cloud), _killing(cloud, load, rng) if kills else contextlib.nullcontext():
        reported = _report(cloud, viewer, deployment, load, seed)
        for one in reported:
            load.statuses += _check(cloud, one)
    load.seconds = time.monotonic() - begun
    return load


# --- reporting --------------------------------------------------------------------------------------------


def _report(cloud: Cloud, viewer: DemoUser, deployment: Deployment, load: Load, seed: int) -> list[Reported]:
    """Run all jobs, and follow some of them until they have ended."""
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
    prefix = fresh_id("load")
    with ThreadPoolExecutor(REPORTERS) as reporters, ThreadPoolExecutor(REPORTERS) as followers:
        running: list[Future[Reported]] = []
        following: dict[str, Future[list[int | None]]] = {}
        for number in range(load.jobs):
            key = JobKey(viewer.tenant_id, f"{prefix}-{number}")
            if number % FOLLOWED_EVERY == 0:
                following[key.job_id] = followers.submit(_followed, key.job_id, deployment)
            rng = random.Random(f"{seed}-{number}")  # noqa: S311 - a seed
            running.append(reporters.submit(_one_job, key, viewer.user_id, queue, rng))
        reported = []
        for number, future in enumerate(running, 1):
            reported.append(future.result())
            if number * 4 // load.jobs > len(load.megabytes):
                load.megabytes.append(_data_plane_megabytes(cloud))
        for job_id, seen in following.items():
            _check_order(job_id, seen.result(DRAIN_SECONDS), "a follower of")
    load.followed = len(following)
    return reported


def _one_job(key: JobKey, user_id: str, queue: QueueTransport, rng: random.Random) -> Reported:
    """A job of three agents. Most complete, some fail, some are cancelled."""
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


def _data_plane_megabytes(cloud: Cloud) -> float:
    rss: int = _server(cloud).memory_info().rss
    return rss / 1_000_000


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run on a separate localcloud. Exit code 1 if a status was lost, doubled or reordered."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.load", description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="statusbeam-load-", ignore_cleanup_errors=True) as folder:
        try:
            load = run(up(Path(folder)), jobs=parsed.jobs, seed=parsed.seed)
        except LoadError as error:
            print(f"load: {error}", file=sys.stderr)
            return 1
        finally:
            down(Path(folder))
    memory = ", ".join(f"{megabytes:.0f}" for megabytes in load.megabytes)
    print(
        f"{load.jobs} jobs, {load.statuses} statuses in {load.seconds:.0f} s\n"
        f"publishers killed: {load.kills}\n"
        f"{load.followed} followers: every status once, in order\n"
        f"0 statuses lost, 0 twice; memory of the data plane after each quarter: {memory} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
