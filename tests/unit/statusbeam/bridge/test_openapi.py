"""The OpenAPI document and the bridge agree: schemathesis draws requests, and judges the answers."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from statusbeam.bridge.app import create_app
from statusbeam.bridge.service import Bridge
from statusbeam.bridge.workflows import MemoryWorkflows
from tests.unit.statusbeam.bridge.samples import QUICK, Log
from tests.unit.statusbeam.bridge.viewers import by_name

STREAMS = ("/jobs/{job_id}/events", "/jobs/{job_id}/stream", "/ag-ui", "/operations/events")
"""They answer for as long as a job goes on. Tests of their own look at them."""

EXCLUDED = [
    positive_data_acceptance,  # ids must be printable: no schema says all of that
    ignored_auth,  # it repeats our own header; test_jobs.py looks at callers without one
]


def application() -> Any:
    log = Log()
    log.say("agent_invoking")
    log.end()
    bridge = Bridge.in_memory(log.journal, authenticate=by_name, pace=QUICK, clock=log.time.clock())
    bridge.workflows = MemoryWorkflows("complaints")
    return create_app(bridge)


schema = schemathesis.openapi.from_asgi("/openapi.json", application()).exclude(path=list(STREAMS))


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_names(case: Any) -> None:
    case.call_and_validate(headers={"authorization": "Bearer ana"}, excluded_checks=EXCLUDED)
