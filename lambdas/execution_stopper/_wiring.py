"""The stopper's dependencies, built at first use. Only this module reads the environment."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from lambdas.execution_stopper.executions import Executions
from statusbeam.model.settings import StopperSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

_CLIENT = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


def described_input(execution_arn: str) -> str:
    """The input of an execution, if it was too large for its event. Raises ClientError and BotoCoreError."""
    return _step_functions().describe_execution(executionArn=execution_arn).get("input", "")


def stop(execution_arn: str) -> None:
    """Stop an execution; an ended one stays unchanged. Raises ClientError and BotoCoreError."""
    cause = "The cancellation of the job was requested."
    _step_functions().stop_execution(executionArn=execution_arn, error="Cancelled", cause=cause)


@cache
def executions() -> Executions:
    """The executions that run for jobs. Raises SettingError."""
    # botocore's own types don't distinguish clients.
    client = cast("DynamoDBClient", Session().create_client("dynamodb", config=_CLIENT))
    return Executions(client, StopperSettings.from_env(os.environ).executions_table)


@cache
def _step_functions() -> SFNClient:
    return cast("SFNClient", Session().create_client("stepfunctions", config=_CLIENT))
