"""Errors of the AWS SDK, as errors of the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ClientError, NotFoundError, RefusedError, UnreachableError

_REFUSED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "CodeMismatchException",
        "ExpiredCodeException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidPasswordException",
        "NotAuthorizedException",
        "PasswordHistoryPolicyViolationException",
        "PasswordResetRequiredException",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    )
)
_NOT_FOUND = frozenset(
    (
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    )
)
_SERVER_ERROR = 500


@contextmanager
def aws_call(doing: str) -> Iterator[None]:
    """Raise the SDK's errors as ClientError. `doing` names the failed action: "read the stack Dev-Status"."""
    from botocore.exceptions import (  # noqa: PLC0415 - loads the AWS SDK
        BotoCoreError,
        ConnectionError,  # noqa: A004 - botocore's name
        HTTPClientError,
    )
    from botocore.exceptions import ClientError as ServiceError  # noqa: PLC0415

    try:
        yield
    except ServiceError as error:
        raise _service_error(doing, error.response) from error
    except (ConnectionError, HTTPClientError) as error:
        raise UnreachableError(f"can't {doing}: {error}") from error
    except BotoCoreError as error:  # no credentials, no region, no such profile
        raise RefusedError(f"can't {doing}: {error}") from error


def _service_error(doing: str, response: object) -> ClientError:
    answer = response if isinstance(response, dict) else {}
    error = answer.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = f"can't {doing}: {message or code} ({code})."
    if code in _REFUSED:
        return RefusedError(text, code)
    if code in _NOT_FOUND or (code == "ValidationError" and "does not exist" in message):
        return NotFoundError(text)
    if status >= _SERVER_ERROR or "Throttl" in code or "TooManyRequests" in code:
        return UnreachableError(text)
    return ClientError(text)
