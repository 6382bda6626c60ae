"""AppSync's `graphql-ws` protocol of one connection, without I/O: messages in, requests and messages out.

    protocol = RealtimeProtocol(limits, faults, "127.0.0.1:4000")
    request = protocol.receive('{"type":"start",...}')      # Start: authorize it, then accept() or refuse()
    for message in protocol.take_messages(): ...            # JSON texts, to be sent in this order

`connection_init` is optional, as AppSync's documentation says since 2025. The handshake is authorized before
the WebSocket opens, so the protocol accepts a `start` with or without it. The documentation also says that
AppSync ignores messages sent before `connection_ack`. Here `receive` queues the ack at once, so only a
refused connection ignores messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, Protocol, TypeVar

from ..contract import AppSyncError, GraphQLRequest, SignedRequest
from ..limits import Limits
from ..operations import error_entry, is_unicode, parse_operation
from .authorization import check_host, start_request

Handle = TypeVar("Handle")
SubscriptionId = str | int

KEEP_ALIVE: Final = b'{"type":"ka"}'


class State(Enum):
    """The state of a connection."""

    OPEN = "open"  # the handshake was authorized; subscriptions may start
    REFUSED = "refused"  # connection_error is sent after connection_init, or after a wait for it
    ENDED = "ended"  # connection_error was sent; the WebSocket is to be closed


@dataclass(frozen=True, slots=True)
class Start:
    """A client asks to start a subscription.

    Answer with `accept(id, ...)` or `refuse(id, error)` before the next `receive`.
    """

    id: SubscriptionId
    signed: SignedRequest
    request: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Stopped(Generic[Handle]):
    """A client has stopped a subscription. `handle` is the value that `accept` was called with."""

    handle: Handle


class ErrorSwitch(Protocol):
    """The only fault of this protocol: AppSync sends some errors with `errors` as an object, not a list."""

    @property
    def errors_as_object(self) -> bool:
        """Whether the fault is switched on."""
        ...


class RealtimeProtocol(Generic[Handle]):
    """One connection to `authority`, the `Host` of its upgrade request.

    `refusal` is the reason that its handshake was refused, or None.
    """

    __slots__ = ("_authority", "_faults", "_limits", "_messages", "_refusal", "state", "subscriptions")

    def __init__(
        self, limits: Limits, faults: ErrorSwitch, authority: str, refusal: AppSyncError | None = None
    ) -> None:
        self._authority = authority
        self._limits = limits
        self._faults = faults
        self._refusal = refusal
        self._messages: list[bytes] = []  # JSON texts, in the order they are to be sent
        self.state = State.OPEN if refusal is None else State.REFUSED
        self.subscriptions: dict[SubscriptionId, Handle] = {}  # accepted and not stopped

    def take_messages(self) -> list[bytes]:
        """Remove and return the queued messages."""
        messages = self._messages
        if messages:
            self._messages = []
        return messages

    def receive(self, text: str) -> Start | Stopped[Handle] | None:
        """Process one message of the client."""
        if self.state is not State.OPEN:
            self.refuse_connection()
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

    def refuse_connection(self) -> None:
        """Queue `connection_error` for a refused client. Does nothing when it was already queued."""
        if self.state is State.REFUSED and self._refusal is not None:
            self.state = State.ENDED
            entry = error_entry(self._refusal) | {"errorCode": self._refusal.status}
            self._send("connection_error", payload=self._errors(entry))

    def accept(self, subscription_id: SubscriptionId, handle: Handle) -> None:
        """Queue the `start_ack` of an authorized start.

        The client knows the subscription when it receives pushes that are queued after this call.
        """
        self.subscriptions[subscription_id] = handle
        self._send("start_ack", subscription_id)

    def refuse(self, subscription_id: SubscriptionId, error: AppSyncError) -> None:
        """Queue the `error` of a start that was not authorized, or that the resolver refused."""
        self._send_error(subscription_id, error)

    def complete(self, subscription_id: SubscriptionId) -> Handle:
        """End a subscription and queue `complete`. Raises KeyError for an unknown id."""
        handle = self.subscriptions.pop(subscription_id)
        self._send("complete", subscription_id)
        return handle

    def _acknowledge(self) -> None:
        self._send("connection_ack", payload={"connectionTimeoutMs": self._limits.connection_timeout_ms})
        self._messages.append(
            KEEP_ALIVE
        )  # follows the ack at once on AWS (ChilliCream/graphql-platform#6468)

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
            request = parse_operation(data)
            if request is None:
                raise _unsupported()
            check_host(signed.headers, self._authority)
        except AppSyncError as error:
            self._send_error(subscription_id, error)
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
        self._messages.append(json.dumps(message, separators=(",", ":")).encode())


def data_prefix(subscription_id: SubscriptionId) -> bytes:
    """The bytes of a `data` message before its payload. One `}` follows the payload."""
    return b'{"type":"data","id":' + json.dumps(subscription_id).encode() + b',"payload":'


def _object(text: str) -> Mapping[str, Any]:
    """The message as a JSON object. Any other text gives an empty object, which has no `type`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _start_parts(payload: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """`payload.data`, a JSON text, and `payload.extensions.authorization`.

    None when one of them is missing or of another type.
    """
    data = payload.get("data")
    extensions = payload.get("extensions")
    authorization = extensions.get("authorization") if isinstance(extensions, dict) else None
    if not isinstance(data, str) or not isinstance(authorization, dict):
        return None
    return (data, authorization) if is_unicode(data) else None


def _unsupported() -> AppSyncError:
    return AppSyncError("unknown not supported through the realtime channel", "UnsupportedOperation")
