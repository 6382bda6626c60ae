"""What can be wrong on the way of a status: the connection, the sending, and the delivery.

Each check looks at facts and gives a finding, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .facts import Facts, ProbeFacts
from .findings import GONE, Finding, Kind, denied_secret, gone_publisher, gone_queue, is_denied_secret
from .measures import Measures


def connection(facts: Facts) -> Finding | None:
    """The real-time connection does not come up."""
    failure = facts.probe.connect_failure if facts.probe else None
    if failure is None:
        return None
    if is_denied_secret(failure):
        return denied_secret()
    if failure.code == "TokenRefusedError":
        return Finding(
            "view_tokens_refused",
            Kind.BROKEN,
            "The API refuses view tokens that the stack's own secret has signed.",
            "Look into the authorizer's log group; deploy the stack again if its secret was replaced.",
        )
    return Finding(
        "realtime_unreachable",
        Kind.OUT_OF_REACH,
        f"The API answers, but its real-time connection does not come up: {failure.message}",
        "Let WebSockets (wss, port 443) to the output RealtimeUrl through proxies and firewalls.",
    )


def sending(facts: Facts) -> Finding | None:
    """The statuses of the probe could not be handed over."""
    probe = facts.probe
    failure = probe.send_failure if probe else None
    if probe is None or failure is None:
        return None
    is_queue = probe.transport == "queue"
    where = "queue" if is_queue else "publisher"
    if failure.code in GONE:
        return gone_queue("its address") if is_queue else gone_publisher("of the stack")
    if failure.is_denied:
        action = "sqs:SendMessage" if is_queue else "lambda:InvokeFunction"
        return Finding(
            "send_denied",
            Kind.NOT_ALLOWED,
            f"The AWS credentials may not send a status to the {where}.",
            f"Grant them {action} on it, as `Statusbeam.grant_report` does for agents.",
        )
    return Finding(
        "send_failed",
        Kind.OUT_OF_REACH,
        f"The {where} does not take statuses: {failure.message}",
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
    where = "queue took" if probe.transport == "queue" else "Lambda took"
    return Finding(
        "not_committed",
        Kind.OUT_OF_REACH,
        f"{missing} of {found.sent} statuses are not in the table: the {where} them, and the publisher has "
        "not stored them yet.",
        "Look at the age of the oldest message and at `statusbeam queue peek`, then into the publisher's "
        "log group.",
    )


def _lost(_: ProbeFacts, found: Measures) -> Finding | None:
    if not found.lost:
        return None
    return Finding(
        "statuses_lost",
        Kind.LOST,
        f"{found.lost} of {found.committed} stored statuses did not reach the client.",
        "Call doctor again. If it stays, look at InboundMessageDropped and the 5XX metrics of the API.",
    )


def _no_pushes(_: ProbeFacts, found: Measures) -> Finding | None:
    if found.pushed or not found.received:
        return None
    return Finding(
        "no_pushes",
        Kind.BROKEN,
        "No push arrives: the client received every status only by reading the log.",
        "Look at PushesGivenUp of the publisher, and at the subscription metrics of the API.",
    )


_DELIVERY: Final[tuple[Callable[[ProbeFacts, Measures], Finding | None], ...]] = (
    _not_committed,
    _lost,
    _no_pushes,
)
