"""Faults on the way of a status: in the connection, the sending and the delivery.

Each check looks at facts and gives a finding, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .facts import Facts, ProbeFacts
from .findings import (
    MISSING,
    Finding,
    Kind,
    denied_secret,
    is_denied_secret,
    missing_publisher,
    missing_queue,
)
from .measures import Measures


def connection(facts: Facts) -> Finding | None:
    """The real-time connection does not open."""
    failure = facts.probe.connect_failure if facts.probe else None
    if failure is None:
        return None
    if is_denied_secret(failure):
        return denied_secret()
    if failure.code == "TokenRefusedError":
        return Finding(
            "view_tokens_refused",
            Kind.BROKEN,
            "The API refuses view tokens that are signed with the stack's own secret.",
            "Look into the authorizer's log group. If the secret was replaced, deploy the stack again.",
        )
    return Finding(
        "realtime_unreachable",
        Kind.OUT_OF_REACH,
        f"The API answers, but its real-time connection does not open: {failure.message}",
        "Allow WebSockets (wss, port 443) to the output RealtimeUrl in proxies and firewalls.",
    )


def sending(facts: Facts) -> Finding | None:
    """The queue or Lambda does not accept the statuses of the probe."""
    probe = facts.probe
    failure = probe.send_failure if probe else None
    if probe is None or failure is None:
        return None
    is_queue = probe.transport == "queue"
    where = "queue" if is_queue else "publisher"
    if failure.code in MISSING:
        return missing_queue() if is_queue else missing_publisher()
    if failure.is_denied:
        action = "sqs:SendMessage" if is_queue else "lambda:InvokeFunction"
        return Finding(
            "send_denied",
            Kind.NOT_ALLOWED,
            f"The AWS credentials may not send a status to the {where}.",
            f"Grant {action} on the {where}, as `Statusbeam.grant_report` does for agents.",
        )
    return Finding(
        "send_failed",
        Kind.OUT_OF_REACH,
        f"The {where} does not accept statuses: {failure.message}",
        "Check the network, and the AWS Health Dashboard for SQS and Lambda.",
    )


def delivery(facts: Facts) -> Finding | None:
    """Statuses of the probe were not stored, not pushed, or not received."""
    probe = facts.probe
    found = probe.measures if probe else None
    if probe is None or found is None:
        return None
    return next((finding for check in _DELIVERY if (finding := check(probe, found))), None)


def _not_committed(probe: ProbeFacts, found: Measures) -> Finding | None:
    missing = found.sent - found.committed
    if not missing:
        return None
    accepted = "the queue" if probe.transport == "queue" else "Lambda"
    return Finding(
        "not_committed",
        Kind.OUT_OF_REACH,
        f"{missing} of {found.sent} statuses are not in the table: {accepted} accepted them, and the "
        "publisher has not stored them yet.",
        "Check the age of the queue's oldest message and `statusbeam queue peek`, then the publisher's log "
        "group.",
    )


def _lost(_: ProbeFacts, found: Measures) -> Finding | None:
    if not found.lost:
        return None
    return Finding(
        "statuses_lost",
        Kind.LOST,
        f"{found.lost} of {found.committed} stored statuses did not reach the client.",
        "Call doctor again. If it repeats, check InboundMessageDropped and the API's 5XX metrics.",
    )


def _no_pushes(_: ProbeFacts, found: Measures) -> Finding | None:
    if found.pushed or not found.received:
        return None
    return Finding(
        "no_pushes",
        Kind.BROKEN,
        "No push arrives: the client reads every status from the log.",
        "Check the publisher's metric PushesGivenUp, and the subscription metrics of the API.",
    )


_DELIVERY: Final[tuple[Callable[[ProbeFacts, Measures], Finding | None], ...]] = (
    _not_committed,
    _lost,
    _no_pushes,
)
