"""The cost of redaction, for a typical status, and by length for everyday and hostile texts.

    python -m benchmarks.redaction

Prints microseconds of CPU for each kind of status and MB/s from 1 kB to 10 MB. Also prints the exponent of
the growth between 10 kB and 100 kB, which is 1 if it is linear. Texts above REDACTED_LENGTH are cut, then
searched.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

from statusbeam.model.redaction.budget import Budget
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.redaction.walk import Walk

PROSE = (
    "Found 3 matching restaurants near the office; the second one is open until 22:00 and has vegetarian "
    "dishes. The agent checked the opening hours, the distance (1.2 km) and the ratings (4.5 of 5, "
    "312 reviews) and proposes to book a table for four people at 19:30. Next step: ask the user. "
)
METADATA = {
    "tokenUsage": {"inputTokens": 1200, "outputTokens": 340},
    "plan": ["geo", "weather", "synthesis"],
    "places": [{"name": "Elm Street", "id": "550e8400-e29b-41d4-a716-446655440000", "lat": 52.52}],
    "url": "https://example.com/places?id=12",
}
TEXTS = {
    "prose": PROSE,
    "log lines": "2026-11-28 19:18:45,123 INFO [main] com.example.App - request 9f86d081884c took 45 ms\n",
    "configuration": "db.host=db1\ndb.user=app\ndb.password=" + "blue42\nsort_key: createdAt\n",
    "names": "password:",
    "addresses": "://a:",
    "digits": "4111 ",
    "base64": "QUFB",
    "open JSON": '{"a":',
}
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def main() -> int:
    redactor = Redactor()
    status = {"jobId": "j", "message": PROSE, "agentName": "Geo Agent", "metadata": METADATA}
    for title, call in (
        ("a message of 30 characters", lambda: redactor.text(PROSE[:30])),
        (f"a message of {len(PROSE)} characters", lambda: redactor.text(PROSE)),
        ("a status with metadata", lambda: redactor.entry(status)),
    ):
        print(f"{title:40} {1e6 * _seconds(call, 500):10.1f} µs")
    print(f"\n{'MB/s':24}" + "".join(f"{size:>12,}" for size in SIZES) + f"{'exponent':>12}")
    for title, unit in TEXTS.items():
        times = [_seconds(_searching((unit * (size // len(unit) + 1))[:size]), 1) for size in SIZES]
        rates = "".join(f"{size / seconds / 1e6:12.2f}" for size, seconds in zip(SIZES, times, strict=True))
        print(f"{title:24}{rates}{math.log10(times[2] / times[1]):12.2f}")
    return 0


def _searching(text: str) -> Callable[[], Any]:
    return lambda: Walk(budget=Budget(10**12)).text(text)


def _seconds(call: Callable[[], Any], times: int) -> float:
    call()
    best = math.inf
    for _ in range(3):
        start = process_time()
        for _ in range(times):
            call()
        best = min(best, (process_time() - start) / times)
    return max(best, 1e-9)


if __name__ == "__main__":
    sys.exit(main())
