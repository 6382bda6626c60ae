"""A localcloud whose readers sign in at a provider of OpenID Connect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.cloud import Cloud, down, up
from tests.e2e.written_logs import found_in_logs
from tests.identity_provider import CLIENT_ID, IdentityProvider


@contextmanager
def cloud_of(provider: IdentityProvider, folder: Path) -> Iterator[Cloud]:
    """Start it, and stop it at the end of the block. No token of the provider may be in its logs then."""
    try:
        running = up(folder, "--oidc-issuer", provider.issuer, "--oidc-client-id", CLIENT_ID)
        yield running
        running.credentials.update(dict.fromkeys(provider.issued, "a token of the provider"))
        assert found_in_logs(running) == [], "tokens of the provider were written to logs"
    finally:
        down(folder)
