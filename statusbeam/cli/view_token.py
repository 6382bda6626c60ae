"""View tokens that commands issue, with the secret of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from statusbeam.model.errors import ViewTokenError

from .command import CommandError
from .target import Target, client_config

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def issue(target: Target, user: str, tenant: str, *, jobs: Sequence[str] | None, seconds: int) -> str:
    """A view token of this deployment. Raises CommandError."""
    client = target.session.client("secretsmanager", endpoint_url=target.endpoint_url, config=client_config())
    return signed(
        client,
        target.output("ViewTokenSecretArn"),
        target.output("ViewTokenAudience"),
        user=user,
        tenant=tenant,
        jobs=jobs,
        seconds=seconds,
    )


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
    """A view token for the jobs, or for all of the user's (None). Raises CommandError."""
    from status_utils.tokens import ViewTokenKeys, mint_view_token  # noqa: PLC0415
    from status_utils.tokens.secret_versions import SecretVersions  # noqa: PLC0415 - loads the AWS SDK

    keys = ViewTokenKeys(SecretVersions(client, secret))
    try:
        return mint_view_token(user, tenant, jobs, seconds, keys=keys, audience=audience)
    except ViewTokenError as error:
        raise CommandError(f"{error}.") from error
