"""The AWS SDK's clients for the emulator, as its root; each is created at first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from .account import REGION, ROOT_ACCESS_KEY, ROOT_SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_appsync import AppSyncClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# One attempt: the emulator runs in this process, so a retry would fail too.
_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)


class Clients:
    """Clients of one emulator. They may be used from any thread."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=ROOT_ACCESS_KEY, aws_secret_access_key=ROOT_SECRET_KEY, region_name=REGION
        )

    @cached_property
    def appsync(self) -> AppSyncClient:
        """The control plane, which knows the deployed API."""
        return self._session.client("appsync", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def stacks(self) -> CloudFormationClient:
        """The deployed stacks."""
        return self._session.client("cloudformation", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def cognito(self) -> CognitoIdentityProviderClient:
        """The user pool."""
        return self._session.client("cognito-idp", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def tables(self) -> DynamoDBClient:
        """DynamoDB."""
        return self._session.client("dynamodb", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda."""
        return self._session.client("lambda", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def s3(self) -> S3Client:
        """S3, which stores the assets."""
        return self._session.client("s3", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def parameters(self) -> SSMClient:
        """Systems Manager's parameters."""
        return self._session.client("ssm", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def state_machines(self) -> SFNClient:
        """Step Functions."""
        return self._session.client("stepfunctions", endpoint_url=self.endpoint_url, config=_CONFIG)
