"""Closes the job of an execution that ended, and reopens it when the execution is redriven.

Whether the workflow said its own last word is not asked here, where the answer could change at once: the
publisher passes the closer's word over when the job has ended (`onlyIfOpen`), and the workflow's own word,
sent before the execution ended, is committed first. What fails is retried by Lambda, then a dead letter.
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
    """Send the job's news to the publisher; the payload that was sent, None when there was none."""
    execution = Execution.from_event(event)
    news = execution.news
    if news is None:
        return None
    owner = owner_in(described_input(execution.arn) if execution.input is None else execution.input)
    if owner is None:
        _log.info(
            "execution=<%s>, status=<%s> | passed over: its input names no job",
            execution.arn,
            execution.status,
        )
        return None
    payload = execution.payload(owner, news)
    transport().send(payload)
    _log.info("job_id=<%s>, batch_id=<%s> | sent: %s", owner["jobId"], payload["batchId"], news[0])
    return payload
