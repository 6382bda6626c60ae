"""Faults of the publisher and its queue, by their configuration and by the publisher's answer.

Each check looks at facts and gives a finding, or None.
"""

from __future__ import annotations

import re
from typing import Final

from statusbeam.model.errors import SettingError
from statusbeam.model.settings import PublisherSettings

from .facts import Facts, Failure, PublisherFacts
from .findings import MISSING, Finding, Kind, missing_publisher, missing_queue, throttled_table

_DEPLOY: Final = "Deploy the stack again: `cdk deploy` restores it."
_UNNAMED: Final = "Runtime.HandlerError"
_OPERATION: Final = re.compile(r"when calling the (\w+) operation")
_TABLES: Final = {"JournalError": "statuses", "SessionStoreError": "sessions"}


def publisher(facts: Facts) -> Finding | None:
    """The publisher function is gone, stopped or lacks a setting."""
    found = facts.publisher
    if found is None:
        return None
    if found.failure is not None:
        return missing_publisher(found.name) if found.failure.code in MISSING else None
    return _stopped_publisher(found) or _settings(found)


def _stopped_publisher(found: PublisherFacts) -> Finding | None:
    if found.reserved_concurrency == 0:
        return Finding(
            "publisher_stopped",
            Kind.OUT_OF_REACH,
            "The publisher is switched off: its reserved concurrency is 0, so Lambda never runs it.",
            f"Raise or remove it: `aws lambda delete-function-concurrency --function-name {found.name}`.",
        )
    if found.state in ("Failed", "Inactive"):
        reason = f": {found.state_reason}" if found.state_reason else ""
        return Finding(
            "publisher_stopped",
            Kind.OUT_OF_REACH,
            f"Lambda cannot run the publisher, whose state is {found.state}{reason}.",
            _DEPLOY,
        )
    return None


def _settings(found: PublisherFacts) -> Finding | None:
    if found.variables is None:
        return None
    try:
        PublisherSettings.from_env(found.variables)
    except SettingError as error:
        return _setting(error.message)
    for name, expected in found.expected.items():
        if found.variables.get(name) != expected:
            return _setting(f"{name} is {found.variables.get(name)!r}, but the stack has {expected!r}")
    return None


def _setting(problem: str) -> Finding:
    return Finding(
        "publisher_setting",
        Kind.BROKEN,
        f"An environment variable of the publisher is wrong: {problem}.",
        "Deploy the stack again: `cdk deploy` sets the publisher's variables.",
    )


def queue(facts: Facts) -> Finding | None:
    """The queue is gone, or does not deliver to the publisher."""
    found = facts.queue
    if found is None:
        return None
    if found.failure is not None:
        return missing_queue(found.url) if found.failure.code in MISSING else None
    if found.feed in ("off", "none"):
        state = "is disabled" if found.feed == "off" else "is gone"
        return Finding(
            "queue_not_delivered",
            Kind.BROKEN,
            f"The queue does not deliver to the publisher: its event source mapping {state}.",
            "Enable it with `aws lambda update-event-source-mapping --enabled --uuid UUID`."
            if found.feed == "off"
            else _DEPLOY,
        )
    return None


def answer(facts: Facts) -> Finding | None:
    """The publisher does not run, does not store a status, or does not push it."""
    found = facts.probe.answer if facts.probe else None
    if found is None:
        return None
    if found.failure is not None:
        return _not_invoked(found.failure)
    if found.error is not None:
        return _raised(found.error)
    if found.rejected is not None:
        return Finding(
            "status_rejected",
            Kind.BROKEN,
            f"The publisher rejects the status of the probe: {found.rejected}.",
            "Install the version of statusbeam that is deployed, or deploy the installed one.",
        )
    if found.pushed == 0:
        return Finding(
            "session_unseen",
            Kind.BROKEN,
            "The publisher commits statuses, but pushes none: it finds no session of a subscribed client.",
            "Compare its USER_SESSIONS_TABLE with the output UserSessionsTable, and deploy again.",
        )
    return None


def _not_invoked(failure: Failure) -> Finding | None:
    if failure.code in MISSING:
        return missing_publisher("of the output PublisherFunctionArn")
    if failure.is_throttled:
        return Finding(
            "publisher_throttled",
            Kind.OUT_OF_REACH,
            "Lambda throttles the publisher: the account's concurrency is used up.",
            "Set reserved_concurrency in PublishingOptions, or raise the account's concurrency quota.",
        )
    if failure.is_denied:  # a caller that reports through the queue needs no grant to invoke
        return None
    return _dead(f"Lambda does not run it ({failure.code}: {failure.message})")


def _raised(error: Failure) -> Finding:
    kind = _kind_of(error)
    if kind == "SettingError":
        return _setting(error.message)
    if kind == "BroadcastError":
        return _not_pushed(error)
    if kind in _TABLES:
        return _not_stored(error, _TABLES[kind])
    reason = error.message.splitlines()[0] if error.message else error.code
    return _dead(f"{error.code}: {reason}")


def _kind_of(error: Failure) -> str:
    """The class of the publisher's error. Lambda's emulator names none, so the message decides there."""
    if error.code != _UNNAMED:
        return error.code
    if "publishStatus" in error.message:
        return "BroadcastError"
    called = _OPERATION.search(error.message)
    if called is None:
        return error.code
    return "SessionStoreError" if called[1] == "Query" else "JournalError"


def _dead(reason: str) -> Finding:
    return Finding(
        "publisher_dead",
        Kind.OUT_OF_REACH,
        f"The publisher fails at every status: {reason}",
        "Look for the first error in the publisher's log group, then deploy the stack again.",
    )


def _not_pushed(error: Failure) -> Finding:
    if error.is_denied:
        return Finding(
            "push_denied",
            Kind.NOT_ALLOWED,
            "The publisher commits statuses, but may not push them: its role lacks appsync:GraphQL on "
            "Mutation.publishStatus.",
            "Deploy the stack again: `cdk deploy` restores the grant. Until then, people see new statuses "
            "when they open or reload a job.",
        )
    return Finding(
        "push_failed",
        Kind.OUT_OF_REACH,
        f"The publisher commits statuses, but AppSync does not accept its pushes: {error.message}",
        "Check the publisher's APPSYNC_API_URL, the API's firewall and the API's log group.",
    )


def _not_stored(error: Failure, purpose: str) -> Finding:
    if error.is_throttled:
        return throttled_table(purpose)
    if error.is_denied:
        return Finding(
            "table_denied",
            Kind.NOT_ALLOWED,
            f"The publisher's role may not use the table of the {purpose}: {error.message}",
            "Deploy the stack again: `cdk deploy` restores the grant.",
        )
    if "ResourceNotFound" in error.message:
        return Finding(
            "table_gone",
            Kind.NOT_FOUND,
            f"The publisher does not find the table of the {purpose}.",
            "Deploy the stack again. If the table held jobs, restore it from a backup.",
        )
    return Finding(
        "table_unreachable",
        Kind.OUT_OF_REACH,
        f"The table of the {purpose} does not answer the publisher: {error.message}",
        "Check the publisher's log group, and the AWS Health Dashboard for DynamoDB.",
    )
