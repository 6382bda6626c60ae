"""One real-time subscriber that records the time of each status."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

SUBSCRIPTION = """
subscription($userId: ID!) {
  onStatusUpdate(userId: $userId, joined: true) { jobId eventId earlier { eventId } }
}
"""
ACK_SECONDS = 20.0


class Watcher:
    """A user's subscription. `with Watcher(url, user_id, token) as watcher: watcher.wait_for(...)`"""

    def __init__(self, realtime_url: str, user_id: str, token: str) -> None:
        authorization = {"host": urlsplit(realtime_url).netloc, "Authorization": token}
        header = base64.urlsafe_b64encode(json.dumps(authorization).encode()).decode().rstrip("=")
        self._connection = connect(
            realtime_url, subprotocols=[Subprotocol("graphql-ws"), Subprotocol(f"header-{header}")]
        )
        self._arrivals: dict[tuple[str, str], float] = {}
        self._changed = threading.Condition()
        self._send({"type": "connection_init"})
        self._expect("connection_ack")
        operation = json.dumps({"query": SUBSCRIPTION, "variables": {"userId": user_id}})
        payload = {"data": operation, "extensions": {"authorization": authorization}}
        self._send({"id": str(uuid.uuid4()), "type": "start", "payload": payload})
        self._expect("start_ack")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._reader.join()

    def wait_for_event(self, job_id: str, event_id: str, *, seconds: float) -> float | None:
        """The time (perf_counter) of this status; None if it did not arrive within `seconds`."""
        return self._wait(lambda: self._arrivals.get((job_id, event_id)), seconds)

    def wait_for_job(self, job_id: str, *, seconds: float) -> float | None:
        """The time of this job's first status."""
        return self._wait(
            lambda: min((at for (job, _), at in self._arrivals.items() if job == job_id), default=None),
            seconds,
        )

    def _wait(self, look: Callable[[], float | None], seconds: float) -> float | None:
        deadline = time.monotonic() + seconds
        with self._changed:
            while (found := look()) is None and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
        return found

    def _read(self) -> None:
        try:
            for frame in self._connection:
                now = time.perf_counter()
                message = json.loads(frame)
                if message["type"] == "data":
                    self._note(message["payload"]["data"]["onStatusUpdate"], now)
        except ConnectionClosed:
            return

    def _note(self, update: dict[str, Any], now: float) -> None:
        with self._changed:
            for one in (update, *(update["earlier"] or ())):
                self._arrivals.setdefault((update["jobId"], one["eventId"]), now)
            self._changed.notify_all()

    def _send(self, frame: dict[str, Any]) -> None:
        self._connection.send(json.dumps(frame))

    def _expect(self, kind: str) -> None:
        while (frame := json.loads(self._connection.recv(ACK_SECONDS)))["type"] != kind:
            if frame["type"] != "ka":
                raise RuntimeError(f"expected {kind}, got {frame}")
