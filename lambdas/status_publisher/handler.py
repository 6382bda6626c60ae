"""The publisher: a payload of statuses in, the result out.

The queue sends one payload a message; agents invoke it asynchronously, Step Functions synchronously. If
it cannot commit or push statuses, the handler reports the message as failed, or raises. Then AWS delivers the
payload again, and after the last attempt moves it to the dead-letter queue. The handler only rejects invalid
statuses, because a retry cannot help.
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
from statusbeam.log.publishing.measurements import Measurements
from statusbeam.log.publishing.pipeline import PublishResult
from statusbeam.model.errors import StatusError
from statusbeam.model.limits import DETAIL_BYTES
from statusbeam.model.settings import (
    FAILURES_METRIC,
    FUNCTION_DIMENSION,
    GIVEN_UP_METRIC,
    METRICS_NAMESPACE,
    PUBLISHER_SERVICE,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PUSH_SECONDS = 2.5
"""The longest time of one push. With less time left, no push begins, and no commit waits for others."""

_ANSWER_SECONDS = 0.5
"""Time reserved for requesting an early retry from SQS, and for returning the result."""

# Lambda's runtime parses the event: a number longer than Python's limit would fail the whole invoke.
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
    measured = Measurements()
    try:
        records = records_of(event)
        if records is not None:
            return _publish_messages(records, measured, ends=ends)
        return _publish_payload(event, measured, batch_id=context.aws_request_id, ends=ends)
    finally:
        _emit(measured)


def _publish_payload(payload: object, measured: Measurements, *, batch_id: str, ends: float) -> PublishResult:
    try:
        return publisher()(payload, batch_id=batch_id, deadline=ends - _PUSH_SECONDS, measured=measured)
    except StatusError:
        measured.counts[FAILURES_METRIC] += 1
        raise


def _publish_messages(records: Sequence[Record], measured: Measurements, *, ends: float) -> QueueAnswer:
    publish = publisher()

    def in_time(payload: object, **how: Any) -> PublishResult:
        with time_limit(ends - time.time()):
            return publish(payload, measured=measured, **how)

    outcome = publish_messages(records, in_time, deadline=ends - _PUSH_SECONDS, now=time.time)
    if outcome.given_up:
        measured.counts[GIVEN_UP_METRIC] += outcome.given_up
    if outcome.failed:
        measured.counts[FAILURES_METRIC] += len(outcome.failed)
        retries().retry_soon(outcome.failed, faulty=outcome.faulty)
    return outcome.answer()


def _emit(measured: Measurements) -> None:
    for name, count in measured.counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    for name, values in measured.latencies.items():
        for value in values:
            metrics.add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)
