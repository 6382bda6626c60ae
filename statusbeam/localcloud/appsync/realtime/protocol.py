"""AppSync's `graphql-ws` protocol of one connection, without I/O: text in, requests out, texts to send
collected.

    protocol = RealtimeProtocol(limits, faults)
    request = protocol.receive('{"type":"start",...}')      # Start: authorise it, then accept() or refuse()
    for message in protocol.take(): ...                     # JSON texts, to be sent in this order

`connection_init` is optional, as the documentation has it since 2025: the handshake was authorised before the
socket opened, so a `start` is taken with or without it. The documentation also says that what is sent before
`connection_ack` is ignored; here the ack is queued in the step that reads the init, so nothing can fall
between, and the rule is left with the refused connection, which ignores everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, Protocol, TypeVar

from ..contract import AppSyncError, GraphQLRequest, SignedRequest
from ..limits import Limits
from .carriers import start_request

Handle = TypeVar("Handle")
SubscriptionId = str | int

KEEP_ALIVE: Final = b'{"type":"ka"}'


class State(Enum):
    """Where a connection stands."""

    OPEN = "open"  # the handshake was authorised; subscriptions may start
    REFUSED = "refused"  # waiting for a good moment to say so
    ENDED = "ended"  # connection_error was sent; the socket is to be closed


@dataclass(frozen=True, slots=True)
class Start:
    """A subscription asks to begin.

    Answer with `accept(id, ...)` or `refuse(id, error)` before the next `receive`.
    """

    id: SubscriptionId
    signed: SignedRequest
    request: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Stopped(Generic[Handle]):
    """A subscription has ended on its client's wish; `handle` is what it was accepted with."""

    handle: Handle


class ErrorSwitch(Protocol):
    """The one fault this protocol knows: AppSync sends some errors with `errors` as an object, not a list."""

    @property
    def errors_as_object(self) -> bool:
        """Whether that is wanted at the moment."""
        ...


def parse_operation(text: str | bytes) -> GraphQLRequest | None:
    """`{"query", "variables"?, "operationName"?}` as a request; None when it is not of that shape."""
    try:
        operation = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(operation, dict) or not _is_sound(text, operation):
        return None
    query = operation.get("query")
    variables = operation.get("variables")
    name = operation.get("operationName")
    if (
        not isinstance(query, str)
        or not isinstance(variables, dict | None)
        or not isinstance(name, str | None)
    ):
        return None
    return GraphQLRequest(query=query, variables=variables or {}, operation_name=name)


def error_entry(error: AppSyncError) -> dict[str, Any]:
    """One element of `errors`, as AppSync writes it."""
    entry: dict[str, Any] = {"errorType": error.error_type, "message": error.message}
    if error.data is not None:
        entry["data"] = error.data
    if error.info is not None:
        entry["errorInfo"] = error.info
    return entry


