"""Detects when gql is subscribed: gql hides the acknowledgment, but logs every frame."""

from __future__ import annotations

import asyncio
import logging
from typing import Self


class StartAck(logging.Handler):
    """Listens to gql's log while it is entered: `seen` is set by the start_ack."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen = asyncio.Event()
        self._logger = logging.getLogger("gql.transport")
        self._level = self._logger.level

    def __enter__(self) -> Self:
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Look for the frame."""
        if '"start_ack"' in record.getMessage():
            self.seen.set()
