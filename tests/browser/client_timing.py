"""The timeouts of the page's client, taken from the built client itself."""

from __future__ import annotations

import functools
import json
import subprocess

from tests.browser.own_site import built_client
from tests.e2e.node_client import node
from tests.e2e.waiting import DEADLINE_SECONDS

PRINT = "import { TIMING } from './index.js'; console.log(JSON.stringify(TIMING));"


@functools.cache
def longest_ms(wait: str) -> int:
    """At least as long as this wait of `TIMING` may take, in milliseconds.

    Some waits vary by a fifth, and timers of many jobs are aligned: twice the wait covers both.
    """
    return int(2 * _timing()[wait])


@functools.cache
def _timing() -> dict[str, float]:
    printed = subprocess.run(
        [node(), "--input-type=module", "--eval", PRINT],
        cwd=built_client(),
        check=True,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    timing: dict[str, float] = json.loads(printed.stdout)
    return timing
