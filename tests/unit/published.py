"""What a MemoryTransport was given, as the statuses and the snapshot that readers would see."""

from __future__ import annotations

from typing import Any

from status_utils import MemoryTransport, StatusUpdate
from status_utils.fold import fold
from status_utils.job_view import job_view
from status_utils.payload import parse_payload
from tests.unit.fold_cases import committed


def statuses(transport: MemoryTransport) -> list[StatusUpdate]:
    """Every status that was sent, in order, as the publisher reads it."""
    read = [parse_payload(payload, batch_id="b", now=0.0) for payload in transport.sent]
    assert not [rejection for parsed in read for rejection in parsed.rejected]
    return [update for parsed in read for update in parsed.updates]


def snapshot(transport: MemoryTransport) -> dict[str, Any]:
    """The job as readers see it."""
    return job_view(fold(committed(statuses(transport))))
