"""Reads the detail of one status that was too big for the log: `{"key": …}` in, what was spilled out.

Only the API's resolver may call it, and the resolver has asked whose the status is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lambdas.status_detail._wiring import reader
from statusbeam.model.errors import DetailStoreError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_KEY = re.compile(r"[0-9a-f]{64}/[0-9a-f]{64}\.json")


def handler(event: Any, context: LambdaContext) -> dict[str, Any] | None:  # noqa: ARG001 - Lambda's signature
    """The detail at a key of the publisher's; None when it is not there, or no longer.

    Raises DetailStoreError.
    """
    key = event.get("key") if isinstance(event, dict) else None
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise DetailStoreError("this is no place of a detail", code="bad_key", retriable=False)
    body = reader()(key)
    if body is None:
        return None
    found: dict[str, Any] = json.loads(body)
    return found
