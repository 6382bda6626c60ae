"""What AWS charges for one operation: list prices of us-east-1, without free tiers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million, but for storage and metrics."""

    write_unit: float = 0.625
    read_unit: float = 0.125
    mutation: float = 4.0
    delivery: float = 2.0
    connection_minute: float = 0.08
    invocation: float = 0.2
    gb_second: float = 13.3334  # arm64
    fifo_request: float = 0.5
    queue_request: float = 0.4
    bus_event: float = 1.0
    gigabyte_month: float = 0.25  # dollars
    metric_month: float = 0.3  # dollars, for each of the first 10,000 custom metrics
