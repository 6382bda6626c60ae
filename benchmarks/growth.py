"""How costs grow with a job, its agents, a gap or a user's jobs (docs/explanation/performance.md).

    python -m benchmarks.growth [--state-dir DIR]

Everything at n, 10 n and 100 n, with the exponent e of the power n^e that fits best: 0 is flat, 1 linear.
Units are DynamoDB's own answers to the publisher's journal and to the deployed resolvers' code. Times are CPU
of our code alone, on a table in memory or on the resolvers' answers. Without --state-dir it starts a
localcloud of its own; with it, it measures the one that runs there. Some minutes: the emulator looks through
its whole table for each query.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, cast

from benchmarks.cost import MeteredClient
from benchmarks.end_to_end import localcloud
from benchmarks.growth_reader import TENANT, USER, Reader
from benchmarks.measure import Goal, number
from statusbeam.client.job_log import JobLog
from statusbeam.localcloud.emulator.clients import Clients
from statusbeam.localcloud.outputs import read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.log.snapshot.fold import apply
from statusbeam.log.snapshot.job_view import job_of_view
from statusbeam.model.chunked import chunked
from tests.soak.table import MemoryTable

LOG_LENGTHS = (100, 1_000, 10_000)
AGENTS = (8, 80, 800)
GAPS = (100, 1_000, 10_000)
JOBS = (20, 200, 2_000)
FEW_AGENTS = 8
TAIL = 20
PAGE = 100
COMMITS = 40
REPEATS = 20

FLAT = 0.1
LINEAR = 1.2
"""The highest exponents that count as flat or linear: caches and garbage collection raise them a little."""
REPLAY_GOAL_US = 1.0

Journals = Callable[[], DynamoJournal]


def report(state_dir: Path | None) -> None:
    """Measure and print."""
    if state_dir is not None:
        goals = measure(state_dir)
    else:
        with tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-") as folder, localcloud(Path(folder)):
            goals = measure(Path(folder))
    print("", *goals, sep="\n")


def measure(state_dir: Path) -> list[Goal]:
    """All rows of the table in docs/explanation/performance.md."""
    outputs = read_outputs(StateFolder(state_dir).outputs)
    metered = MeteredClient(Clients(outputs.aws_endpoint_url).tables)
    stored = _journals(metered, outputs.status_table)
    reader = Reader(metered, outputs.status_table)
    print("| what | against | | n | 10 n | 100 n | exponent |\n|---|---|---|---|---|---|---|")
    goals = [
        _row("commit", "length of the log", "CPU, µs", LOG_LENGTHS, _commit_cpu, limit=FLAT),
        _row("commit", "agents in the job", "CPU, µs", AGENTS, _commit_cpu_of_agents, limit=FLAT),
    ]
    jobs = {size: _job(stored, size, FEW_AGENTS) for size in LOG_LENGTHS}
    crowds = {size: _job(stored, size, size) for size in AGENTS}
    goals += [
        _row(
            "commit",
            "length of the log",
            "units",
            LOG_LENGTHS,
            lambda n: _commit_units(metered, stored, jobs[n]),
            limit=FLAT,
        ),
        _row(
            "commit",
            "agents in the job",
            "units",
            AGENTS,
            lambda n: _commit_units(metered, stored, crowds[n]),
            limit=FLAT,
        ),
        _row("replay", "gap", "read units", GAPS, lambda n: _replay_units(reader, jobs[n], n), limit=LINEAR),
    ]
    pages = {size: reader.replay(jobs[size], 0, PAGE) for size in GAPS}
    goals.append(
        _row(
            "replay",
            "gap",
            "CPU of a reader, µs",
            GAPS,
            lambda n: _replay_cpu(jobs[n], pages[n]),
            limit=LINEAR,
        )
    )
    per_status = [_replay_cpu(jobs[n], pages[n]) / n for n in GAPS]
    goals.append(Goal(what="replay, CPU a status", values=per_status, at_most=REPLAY_GOAL_US, unit=" µs"))
    goals += [
        _row(
            "join",
            "length of the log",
            "read units",
            LOG_LENGTHS,
            lambda n: _join(reader, jobs[n])[0],
            limit=FLAT,
        ),
        _row(
            "join",
            "length of the log",
            "CPU of a reader, µs",
            LOG_LENGTHS,
            lambda n: _join(reader, jobs[n])[1],
            limit=FLAT,
        ),
    ]
    there = _Growing(stored)
    goals.append(
        _row(
            "a page of jobs",
            "jobs of the user",
            "read units",
            JOBS,
            lambda n: _page_of_jobs(reader, there.grown(n)),
            limit=FLAT,
        )
    )
    return goals


def _row(
    what: str,
    against: str,
    unit: str,
    sizes: Sequence[int],
    measured: Callable[[int], float],
    *,
    limit: float,
) -> Goal:
    values = [measured(size) for size in sizes]
    exponent = _exponent(sizes, values)
    shown = " | ".join(number(value) for value in values)
    print(f"| {what} | {against}, n = {sizes[0]} | {unit} | {shown} | {exponent:.2f} |", flush=True)
    name = f"{what} against {against}, {unit}: exponent"
    return Goal(what=name, values=[exponent], at_most=limit)


def _exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    return linear_regression([math.log(n) for n in sizes], [math.log(value) for value in values]).slope


# --- jobs


def _journals(client: object, table: str) -> Journals:
    return lambda: DynamoJournal(cast("Any", client), table, log_retention_days=7, job_retention_days=90)


def _commit(journal: DynamoJournal, job_id: str, entries: Sequence[Mapping[str, Any]], user: str) -> None:
    owner = {"jobId": job_id, "userId": user, "tenantId": TENANT}
    payload = {"batchId": uuid.uuid4().hex, "updates": [{**owner, **entry} for entry in entries]}
    for group in batches(parse_payload(payload, batch_id="request", now=time.time())):
        for batch in group:
            journal.commit(batch, deadline=time.time() + 30)


def _said(agent: int, at: int) -> dict[str, Any]:
    return {
        "status": "calling_tool",  # the job's rate limit would drop progress
        "message": f"Looking up part {at:05} of what was asked for in the city's own records",
        "agentName": f"Analysis Agent {agent}",
        "invocationId": f"run-{agent}",
        "attempt": 1,
        "toolName": "city_records",
        "metadata": {"tokenUsage": {"inputTokens": 100 + at, "outputTokens": at}},
    }


def _job(journals: Journals, length: int, agents: int) -> str:
    """A job with this number of statuses, from its agents in turn."""
    job_id, journal = f"growth-{uuid.uuid4()}", journals()
    for part in chunked(range(length), 40):
        _commit(journal, job_id, [_said(one % agents, one) for one in part], USER)
    return job_id


class _Growing:
    """A separate user, with a growing number of jobs."""

    def __init__(self, journals: Journals) -> None:
        self._journal = journals()
        self._user = f"user-{uuid.uuid4().hex[:8]}"
        self._there = 0

    def grown(self, jobs: int) -> str:
        for _ in range(self._there, jobs):
            _commit(self._journal, f"growth-{uuid.uuid4()}", [_said(0, 0)], self._user)
        self._there = jobs
        return self._user


# --- what is measured


def _commit_cpu(length: int, agents: int = FEW_AGENTS) -> float:
    """CPU time of a commit of one status, by a publisher without a cache, including the table's CPU time."""
    journals = _journals(MemoryTable(), "StatusTable")
    job_id = _job(journals, length, agents)
    return median(_cpu_us(lambda: _commit(journals(), job_id, [_said(0, 1)], USER)) for _ in range(COMMITS))


