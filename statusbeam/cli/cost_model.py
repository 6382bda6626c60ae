"""The costs of a load on AWS, from the deployment's operations for one job.

The operations are those that docs/explanation/cost.md counts; a test holds the formula to them. Prices are
list prices of us-east-1, without free tiers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from statusbeam.client.doctor.examination import PROBE_STATUSES
from statusbeam.model.prices import Prices
from statusbeam.model.settings import CANARY_MEMORY_MB, NOTIFICATION_MEMORY_MB, PUBLISHER_MEMORY_MB
from statusbeam.notifications.lease_check import FIRST_DELAY

MEMORY_GB: Final = PUBLISHER_MEMORY_MB / 1024
BILLED_SECONDS: Final = 0.02
"""The duration of one invocation of the publisher: three calls to services in its region."""
QUEUE_REQUESTS: Final = 3
"""Send, receive and delete, of a message that travels alone."""
SESSION_READ: Final = 1.0
"""Read units of a look for connected clients, once a commit; two units without a client."""
DELIVERY_BYTES: Final = 5_000
"""One real-time update of AppSync's price list."""
STATUS_BYTES: Final = 600
"""The size of a status, in the table and in a push."""
INDEX_UNITS: Final = 8
"""Write units of both indexes for one job, from its beginning to its end."""
HISTORY_UNITS: Final = 2
"""Write units a step of a completed job, and once for its end."""
READ_BYTES: Final = 4_096
"""One read unit."""
JOB_EVENTS: Final = 2
"""Events of one job that channels get: its start and its end."""
NOTIFICATION_GB: Final = NOTIFICATION_MEMORY_MB / 1024
EVENT_SECONDS: Final = 0.02
"""The duration of one invocation that reads an event, or checks a lease: calls to services in its region."""
SEND_SECONDS: Final = 0.3
"""The duration of one HTTPS request to a webhook or to Slack."""
CANARY_GB: Final = CANARY_MEMORY_MB / 1024
PROBE_SECONDS: Final = 4
"""The duration of one probe, with the start of the SDK's clients."""
PROBE_READS: Final = 100
"""Read units of one probe: it reads its log every 20 ms, for some two seconds."""
PROBE_COMMITS: Final = PROBE_STATUSES + 2
"""Commits of one probe: the status to the publisher itself, those that it measures, and the end."""
PROBE_METRICS: Final = 4
"""Custom metrics of a canary."""
LOG_DAYS: Final = 7
JOB_DAYS: Final = 90
MARKER_DAYS: Final = 21
MARKER_BYTES: Final = 172
MONTH_DAYS: Final = 30.4
_GIGABYTE: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Jobs of one kind, in a month."""

    jobs: int
    statuses: int = 30
    """Of one job."""
    agents: int = 4
    """Of one job."""
    batch: int = 4
    """Statuses of one commit: a scope collects them during its last send."""
    watchers: int = 1
    """Clients that follow a job live. With 0, the publisher pushes nothing."""
    minutes: float = 5
    """How long a client is connected for a job."""
    webhooks: int = 0
    """Channels of this kind, which get all events of all tenants. So do the next two."""
    slack: int = 0
    """With a bot's token: one message a job, edited, and answers in its thread."""
    event_buses: int = 0
    canary_minutes: int = 0
    """The minutes between two probes of the canary; 0: there is none."""
    plain: bool = False
    """Whether a client does not read `earlier`: then each status is a push of its own."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill."""

    name: str
    count: float
    dollars: float


def commits(load: Load) -> int:
    """Commits of one job."""
    return math.ceil(load.statuses / load.batch)


def write_units(statuses: int, agents: int) -> int:
    """Write units of one commit: head, marker, statuses and touched agents, two each below a kilobyte."""
    return 2 * (2 + statuses + agents)


@dataclass(frozen=True, slots=True)
class Operations:
    """What AWS counts for one job, without notifications."""

    commits: int
    write_units: float
    read_units: float
    pushes: float
    deliveries: float


def operations(load: Load) -> Operations:
    """The operations of one job."""
    made = commits(load)
    statuses_each = load.statuses / made
    touched = min(load.agents, math.ceil(statuses_each))
    writes = made * write_units(0, touched) + 2 * load.statuses + INDEX_UNITS
    writes += HISTORY_UNITS * (load.agents + 1)
    reads = made * SESSION_READ * (1 if load.watchers else 2)
    pushes = 0 if not load.watchers else load.statuses if load.plain else made
    size = STATUS_BYTES * (1 if load.plain else statuses_each)
    deliveries = pushes * load.watchers * math.ceil(size / DELIVERY_BYTES)
    return Operations(made, writes, reads, pushes, deliveries)


