"""What the soak test delivers: the statuses of eight parallel agents in two attempts, cut into payloads.

Whole sources share a payload as often as not, so a commit touches one agent's whole life or a word of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from statusbeam.log.snapshot.times import time_of

AGENTS: Final = 8
ATTEMPTS: Final = 2
CLOSER: Final = "closer"
"""The batch that ends the job on somebody's behalf, if nobody else has."""
CLOSED: Final = 0.5
"""How many jobs have one."""
SILENT: Final = 0.5
"""How many of those have no last word of their own."""
TENANT, USER = "soak", "soaker"

_DELIVERIES = (1, 1, 2, 2, 3)
_MOST_STATUSES = 8
MOST_SECONDS = 600

Payload = dict[str, Any]


def payloads(rng: Random, job_id: str, start_ms: int) -> list[Payload]:
    """The payloads of one job, each with the statuses that one source sends together."""
    sources = [list(_orchestrator(rng))]
    sources += [list(_agent(rng, f"Agent {number}", f"run-{number}")) for number in range(AGENTS)]
    closed = rng.random() < CLOSED
    if closed and rng.random() < SILENT:
        sources[0].pop()
    found: list[Payload] = []
    for source in sources:
        at = 0
        while at < len(source):
            part = source[at : at + rng.randint(1, _MOST_STATUSES)]
            updates = [_entry(rng, job_id, start_ms, said) for said in part]
            found.append({"batchId": f"b{len(found)}", "updates": updates})
            at += len(part)
    if closed:
        word = {"status": "error", "attempt": 1}
        closing = {"batchId": CLOSER, "onlyIfOpen": True, "updates": [_entry(rng, job_id, start_ms, word)]}
        found.append(closing)
    return found


def deliveries(rng: Random, found: list[Payload]) -> list[Payload]:
    """Each payload once to three times, in any order."""
    often = [payload for payload in found for _ in range(rng.choice(_DELIVERIES))]
    rng.shuffle(often)
    return often


def _orchestrator(rng: Random) -> Iterator[dict[str, Any]]:
    plan = [{"name": f"Agent {number}", "weight": rng.randint(1, 4)} for number in range(AGENTS)]
    yield {"status": "loading_agents", "metadata": {"plan": plan, "sessionId": "s1"}}
    yield {"status": "synthesizing", "progress": rng.randint(0, 100)}
    yield {"status": rng.choice(("complete", "complete", "error"))}


def _agent(rng: Random, name: str, invocation: str) -> Iterator[dict[str, Any]]:
    for attempt in range(1, ATTEMPTS + 1):
        who = {"agentName": name, "invocationId": invocation, "attempt": attempt}
        yield {**who, "status": "agent_invoking"}
        if rng.random() < 0.5:
            yield {**who, "status": "calling_tool", "toolName": "map", "progress": rng.randint(0, 99)}
        end = "agent_error" if attempt < ATTEMPTS else "agent_complete"
        tokens = {"inputTokens": rng.randint(0, 999), "outputTokens": rng.randint(0, 99)}
        yield {**who, "status": end, "metadata": {"tokenUsage": tokens}}


def _entry(rng: Random, job_id: str, start_ms: int, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "userId": USER,
        "tenantId": TENANT,
        "message": f"{said.get('agentName', 'The job')}: {said['status']}",
        "timestamp": time_of(start_ms + rng.randint(0, MOST_SECONDS * 1000)),
        **said,
    }