class RealtimeProtocol(Generic[Handle]):
    """One connection. `refusal` is why its handshake was not authorised, None when it was."""

    __slots__ = ("_faults", "_limits", "_outgoing", "_refusal", "state", "subscriptions")

    def __init__(self, limits: Limits, faults: ErrorSwitch, refusal: AppSyncError | None = None) -> None:
        self._limits = limits
        self._faults = faults
        self._refusal = refusal
        self._outgoing: list[bytes] = []  # JSON texts, in the order they are to be sent
        self.state = State.OPEN if refusal is None else State.REFUSED
        self.subscriptions: dict[SubscriptionId, Handle] = {}  # accepted and not stopped

    def take(self) -> list[bytes]:
        """The messages to send since the last call."""
        outgoing = self._outgoing
        if outgoing:
            self._outgoing = []
        return outgoing

    def receive(self, text: str) -> Start | Stopped[Handle] | None:
        """Read one message of the client."""
        if self.state is not State.OPEN:
            self.give_up_waiting()
            return None
        message = _object(text)
        match message.get("type"):
            case "connection_init":
                self._acknowledge()
            case "start":
                return self._start(message)
            case "stop":
                return self._stop(message.get("id"))
            case _:
                self._send_error(None, _unsupported())
        return None

    def give_up_waiting(self) -> None:
        """A refused client sent something, or nothing for long enough: tell it, once."""
        if self.state is State.REFUSED and self._refusal is not None:
            self.state = State.ENDED
            entry = error_entry(self._refusal) | {"errorCode": self._refusal.status}
            self._send("connection_error", payload=self._errors(entry))

    def accept(self, subscription_id: SubscriptionId, handle: Handle) -> None:
        """The start was authorised.

        Queue its start_ack. Pushes queued after this call reach a known subscription.
        """
        self.subscriptions[subscription_id] = handle
        self._send("start_ack", subscription_id)

    def refuse(self, subscription_id: SubscriptionId, error: AppSyncError) -> None:
        """The start was not authorised, or its resolver said no."""
        self._send_error(subscription_id, error)

    def complete(self, subscription_id: SubscriptionId) -> Handle:
        """End a subscription and say so. Raises KeyError when there is none of that id."""
        handle = self.subscriptions.pop(subscription_id)
        self._send("complete", subscription_id)
        return handle

    def _acknowledge(self) -> None:
        self._send("connection_ack", payload={"connectionTimeoutMs": self._limits.connection_timeout_ms})
        self._outgoing.append(
            KEEP_ALIVE
        )  # seen to follow the ack at once on AWS (ChilliCream/graphql-platform#6468)

    def _start(self, message: Mapping[str, Any]) -> Start | None:
        subscription_id = self._valid_id(message.get("id"))
        payload = message.get("payload")
        parts = _start_parts(payload) if isinstance(payload, dict) else None
        if subscription_id is None or parts is None:
            self._send_error(
                None, _unsupported()
            )  # AWS sends this one without an id (enisdenjo/graphql-ws#602)
            return None
        data, authorization = parts
        try:
            self._check_room(subscription_id)
            signed = start_request(authorization, data)
        except AppSyncError as error:
            self._send_error(subscription_id, error)
            return None
        request = parse_operation(data)
        if request is None:
            self._send_error(subscription_id, _unsupported())
            return None
        return Start(subscription_id, signed, request)

    def _check_room(self, subscription_id: SubscriptionId) -> None:
        if subscription_id in self.subscriptions:  # wording as in aws-amplify/amplify-js#12818
            raise AppSyncError(f"Duplicated operation with id {subscription_id}", "DuplicatedOperationError")
        limit = self._limits.subscriptions_per_connection
        if len(self.subscriptions) >= limit:
            raise AppSyncError(f"Max number of {limit} subscriptions reached", "MaxSubscriptionsReachedError")

    def _stop(self, value: object) -> Stopped[Handle] | None:
        subscription_id = self._valid_id(value)
        if subscription_id is None:
            self._send_error(None, _unsupported())
            return None
        if subscription_id not in self.subscriptions:
            self._send_error(
                subscription_id,
                AppSyncError(f"Unknown operation id {subscription_id}", "UnknownOperationError"),
            )
            return None
        return Stopped(self.complete(subscription_id))

    def _valid_id(self, value: object) -> SubscriptionId | None:
        if isinstance(value, str) and 0 < len(value) <= self._limits.id_characters:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return value
        return None

    def _send_error(self, subscription_id: SubscriptionId | None, error: AppSyncError) -> None:
        self._send("error", subscription_id, payload=self._errors(error_entry(error)))

    def _errors(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {"errors": entry if self._faults.errors_as_object else [entry]}

    def _send(self, kind: str, subscription_id: SubscriptionId | None = None, **rest: Any) -> None:
        message: dict[str, Any] = {"type": kind}
        if subscription_id is not None:
            message["id"] = subscription_id
        message.update(rest)
        self._outgoing.append(json.dumps(message, separators=(",", ":")).encode())


def data_prefix(subscription_id: SubscriptionId) -> bytes:
    """What stands before the payload of a `data` message; one `}` follows it."""
    return b'{"type":"data","id":' + json.dumps(subscription_id).encode() + b',"payload":'


def _object(text: str) -> Mapping[str, Any]:
    """The message as an object; an empty one when it is none, which no type of message matches."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _start_parts(payload: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """`payload.data`, a JSON text, and `payload.extensions.authorization`.

    None when either is not there as such.
    """
    data = payload.get("data")
    extensions = payload.get("extensions")
    authorization = extensions.get("authorization") if isinstance(extensions, dict) else None
    if not isinstance(data, str) or not isinstance(authorization, dict):
        return None
    return (data, authorization) if _is_unicode(data) else None


def _is_sound(text: str | bytes, decoded: object) -> bool:
    """Whether half a surrogate pair, which no store takes, hides behind none of the text's escapes."""
    escapes = ("\\ud", "\\uD") if isinstance(text, str) else (b"\\ud", b"\\uD")
    if escapes[0] not in text and escapes[1] not in text:  # type: ignore[operator] # both are of text's type
        return True
    return _is_unicode(json.dumps(decoded, ensure_ascii=False))


def _is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: JSON lets half a surrogate pair through."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unsupported() -> AppSyncError:
    return AppSyncError("unknown not supported through the realtime channel", "UnsupportedOperation")
