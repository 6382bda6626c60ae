"""The function's dependencies, built at first use. Only this module reads the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from botocore.config import Config
from botocore.session import Session

from statusbeam.model.settings import EVENT_SOURCE, CallerSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# AppSync waits 10 s for a function, and the publisher takes up to 6 s: a retry of the SDK would be too late.
_PUBLISHER = Config(connect_timeout=1, read_timeout=7, retries={"total_max_attempts": 1})
_EVENTS = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 2})
_TRIES = 2


class _Events(Protocol):
    """The part of botocore's client that the function uses."""

    def put_events(self, *, Entries: list[dict[str, str]]) -> Mapping[str, Any]: ...  # noqa: N803 - its name


class RequestError(Exception):
    """The request was not recorded, or not announced. The caller may send it again."""


def record(payload: Mapping[str, Any]) -> bool:
    """Publish a payload, and wait until it is in the job's log.

    Returns False if the payload's condition does not hold. Raises RequestError and the SDK's errors.
    """
    result: dict[str, Any] = {}
    # A publisher that failed may have committed. Repeating the batch is safe: the log has it once.
    for _ in range(_TRIES):
        result, failed = _published(payload)
        if not failed:
            break
    else:
        raise RequestError(f"the publisher failed: {result.get('errorType')}")
    if result["rejected"]:
        raise RequestError(f"the publisher rejected the status: {result['rejected']}")
    return bool(result["committed"])


def _published(payload: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    function = CallerSettings.from_env(os.environ).status_publisher_function or ""
    answer = _lambda().invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    return json.loads(answer["Payload"].read()), "FunctionError" in answer


def announce(detail_type: str, detail: Mapping[str, Any]) -> None:
    """Announce a request on the event bus. Raises RequestError and the SDK's errors."""
    entry = {"Source": EVENT_SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}
    answer = _events().put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RequestError(f"EventBridge rejected the event: {answer['Entries'][0].get('ErrorCode')}")


@cache
def _lambda() -> LambdaClient:
    # botocore's own types don't distinguish clients.
    return cast("LambdaClient", Session().create_client("lambda", config=_PUBLISHER))


@cache
def _events() -> _Events:
    return cast("_Events", Session().create_client("events", config=_EVENTS))
