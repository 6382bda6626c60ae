"""The costs of a load on AWS, from the deployment's operations for one job.

The operations are those that docs/explanation/cost.md counts; a test holds the formula to them. Prices are
list prices of us-east-1, without free tiers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from statusbeam.model.prices import Prices
from statusbeam.model.settings import PUBLISHER_MEMORY_MB

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


def bill(load: Load, prices: Prices = Prices()) -> list[Item]:
    """The bill of a month, without the fixed costs of alarms, keys and the bridge."""
    made = commits(load)
    statuses_each = load.statuses / made
    touched = min(load.agents, math.ceil(statuses_each))
    writes = made * write_units(0, touched) + 2 * load.statuses + INDEX_UNITS
    writes += HISTORY_UNITS * (load.agents + 1)
    reads = made * SESSION_READ * (1 if load.watchers else 2)
    pushes = 0 if not load.watchers else load.statuses if load.plain else made
    size = STATUS_BYTES * (1 if load.plain else statuses_each)
    deliveries = pushes * load.watchers * math.ceil(size / DELIVERY_BYTES)
    stored = _stored_gigabytes(load, made)

    def item(name: str, count: float, price: float) -> Item:
        return Item(name, load.jobs * count, load.jobs * count * price / 1e6)

    return [
        item("queue requests", made * QUEUE_REQUESTS, prices.fifo_request),
        item("publisher invocations", made, prices.invocation),
        item("publisher GB-seconds", made * MEMORY_GB * BILLED_SECONDS, prices.gb_second),
        item("table write units", writes, prices.write_unit),
        item("table read units", reads, prices.read_unit),
        item("mutations", pushes, prices.mutation),
        item("deliveries", deliveries, prices.delivery),
        item("connection minutes", load.watchers * load.minutes, prices.connection_minute),
        Item("stored GB", stored, stored * prices.gigabyte_month),
    ]


def _stored_gigabytes(load: Load, made: int) -> float:
    """The data stored at any time: the log, the snapshots and the markers, each for its retention."""
    log = load.statuses * STATUS_BYTES * LOG_DAYS
    snapshots = (1 + load.agents) * STATUS_BYTES * JOB_DAYS
    markers = made * MARKER_BYTES * MARKER_DAYS
    return load.jobs / MONTH_DAYS * (log + snapshots + markers) / _GIGABYTE
