"""The switches that make the running localcloud's API as unreliable as AppSync can be."""

from __future__ import annotations

import json
import urllib.request
from urllib.parse import urljoin

from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from tests.e2e.waiting import DEADLINE_SECONDS


class FaultBoard:
    """Turns faults on and off. `statusbeam/localcloud/appsync/realtime/faults.py` lists them."""

    def __init__(self, url: str) -> None:
        self._url = urljoin(url, FAULTS_PATH)

    def switch(self, **switches: float) -> None:
        """Turn these switches, named as on the wire: dropAfterStartAck, drop, duplicate, reorder."""
        self._post(switches)

    def close_sockets(self) -> None:
        """Close every socket, as the service does when it goes away."""
        self._post({"closeAll": 1001})

    def reset(self) -> None:
        """Everything off."""
        self._post({"reset": True})

    def _post(self, changes: dict[str, float]) -> None:
        request = urllib.request.Request(
            self._url, json.dumps(changes).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            answer.read()
