"""The input of an agent, its working time, and its token counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examples.street_fair.city import FairError

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
LARGEST_FAIR = 100_000
SLOWEST_PACE = 10.0
_CHARACTERS_A_TOKEN = 4

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FairCall:
    """The input of one agent: the application for a fair.

    `pace` sets the duration of the demo: 1 takes about half a minute, 0 takes no extra time.
    The first `weather_failures` attempts of the weather agent fail. `attempt` counts from 0, as Step
    Functions does. `findings` has the earlier agents' findings, by agent.
    """

    job_id: str
    user_id: str
    tenant_id: str
    street: str
    month: int
    visitors: int
    pace: float = 1.0
    weather_failures: int = 0
    attempt: int = 0
    findings: Mapping[str, Mapping[str, Any]]
    approval: Mapping[str, Any]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> FairCall:
        """Read the state machine's event. Raises KeyError for a missing field, FairError for a wrong one."""
        job, month, visitors = event["job"], int(event["job"]["month"]), int(event["job"]["visitors"])
        if not 1 <= month <= len(MONTHS):
            raise FairError("The month must be from 1 to 12.")
        if not 1 <= visitors <= LARGEST_FAIR:
            raise FairError(f"A fair has from 1 to {LARGEST_FAIR} visitors.")
        return cls(
            job_id=job["jobId"],
            user_id=job["userId"],
            tenant_id=job["tenantId"],
            street=str(job["street"]),
            month=month,
            visitors=visitors,
            pace=min(max(float(job.get("pace", 1)), 0.0), SLOWEST_PACE),
            weather_failures=int(job.get("weatherFailures", 0)),
            attempt=int(event["attempt"]),
            findings={one["agent"]: one for one in (*event.get("findings", ()), *_permit_in(event))},
            approval=event.get("approval", {}),
        )

    @property
    def owner(self) -> dict[str, Any]:
        """The job and its owner, as arguments of `status_utils.job`."""
        return {"job_id": self.job_id, "user_id": self.user_id, "tenant_id": self.tenant_id}

    @property
    def month_name(self) -> str:
        """The month in words."""
        return MONTHS[self.month - 1]


def _permit_in(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [event["permit"]] if "permit" in event else []


class Pace:
    """Waits as long as an agent would work."""

    def __init__(self, pace: float, sleep: Sleep = time.sleep) -> None:
        self._pace = pace
        self._sleep = sleep

    def spend(self, seconds: float) -> None:
        """Wait for these seconds at pace 1."""
        if self._pace > 0:
            self._sleep(seconds * self._pace)


def tokens_in(*texts: str) -> int:
    """The approximate number of a model's tokens in the texts."""
    return sum(-(-len(text) // _CHARACTERS_A_TOKEN) for text in texts)
