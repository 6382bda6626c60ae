"""Scopes that wait for a person, a timer or another job: no heartbeats, and no end when the block is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from status_utils import (
    AgentHandoffManager,
    AgentScope,
    JobScope,
    agent_step,
    current_scope,
    job,
    publish_agent_status,
)
from status_utils.testing import Recording, recorded
from statusbeam.model.limits import WAITING_FOR_LENGTH, WAITING_PROMPT_LENGTH
from tests.unit.status_utils.virtual_sender import FakeTransport, World

OWNER = ("job-1", "ana", "city")


def in_job() -> JobScope:
    job_id, user_id, tenant_id = OWNER
    return job(job_id=job_id, user_id=user_id, tenant_id=tenant_id)


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def waits(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(s["metadata"])["waiting"] for s in recording if s["status"] == "waiting"]


def test_an_agent_reports_its_wait_with_reason_and_end(recording: Recording) -> None:
    until = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    with in_job() as j, j.agent("Geo Agent") as agent:
        agent.waiting(for_="approval", prompt="May I close the road?", until=until)
        agent.waiting(for_="timer")
    assert waits(recording) == [
        {"for": "approval", "prompt": "May I close the road?", "until": "2030-01-02T03:04:05.000Z"},
        {"for": "timer"},
    ]
    assert recording.messages("Geo Agent")[1:] == ["May I close the road?", "Geo Agent is waiting for timer"]


def test_people_may_answer_a_wait_that_is_answerable(recording: Recording) -> None:
    with in_job() as j, j.agent("Orchestrator") as orchestrator, orchestrator.agent("Geo Agent") as agent:
        agent.waiting(for_="approval", prompt="May I?", answerable=True)
    of_the_agent, of_who_called_it = waits(recording)
    assert of_the_agent == {"for": "approval", "prompt": "May I?", "answerable": True}
    assert of_who_called_it == {"for": "approval", "prompt": "May I?"}


@pytest.mark.parametrize("odd", [None, "no", 1, []])
def test_only_true_makes_a_wait_answerable(recording: Recording, odd: Any) -> None:
    with in_job() as j:
        j.waiting(for_="approval", answerable=odd)
    assert waits(recording) == [{"for": "approval"}]


@pytest.mark.parametrize("until", [90, 90.0, "90", timedelta(seconds=90)])
def test_a_wait_may_end_so_many_seconds_from_now(recording: Recording, until: Any) -> None:
    before = datetime.now(UTC)
    with in_job() as j:
        j.waiting(for_="timer", until=until)
    end = datetime.fromisoformat(waits(recording)[0]["until"])
    assert before + timedelta(seconds=89) < end < datetime.now(UTC) + timedelta(seconds=91)


class Unprintable:
    """A value that raises at every access."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


LATEST = datetime.max.replace(tzinfo=UTC)
ODD: list[Any] = [None, Unprintable(), "x" * 10_000, b"\xff", float("nan"), 10**400, LATEST]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_the_reason_of_a_wait_is_truncated_to_its_limit(recording: Recording, odd: Any) -> None:
    with in_job() as j, j.agent("Geo Agent") as agent:
        agent.waiting(for_=odd, prompt=odd, until=odd)
    (wait,) = waits(recording)
    assert 0 < len(wait["for"]) <= WAITING_FOR_LENGTH
    assert len(wait.get("prompt", "")) <= WAITING_PROMPT_LENGTH


def by_its_word(agent: AgentScope) -> None:
    agent.status("waiting", "May I?", {"waiting": {"for": "approval"}})


def by_its_word_alone(agent: AgentScope) -> None:
    agent.status("waiting", "May I?")


def by_a_publish_function(agent: AgentScope) -> None:
    publish_agent_status(*OWNER, "Geo Agent", "waiting", "May I?")


@pytest.mark.parametrize("wait", [by_its_word, by_its_word_alone, by_a_publish_function])
def test_the_status_waiting_is_a_wait_in_every_form(recording: Recording, wait: Any) -> None:
    with in_job() as j, j.agent("Geo Agent") as agent:
        wait(agent)
        assert agent not in agent.sender.open_sources(), "it sends no heartbeats"
    assert recording.statuses() == ["loading_agents", "agent_invoking", "waiting"]


def test_scopes_that_are_left_while_they_wait_report_no_end(recording: Recording) -> None:
    with in_job() as j, j.agent("Geo Agent") as agent, agent.tool("location") as tool:
        tool.waiting(for_="approval")
    assert recording.statuses() == ["loading_agents", "agent_invoking", "calling_tool", "waiting"]


def test_a_job_that_waits_itself_is_not_complete_when_it_is_left(recording: Recording) -> None:
    with in_job() as j:
        j.waiting(for_="another job")
    assert recording.statuses() == ["loading_agents", "waiting"]


