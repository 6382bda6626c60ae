"""A load, as flows of operations, and what each takes of every quota. Pure arithmetic.

Operations of a job are those that `statusbeam cost` bills.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from statusbeam.client.join import Timing
from statusbeam.model.limits import JOB_STATUSES_PER_SECOND, UPDATES_PER_PAGE
from statusbeam.model.settings import BRIDGE_CONNECTIONS

from ..cost_model import (
    BILLED_SECONDS,
    HISTORY_UNITS,
    INDEX_UNITS,
    JOB_EVENTS,
    READ_BYTES,
    SESSION_READ,
    STATUS_BYTES,
    Load,
    Operations,
    operations,
)
from .aws_quotas import ALL

_TIMING: Final = Timing()
POLL_SECONDS: Final = _TIMING.poll

COMMITS: Final = "commits"
STARTS: Final = "starts"
SAMPLES: Final = "samples"
EVENTS: Final = "events"
PUSHES: Final = "pushes"
JOINS: Final = "joins"
CHECKS: Final = "checks"
RENEWALS: Final = "renewals"

STREAMS: Final = "bridge-connections"
BRIDGE_READ_UNITS: Final = {1: 36_329, 10: 20_267, 60: 9_261, 600: 2_540}
"""Read units an hour of one task for one watched job, by the seconds between two commits of the job.

