"""The closer's dependencies, built at first use. Only this module and the library read the environment."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from status_utils.defaults import default_transport

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from status_utils.transports.transport import Transport

_CLIENT = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


def transport() -> Transport:
    """The way to the publisher that the stage chose. Raises TransportError."""
    return default_transport()


def described_input(execution_arn: str) -> str:
    """The input of an execution, if it was too large for its event. Raises ClientError and BotoCoreError."""
    return _step_functions().describe_execution(executionArn=execution_arn).get("input", "")


@cache
def _step_functions() -> SFNClient:
    # botocore's own types don't distinguish clients.
    return cast("SFNClient", Session().create_client("stepfunctions", config=_CLIENT))
