"""The Lambda handlers of the example. Each reads its event, makes one call, and returns the result.

Agent event: {jobId, userId, tenantId, complaint, playbook, attempt (0 in the first run), failAgent}.
`validate` gets `findings`,
the three results, as well; `synthesize` also `validation`. AGENT_TOOLS says which tools the agents have:
offline or aws.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from examples.civic_complaints.agents import Agent, AgentCall, run_agent
from examples.civic_complaints.findings import check_findings
from examples.civic_complaints.playbook import playbook_for
from examples.civic_complaints.toolbox import Toolbox, build_toolbox
from examples.civic_complaints.work_order import make_work_order
from status_utils import job

Event = Mapping[str, Any]

FLUSH_SECONDS = 5.0


def load_playbook(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The tenant's playbook: {name, agents, thresholds, slaHours, departments, severityExpected,
    locationOptional}.
    """
    return playbook_for(event["tenantId"])


def geo_agent(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The place: {agent, located, label, latitude, longitude, ...}, see geo.Locator.locate.

    Raises AgentFailedError.
    """
    return _run(_toolbox().geo, event)


def category_agent(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The subject: {agent, category, confidence, scores, evidence}. Raises AgentFailedError."""
    return _run(_toolbox().category, event)


def severity_agent(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The severity: {agent, severity 1..5, confidence, reasons}. Raises AgentFailedError."""
    return _run(_toolbox().severity, event)


def validate(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Whether the findings are consistent: {verdict, issues, checks}."""
    return check_findings(event["findings"], event["playbook"])


def synthesize(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The work order: {workOrderId, department, priority, slaHours, summary, questions, ...}."""
    return make_work_order(event["jobId"], event["findings"], event["validation"], event["playbook"])


def _run(agent: Agent, event: Event) -> dict[str, Any]:
    call = AgentCall.from_event(event)
    # waits for a slow queue, so that the next state's statuses follow this state's
    with job(**call.owner, attempt=call.attempt + 1, ends_job=False, flush_seconds=FLUSH_SECONDS) as part:
        return run_agent(agent, call, part)


@cache
def _toolbox() -> Toolbox:
    return build_toolbox(os.environ)
