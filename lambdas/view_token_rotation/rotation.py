"""The four steps in which Secrets Manager rotates a secret. Each may run more than once.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from statusbeam.model.limits import VIEW_TOKEN_SECRET_LENGTH

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_log = logging.getLogger(__name__)

_CURRENT: Final = "AWSCURRENT"
_PENDING: Final = "AWSPENDING"
_RANDOM_BYTES: Final = 48  # 64 characters of base64


class RotationError(Exception):
    """The step cannot be done. The secret keeps its current version."""


class Rotation:
    """Makes a new version of a secret, and makes it the current one. The former one becomes AWSPREVIOUS."""

    def __init__(self, client: SecretsManagerClient) -> None:
        self._client = client

    def run(self, step: str, *, secret_id: str, version: str) -> None:
        """Do one step for the new version. Raises RotationError."""
        if version not in self._versions(secret_id):
            raise RotationError(f"version=<{version}> | no rotation began with this version")
        match step:
            case "createSecret":
                self._create(secret_id, version)
            case "setSecret":
                _log.info("secret=<%s> | no other service holds this secret", secret_id)
            case "testSecret":
                self._test(secret_id, version)
            case "finishSecret":
                self._finish(secret_id, version)
            case _:
                raise RotationError(f"step=<{step}> | unknown step")

    def _versions(self, secret_id: str) -> dict[str, list[str]]:
        return self._client.describe_secret(SecretId=secret_id).get("VersionIdsToStages", {})

    def _create(self, secret_id: str, version: str) -> None:
        if self._value(secret_id, version) is None:
            self._client.put_secret_value(
                SecretId=secret_id,
                ClientRequestToken=version,
                SecretString=secrets.token_urlsafe(_RANDOM_BYTES),
                VersionStages=[_PENDING],
            )

    def _test(self, secret_id: str, version: str) -> None:
        if len(self._value(secret_id, version) or "") < VIEW_TOKEN_SECRET_LENGTH:
            raise RotationError(f"version=<{version}> | the new secret is too short")

    def _finish(self, secret_id: str, version: str) -> None:
        current = next(
            (known for known, stages in self._versions(secret_id).items() if _CURRENT in stages), None
        )
        if current == version:
            return
        move: dict[str, str] = {} if current is None else {"RemoveFromVersionId": current}
        self._client.update_secret_version_stage(
            SecretId=secret_id, VersionStage=_CURRENT, MoveToVersionId=version, **move
        )

    def _value(self, secret_id: str, version: str) -> str | None:
        try:
            found = self._client.get_secret_value(SecretId=secret_id, VersionId=version)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return found.get("SecretString")
