"""The Lambda handler of the example: one function, which runs the agent that the event names.

Event: {agent, attempt (0 in the first run), job, findings, permit, approval}. `job` is the execution's input:
{jobId, userId, tenantId, street, month (1 to 12), visitors, pace, weatherFailures}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examples.street_fair.call import FairCall, Pace
from examples.street_fair.city import default_city
from examples.street_fair.inquiries import neighbours, traffic, weather
from examples.street_fair.permits import draft, issue
from status_utils import AgentScope, job

FLUSH_SECONDS = 5.0

Work = Callable[[FairCall, AgentScope, Pace], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: `name` is its name for people, `opening` its first message."""

    name: str
    opening: str
    work: Work


AGENTS: Mapping[str, Agent] = {
    "traffic": Agent(
        "Traffic Agent",
        "Looking at the streets around",
        lambda call, run, pace: traffic(call, run, default_city(), pace),
    ),
    "weather": Agent(
        "Weather Agent",
        "Asking about the weather",
        lambda call, run, pace: weather(call, run, default_city(), pace),
    ),
    "neighbours": Agent(
        "Neighbour Agent",
        "Reading the letters of the neighbours",
        lambda call, run, pace: neighbours(call, run, default_city(), pace),
    ),
    "permit": Agent("Permit Agent", "Writing the permit", draft),
    "notice": Agent("Notice Agent", "Issuing the permit", issue),
}


def agent(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Run the event's agent. Returns its finding with `agent`. Raises FairError."""
    return run_agent(event["agent"], FairCall.from_event(event))


def run_agent(key: str, call: FairCall, pace: Pace | None = None) -> dict[str, Any]:
    """Run an agent and report its statuses as a part of the job. Raises FairError."""
    chosen = AGENTS[key]
    # waits for a slow queue, so that the next state's statuses follow this state's
    with (
        job(**call.owner, attempt=call.attempt + 1, ends_job=False, flush_seconds=FLUSH_SECONDS) as part,
        part.agent(chosen.name, message=chosen.opening) as run,
    ):
        finding = chosen.work(call, run, pace or Pace(call.pace))
    return {"agent": key, **finding}