`python -m benchmarks.bridge --only reads` counts them.
"""
INDEX_UNITS_OF_STATE: Final = 2
"""Of INDEX_UNITS, those of the busiest key of the index by tenant: `processing` gets and loses each job."""
JOIN_READS: Final = 1
"""Pages of listStatusUpdates that a client reads to join."""
JOIN_CHECKS: Final = 2
"""Position checks of a join: at the subscription's start, and when it has settled."""
TOKEN_SECONDS: Final = 3_600
"""How long the tokens of the user pool live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Jobs that start and watchers that are connected, at a steady rate."""

    jobs_per_second: float
    watchers: int = 0
    """Connected clients. Each follows one job, until its end."""
    job: Load = field(default_factory=lambda: Load(jobs=1))
    """One job. Its own `watchers` do not count."""
    tenants: int = 1
    """They share jobs and watchers evenly."""
    workflows: int = 1
    """Of each tenant; they share the jobs evenly."""
    crowd: bool = False
    """Whether all watchers follow the same job, which reports as fast as it may."""
    poll: float = POLL_SECONDS
    """Seconds between two position checks of a client, while statuses come."""
    bridge_tasks: int = 0
    """With tasks, all watchers are clients of the bridge."""
    step_functions: bool = False
    """Whether each job is an execution, with a state for each status."""

    @property
    def running(self) -> float:
        """Jobs under way."""
        return self.jobs_per_second * 60 * self.job.minutes

    @property
    def watched_jobs(self) -> float:
        """Jobs under way that somebody watches."""
        if self.crowd:
            return min(1.0, self.watchers)
        return min(self.running, self.watchers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Operations of one kind. `units` has what one of them takes of each quota."""

    name: str
    per_second: float
    units: Mapping[str, float]
    waits: bool = True
    """Whether a throttled operation waits for its turn; if not, it is left out."""
    after: str | None = None
    """The flow whose served operations cause these."""


def flows(traffic: Traffic) -> tuple[Flow, ...]:
    """All operations of a load."""
    made = operations(replace(traffic.job, watchers=1))
    return tuple(flow for flow in (*_of_jobs(traffic, made), *_of_watchers(traffic, made)) if flow.per_second)


def demands(traffic: Traffic) -> dict[str, float]:
    """What the load takes of each quota each second, by the quota's name."""
    taken: dict[str, float] = {}
    for flow in flows(traffic):
        for name, units in flow.units.items():
            taken[name] = taken.get(name, 0) + flow.per_second * units
    return taken


def limits(traffic: Traffic, granted: Mapping[str, float] = {}) -> dict[str, float]:
    """The quotas by name: AWS's defaults, or what the account was granted. The bridge's limit is ours."""
    return {
        **{quota.name: quota.value for quota in ALL},
        STREAMS: traffic.bridge_tasks * BRIDGE_CONNECTIONS,
        **granted,
    }


def check_interval(gap: float, poll: float = POLL_SECONDS) -> float:
    """Seconds between two position checks of a client, if statuses come every `gap` seconds.

    `poll` is the interval while statuses come. The client checks a quiet job less often.
    """
    attentive = poll * _TIMING.quiet_after
    often = min(gap, attentive) / poll
    seldom = max(0.0, gap - attentive) / (poll * _TIMING.quiet_poll / _TIMING.poll)
    return gap / (often + seldom)


def bridge_read_units(gap: float) -> float:
    """Read units an hour of one task for one job whose commits come every `gap` seconds.

    They are those of the next faster job that was counted, so rather too many.
    """
    counted = [units for seconds, units in BRIDGE_READ_UNITS.items() if seconds <= gap]
    return min(counted, default=max(BRIDGE_READ_UNITS.values()))


def _of_jobs(traffic: Traffic, made: Operations) -> Iterator[Flow]:
    job, rate = traffic.job, traffic.jobs_per_second
    of_the_end = HISTORY_UNITS * (job.agents + 1)
    writes = made.write_units - INDEX_UNITS - of_the_end
    # A look that finds no session of the user looks for the tenant's operators as well.
    found = traffic.watched_jobs / traffic.running if traffic.running and not traffic.bridge_tasks else 0
    audience = SESSION_READ * (2 - found)
    starts: dict[str, float] = {}
    if traffic.step_functions:
        starts = {"executions": 1, "state-transitions": job.statuses + job.agents}
    yield Flow(name=STARTS, per_second=rate if starts else 0, units=starts)
    yield Flow(
        name=COMMITS,
        per_second=rate * made.commits,
        units={
            "queue-requests": 1,
            "account-concurrency": BILLED_SECONDS,
            "mapping-concurrency": BILLED_SECONDS,
            "function-scaling": BILLED_SECONDS,
            "mapping-scaling": BILLED_SECONDS,
            "table-writes": writes / made.commits,
            "warm-throughput": writes / made.commits,
            "tenant-index": INDEX_UNITS_OF_STATE / made.commits / traffic.tenants,
            "tenant-session-reads": audience / traffic.tenants,
        },
    )
    histories = traffic.tenants * traffic.workflows
    yield Flow(
        name=SAMPLES,
        per_second=rate,
        units={
            "table-writes": of_the_end,
            "warm-throughput": of_the_end,
            "workflow-history": of_the_end / histories,
        },
        waits=False,
    )
    yield Flow(name=EVENTS, per_second=rate * JOB_EVENTS * job.event_buses, units={"bus-events": 1})


def _of_watchers(traffic: Traffic, made: Operations) -> Iterator[Flow]:
    if traffic.bridge_tasks:
        yield from _of_the_bridge(traffic, made)
        return
    if not traffic.watchers or not traffic.running:
        return
    job = traffic.job
    each = 1 / traffic.tenants
    seconds = 60 * job.minutes
    if traffic.crowd:
        pushes = JOB_STATUSES_PER_SECOND / (1 if job.plain else job.batch)
        each = 1  # the tenant of the one job
    else:
        pushes = traffic.watched_jobs * made.pushes / seconds
    delivered = made.deliveries / made.pushes * traffic.watchers / traffic.watched_jobs
    yield Flow(
        name=PUSHES,
        per_second=pushes,
        units={"request-tokens": 1, "inbound-messages": 1, "outbound-messages": delivered},
        waits=False,
        after=COMMITS,
    )
    page = math.ceil(min(job.statuses, UPDATES_PER_PAGE) * STATUS_BYTES / READ_BYTES)
    yield Flow(
        name=JOINS,
        per_second=traffic.watchers / seconds,
        units={
            "connections": 1,
            "request-tokens": JOIN_READS + JOIN_CHECKS,
            "table-reads": JOIN_READS * (1 + page) + JOIN_CHECKS,
            "session-table-writes": 1 + JOIN_CHECKS,
            "tenant-session-writes": (1 + JOIN_CHECKS) * each,
            "tenant-session-reads": (1 + JOIN_READS + JOIN_CHECKS) * each,
        },
    )
    gap = traffic.watched_jobs / pushes
    yield Flow(
        name=CHECKS,
        per_second=traffic.watchers / check_interval(gap, traffic.poll),
        units={
            "request-tokens": 1,
            "table-reads": 1,
            "session-table-writes": 1,
            "tenant-session-writes": each,
            "tenant-session-reads": each,
        },
        waits=False,
    )
    yield Flow(name=RENEWALS, per_second=traffic.watchers / TOKEN_SECONDS, units={"logins": 1})


def _of_the_bridge(traffic: Traffic, made: Operations) -> Iterator[Flow]:
    """Its clients hold connections; each task reads each job that one of its clients watches."""
    tailed = min(traffic.watchers, traffic.watched_jobs * traffic.bridge_tasks)
    job = traffic.job
    gap = job.batch / JOB_STATUSES_PER_SECOND if traffic.crowd else 60 * job.minutes / made.commits
    reads = bridge_read_units(gap) / 3_600
    yield Flow(name="bridge reads", per_second=tailed, units={"table-reads": reads}, waits=False)
    yield Flow(name=STREAMS, per_second=traffic.watchers, units={STREAMS: 1}, waits=False)
    yield Flow(name=RENEWALS, per_second=traffic.watchers / TOKEN_SECONDS, units={"logins": 1})
