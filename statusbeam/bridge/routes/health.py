"""`/health` for load balancers, `/metrics` for Prometheus. Neither contains data of a job."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..problems import Problem
from ..service import Bridge
from .requests import TheBridge, problems

router = APIRouter()


@router.get("/health", responses=problems(503))
async def health(bridge: TheBridge) -> dict[str, Any]:
    """Whether the process accepts new streams."""
    if bridge.connections.closing:
        raise Problem.unavailable("This process is shutting down.", retry_after=1)
    return {"status": "ok", "connections": len(bridge.connections), "watchedJobs": bridge.tails.watched}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(bridge: TheBridge) -> Response:
    """The figures of this process, for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Figures(bridge))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """The bridge's own counters in Prometheus's form."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def collect(self) -> Iterable[Metric]:
        """The current figures."""
        streams = GaugeMetricFamily("statusbeam_bridge_streams", "Open streams.", labels=["dialect"])
        for dialect, count in sorted(self._bridge.connections.by_dialect().items()):
            streams.add_metric([dialect], count)
        yield streams
        yield GaugeMetricFamily(
            "statusbeam_bridge_watched_jobs",
            "Jobs whose log a tail follows.",
            value=self._bridge.tails.watched,
        )
