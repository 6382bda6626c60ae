"""For tests of code that reports statuses: no network, and every status in one list.

    from status_utils.testing import recorded

    def test_the_agent_finds_the_street():
        with recorded() as recording:
            handler(event, None)
        assert recording.statuses() == ["agent_invoking", "calling_tool", "tool_complete", "agent_complete"]
        assert recording.snapshot("job-1")["agents"][0]["status"] == "success"

Nothing leaves the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from statusbeam.model.errors import InvalidStatusError

from .defaults import override_cancel_requests, override_transport
from .sending.refused import Refused, collect_refused
from .sending.senders import flush_transport
from .transports.memory_cancel_requests import MemoryCancelRequests
from .transports.memory_transport import MemoryTransport

if TYPE_CHECKING:
    from statusbeam.log.journal.memory import MemoryJournal

__all__ = ["MemoryTransport", "Recording", "Refused", "recorded"]

_FLUSH_SECONDS = 30.0
"""How long a read waits for statuses that are still queued; in memory that takes no time."""


class Recording(Sequence[Mapping[str, Any]]):
    """The sent statuses in order, by the schema's names (camelCase, metadata as JSON text).

    >>> recording[0]["agentName"]
    'Geo Agent'
    """

    def __init__(
        self, transport: MemoryTransport, cancel_requests: MemoryCancelRequests, refused: list[Refused]
    ) -> None:
        self.transport = transport
        self._cancel_requests = cancel_requests
        self._refused = refused

    def statuses(self, agent_name: str | None = None) -> list[str]:
        """The field `status` of each, of one agent or of all; without heartbeats, which depend on time."""
        return [
            update["status"]
            for update in self._updates()
            if agent_name in (None, update.get("agentName")) and update["status"] != "heartbeat"
        ]

    def messages(self, agent_name: str | None = None) -> list[str]:
        """The field `message` of each, of one agent or of all."""
        return [
            update["message"] for update in self._updates() if agent_name in (None, update.get("agentName"))
        ]

    def request_cancel(self, job_id: str) -> None:
        """Ask for the job to be cancelled, as `cancelJob` does: its scopes see `cancel_requested`."""
        self._cancel_requests.job_ids.add(job_id)

    def snapshot(self, job_id: str, *, tenant_id: str | None = None) -> dict[str, Any]:
        """The job as `getJob` returns it: the publisher's pipeline runs in memory.

        Without `tenant_id` it is the job of the tenant that reported a job of this id first. Raises KeyError
        for a job without a status.
        """
        journal, _ = self._published()
        from statusbeam.log.snapshot.job_view import job_view  # noqa: PLC0415 - see `_published`
        from statusbeam.model.job_key import JobKey  # noqa: PLC0415

        tenants = (update["tenantId"] for update in self if update["jobId"] == job_id)
        job = journal.snapshot(JobKey(tenant_id or next(tenants, ""), job_id))
        if job is None:
            raise KeyError(job_id)
        return job_view(job)

    @property
    def refused(self) -> Sequence[Refused]:
        """The statuses that the library or the publisher refused, each with its error.

        >>> [(refused.status["status"], refused.error.code) for refused in recording.refused]
        [('validating', 'bad_characters')]
        """
        _, by_publisher = self._published()
        return [*self._refused, *by_publisher]

    def _published(self) -> tuple[MemoryJournal, list[Refused]]:
        """The publisher's journal of the sent statuses, and the statuses that it refused."""
        # The layer carries no statusbeam.log: a function's tests have it, the function does without.
        from statusbeam.log.journal.memory import MemoryJournal  # noqa: PLC0415
        from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore  # noqa: PLC0415
        from statusbeam.log.publishing.pipeline import Pipeline  # noqa: PLC0415
        from statusbeam.log.publishing.receiver_clock import sent_at  # noqa: PLC0415

        journal, refused = MemoryJournal(), list[Refused]()
        pipeline = Pipeline(journal=journal, sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster())
        for number, payload in enumerate(self._payloads()):
            result = pipeline.publish(
                payload,
                batch_id=f"recording-{number}",
                deadline=float("inf"),
                pushing=False,
                received_at=sent_at(payload),  # a test may read it long afterwards
            )
            for found in result["rejected"]:
                error = InvalidStatusError(found["message"], code=found["code"], field=found["field"])
                refused.append(Refused(payload["updates"][found["index"]], error))
        return journal, refused

    def _payloads(self) -> list[dict[str, Any]]:
        flush_transport(self.transport, _FLUSH_SECONDS)
        return self.transport.sent

    def _updates(self) -> list[Mapping[str, Any]]:
        return [update for payload in self._payloads() for update in payload["updates"]]

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        return self._updates()[index]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._updates())

    def __len__(self) -> int:
        return len(self._updates())


@contextmanager
def recorded(*, strict: bool = False) -> Iterator[Recording]:
    """Record what all threads report, instead of sending it. `transport=` arguments stay in effect.

    With `strict`, the end of the block raises the error of the first status that was refused.
    """
    transport, cancel_requests = MemoryTransport(), MemoryCancelRequests()
    with (
        override_transport(transport),
        override_cancel_requests(cancel_requests),
        collect_refused() as refused,
    ):
        recording = Recording(transport, cancel_requests, refused)
        yield recording
        if strict:
            _raise_first(recording.refused)


def _raise_first(refused: Sequence[Refused]) -> None:
    if refused:
        error = refused[0].error
        error.add_note(f"of {len(refused)} refused statuses the first: {dict(refused[0].status)}")
        raise error
