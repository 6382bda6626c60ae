"""The function's dependencies, built at first use. Only this module reads the environment."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from lambdas.approvals.waits import Waits
from statusbeam.model.settings import ApprovalSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

_CLIENT = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
_NO_LONGER = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


def send(token: str, answer: str) -> bool:
    """Send the answer, JSON, to the state that waits with this token. Returns False if it no longer waits.

    Raises ClientError and BotoCoreError.
    """
    try:
        _step_functions().send_task_success(taskToken=token, output=answer)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_LONGER:
            return False
        raise
    return True


@cache
def waits() -> Waits:
    """The table of waiting states. Raises SettingError."""
    # botocore's own types don't distinguish clients.
    client = cast("DynamoDBClient", Session().create_client("dynamodb", config=_CLIENT))
    return Waits(client, ApprovalSettings.from_env(os.environ).approvals_table)


@cache
def _step_functions() -> SFNClient:
    return cast("SFNClient", Session().create_client("stepfunctions", config=_CLIENT))
