"""Records in a job's log what its people ask of it, and tells those who run its work.

They ask for the job to be stopped, or they answer what it waits for. Only the API's resolvers may call the
function, and they have checked who asks. A cancelled job goes on until its work has stopped: a closer stops
the executions of its state machines, and the library tells the agents. An answer reaches the workflow
through the function that keeps its task token.
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

    Returns whether it was recorded: an answer is not when nothing waits for it any more.
    """
    request = Answer.from_event(event) if "approved" in event else CancelRequest.from_event(event)
    detail = request.detail(now=time.time())
    if not record(request.payload(context.aws_request_id)):
        _log.info("job_id=<%s>, by=<%s> | not recorded: nothing waits for it", request.job_id, request.by)
        return {"recorded": False}
    announce(request.detail_type, detail)
    _log.info("job_id=<%s>, by=<%s> | recorded: %s", request.job_id, request.by, request.detail_type)
    return {"recorded": True}
