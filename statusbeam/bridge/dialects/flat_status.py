"""A job in the flat form that front ends poll: its agents by camelCase key.

>>> flat_status(job, session_id="session-1", now=time.time())["agents"]["geoAgent"]["status"]
'in-progress'
"""

from __future__ import annotations

import re
from typing import Any, Final

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view

from ..tail.cursor import Cursor

PENDING: Final = "pending"
"""The state of a session without a status, or of another user's session."""

_WORD: Final = re.compile(r"[^\W_]+")
_NO_USAGE: Final = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}


def flat_status(job: Job, *, session_id: str, now: float) -> dict[str, Any]:
    """The job as one object; a job without a status is pending."""
    view = job_view(job, now=now)
    known = job.head.sequence > 0
    left_out = ("agents", "sessionId", "expiresAt", "sequence", "epoch")
    return {
        **{name: value for name, value in view.items() if name not in left_out},
        "sessionId": session_id,
        "jobId": view["jobId"] if known else None,
        "overallStatus": view["overallStatus"] if known else PENDING,
        "progress": view["progress"] or 0,
        "totalTokenUsage": view["totalTokenUsage"] or _NO_USAGE,
        "agents": _by_key(view["agents"]),
        "cursor": str(Cursor.of(job.head)),
    }


def _by_key(agents: list[dict[str, Any]]) -> dict[str, Any]:
    """The agents by key, in order. A second agent with the same name is `geoAgent2`."""
    found: dict[str, Any] = {}
    for agent in agents:
        key = stem = camel_case(agent["name"])
        number = 1
        while key in found:
            number += 1
            key = f"{stem}{number}"
        found[key] = {
            **agent,
            "progress": agent["progress"] or 0,
            "tokenUsage": agent["tokenUsage"] or _NO_USAGE,
        }
    return found


def camel_case(name: str) -> str:
    """The name as a key: `Geo Agent`, `geo_agent` and `GeoAgent` are `geoAgent`."""
    words: list[str] = _WORD.findall(name)
    if not words:
        return name
    first, *others = words
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in others)
