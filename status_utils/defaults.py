"""Which way statuses go: the one place where the environment decides it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from statusbeam.model.errors import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from statusbeam.model.redaction.redactor import Redactor

    from .transports.transport import Transport


@cache
def default_redactor() -> Redactor:
    """What takes secrets out of this process's statuses, with the fields that REDACTED_FIELDS names.

    Raises SettingError.
    """
    from statusbeam.model.redaction.redactor import Redactor  # noqa: PLC0415 - loaded at the first status
    from statusbeam.model.settings import CallerSettings  # noqa: PLC0415 - as above

    return Redactor(CallerSettings.from_env(os.environ).fields_to_redact)


_instead: list[Transport] = []


@cache
def default_transport() -> Transport:
    """The transport that the environment names, one a process: this is the library's door to it.

    STATUS_QUEUE_URL is the queue, which keeps the order; STATUS_PUBLISHER_FUNCTION alone is an invoke a
    payload, which doesn't. When both are set it is the queue. Without either, the publisher's own settings
    (STATUS_TABLE and the others) make this process commit and push itself.
    Raises TransportError when there is nothing of that, and looks again at the next call.
    """
    from statusbeam.model.settings import CallerSettings, PublisherSettings  # noqa: PLC0415 - needed at the first send only

    settings = CallerSettings.from_env(os.environ)
    if settings.status_queue_url is not None:
        from .transports.queue_transport import QueueTransport  # noqa: PLC0415 - only the transport that is used

        return QueueTransport(settings.status_queue_url)
    if settings.status_publisher_function is not None:
        from .transports.lambda_transport import LambdaTransport  # noqa: PLC0415 - only the transport that is used

        return LambdaTransport(settings.status_publisher_function)
    if os.environ.get("STATUS_TABLE"):
        from .transports.direct_transport import DirectTransport, direct_pipeline  # noqa: PLC0415 - as above

        publisher = PublisherSettings.from_env(os.environ)
        return DirectTransport(lambda: direct_pipeline(publisher))
    problem = "none of STATUS_QUEUE_URL, STATUS_PUBLISHER_FUNCTION and STATUS_TABLE is set"
    raise TransportError(problem, code="not_configured", retriable=False)


def chosen_transport() -> Transport:
    """Where statuses go that name no transport. Raises TransportError, SettingError."""
    return _instead[-1] if _instead else default_transport()


def replacement() -> Transport | None:
    """What stands in for the environment's transport just now."""
    return _instead[-1] if _instead else None


@contextmanager
def replaced(transport: Transport) -> Iterator[None]:
    """Have statuses go to `transport` instead of where the environment sends them, in all threads."""
    _instead.append(transport)
    try:
        yield
    finally:
        _instead.remove(transport)


def freezes_between_calls() -> bool:
    """Whether this process, a Lambda function, is stopped whenever its handler returns, maybe for good."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
