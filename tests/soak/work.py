"""The payloads of the soak test: the statuses of eight parallel agents in two attempts.

Whole sources share a payload as often as not, so a commit touches one agent's whole life or a word of it.
Beside them, in half of the jobs, a process opens the job again and again, as scopes without a counted attempt
do: its openings join a run or begin the next one. Some agents wait. Each source has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from statusbeam.log.snapshot.times import time_of
from statusbeam.model.parse import stamped

AGENTS: Final = 8
ATTEMPTS: Final = 2
CLOSER: Final = "closer"
"""The batch that ends the job on somebody's behalf, if nobody else has."""
CLOSED: Final = 0.5
"""How many jobs have one."""
SILENT: Final = 0.5
"""How many of those have no last word of their own."""
TENANT, USER = "soak", "soaker"

RERUN: Final = 0.5
"""How many jobs are opened again and again; the others never end without a final status of theirs."""
RERUNS: Final = 3
AHEAD: Final = (0, 0, 0, 4, -40, 30, 600, -7_200)
"""By how many seconds the clock of a source may be ahead."""

_DELIVERIES = (1, 1, 2, 2, 3)
_MOST_STATUSES = 8
MOST_SECONDS = 600

Payload = dict[str, Any]


def payloads(rng: Random, job_id: str, start_ms: int) -> list[Payload]:
    """The payloads of one job, each with the statuses that one source sends together."""
    sources = [list(_orchestrator(rng))]
    sources += [list(_agent(rng, f"Agent {number}", f"run-{number}")) for number in range(AGENTS)]
    if rng.random() < RERUN:
        sources += [list(_scopes(rng))]
    closed = rng.random() < CLOSED
    if closed and rng.random() < SILENT:
        sources[0].pop()
    found: list[Payload] = []
    for source in sources:
        at, ahead = 0, rng.choice(AHEAD)
        while at < len(source):
            part = source[at : at + rng.randint(1, _MOST_STATUSES)]
            updates = [_entry(rng, job_id, start_ms + ahead * 1000, said) for said in part]
            payload = {"batchId": f"b{len(found)}", "updates": updates}
            found.append(stamped(payload, now=start_ms / 1000 + MOST_SECONDS + ahead))
            at += len(part)
    if closed:
        word = {"status": "error", "attempt": 1}
        closing = {"batchId": CLOSER, "onlyIfOpen": True, "updates": [_entry(rng, job_id, start_ms, word)]}
        found.append(closing)
    return found


def _scopes(rng: Random) -> Iterator[dict[str, Any]]:
    """A process that opens the job, works, maybe waits, and ends it or is left; and does so again."""
    for number in range(1, RERUNS + 1):
        run = {"run": f"p.{number}"}
        yield {"status": "loading_agents", "metadata": {**run, "title": f"Try {number}"}}
        who = {"agentName": "Scope Agent", "invocationId": f"scope-{number}"}
        yield {**who, "status": "agent_invoking", "metadata": run}
        if rng.random() < 0.5:
            whom = who if rng.random() < 0.5 else {}
            yield {**whom, "status": "waiting", "metadata": {**run, "waiting": {"for": "approval"}}}
        yield {**who, "status": "agent_complete", "metadata": run}
        if rng.random() < 0.8:
            ended = {**run, "opened": number, "result": number}
            yield {"status": rng.choice(("complete", "error", "cancelled")), "metadata": ended}


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
