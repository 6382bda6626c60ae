"""Records requests of people in a job's log, and announces them on the event bus.

A request cancels the job, or answers its wait. Only the API's resolvers may call the function, and they have
checked the caller. A cancelled job runs until its work has stopped: the stopper stops the executions of
its state machines, and agents read the request through the library. An answer reaches the workflow through
the function that stores its task token.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from lambdas.job_requests._wiring import announce, record
from lambdas.job_requests.answer import Answer
from lambdas.job_requests.cancel_request import CancelRequest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record the request and announce it. Raises RequestError.

    Returns whether it was recorded: an answer is not if its wait is over.
    """
    request = Answer.from_event(event) if "approved" in event else CancelRequest.from_event(event)
    detail = request.detail(now=time.time())
    if not record(request.payload(context.aws_request_id)):
        _log.info("job_id=<%s>, by=<%s> | not recorded: the wait is over", request.job_id, request.by)
        return {"recorded": False}
    announce(request.detail_type, detail)
    _log.info("job_id=<%s>, by=<%s> | recorded: %s", request.job_id, request.by, request.detail_type)
    return {"recorded": True}
