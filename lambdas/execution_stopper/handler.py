"""Stops the executions of a job after a request to cancel it.

The stopper stores the running executions of each job, from the events of Step Functions. The event of a
request names a job only: the status stack does not know the state machines that do the work. The closer
reports the job's end when the execution has stopped. Lambda retries failed events, then moves them to the
dead letters.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from lambdas.execution_stopper._wiring import described_input, executions, stop
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import CANCEL_REQUESTED

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_RUNNING = "RUNNING"

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> list[str]:  # noqa: ARG001 - Lambda's signature
    """Handle an event of EventBridge. Returns the ARNs of the executions that it stopped."""
    detail = event["detail"]
    if event["detail-type"] == CANCEL_REQUESTED:
        job = JobKey(detail["tenantId"], detail["jobId"])
        # The mark comes first: the stopper compares later events of starts with it.
        executions().mark_cancelled(job, at_ms=detail["requestedAtMs"])
        return _stop(job, executions().of(job))
    return _note(detail)


def _note(detail: dict[str, Any]) -> list[str]:
    """Store a running execution. Stop it if it started before the request to cancel its job."""
    arn = detail["executionArn"]
    given = detail.get("input")
    job = _job_in(described_input(arn) if given is None else given)
    if job is None:
        _log.info("execution=<%s> | skipped: its input names no job", arn)
        return []
    if detail["status"] != _RUNNING:
        executions().remove(job, arn)
        return []
    executions().add(job, arn)
    # An operator has redriven this execution, so it may go on.
    was_cancelled = not detail.get("redriveCount") and executions().cancelled_ms(job) > detail["startDate"]
    return _stop(job, [arn] if was_cancelled else [])


def _stop(job: JobKey, arns: list[str]) -> list[str]:
    for arn in arns:
        stop(arn)
        _log.info("job_id=<%s>, execution=<%s> | stopped: cancellation requested", job.job_id, arn)
    return arns


def _job_in(text: str) -> JobKey | None:
    """The job that an execution's input names; None when it names none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    names = [found.get(name) for name in ("tenantId", "jobId")] if isinstance(found, dict) else []
    tenant_id, job_id = names or (None, None)
    if not (isinstance(tenant_id, str) and isinstance(job_id, str) and tenant_id and job_id):
        return None
    return JobKey(tenant_id, job_id)
