"""The port of a protocol's client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlsplit

import httpx

from ..observed import Ending, Join, Received

Receive = Callable[[Received], None]

JOB = "{job_id}"
"""The placeholder for the job's id in an address."""
HTTP_TIMEOUT = httpx.Timeout(10, read=None)
"""No read timeout, because streams may be silent. The kit ends a connection that takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request with an impossible cursor, or an invalid one."""

    job_id: str
    after: str | None
    wants_verdict: bool
    """True: the server must send a verdict and a snapshot. False: it must refuse the request."""
    what: str


class Dialect(Protocol):
    """A client of one protocol, for one server."""

    name: str
    joins: Join
    resumes: bool
    """Whether a client can resume with a cursor."""

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:
        """Follow a job until the server ends the connection."""
        ...

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:
        """Requests with impossible or invalid cursors. `cursor` is a valid cursor of the job."""
        ...


def address(url: str, path: str, job_id: str = "") -> str:
    """The address of a request: `path` applies if the URL has no path.

    >>> address("https://status.example.com", "/jobs/{job_id}/events", "job-1")
    'https://status.example.com/jobs/job-1/events'
    >>> address("https://status.example.com/of/{job_id}", "/jobs/{job_id}/events", "job-1")
    'https://status.example.com/of/job-1'
    """
    base = url.rstrip("/") + path if urlsplit(url).path in ("", "/") else url
    return base.replace(JOB, quote(job_id, safe=""))


def authorization(token: str | None) -> Mapping[str, str]:
    """The header with the token."""
    return {"authorization": f"Bearer {token}"} if token else {}


def impossible_cursors(job_id: str, cursor: str | None) -> Sequence[Probe]:
    """Cursors `epoch:sequence` of another log, and of a status that does not exist."""
    epoch, separator, sequence = (cursor or "").partition(":")
    if not separator or not sequence.isdigit():
        return ()
    other = "0" + epoch if len(epoch) < 32 else epoch[1:]  # at most 32 digits
    cursors = {"another epoch": f"{other}:{sequence}", "a future status": f"{epoch}:{int(sequence) + 1000}"}
    return [
        Probe(job_id=job_id, after=after, wants_verdict=True, what=what) for what, after in cursors.items()
    ]
