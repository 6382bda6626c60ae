"""DynamoDB's errors, as ours."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import JournalError, SessionStoreError

_PASSING = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    )
)
"""DynamoDB's errors that the same call may not meet again."""


def reasons_of(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, for each of its actions; empty when it failed otherwise."""
    return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]


def is_conflict(error: ClientError) -> bool:
    """Whether a transaction met another one on the way, and nothing worse."""
    return "TransactionConflict" in reasons_of(error) and "ValidationError" not in reasons_of(error)


def journal_error(error: ClientError | BotoCoreError) -> JournalError:
    """The status table's error for one of botocore's."""
    return JournalError(str(error), code=code_of(error), retriable=may_pass(error))


def session_error(error: ClientError | BotoCoreError) -> SessionStoreError:
    """The sessions table's error for one of botocore's."""
    return SessionStoreError(str(error), code=code_of(error), retriable=may_pass(error))


def code_of(error: ClientError | BotoCoreError) -> str:
    """DynamoDB's code, or the name of botocore's own error."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def may_pass(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may get through the next time."""
    # botocore's own errors (no connection, no time) are retriable, because their cause may have ended.
    return not isinstance(error, ClientError) or code_of(error) in _PASSING
