"""Errors of the client and of the AWS SDK, as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from statusbeam.model.errors import StatusError, ViewTokenError

from ..aws_errors import aws_call
from ..errors import ClientError, RefusedError
from ..graphql_errors import LOGIN_ENDED
from .facts import Failure

T = TypeVar("T")


def failure_of(error: BaseException) -> Failure:
    """The service's code or the SDK's error behind an error, and its message on one line."""
    if isinstance(error, StatusError):  # a transport's
        return Failure(error.code, _one_line(error))
    for cause in _chain(error):
        response = getattr(cause, "response", None)
        if isinstance(response, dict) and "Error" in response:
            error_document = response["Error"]
            return Failure(str(error_document.get("Code")), _one_line(error_document.get("Message")))
        if type(cause).__module__.startswith("botocore"):
            return Failure(type(cause).__name__, _one_line(cause))
        if isinstance(cause, ViewTokenError):
            return Failure("NoSecret", _one_line(cause))
    if isinstance(error, RefusedError) and error.error_type == LOGIN_ENDED:
        return Failure(LOGIN_ENDED, _one_line(error))
    return Failure(type(error).__name__, _one_line(error))


def attempt(doing: str, call: Callable[[], T]) -> tuple[T | None, Failure | None]:
    """The answer of an AWS call, or why there is none."""
    try:
        with aws_call(doing):
            return call(), None
    except ClientError as error:
        return None, failure_of(error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
