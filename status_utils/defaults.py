"""The settings of this process. The library reads environment variables here only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from statusbeam.model.errors import SettingError, TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from statusbeam.model.redaction.redactor import Redactor
    from statusbeam.model.settings import AuthorizerSettings, CallerSettings

    from .transports.cancel_requests import CancelRequests
    from .transports.session_table import SessionTable
    from .transports.transport import Transport


NOT_CONFIGURED: Final = "not_configured"
"""The error code if the environment names no transport."""


def _caller_settings() -> CallerSettings:
    """The settings of code that reports statuses. Raises SettingError."""
    from statusbeam.model.settings import CallerSettings  # noqa: PLC0415 - the import of the library needs none

    return CallerSettings.from_env(os.environ)


@cache
def default_redactor() -> Redactor:
    """The redactor of this process, with REDACTED_FIELDS and REDACTED_PATTERNS. Raises SettingError."""
    from statusbeam.model.redaction.redactor import Redactor  # noqa: PLC0415 - loaded at the first status

    settings = _caller_settings()
    return Redactor(settings.fields_to_redact, settings.patterns_to_redact)


@cache
def default_transport() -> Transport:
    """The transport that the environment names, one a process.

    STATUS_QUEUE_URL gives the queue, which keeps the order. STATUS_PUBLISHER_FUNCTION alone gives one invoke
    a payload, which keeps no order. If both are set, the queue is used. Without either, the publisher's own
    settings (STATUS_TABLE and the others) make this process commit and push itself. Raises TransportError if
    none of them is set; the next call reads the environment again.
    """
    settings = _caller_settings()
    if settings.status_queue_url is not None:
        from .transports.queue_transport import QueueTransport  # noqa: PLC0415 - only the transport that is used

        return QueueTransport(settings.status_queue_url)
    if settings.status_publisher_function is not None:
        from .transports.lambda_transport import LambdaTransport  # noqa: PLC0415 - only the transport that is used

        return LambdaTransport(settings.status_publisher_function)
    if settings.status_table is not None:
        from statusbeam.model.settings import PublisherSettings  # noqa: PLC0415 - as above

        from .transports.direct_transport import DirectTransport, direct_pipeline  # noqa: PLC0415 - as above

        publisher = PublisherSettings.from_env(os.environ)
        return DirectTransport(lambda: direct_pipeline(publisher))
    problem = (
        "none of STATUS_QUEUE_URL, STATUS_PUBLISHER_FUNCTION and STATUS_TABLE is set "
        "(`statusbeam local env` prints localcloud's)"
    )
    raise TransportError(problem, code=NOT_CONFIGURED, retriable=False)


def has_transport() -> bool:
    """Whether the environment names a transport, for callers that can do without."""
    try:
        current_transport()
    except TransportError as error:
        return error.code != NOT_CONFIGURED
    except SettingError:  # it names one with a mistake; sending reports the mistake
        return True
    return True


def default_owner() -> tuple[str | None, str | None]:
    """STATUS_USER_ID and STATUS_TENANT_ID: the owner of jobs if the caller names none."""
    settings = _caller_settings()
    return settings.status_user_id, settings.status_tenant_id


@cache
def default_session_table() -> SessionTable | None:
    """The table that STATUS_TABLE_NAME names, one client a process; None if it is not set."""
    name = _caller_settings().status_table_name
    if name is None:
        return None
    from .transports.session_table import SessionTable  # noqa: PLC0415 - only where it is used

    return SessionTable(name)


@cache
def default_cancel_requests() -> CancelRequests | None:
    """The requests to cancel jobs in STATUS_TABLE; None if it is not set."""
    table = _caller_settings().status_table
    if table is None:
        return None
    from .transports.dynamo_cancel_requests import DynamoCancelRequests  # noqa: PLC0415 - as above

    return DynamoCancelRequests(table)


@cache
def undelivered_key() -> str | None:
    """UNDELIVERED_KEY, which signs the log lines of undelivered payloads; None if it is not set."""
    return _caller_settings().undelivered_key


_overrides: list[Transport] = []


def current_transport() -> Transport:
    """The transport of callers that pass none. Raises TransportError, SettingError."""
    return _overrides[-1] if _overrides else default_transport()


def transport_override() -> Transport | None:
    """The transport that replaces the environment's at the moment, if any."""
    return _overrides[-1] if _overrides else None


@contextmanager
def override_transport(transport: Transport) -> Iterator[None]:
    """Use `transport` instead of the environment's inside the block, in all threads."""
    _overrides.append(transport)
    try:
        yield
    finally:
        _overrides.remove(transport)


_cancel_overrides: list[CancelRequests] = []


def cancel_requests_override() -> CancelRequests | None:
    """The requests to cancel that replace the environment's at the moment, if any."""
    return _cancel_overrides[-1] if _cancel_overrides else None


@contextmanager
def override_cancel_requests(requests: CancelRequests) -> Iterator[None]:
    """Use `requests`, which answer at once, instead of the environment's inside the block, in all threads."""
    _cancel_overrides.append(requests)
    try:
        yield
    finally:
        _cancel_overrides.remove(requests)


def view_token_settings() -> AuthorizerSettings:
    """The secret and the audience of the view tokens that this process mints. Raises SettingError."""
    from statusbeam.model.settings import AuthorizerSettings  # noqa: PLC0415 - for back ends that mint tokens only

    return AuthorizerSettings.from_env(os.environ)


def lambda_trace() -> str | None:
    """The X-Ray header of the invocation that this Lambda function serves; None elsewhere."""
    return os.environ.get("_X_AMZN_TRACE_ID")


def is_lambda_function() -> bool:
    """Whether this process is a Lambda function, which Lambda freezes between calls, possibly forever."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