def test_an_agent_whose_agent_waits_waits_as_well(recording: Recording) -> None:
    with in_job() as j, j.agent("Orchestrator") as orchestrator, orchestrator.agent("Geo Agent") as agent:
        agent.waiting(for_="approval", prompt="May I?")
    assert recording.statuses() == [
        "loading_agents",
        "agent_invoking",
        "agent_invoking",
        "waiting",
        "waiting",
    ]
    assert waits(recording)[0] == waits(recording)[1]


def test_a_scope_that_waits_and_then_fails_has_failed(recording: Recording) -> None:
    with pytest.raises(ValueError, match="hunter2"), in_job() as j, j.agent("Geo Agent") as agent:
        agent.waiting(for_="approval")
        raise ValueError("hunter2")
    assert recording.statuses()[-2:] == ["agent_error", "error"]


def goes_on(agent: AgentScope) -> None:
    agent.progress(0.5)


def uses_a_tool(agent: AgentScope) -> None:
    with agent.tool("location"):
        pass


def completes(agent: AgentScope) -> None:
    agent.complete("Done")


def publishes(agent: AgentScope) -> None:
    publish_agent_status(*OWNER, "Geo Agent", "agent_running", "…")


@pytest.mark.parametrize("go_on", [goes_on, uses_a_tool, completes, publishes])
def test_the_next_status_ends_the_wait(recording: Recording, go_on: Any) -> None:
    with in_job() as j, j.agent("Geo Agent") as agent:
        agent.waiting(for_="approval")
        go_on(agent)
    assert recording.statuses()[-2:] == ["agent_complete", "complete"]


def test_an_invocation_that_another_scope_resumes_no_longer_delays_its_job(recording: Recording) -> None:
    with in_job() as j:
        with j.agent("Geo Agent", invocation_id="geo-1") as agent:
            agent.waiting(for_="approval")
        with j.agent("Geo Agent", invocation_id="geo-1"):
            pass
    assert recording.statuses()[-2:] == ["agent_complete", "complete"]


def test_an_invocation_that_a_publish_function_resumes_no_longer_delays_its_job(
    recording: Recording,
) -> None:
    with in_job() as j:
        with j.agent("Geo Agent", invocation_id="geo-1") as agent:
            agent.waiting(for_="approval")
        publish_agent_status(*OWNER, "Geo Agent", "complete", "Done", invocation_id="geo-1")
    assert recording.statuses()[-2:] == ["agent_complete", "complete"]


@agent_step("Street Agent")
async def ask(_: Any = None) -> str:
    scope = current_scope()
    assert isinstance(scope, AgentScope)
    scope.waiting(for_="approval")
    return "asked"


async def test_a_step_and_a_handoff_that_wait_are_not_complete(recording: Recording) -> None:
    handoffs = AgentHandoffManager("ana", "city")
    handoffs.register("Geo Agent", ask)
    async with in_job():
        assert await handoffs.call_agent("Geo Agent", {}) == "asked"
    assert recording.statuses("Street Agent") == ["agent_invoking", "waiting"]
    assert recording.statuses("Geo Agent") == ["agent_invoking", "waiting"]
    assert "complete" not in recording.statuses()


def quiet(world: World, transport: FakeTransport, seconds: float) -> list[dict[str, Any]]:
    """The statuses that are sent during a silence."""
    before = len(transport.statuses())
    world.run(seconds)
    return transport.statuses()[before:]


def test_a_waiting_scope_sends_no_heartbeats_until_it_continues() -> None:
    transport = FakeTransport()
    world = World(transport)
    scope = world.job().start()
    agent = scope.agent("Geo Agent").start()
    agent.waiting(for_="approval")
    scope.waiting(for_="approval")
    world.run(1)
    assert quiet(world, transport, 3 * 86_400) == []
    agent.progress(0.5)
    world.run(1)
    assert {s["status"] for s in quiet(world, transport, 60)} == {"heartbeat"}


def test_a_job_sends_heartbeats_while_only_its_agent_waits() -> None:
    transport = FakeTransport()
    world = World(transport)
    scope = world.job().start()
    scope.agent("Geo Agent").start().waiting(for_="approval")
    world.run(1)
    sent = quiet(world, transport, 60)
    assert {(s["status"], s.get("agentName")) for s in sent} == {("heartbeat", None)}


async def test_a_coroutine_that_waits_for_its_answer_continues_the_same_invocation(
    recording: Recording,
) -> None:
    answered = asyncio.Event()

    async def person() -> None:
        answered.set()

    async with in_job() as j, j.agent("Geo Agent") as agent:
        agent.waiting(for_="approval")
        await asyncio.gather(person(), answered.wait())
        agent.progress(1)
    assert recording.statuses()[2:] == ["waiting", "progress", "agent_complete", "complete"]
