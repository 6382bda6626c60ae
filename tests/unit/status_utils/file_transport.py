"""A transport that several processes share: it writes payloads to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class FileTransport:
    """Picklable, unlike one that holds a connection."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, payload: Mapping[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(f"{json.dumps(payload)}\n")

    def statuses(self) -> list[dict[str, Any]]:
        """The payloads that all processes have sent."""
        payloads = map(json.loads, self.path.read_text().splitlines())
        return [status for payload in payloads for status in payload["updates"]]
