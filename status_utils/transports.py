"""Which way statuses go: the one place where the environment decides it."""

from __future__ import annotations

import os
from functools import cache

from .errors import TransportError
from .settings import CallerSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Transport
    from .redaction import Redactor


@cache
def default_redactor() -> Redactor:
    """What takes secrets out of this process's statuses, with the fields that REDACTED_FIELDS names.

    Raises SettingError.
    """
    from .redaction import Redactor  # noqa: PLC0415 - loaded at the first status

    return Redactor(CallerSettings.from_env(os.environ).fields_to_redact)


@cache
def default_transport() -> Transport:
    """The transport that the environment names, one a process: this is the library's door to it.

    STATUS_QUEUE_URL is the queue, which keeps the order; STATUS_PUBLISHER_FUNCTION alone is an invoke a
    payload, which doesn't. When both are set it is the queue.
    Raises TransportError when there is neither, and looks again at the next call.
    """
    settings = CallerSettings.from_env(os.environ)
    if settings.status_queue_url is not None:
        from .queue_transport import QueueTransport  # noqa: PLC0415 - only the transport that is used

        return QueueTransport(settings.status_queue_url)
    if settings.status_publisher_function is not None:
        from .lambda_transport import LambdaTransport  # noqa: PLC0415 - only the transport that is used

        return LambdaTransport(settings.status_publisher_function)
    problem = "neither STATUS_QUEUE_URL nor STATUS_PUBLISHER_FUNCTION is set"
    raise TransportError(problem, code="not_configured", retriable=False)
