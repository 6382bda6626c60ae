"""For tests of code that reports statuses: no network, and everything it said in one list.

from status_utils.testing import recorded

def test_the_agent_finds_the_street():
    with recorded() as statuses:
        handler(event, None)
    assert statuses.words() == ["agent_invoking", "calling_tool", "tool_complete", "agent_complete"]
    assert statuses.snapshot("job-1")["agents"][0]["status"] == "success"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, overload

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.job_view import job_view

from .defaults import replaced
from .sending.senders import sender_for
from .transports.memory_transport import MemoryTransport

__all__ = ["MemoryTransport", "Recording", "recorded"]

_SECONDS = 30.0
"""How long a look at the statuses waits for those that are on their way; in memory that is no time."""


class Recording(Sequence[Mapping[str, Any]]):
    """The statuses that were sent, in order, as the wire has them (camelCase, metadata as JSON text).

    >>> statuses[0]["agentName"]
    'Geo Agent'
    """

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport

    def words(self, agent_name: str | None = None) -> list[str]:
        """The words that were said, by one agent or by all; without heartbeats, which depend on time."""
        return [
            status["status"]
            for status in self._all()
            if agent_name in (None, status.get("agentName")) and status["status"] != "heartbeat"
        ]

    def messages(self, agent_name: str | None = None) -> list[str]:
        """What people read, in order."""
        return [status["message"] for status in self._all() if agent_name in (None, status.get("agentName"))]

    def snapshot(self, job_id: str) -> dict[str, Any]:
        """The job as `getJob` answers, from the real pipeline on a log in memory.

        Raises KeyError for a job of which nothing was said.
        """
        journal = MemoryJournal()
        pipeline = Pipeline(journal=journal, sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster())
        for number, payload in enumerate(self._sent()):
            pipeline.publish(payload, batch_id=f"recording-{number}", deadline=float("inf"), pushing=False)
        job = journal.snapshot(job_id)
        if job is None:
            raise KeyError(job_id)
        return job_view(job)

    def _sent(self) -> list[dict[str, Any]]:
        sender_for(self.transport).flush(_SECONDS, patient=True)
        return self.transport.sent

    def _all(self) -> list[Mapping[str, Any]]:
        return [status for payload in self._sent() for status in payload["updates"]]

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        return self._all()[index]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


@contextmanager
def recorded() -> Iterator[Recording]:
    """Keep what is sent, in all threads, instead of sending it; what names a transport still goes there."""
    transport = MemoryTransport()
    with replaced(transport):
        yield Recording(transport)
