"""The rotation's dependencies, built once per cold start."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from lambdas.view_token_rotation.rotation import Rotation

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


@cache
def rotation() -> Rotation:
    """The rotation of secrets in the function's region."""
    # botocore's own types don't distinguish clients.
    client = cast("SecretsManagerClient", Session().create_client("secretsmanager", config=_CLIENT))
    return Rotation(client)
