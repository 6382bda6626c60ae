"""View tokens that the client issues with a deployment's secret, as an application's back end does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.limits import VIEW_TOKEN_SECONDS

from .errors import RefusedError, TargetError
from .target import Target

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

RENEWED_SECONDS = 60
"""How long before its expiry a token is replaced, in seconds."""


def issue(target: Target, user: str, tenant: str, *, jobs: Sequence[str] | None, seconds: int) -> str:
    """A view token of this deployment for the jobs, or for all of the user's (None). Raises ClientError."""
    secret, audience = target.output("ViewTokenSecretArn"), target.output("ViewTokenAudience")
    client = target.client("secretsmanager")
    return signed(client, secret, audience, user=user, tenant=tenant, jobs=jobs, seconds=seconds)


def signed(
    client: SecretsManagerClient,
    secret: str,
    audience: str,
    *,
    user: str,
    tenant: str,
    jobs: Sequence[str] | None,
    seconds: int,
) -> str:
    """A view token signed with a secret. Raises ClientError."""
    from status_utils.tokens import ViewTokenKeys, mint_view_token  # noqa: PLC0415
    from status_utils.tokens.secret_versions import SecretVersions  # noqa: PLC0415 - loads the AWS SDK

    keys = ViewTokenKeys(SecretVersions(client, secret))
    try:
        return mint_view_token(user, tenant, jobs, seconds, keys=keys, audience=audience)
    except ViewTokenError as error:
        failed = RefusedError if error.code == "no_keys" else TargetError
        raise failed(f"{error}.") from error


class ViewTokens:
    """The Tokens of one user, which are renewed before they expire."""

    def __init__(
        self,
        target: Target,
        user: str,
        tenant: str,
        *,
        seconds: int = VIEW_TOKEN_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._user = user
        self._tenant = tenant
        self._seconds = seconds
        self._now = now
        self._token: str | None = None
        self._until = 0.0

    def token(self, *, refused: str | None = None) -> str:
        """See Tokens.token."""
        if self._token is None or self._token == refused or self._now() >= self._until:
            self._until = self._now() + self._seconds - RENEWED_SECONDS
            self._token = issue(self._target, self._user, self._tenant, jobs=None, seconds=self._seconds)
        return self._token