def _commit_cpu_of_agents(agents: int) -> float:
    return _commit_cpu(agents, agents)


def _commit_units(metered: MeteredClient, journals: Journals, job_id: str) -> float:
    """Units written and read by such a commit."""
    metered.written = metered.read = 0.0
    _commit(journals(), job_id, [_said(0, 1)], USER)
    return metered.written + metered.read


def _replay_units(reader: Reader, job_id: str, gap: int) -> float:
    reader.metered.read = 0.0
    # later measurements have added statuses, so the gap ends where the job ended before
    assert sum(len(page["updates"]) for page in reader.replay(job_id, 0, PAGE)) >= gap
    return reader.metered.read


def _replay_cpu(job_id: str, pages: Sequence[Mapping[str, Any]]) -> float:
    """CPU time of reading the pages and returning the statuses in order."""

    def replay() -> None:
        log = JobLog(job_id)
        for page in pages:
            log.add_page(page)
            log.take_ready()
        assert log.is_complete

    return median(_cpu_us(replay) for _ in range(REPEATS))


def _join(reader: Reader, job_id: str) -> tuple[float, float]:
    """Read units of a snapshot and of the log after it, and CPU time of folding that part."""
    head = int(reader.job(job_id)["sequence"])
    reader.metered.read = 0.0
    job = reader.job(job_id)
    tail = reader.statuses(reader.replay(job_id, head - TAIL, PAGE))
    read = reader.metered.read
    later = [
        update.numbered(head + place) for place, update in enumerate(tail, 1)
    ]  # as if reported since then
    return read, median(_cpu_us(lambda: apply(job_of_view(job), later)) for _ in range(REPEATS))


def _page_of_jobs(reader: Reader, user: str) -> float:
    reader.metered.read = 0.0
    page = reader.jobs(user)
    assert len(page["jobs"]) == JOBS[0]
    # The emulator does not report the units of a BatchGetItem: one for each head, because heads are below 4
    # kB.
    return reader.metered.read + len(page["jobs"])


def _cpu_us(work: Callable[[], object]) -> float:
    begun = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begun) / 1_000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state-dir", type=Path)
    report(parser.parse_args().state_dir)
