"""The publisher: a payload of statuses in, the result out.

The queue sends one payload a message; agents invoke it asynchronously, Step Functions synchronously. When
statuses could not be committed or pushed, the handler reports the message as failed, or raises. Then AWS
delivers the payload again, and at last moves it to the dead-letter queue. Invalid statuses are only rejected:
sending them again cannot help.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.status_publisher._wiring import publisher, retries
from lambdas.status_publisher.queue import QueueAnswer, Record, publish_messages, records_of
from lambdas.status_publisher.time_limit import time_limit
from statusbeam.log.publishing.pipeline import PublishResult
from statusbeam.model.errors import StatusError
from statusbeam.model.limits import DETAIL_BYTES
from statusbeam.model.settings import (
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    PUBLISHER_SERVICE,
    REFUSED_METRIC,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PUSH_SECONDS = 2.5
"""The longest that one push takes. With less time left no push begins, and no commit waits for others."""

_ANSWER_SECONDS = 0.5
"""Time for asking SQS for an early retry and for answering; a message that needs it runs out of time."""

# Lambda's runtime reads the event: a number longer than Python's limit would fail the invoke, not its status.
sys.set_int_max_str_digits(DETAIL_BYTES)

logger = Logger(service=PUBLISHER_SERVICE)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=PUBLISHER_SERVICE)
copy_config_to_registered_loggers(source_logger=logger, include={"statusbeam"})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> PublishResult | QueueAnswer:
    """Publish one payload, `{"batchId", "updates": [StatusInput, …]}` or one bare StatusInput; or a batch of
    SQS messages whose bodies are such payloads."""
    metrics.add_dimension(name=FUNCTION_DIMENSION, value=context.function_name)
    ends = time.time() + context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS
    deadline = ends - _PUSH_SECONDS
    records = records_of(event)
    if records is not None:
        return _publish_messages(records, deadline=deadline, ends=ends)
    try:
        result = publisher()(event, batch_id=context.aws_request_id, deadline=deadline)
    except StatusError:
        _count(failed=1)
        raise
    _count(committed=result["committed"], rejected=len(result["rejected"]), pushed=result["pushed"])
    _count_shed(result.get("shed", 0))
    _count_refused(result.get("refused", 0))
    return result


def _publish_messages(records: Sequence[Record], *, deadline: float, ends: float) -> QueueAnswer:
    publish = publisher()

    def in_time(payload: object, **how: Any) -> PublishResult:
        with time_limit(ends - time.time()):
            return publish(payload, **how)

    outcome = publish_messages(records, in_time, deadline=deadline, now=time.time)
    _count(committed=outcome.committed, rejected=outcome.rejected, pushed=outcome.pushed)
    _count_shed(outcome.shed)
    _count_refused(outcome.refused)
    if outcome.given_up:
        metrics.add_metric(name="PushesGivenUp", unit=MetricUnit.Count, value=outcome.given_up)
    if outcome.failed:
        _count(failed=len(outcome.failed))
        retries().retry_soon(outcome.failed, faulty=outcome.faulty)
    return outcome.answer()


def _count_shed(statuses: int) -> None:
    if statuses:
        metrics.add_metric(name="StatusesShed", unit=MetricUnit.Count, value=statuses)


def _count_refused(statuses: int) -> None:
    if statuses:
        metrics.add_metric(name=REFUSED_METRIC, unit=MetricUnit.Count, value=statuses)


def _count(*, failed: int = 0, **counts: int) -> None:
    names = {"committed": "StatusesCommitted", "rejected": "StatusesRejected", "pushed": "Pushes"}
    for name, count in counts.items():
        metrics.add_metric(name=names[name], unit=MetricUnit.Count, value=count)
    if failed:
        metrics.add_metric(name="PublishFailures", unit=MetricUnit.Count, value=failed)
