"""The default signer of view tokens, for back ends that pass no keys to mint_view_token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..defaults import view_token_settings
from ..transports.aws_clients import secrets_client
from .keys import ViewTokenKeys
from .secret_versions import SecretVersions


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The signing keys, and the audience of the stage that accepts them."""

    keys: ViewTokenKeys
    audience: str


@cache
def default_signer() -> Signer:
    """The signer that VIEW_TOKEN_SECRET and VIEW_TOKEN_AUDIENCE name, one a process.

    Raises SettingError if a variable is missing; the next call reads the environment again.
    """
    settings = view_token_settings()
    keys = ViewTokenKeys(SecretVersions(secrets_client(), settings.view_token_secret))
    return Signer(keys=keys, audience=settings.view_token_audience)
