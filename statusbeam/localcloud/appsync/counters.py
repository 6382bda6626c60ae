"""The data plane's counters. GET /_localcloud/stats shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


class Dropped:
    """Why a push did not reach a subscriber."""

    OVERSIZE = "oversize"
    FAULT = "fault"
    FAILED = "failed"  # `matches` or `encode` of the subscription raised


@dataclass(slots=True)
class Counters:
    """Numbers since the start of the data plane; `connections` and `subscriptions` are the ones open now."""

    http_requests: int = 0
    connections: int = 0
    connections_opened: int = 0
    connections_refused: int = 0
    slow_consumers: int = 0  # connections closed because their backlog exceeded the limit
    subscriptions: int = 0
    subscriptions_opened: int = 0
    published: int = 0
    delivered: int = 0  # pushes queued for a socket, not necessarily read
    dropped: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, in camelCase: `{"connections": 2, ..., "dropped": {"oversize": 1}}`."""
        return {
            "httpRequests": self.http_requests,
            "connections": self.connections,
            "connectionsOpened": self.connections_opened,
            "connectionsRefused": self.connections_refused,
            "slowConsumers": self.slow_consumers,
            "subscriptions": self.subscriptions,
            "subscriptionsOpened": self.subscriptions_opened,
            "published": self.published,
            "delivered": self.delivered,
            "dropped": dict(self.dropped),
        }
