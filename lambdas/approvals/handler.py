"""Passes people's answers to the states that wait for them.

A state of the workflow invokes the function with its task token, which the function stores. An event of
EventBridge brings an answer, which the API has recorded in the job's log. The token never leaves the function
and its table. Lambda retries failed events, then moves them to the dead letters.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdas.approvals._wiring import send, waits
from statusbeam.model.job_key import JobKey

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's signature
    """Handle a waiting state or an answer. Raises the SDK's errors."""
    if "taskToken" in event:
        _ask(event)
    else:
        _answer(event["detail"])


def _ask(event: dict[str, Any]) -> None:
    job, invocation_id = JobKey(event["tenantId"], event["jobId"]), event["invocationId"]
    asked_at = datetime.fromisoformat(event["askedAt"])
    found = waits().ask(job, invocation_id, token=event["taskToken"], at_ms=int(asked_at.timestamp() * 1000))
    _go_on(job, invocation_id, found)


def _answer(detail: dict[str, Any]) -> None:
    job, invocation_id = JobKey(detail["tenantId"], detail["jobId"]), detail["invocationId"]
    if invocation_id is None:
        _log.info("job_id=<%s> | skipped: the job itself waits, and no state of a workflow", job.job_id)
        return
    answer = {name: detail[name] for name in ("approved", "by", "comment") if name in detail}
    found = waits().answer(job, invocation_id, answer=json.dumps(answer), at_ms=detail["answeredAtMs"])
    _go_on(job, invocation_id, found)


def _go_on(job: JobKey, invocation_id: str, found: tuple[str, str] | None) -> None:
    if found is None:
        return
    token, answer = found
    still_waits = send(token, answer)
    waits().forget(job, invocation_id)
    outcome = "answered" if still_waits else "the state no longer waits for the answer"
    _log.info("job_id=<%s>, invocation=<%s> | %s", job.job_id, invocation_id, outcome)
