"""The HTTP example: real servers, real timeouts, and invalid answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.http_orchestrator.__main__ import TEXT, agents_at
from examples.http_orchestrator.agents import AGENTS, serving
from examples.http_orchestrator.orchestrator import AgentCallError, HttpAgent, HttpAgentOrchestrator
from status_utils import MemoryTransport, StatusTracker
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.liveness import agent_liveness
from statusbeam.log.snapshot.times import ms_of
from tests.unit.local_http import Answer, json_answer, local_server
from tests.unit.status_utils.published import snapshot, statuses
from tests.unit.statusbeam.log.snapshot.fold_cases import committed

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


def orchestrator(
    transport: MemoryTransport, *agents: HttpAgent, timeout: float = 5.0
) -> HttpAgentOrchestrator:
    tracker = StatusTracker("job-1", "ana", "city", correlation_id="request-7", transport=transport)
    return HttpAgentOrchestrator(agents, tracker, timeout=timeout)


def told(transport: MemoryTransport) -> list[tuple[str, str]]:
    return [(update.status, update.message) for update in statuses(transport)]


def test_three_agents_answer_in_the_order_of_their_dependencies(transport: MemoryTransport) -> None:
    with serving(AGENTS) as url:
        work = orchestrator(transport, *agents_at(url))
        assert work.run(TEXT) == "session-request-7"
    assert work.findings["Headline Agent"] == "out · streetlight · market (6 s)"
    job = snapshot(transport)
    assert (job["overallStatus"], job["sessionId"], job["progress"]) == (
        "completed",
        "session-request-7",
        100,
    )
    assert [(a["name"], a["status"], a["attempt"]) for a in job["agents"]] == [
        ("Keyword Agent", "success", 1),
        ("Reading Time Agent", "success", 1),
        ("Headline Agent", "success", 1),
    ]
    assert all(agent["tokenUsage"]["totalTokens"] > 0 for agent in job["agents"])
    assert job["agents"][2]["dependsOn"] == ["Keyword Agent", "Reading Time Agent"]
    seen = [(update.status, update.agent_name) for update in statuses(transport)]
    assert seen[-3:] == [
        ("agent_invoking", "Headline Agent"),
        ("agent_complete", "Headline Agent"),
        ("complete", None),
    ]


def test_an_agent_looks_alive_as_long_as_its_call_may_take(transport: MemoryTransport) -> None:
    with local_server(json_answer({"result": 7})) as server:
        orchestrator(transport, HttpAgent("Geo Agent", server.url), timeout=600.0).run("Where?")
    (began,) = [n for n, update in enumerate(statuses(transport)) if update.status == "agent_invoking"]
    job = fold(committed(statuses(transport)[: began + 1]))
    (agent,) = [agent for agent in job.agents.values() if agent.name == "Geo Agent"]
    began_at = (ms_of(statuses(transport)[began].timestamp) or 0) / 1000
    assert agent_liveness(job, agent.invocation_id, began_at + 600) == "live"
    assert agent_liveness(job, agent.invocation_id, began_at + 700) == "stale"


def test_a_server_error_is_tried_again_as_the_next_attempt(transport: MemoryTransport) -> None:
    with local_server(Answer(status=503), json_answer({"result": 7})) as server:
        work = orchestrator(transport, HttpAgent("Geo Agent", server.url))
        work.run("t")
    assert work.findings == {"Geo Agent": 7}
    assert told(transport) == [
        ("loading_agents", "Calling the agents"),
        ("agent_invoking", "Calling Geo Agent"),
        ("agent_error", "Geo Agent answered HTTP 503"),
        ("agent_retrying", "Calling Geo Agent"),
        ("agent_complete", "Geo Agent answered"),
        ("complete", "All agents answered"),
    ]
    assert snapshot(transport)["agents"][0]["attempt"] == 2


REFUSALS: list[tuple[Answer, str, int]] = [
    (Answer(status=500), "Geo Agent answered HTTP 500", 2),
    (Answer(status=404), "Geo Agent answered HTTP 404", 1),  # asking again would not help
    (Answer(hang_up=True), "Geo Agent could not be reached", 2),
    (Answer(body=b"<html>"), "Geo Agent did not answer in JSON", 1),
    (json_answer([1]), "Geo Agent answered without a result", 1),
    (json_answer({"answer": 7}), "Geo Agent answered without a result", 1),
]


@pytest.mark.parametrize(("answer", "message", "calls"), REFUSALS)
def test_an_agent_that_gives_no_answer_of_use_fails_the_job(
    transport: MemoryTransport, answer: Answer, message: str, calls: int
) -> None:
    with local_server(answer) as server:
        with pytest.raises(AgentCallError, match=message):
            orchestrator(transport, HttpAgent("Geo Agent", server.url)).run("t")
        assert len(server.received) == calls
    assert told(transport)[-2:] == [("agent_error", message), ("error", message)]
    assert snapshot(transport)["overallStatus"] == "failed"


def test_an_agent_that_does_not_answer_in_time_fails_the_job(transport: MemoryTransport) -> None:
    with (
        local_server(Answer(hang=True)) as server,
        pytest.raises(AgentCallError, match=r"did not answer within 0\.05 s"),
    ):
        orchestrator(transport, HttpAgent("Geo Agent", server.url), timeout=0.05).run("t")
    assert [word for word, _ in told(transport)].count("agent_error") == 2


USAGES: list[Any] = [None, "many", [1], {"inputTokens": "many"}, {"inputTokens": -1}]


@pytest.mark.parametrize("usage", USAGES)
def test_tokens_that_make_no_sense_cost_nothing_but_themselves(
    transport: MemoryTransport, usage: Any
) -> None:
    with local_server(json_answer({"result": 7, "tokenUsage": usage, "activity": None})) as server:
        work = orchestrator(transport, HttpAgent("Geo Agent", server.url))
        work.run("t")
    assert work.findings == {"Geo Agent": 7}
    (geo,) = snapshot(transport)["agents"]
    assert (geo["status"], geo["tokenUsage"]) == ("success", None)


def test_an_agent_that_depends_on_a_failed_one_is_never_called(transport: MemoryTransport) -> None:
    with local_server(Answer(status=404)) as server, serving(AGENTS) as url:
        agents = [HttpAgent("Keyword Agent", server.url), *agents_at(url)[1:]]
        with pytest.raises(AgentCallError):
            orchestrator(transport, *agents).run(TEXT)
    seen = {agent["name"]: agent["status"] for agent in snapshot(transport)["agents"]}
    assert seen == {"Keyword Agent": "error", "Reading Time Agent": "success", "Headline Agent": "pending"}


def test_an_agent_that_does_not_understand_the_question_answers_http_500(transport: MemoryTransport) -> None:
    with serving(AGENTS) as url, pytest.raises(AgentCallError, match="HTTP 500"):
        orchestrator(transport, HttpAgent("Headline Agent", f"{url}/headline")).run(TEXT)


def test_the_command_runs_a_job_and_prints_its_statuses() -> None:
    command = [sys.executable, "-m", "examples.http_orchestrator", "The road is flooded"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT, env={}).stdout
    assert shown.splitlines()[0].split() == ["loading_agents", "Calling", "the", "agents"]
    assert "road · flooded (1 s)" in shown.splitlines()[-1]
