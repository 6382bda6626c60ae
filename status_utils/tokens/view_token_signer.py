"""What signs view tokens where nothing was handed in: the one place where the environment decides it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from statusbeam.model.settings import AuthorizerSettings

from ..aws_clients import secrets_client
from .secret_versions import SecretVersions
from .view_tokens import ViewTokenKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The keys, and for which stage's API they sign."""

    keys: ViewTokenKeys
    audience: str


@cache
def default_signer() -> Signer:
    """The signer that VIEW_TOKEN_SECRET and VIEW_TOKEN_AUDIENCE name, one a process.

    Raises SettingError when one is not set, and looks again at the next call.
    """
    settings = AuthorizerSettings.from_env(os.environ)
    keys = ViewTokenKeys(SecretVersions(secrets_client(), settings.view_token_secret))
    return Signer(keys=keys, audience=settings.view_token_audience)
