"""Reads the detail of one status that was too big for the log: `{"key": …}` in, the spilled detail out.

Only the API's resolver may call the function. The resolver has checked the status's owner.
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
    """The detail that the publisher stored under a key; None if it is missing or has expired.

    Raises DetailStoreError.
    """
    key = event.get("key") if isinstance(event, dict) else None
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise DetailStoreError("invalid detail key", code="bad_key", retriable=False)
    body = reader()(key)
    if body is None:
        return None
    found: dict[str, Any] = json.loads(body)
    return found
