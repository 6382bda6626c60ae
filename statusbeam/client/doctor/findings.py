"""A finding: a problem and its cure, in words for somebody who has never seen this system."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from .facts import Failure

MISSING: Final = frozenset(
    ("ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
)
"""The codes with which a service answers for a resource that does not exist."""


class Kind(Enum):
    """The kind of the problem. The command has an exit code for each kind."""

    WRONG_CALL = "wrong_call"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    OUT_OF_REACH = "out_of_reach"
    LOST = "lost"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line each for problem and cure. `code` is a stable word for programs."""

    code: str
    kind: Kind
    problem: str
    cure: str


def missing_publisher(name: str = "of the stack") -> Finding:
    """The publisher function does not exist."""
    return Finding(
        "publisher_gone",
        Kind.NOT_FOUND,
        f"The publisher's Lambda function {name} does not exist, so no status is stored or shown.",
        "Deploy the stack again: `cdk deploy` restores the function.",
    )


def missing_queue(url: str = "of the stack") -> Finding:
    """The queue does not exist."""
    return Finding(
        "queue_gone",
        Kind.NOT_FOUND,
        f"The queue {url} does not exist, so agents cannot send their statuses.",
        "Deploy the stack again: `cdk deploy` restores the queue. Agents wrote the unsent statuses to their "
        "logs: send them with `statusbeam redrive-log`.",
    )


def throttled_table(purpose: str) -> Finding:
    """DynamoDB throttles the requests to a table."""
    return Finding(
        "table_throttled",
        Kind.OUT_OF_REACH,
        f"DynamoDB throttles the table of the {purpose}: its reads or writes exceed the table's throughput.",
        "Check the table's throttled requests in CloudWatch. Spread the load over more jobs, or raise the "
        "table's maximum throughput and the account's quota.",
    )


def is_denied_secret(failure: Failure) -> bool:
    """Whether the secret of the view tokens could not be read."""
    return failure.code in ("NoSecret", "AccessDenied", "AccessDeniedException")


def denied_secret() -> Finding:
    """The caller may not read the secret of the view tokens."""
    return Finding(
        "secret_denied",
        Kind.NOT_ALLOWED,
        "The AWS credentials may not read the secret of the view tokens, so doctor cannot read jobs.",
        "Grant secretsmanager:GetSecretValue on the secret (output ViewTokenSecretArn).",
    )
