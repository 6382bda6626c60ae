"""The keys that sign view tokens: the strings of a rotating secret, cached, each with its id.

>>> keys = ViewTokenKeys(SecretVersions(client, secret_arn))
>>> key_id, key = keys.current(time.time())
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.limits import VIEW_TOKEN_SECRET_LENGTH

CACHE_SECONDS: Final = 300
"""The seconds that keys are used before the secret is read again."""

_UNKNOWN_KEY_SECONDS: Final = 10
"""The shortest interval of reads of the secret that tokens with unknown key ids cause."""


class ViewTokenKeys:
    """The signing keys, cached for five minutes; a token with an unknown key id refreshes them earlier.

    `fetch` returns the strings of the secret's versions, the current one first (see SecretVersions).
    """

    def __init__(self, fetch: Callable[[], Sequence[str]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, bytes] = {}
        self._fetched_at = float("-inf")

    def current(self, now: float) -> tuple[str, bytes]:
        """Id and key to sign with. Raises ViewTokenError."""
        self._fetch_if_older(CACHE_SECONDS, now)
        return next(iter(self._keys.items()))

    def find(self, key_id: str, now: float) -> bytes | None:
        """The key with this id, or None if no version of the secret has it. Raises ViewTokenError."""
        self._fetch_if_older(CACHE_SECONDS, now)
        if key_id not in self._keys:
            self._fetch_if_older(_UNKNOWN_KEY_SECONDS, now)
        return self._keys.get(key_id)

    def _fetch_if_older(self, seconds: float, now: float) -> None:
        if now - self._fetched_at < seconds:
            return
        secrets = self._fetch()
        if not secrets or any(len(secret) < VIEW_TOKEN_SECRET_LENGTH for secret in secrets):
            problem = f"the secret must be at least {VIEW_TOKEN_SECRET_LENGTH} characters"
            raise ViewTokenError(problem, code="weak_secret")
        self._keys = {_key_id(secret): secret.encode() for secret in secrets}
        self._fetched_at = now


def _key_id(secret: str) -> str:
    """The beginning of the secret's SHA-256: it names a version and reveals nothing of it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]
