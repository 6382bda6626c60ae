"""A finding: what is wrong, for somebody who has never seen this system, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from .facts import Failure

GONE: Final = frozenset(
    ("ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
)
"""What a service answers for something that does not exist."""


class Kind(Enum):
    """What kind of problem it is. The command has an exit code for each."""

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


def gone_publisher(name: str) -> Finding:
    """The publisher function does not exist."""
    return Finding(
        "publisher_gone",
        Kind.NOT_FOUND,
        f"The publisher is gone: there is no Lambda function {name}, so no status is stored or shown.",
        "Deploy the stack again: `cdk deploy` restores it.",
    )


def gone_queue(url: str) -> Finding:
    """The queue does not exist."""
    return Finding(
        "queue_gone",
        Kind.NOT_FOUND,
        f"The queue is gone: {url} does not exist, so agents cannot send their statuses.",
        "Deploy the stack again: `cdk deploy` restores it. What agents could not send is in their logs: "
        "`statusbeam redrive-log`.",
    )


def throttled_table(purpose: str) -> Finding:
    """DynamoDB takes no more requests for a table."""
    return Finding(
        "table_throttled",
        Kind.OUT_OF_REACH,
        f"DynamoDB throttles the table of the {purpose}: more is written or read than it takes.",
        "Look at its throttled requests in CloudWatch. Spread the load over more jobs, or raise the "
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
        "The AWS credentials may not read the secret that signs view tokens, with which doctor reads.",
        "Grant them secretsmanager:GetSecretValue on it (output ViewTokenSecretArn).",
    )
