"""All limits of the data plane's connections. The defaults are AppSync's where AppSync documents one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one data plane. `Limits(keep_alive_seconds=5)` changes one of them.

    AppSync's own quotas come first. The others keep one client from using the memory or time of the rest.
    """

    subscriptions_per_connection: int = 200
    payload_bytes: int = 240 * 1024  # a larger push is dropped silently, as AppSync does
    keep_alive_seconds: float = 60.0
    connection_timeout_ms: int = 300_000  # sent to clients in connection_ack
    connection_lifetime_seconds: float = 24 * 3600.0
    execution_seconds: float = 30.0

    init_wait_seconds: float = 1.0  # the time a refused client has to send connection_init
    refusal_linger_seconds: float = 0.5  # between connection_error and close: gql hides the error otherwise
    close_wait_seconds: float = 2.0  # for the peer's close frame
    first_byte_seconds: float = 10.0  # until the first byte shows whether it is TLS
    http_idle_seconds: float = 75.0  # for a whole request to arrive, and between requests

    header_bytes: int = 64 * 1024  # request line and headers; tokens with many claims pass 9 KB
    body_bytes: int = 1024 * 1024
    message_bytes: int = 256 * 1024  # one WebSocket message from a client
    id_characters: int = 128
    pending_messages: int = 256  # messages of a WebSocket after a start in progress
    pipelined_requests: int = 64
    write_buffer_bytes: int = 1024 * 1024  # above it a slow consumer is disconnected and must replay
