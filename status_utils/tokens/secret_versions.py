"""The strings of a rotating secret, from AWS Secrets Manager with a client handed in.

>>> SecretVersions(botocore.session.get_session().create_client("secretsmanager"), arn)()
('the current string', 'the previous one')
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.limits import CLOCK_SKEW_SECONDS, VIEW_TOKEN_SECONDS_MAX

from .keys import CACHE_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


_OVERLAP_SECONDS: Final = CACHE_SECONDS + VIEW_TOKEN_SECONDS_MAX + CLOCK_SKEW_SECONDS
"""Back ends sign with the previous version until their cache ends, and its last token lives this long."""


class SecretVersions:
    """Reads the current version of a secret and, until the previous one's tokens have expired, that one too.

    A longer overlap would only help an attacker with a copy of an old secret.
    """

    def __init__(
        self, client: SecretsManagerClient, secret_id: str, *, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._now = now

    def __call__(self) -> tuple[str, ...]:
        """The versions' strings, the current one first. Raises ViewTokenError."""
        try:
            current, rotated_at = self._read("AWSCURRENT")
        except (BotoCoreError, ClientError) as error:
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error
        if self._now() - rotated_at > _OVERLAP_SECONDS:
            return (current,)
        try:
            return current, self._read("AWSPREVIOUS")[0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":  # it was never rotated
                return (current,)
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error
        except BotoCoreError as error:
            raise ViewTokenError(f"the secret can't be read: {error}", code="no_keys") from error

    def _read(self, stage: str) -> tuple[str, float]:
        """A version's string, and when the version was made, in epoch seconds."""
        version = self._client.get_secret_value(SecretId=self._secret_id, VersionStage=stage)
        return version["SecretString"], version["CreatedDate"].timestamp()
