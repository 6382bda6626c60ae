"""The strings of a rotating secret, from AWS Secrets Manager with a client handed in.

>>> SecretVersions(botocore.session.get_session().create_client("secretsmanager"), arn)()
('the current string', 'the previous one')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import ViewTokenError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretVersions:
    """Reads the current version of a secret and, if it was rotated, the previous one."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id

    def __call__(self) -> tuple[str, ...]:
        """The versions' strings, the current one first. Raises ViewTokenError."""
        try:
            current = self._read("AWSCURRENT")
        except (BotoCoreError, ClientError) as error:
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error
        try:
            return current, self._read("AWSPREVIOUS")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":  # it was never rotated
                return (current,)
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error
        except BotoCoreError as error:
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error

    def _read(self, stage: str) -> str:
        return self._client.get_secret_value(SecretId=self._secret_id, VersionStage=stage)["SecretString"]
