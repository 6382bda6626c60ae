"""Ends the job of an execution that ended, and reopens it when the execution is redriven.

The closer does not check whether the workflow sent its own final status, because both may report at once. The
publisher skips the closer's status when the job has ended (`onlyIfOpen`). The workflow's own status was sent
before the execution ended, so it is committed first. Lambda retries failed events, then moves them to the
dead letters.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lambdas.execution_closer._wiring import described_input, transport
from lambdas.execution_closer.execution import Execution, owner_in

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:  # noqa: ARG001 - Lambda's signature
    """Send the job's status to the publisher. Returns the payload, or None without a status."""
    execution = Execution.from_event(event)
    status = execution.job_status
    if status is None:
        return None
    owner = owner_in(described_input(execution.arn) if execution.input is None else execution.input)
    if owner is None:
        _log.info(
            "execution=<%s>, status=<%s> | skipped: its input names no job",
            execution.arn,
            execution.status,
        )
        return None
    payload = execution.payload(owner, status)
    transport().send(payload)
    _log.info("job_id=<%s>, batch_id=<%s> | sent: %s", owner["jobId"], payload["batchId"], status[0])
    return payload
