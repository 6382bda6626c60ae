"""Facts of a healthy deployment, for tests that change one of them."""

from __future__ import annotations

from typing import Any

from statusbeam.client.doctor.facts import (
    AnswerFacts,
    ApiKeyFacts,
    Facts,
    Failure,
    ProbeFacts,
    PublisherFacts,
    QueueFacts,
    ReaderFacts,
    StackFacts,
    TableFacts,
)
from statusbeam.client.doctor.measures import Measures
from statusbeam.model.settings import PublisherSettings

NOW = 1_795_163_400.0
DENIED = Failure("AccessDeniedException", "User: x is not authorized to perform: y")
SETTINGS = PublisherSettings(
    appsync_api_url="https://api/graphql",
    appsync_api_id="api",
    user_sessions_table="sessions",
    status_table="statuses",
)
EXPECTED = {
    "APPSYNC_API_URL": "https://api/graphql",
    "STATUS_TABLE": "statuses",
    "USER_SESSIONS_TABLE": "sessions",
}


def stack(**changes: Any) -> StackFacts:
    return StackFacts(**{"name": "Dev-Status", "region": "eu-west-1", **changes})


def reader(**changes: Any) -> ReaderFacts:
    return ReaderFacts(
        **{"user": "sub-1", "tenant": "acme", "how": "STATUSBEAM_TOKEN", "is_in_user_pool": True, **changes}
    )


def publisher(**changes: Any) -> PublisherFacts:
    found = {"name": "Publisher", "state": "Active", "variables": SETTINGS.to_env(), "expected": EXPECTED}
    return PublisherFacts(**{**found, **changes})


def queue(**changes: Any) -> QueueFacts:
    return QueueFacts(**{"url": "https://sqs/statuses.fifo", "feed": "on", **changes})


def tables(failure: Failure | None = None) -> tuple[TableFacts, ...]:
    return (
        TableFacts(name="statuses", purpose="statuses", failure=failure),
        TableFacts(name="sessions", purpose="sessions"),
    )


def measures(**changes: Any) -> Measures:
    counts = {"sent": 30, "committed": 30, "pushed": 30, "received": 30}
    losses = {"lost": 0, "duplicates": 0, "recovered": 0, "reconnects": 0}
    return Measures(**{**counts, **losses, **changes})


def probe(**changes: Any) -> ProbeFacts:
    found = {"answer": AnswerFacts(pushed=1), "measures": measures()}
    return ProbeFacts(**{"job_id": "statusbeam-doctor-1", "transport": "queue", **found, **changes})


def answered(**changes: Any) -> ProbeFacts:
    return probe(answer=AnswerFacts(**changes), measures=None)


def raised(kind: str, message: str) -> ProbeFacts:
    return answered(error=Failure(kind, message))


def well(**changes: Any) -> Facts:
    found = {
        "now": NOW,
        "clock_ahead": 0.3,
        "api_clock_ahead": -0.2,
        "stack": stack(),
        "tables": tables(),
        "reader": reader(),
        "api_key": ApiKeyFacts(expires_at=NOW + 3600),
        "publisher": publisher(),
        "queue": queue(),
        "probe": probe(),
    }
    return Facts(**{**found, **changes})