def bill(load: Load, prices: Prices = Prices()) -> list[Item]:
    """The bill of a month, without the fixed costs of alarms, keys and the bridge."""
    made = operations(load)
    stored = _stored_gigabytes(load, made.commits)

    def item(name: str, count: float, price: float) -> Item:
        return Item(name, load.jobs * count, load.jobs * count * price / 1e6)

    return [
        item("queue requests", made.commits * QUEUE_REQUESTS, prices.fifo_request),
        item("publisher invocations", made.commits, prices.invocation),
        item("publisher GB-seconds", made.commits * MEMORY_GB * BILLED_SECONDS, prices.gb_second),
        item("table write units", made.write_units, prices.write_unit),
        item("table read units", made.read_units, prices.read_unit),
        item("mutations", made.pushes, prices.mutation),
        item("deliveries", made.deliveries, prices.delivery),
        item("connection minutes", load.watchers * load.minutes, prices.connection_minute),
        Item("stored GB", stored, stored * prices.gigabyte_month),
        *_notifications(load, item, prices),
        *_canary(load, prices),
    ]


def _notifications(load: Load, item: Callable[[str, float, float], Item], prices: Prices) -> Iterable[Item]:
    """What StatusNotifications adds. Lambda's reads of the table's stream are free."""
    channels = load.webhooks + load.slack + load.event_buses
    if not channels:
        return
    # The first check is at the possible end of the lease; a running job is checked again.
    checks = max(1, math.ceil(load.minutes * 60 / FIRST_DELAY))
    sent = JOB_EVENTS * channels
    # The first message of a job is one request to Slack. Each later one edits it, and answers in its thread.
    requests = JOB_EVENTS * load.webhooks + (2 * JOB_EVENTS - 1) * load.slack
    seconds = (JOB_EVENTS + checks + JOB_EVENTS * load.event_buses) * EVENT_SECONDS + requests * SEND_SECONDS
    log = math.ceil(load.statuses / commits(load) * STATUS_BYTES / READ_BYTES)
    snapshot = math.ceil((1 + load.agents) * STATUS_BYTES / READ_BYTES) + 1
    threads = JOB_EVENTS * load.slack
    yield item("notification queue requests", sent * QUEUE_REQUESTS, prices.fifo_request)
    yield item("lease queue requests", checks * QUEUE_REQUESTS, prices.queue_request)
    yield item("notification invocations", JOB_EVENTS + checks + sent, prices.invocation)
    yield item("notification GB-seconds", seconds * NOTIFICATION_GB, prices.gb_second)
    yield item("notification read units", JOB_EVENTS * log + checks * snapshot + threads, prices.read_unit)
    yield item("thread write units", load.slack, prices.write_unit)
    yield item("bus events", JOB_EVENTS * load.event_buses, prices.bus_event)


def _canary(load: Load, prices: Prices) -> Iterable[Item]:
    """What a canary adds, whatever the load is."""
    if not load.canary_minutes:
        return
    probes = MONTH_DAYS * 24 * 60 / load.canary_minutes
    job = Load(jobs=1, statuses=PROBE_COMMITS, agents=0, batch=1, minutes=PROBE_SECONDS / 60)
    jobs = sum(each.dollars for each in bill(job, prices)) + PROBE_READS * prices.read_unit / 1e6
    seconds = PROBE_SECONDS * CANARY_GB
    yield Item("probe jobs", probes, probes * jobs)
    yield Item("canary invocations", probes, probes * prices.invocation / 1e6)
    yield Item("canary GB-seconds", probes * seconds, probes * seconds * prices.gb_second / 1e6)
    yield Item("canary metrics", PROBE_METRICS, PROBE_METRICS * prices.metric_month)


def _stored_gigabytes(load: Load, made: int) -> float:
    """The data stored at any time: the log, the snapshots and the markers, each for its retention."""
    log = load.statuses * STATUS_BYTES * LOG_DAYS
    snapshots = (1 + load.agents) * STATUS_BYTES * JOB_DAYS
    markers = made * MARKER_BYTES * MARKER_DAYS
    return load.jobs / MONTH_DAYS * (log + snapshots + markers) / _GIGABYTE
