"""The canary: each tick of its schedule is one `statusbeam doctor --probe`, and its measures are metrics."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.canary._wiring import probe, settings
from statusbeam.client.doctor.document import document_of, verdict_line
from statusbeam.client.doctor.measures import PRODUCED_TO_RECEIVED, Measures
from statusbeam.model.settings import (
    CANARY_SERVICE,
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    PROBE_DUPLICATES_METRIC,
    PROBE_FAILED_METRIC,
    PROBE_LATENCY_METRIC,
    PROBE_LOST_METRIC,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_log = logging.getLogger(__name__)

metrics = Metrics(namespace=METRICS_NAMESPACE, service=CANARY_SERVICE)


@metrics.log_metrics
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Probe once. The answer is the document that `statusbeam doctor --probe --output json` prints."""
    metrics.add_dimension(name=FUNCTION_DIMENSION, value=context.function_name)
    has_failed = True
    try:
        report = probe()()
        has_failed = report.finding is not None
    finally:  # a probe that raises has failed, too
        metrics.add_metric(name=PROBE_FAILED_METRIC, unit=MetricUnit.Count, value=int(has_failed))
    if report.facts.probe is not None and report.facts.probe.measures is not None:
        _emit(report.facts.probe.measures)
    document = document_of(settings().deployment_name, report)
    _log.log(logging.WARNING if has_failed else logging.INFO, "%s", verdict_line(document))
    return document


def _emit(measured: Measures) -> None:
    metrics.add_metric(name=PROBE_LOST_METRIC, unit=MetricUnit.Count, value=measured.lost)
    metrics.add_metric(name=PROBE_DUPLICATES_METRIC, unit=MetricUnit.Count, value=measured.duplicates)
    for milliseconds in measured.latencies.get(PRODUCED_TO_RECEIVED, ()):
        metrics.add_metric(name=PROBE_LATENCY_METRIC, unit=MetricUnit.Milliseconds, value=milliseconds)
