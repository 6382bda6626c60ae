"""The publisher: a payload of statuses in, what became of them out.

Invoked asynchronously by agents, synchronously by Step Functions. Raises when statuses could not be committed
or pushed, so that Lambda retries and, in the end, the dead-letter queue has the payload; what is invalid is
only rejected, since it stays invalid.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.status_publisher._wiring import publisher
from status_utils.errors import StatusError
from status_utils.pipeline import PublishResult
from status_utils.settings import METRICS_NAMESPACE, PUBLISHER_SERVICE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PUSH_SECONDS = 8
"""What is kept of the invocation's time for the pushes, when commits have to wait for each other."""

logger = Logger(service=PUBLISHER_SERVICE)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=PUBLISHER_SERVICE)
copy_config_to_registered_loggers(source_logger=logger, include={"status_utils"})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> PublishResult:
    """Publish one payload: `{"batchId", "updates": [StatusInput, …]}` or one bare StatusInput."""
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000 - _PUSH_SECONDS
    try:
        result = publisher()(event, batch_id=context.aws_request_id, deadline=deadline)
    except StatusError:
        metrics.add_metric(name="PublishFailures", unit=MetricUnit.Count, value=1)
        raise
    metrics.add_metric(name="StatusesCommitted", unit=MetricUnit.Count, value=result["committed"])
    metrics.add_metric(name="StatusesRejected", unit=MetricUnit.Count, value=len(result["rejected"]))
    metrics.add_metric(name="Pushes", unit=MetricUnit.Count, value=result["pushed"])
    return result
