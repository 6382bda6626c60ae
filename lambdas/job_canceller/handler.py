"""Records in a job's log that somebody asks for it to be stopped, and tells those who run its work.

Only the API's resolver may call it. The resolver has checked who asks. The job goes on until the work has
stopped: a closer stops the executions of its state machines, and the library tells the agents.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from lambdas.job_canceller._wiring import announce, record
from lambdas.job_canceller.request import CancelRequest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record the request and announce it. Returns what was announced. Raises CancelError."""
    request = CancelRequest.from_event(event)
    detail = request.detail(now=time.time())
    record(request.payload(context.aws_request_id))
    announce(detail)
    _log.info("job_id=<%s>, by=<%s> | cancellation requested", request.job_id, request.by)
    return detail
