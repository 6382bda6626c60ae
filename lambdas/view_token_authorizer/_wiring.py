"""The authorizer's dependencies, built once per cold start. Only this module reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from status_utils.tokens import ViewClaims, ViewTokenKeys, verify_view_token
from status_utils.tokens.secret_versions import SecretVersions
from statusbeam.model.settings import AuthorizerSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# AppSync waits 10 s for an authorizer.
_CLIENT = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def verifier() -> Callable[[str], ViewClaims]:
    """`verify_view_token` with the stage's keys and audience. Raises SettingError."""
    settings = AuthorizerSettings.from_env(os.environ)
    # botocore's own types don't distinguish clients.
    client = cast("SecretsManagerClient", Session().create_client("secretsmanager", config=_CLIENT))
    keys = ViewTokenKeys(SecretVersions(client, settings.view_token_secret))
    return partial(verify_view_token, keys=keys, audience=settings.view_token_audience)
