"""Webhooks by Standard Webhooks (standardwebhooks.com): signed, and the same id at each delivery.

| header | value |
|---|---|
| `webhook-id` | the eventId of the status, by which receivers detect a repeated delivery |
| `webhook-timestamp` | when this delivery was sent, in epoch seconds |
| `webhook-signature` | `v1,<base64 of HMAC-SHA256 over id.timestamp.body>`, one for each secret |
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from statusbeam.model.clock import Clock
from statusbeam.model.errors import NotificationError
from statusbeam.model.validation import json_text

from ..https_post import HttpsClient
from ..job_event import JobEvent

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - no secret
_SECRET_BYTES: Final = range(24, 65)
"""The sizes of a key that Standard Webhooks allows, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """What the channel's secret holds: `{"url": "https://…", "secret": "whsec_…"}`."""

    url: str
    keys: tuple[bytes, ...]
    """Each key signs. While a secret is replaced, it holds the old and the new key with a space between."""

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Parse a channel's secret. Raises NotificationError."""
        try:
            keys = tuple(map(_key, document["secret"].split()))
            url = document["url"]
        except (TypeError, KeyError, AttributeError, ValueError):
            keys, url = (), None
        if not isinstance(url, str) or not keys:
            raise NotificationError(
                'the secret of a webhook must be {"url": "https://…", "secret": "whsec_…"}', code="bad_secret"
            )
        return cls(url=url, keys=keys)


class WebhookChannel:
    """Sends events to the address that `target` gives."""

    def __init__(self, target: Callable[[], Any], client: HttpsClient, *, clock: Clock | None = None) -> None:
        self._target = target
        self._client = client
        self._clock = clock or Clock()

    def send(self, event: JobEvent) -> None:
        """See Channel.send."""
        target = WebhookTarget.from_document(self._target())
        body = json_text(event.document()).encode()
        at = int(self._clock.now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Statusbeam",
            "webhook-id": event.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signatures(target.keys, event.id, at, body),
        }
        answer = self._client.post(target.url, body, headers)
        if not answer.succeeded:
            raise NotificationError(
                f"the webhook answered {answer.status}",
                code=f"http_{answer.status}",
                retry_after=answer.retry_after,
            )


def signatures(keys: Sequence[bytes], event_id: str, at: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each key."""
    signed = f"{event_id}.{at}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError("each webhook secret must begin with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("each webhook secret must be base64 after whsec_") from error
    if len(key) not in _SECRET_BYTES:
        raise ValueError("each webhook secret must have 24 to 64 bytes")
    return key
