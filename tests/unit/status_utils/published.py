"""The payloads of a MemoryTransport, as the statuses and the snapshot for readers."""

from __future__ import annotations

from typing import Any

from status_utils import MemoryTransport, StatusType, StatusUpdate
from status_utils.sending.senders import sender_for
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_view import job_view
from tests.unit.statusbeam.log.snapshot.fold_cases import committed

_SECONDS = 30.0
"""How long to wait for what is on its way; in memory that is no time."""


def statuses(transport: MemoryTransport) -> list[StatusUpdate]:
    """Every status that was sent, in order, as the publisher reads it; without a slow run's heartbeats."""
    sender_for(transport).flush(_SECONDS, force_wait=True)
    read = [parse_payload(payload, batch_id="b", now=0.0) for payload in transport.sent]
    assert not [rejection for parsed in read for rejection in parsed.rejected]
    said = [update for parsed in read for update in parsed.updates]
    return [update for update in said if update.type is not StatusType.HEARTBEAT]


def snapshot(transport: MemoryTransport) -> dict[str, Any]:
    """The job as readers see it."""
    return job_view(fold(committed(statuses(transport))))
