"""The transport in memory, for tests of code that reports statuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from statusbeam.model.validation import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryTransport:
    """Keeps every payload in `sent`, as the publisher would parse it from JSON."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send."""
        self.sent.append(json.loads(json_text(payload)))
