"""Scopes: the statuses of a job and its agents from beginning to end, and the invocation of each."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from status_utils import (
    AgentScope,
    JobScope,
    MemoryTransport,
    current_scope,
    in_scope,
    job,
    publish_agent_status,
    publish_orchestrator_status,
    report_progress,
    report_tool,
)
from status_utils.scopes.progress_share import _warn_of_no_number, _warn_of_percentage
from status_utils.scopes.scope import Scope, set_current_scope
from status_utils.sending.senders import sender_for
from statusbeam.log.snapshot.progress import parse_plan
from statusbeam.model.parse import parse_status


class Unspeakable:
    """Of somebody else's, and broken."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


def a_job(transport: MemoryTransport, **more: Any) -> JobScope:
    return job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport, **more)


def reported(transport: MemoryTransport) -> list[dict[str, Any]]:
    sender_for(transport).flush(60, force_wait=True)
    return [status for payload in transport.sent for status in payload["updates"]]


def status_words(transport: MemoryTransport) -> list[str]:
    return [status["status"] for status in reported(transport)]


def of(transport: MemoryTransport, agent_name: str) -> list[dict[str, Any]]:
    return [status for status in reported(transport) if status.get("agentName") == agent_name]


def metadata(status: dict[str, Any]) -> dict[str, Any]:
    """The caller's part of it; test_runs.py has the rest."""
    found = json.loads(status["metadata"])
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if key not in ("run", "opened")}


def in_scope_of(scope: Scope, function: Callable[..., Any], *args: Any) -> Any:
    def run() -> Any:
        set_current_scope(scope)
        return function(*args)

    return contextvars.copy_context().run(run)


def test_a_job_and_its_agents_are_reported_from_beginning_to_end(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent", message="Reading the address") as a:
        with a.tool("location", reason="The text names a street"):
            a.progress(0.4, "One place looked up")
        a.complete("Found: 400 Valencia Street")
    assert status_words(transport) == [
        "loading_agents",
        "agent_invoking",
        "calling_tool",
        "progress",
        "tool_complete",
        "agent_complete",
        "complete",
    ]
    assert [status["message"] for status in of(transport, "Geo Agent")] == [
        "Reading the address",
        "The text names a street",
        "One place looked up",
        "location completed",
        "Found: 400 Valencia Street",
    ]
    tools = {status.get("toolName") for status in of(transport, "Geo Agent")}
    assert tools == {None, "location"}


def test_all_statuses_of_a_run_carry_owner_invocation_and_attempt(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.status("paving_road", "Half a mile")
    ids = {(s["jobId"], s["userId"], s["tenantId"]) for s in reported(transport)}
    assert ids == {("job-1", "ana", "city")}
    assert {(s["invocationId"], s["attempt"]) for s in of(transport, "Geo Agent")} == {(a.invocation_id, 1)}


def test_every_reported_status_is_valid(transport: MemoryTransport) -> None:
    with a_job(transport, plan=["Geo Agent"]) as j, j.agent("Geo Agent") as a, a.tool("location"):
        a.tokens(input=10, output=2)
    for status in reported(transport):
        parse_status(status, event_id="unused", now=0)


def test_a_tool_that_is_only_called_reports_no_end(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.tool("location", reason="Look")
    assert "tool_complete" not in status_words(transport)


class OutOfPaperError(Exception):
    public_message = "The printer has no paper"


class RudeError(Exception):
    @property
    def public_message(self) -> str:
        raise ValueError


ENDS = [
    # what is raised, what the agent's end says, whether there is a reason
    pytest.param(RuntimeError("password=hunter2"), "Geo Agent failed", None, id="exception"),
    pytest.param(OutOfPaperError("tray 2"), "The printer has no paper", None, id="with its own public text"),
    pytest.param(RudeError("secret"), "Geo Agent failed", None, id="whose public text raises"),
    pytest.param(TimeoutError("10.0.0.1:443"), "Geo Agent timed out", "timed out", id="time-out"),
    pytest.param(KeyboardInterrupt(), "Geo Agent was interrupted", "was interrupted", id="Ctrl-C"),
    pytest.param(SystemExit(3), "Geo Agent was stopped", "was stopped", id="exit"),
    pytest.param(GeneratorExit(), "Geo Agent was stopped", "was stopped", id="generator closed"),
]


@pytest.mark.parametrize(("error", "message", "reason"), ENDS)
def test_every_beginning_has_its_end_without_detail_for_people(
    transport: MemoryTransport, error: BaseException, message: str, reason: str | None
) -> None:
    with pytest.raises(type(error)), a_job(transport) as j, j.agent("Geo Agent") as a, a.tool("location"):
        raise error
    assert status_words(transport)[-3:] == ["tool_error", "agent_error", "error"]
    _, end, last = reported(transport)[-3:]
    assert end["message"] == message
    assert metadata(end).get("reason") == reason
    assert metadata(end)["errorId"] == metadata(last)["errorId"]
    assert "hunter2" not in json.dumps(transport.sent)


def test_the_detail_is_in_the_local_log_once_beside_the_id_that_people_see(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RuntimeError), a_job(transport) as j, j.agent("Geo Agent"):
        raise RuntimeError("host 10.0.0.7 is down, password=hunter2")
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("status_utils.failures", logging.ERROR)
    assert metadata(reported(transport)[-1])["errorId"] in record.getMessage()
    assert "host 10.0.0.7 is down, password=[redacted: secret]" in caplog.text


def test_an_exit_without_an_error_ends_well(transport: MemoryTransport) -> None:
    with pytest.raises(SystemExit), a_job(transport):
        raise SystemExit(0)
    assert status_words(transport)[-1] == "complete"


def test_an_agent_that_failed_without_an_exception_reports_it_once(transport: MemoryTransport) -> None:
    with a_job(transport) as j:
        with j.agent("Geo Agent") as a:
            a.fail("No place of that name")
            a.status("agent_complete", "too late")
        j.complete("Sent to the road works")
    assert status_words(transport) == ["loading_agents", "agent_invoking", "agent_error", "complete"]
    assert reported(transport)[-1]["message"] == "Sent to the road works"


def test_a_part_of_a_job_leaves_beginning_and_end_to_others(transport: MemoryTransport) -> None:
    with a_job(transport, ends_job=False) as j, j.agent("Geo Agent"):
        assert current_scope() is not None
    assert status_words(transport) == ["agent_invoking", "agent_complete"]


def test_the_first_status_carries_plan_and_identity(transport: MemoryTransport) -> None:
    plan = ["Load", {"name": "Geo Agent", "weight": 3, "depends_on": ["Load"], "tools": ["location"]}]
    with a_job(transport, plan=plan, session_id="s-1", correlation_id="c-1", workflow="civic"):
        pass
    first = metadata(reported(transport)[0])
    steps = parse_plan(first.pop("plan"))
    assert [(step.name, step.weight, step.depends_on) for step in steps] == [
        ("Load", 1000, ()),
        ("Geo Agent", 3000, ("Load",)),
    ]
    assert first == {"sessionId": "s-1", "correlationId": "c-1", "workflow": "civic"}


def test_a_long_plan_comes_in_parts(transport: MemoryTransport) -> None:
    plan = [{"name": f"Agent {number}", "depends_on": ["A" * 100]} for number in range(100)]
    with a_job(transport, plan=plan):
        pass
    parts = [metadata(status)["plan"] for status in reported(transport)[:-1]]
    assert len(parts) > 1
    assert [step["name"] for part in parts for step in part] == [f"Agent {number}" for number in range(100)]


def test_a_plan_that_raises_stays_here(transport: MemoryTransport, caplog: pytest.LogCaptureFixture) -> None:
    def plan() -> Any:
        yield "Geo Agent"
        raise RuntimeError

    unfit: Any = []
    with a_job(transport, plan=plan()) as j, j.agent("Geo Agent", attempt=unfit):
        pass
    assert status_words(transport) == ["loading_agents", "agent_invoking", "agent_complete", "complete"]
    assert metadata(reported(transport)[0]) == {"plan": ["Geo Agent"]}
    assert "call=<plan>" in caplog.text


@pytest.mark.parametrize("nonsense", [7, None, "Geo Agent", {"name": "Geo Agent"}, [None, 7, {}]])
def test_a_plan_of_nonsense_is_no_reason_to_stop(transport: MemoryTransport, nonsense: Any) -> None:
    with a_job(transport, plan=nonsense) as j, j.agent("Geo Agent"):
        pass
    assert status_words(transport) == ["loading_agents", "agent_invoking", "agent_complete", "complete"]


def test_nested_agents_name_their_parents(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Planner") as planner, planner.agent("Geo Agent") as geo:
        assert current_scope() is geo
    assert {s["parentInvocationId"] for s in of(transport, "Geo Agent")} == {planner.invocation_id}
    assert all("parentInvocationId" not in status for status in of(transport, "Planner"))


def test_runs_of_one_agent_are_distinguished(transport: MemoryTransport) -> None:
    with a_job(transport) as j:
        ids = {j.agent("Geo Agent").invocation_id for _ in range(100)}
    assert len(ids) == 100


def test_a_counted_attempt_is_the_same_run_in_every_process() -> None:
    def ids(attempt: int) -> list[tuple[str, int]]:
        j = a_job(MemoryTransport(), attempt=attempt)
        first, second = j.agent("Geo Agent"), j.agent("Geo Agent")
        below = second.agent("Geo Agent")
        return [(scope.invocation_id, scope.attempt) for scope in (first, second, below)]

    assert ids(1) == [
        ("job-1-geo_agent", 1),
        ("job-1-geo_agent-2", 1),
        ("job-1-geo_agent-2-geo_agent", 1),
    ]
    assert ids(2) == [(invocation_id, 2) for invocation_id, _ in ids(1)]


def test_a_retry_in_the_same_scope_is_the_same_run(transport: MemoryTransport) -> None:
    with a_job(transport) as j:
        ids = [j.agent("Geo Agent", attempt=attempt).invocation_id for attempt in (1, 2, 3)]
    assert set(ids) == {"job-1-geo_agent"}


def test_the_caller_may_name_run_and_attempt(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent", attempt=3, invocation_id="geo-7"):
        pass
    assert {(s["invocationId"], s["attempt"]) for s in of(transport, "Geo Agent")} == {("geo-7", 3)}


def test_tokens_are_sent_with_the_next_status(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.tokens(input=100, output=7)
        a.progress(percent=50, message="Halfway", metadata={"page": 3})
        a.tokens(input=250, output=19)
    _, halfway, end = of(transport, "Geo Agent")
    assert metadata(halfway) == {"page": 3, "tokenUsage": {"inputTokens": 100, "outputTokens": 7}}
    assert metadata(end) == {"tokenUsage": {"inputTokens": 250, "outputTokens": 19}}


def test_tokens_of_a_tool_are_its_agents(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        with a.tool("model") as tool:
            tool.tokens(input=100, output=7)
        assert metadata(of(transport, "Geo Agent")[-1])["tokenUsage"]["inputTokens"] == 100
    assert metadata(of(transport, "Geo Agent")[-1])["tokenUsage"]["inputTokens"] == 100


def test_metadata_is_sent_as_it_was_at_the_report(transport: MemoryTransport) -> None:
    found = {"street": ["Elm"]}
    j = a_job(transport).start()
    j.status("validating", "Checking", found)
    found["street"].append("Oak")
    j.end()
    assert metadata(reported(transport)[1]) == {"street": ["Elm"]}


@pytest.mark.parametrize(
    ("share", "percent"),
    [(0.4, 40.0), (1.7, 100.0), (-1, 0.0), (Decimal("0.4"), 40.0), ("0.4", 40.0), (1, 100.0)],
)
def test_progress_from_any_depth_goes_to_the_innermost_scope(
    transport: MemoryTransport, share: float, percent: float
) -> None:
    with a_job(transport) as j, j.agent("Geo Agent"):
        report_progress(share, "Halfway")
    assert [s["progress"] for s in of(transport, "Geo Agent") if s["status"] == "progress"] == [percent]


def test_progress_inside_a_tool_is_the_tools(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a, a.tool("location"):
        report_progress(0.5)
        assert current_scope() is a
    (progress,) = [s for s in reported(transport) if s["status"] == "progress"]
    assert (progress["toolName"], progress["agentName"]) == ("location", "Geo Agent")


def test_a_tool_from_any_depth_is_the_innermost_agents(transport: MemoryTransport) -> None:
    def look_up() -> None:
        with report_tool("location", reason="The text names a street"):
            report_progress(0.5)

    with a_job(transport) as j:
        look_up()
        with j.agent("Geo Agent") as a, a.tool("map"):
            look_up()
    told_of_it = [
        (s["status"], s["agentName"]) for s in reported(transport) if s.get("toolName") == "location"
    ]
    assert [word for word, _ in told_of_it] == ["calling_tool", "progress", "tool_complete"]
    assert {name for _, name in told_of_it} == {"Geo Agent"}


def test_a_percentage_in_the_place_of_a_share_is_logged_once(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_percentage.cache_clear()
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        for share in (0.5, 1.0000001, 40, 80):
            report_progress(share)
            a.progress(share)
            publish_agent_status("job-1", "ana", "city", "Geo Agent", "paving_road", "…", progress=share)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "a share is from 0 to 1" in caplog.text
    assert of(transport, "Geo Agent")[-2]["progress"] == 80, "what it certainly means"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "half", None, Unspeakable()])
def test_progress_that_is_no_number_is_ignored_with_a_warning_of_its_own(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture, value: Any
) -> None:
    _warn_of_no_number.cache_clear()
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.progress(0.6, "most")
        a.progress(value, "who knows")
        a.progress(percent=value)
        report_progress(value)
    told = [s["progress"] for s in of(transport, "Geo Agent") if s["status"] == "progress"]
    assert told == [60]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not a finite number" in caplog.text


def test_outside_of_a_scope_nothing_happens() -> None:
    report_progress(0.5, "Nobody hears")
    with report_tool("location", reason="Nobody hears"):
        pass
    assert current_scope() is None


def test_after_a_scope_the_one_around_it_is_current_again(transport: MemoryTransport) -> None:
    with a_job(transport) as j:
        with j.agent("Geo Agent") as a:
            assert current_scope() is a
        assert current_scope() is j
    assert current_scope() is None


def test_a_scope_by_hand_is_nobodys_current_scope(transport: MemoryTransport) -> None:
    j = a_job(transport).start()
    a = j.agent("Geo Agent").start()
    assert current_scope() is None
    a.end(ValueError("secret"))
    j.end()
    j.end()
    assert status_words(transport) == ["loading_agents", "agent_invoking", "agent_error", "complete"]


@pytest.mark.parametrize(
    "last_word",
    [
        lambda agent: agent.complete("Found it"),
        lambda agent: agent.fail("Found nothing"),
        lambda agent: agent.end(),
        lambda agent: in_scope_of(
            agent, publish_agent_status, "job-1", "ana", "city", "Geo Agent", "complete", ""
        ),
    ],
)
def test_a_scope_by_hand_ends_with_its_final_status(
    transport: MemoryTransport, last_word: Callable[[AgentScope], Any]
) -> None:
    with a_job(transport) as j:
        last_word(j.agent("Geo Agent").start())
        assert j.sender.open_sources() == [j]


def test_a_scope_left_in_another_context_still_ends(transport: MemoryTransport) -> None:
    async def generator() -> Any:
        with a_job(transport), contextlib.suppress(GeneratorExit):
            yield 1

    async def use() -> None:
        steps = generator()
        await asyncio.create_task(anext(steps))
        await asyncio.create_task(steps.aclose())

    asyncio.run(use())
    assert status_words(transport) == ["loading_agents", "complete"]


def work(number: int) -> None:
    scope = current_scope()
    assert scope is not None
    with scope.agent(f"Agent {number}") as a, a.tool(f"tool {number}"):
        for percent in range(0, 100, 20):
            report_progress(percent / 100, f"{number}")


def check_eight(transport: MemoryTransport) -> None:
    runs: dict[str, list[dict[str, Any]]] = {}
    for status in reported(transport)[1:-1]:
        runs.setdefault(status["invocationId"], []).append(status)
    assert len(runs) == 8
    for statuses in runs.values():
        (name,) = {status["agentName"] for status in statuses}
        number = name.removeprefix("Agent ")
        assert [s["status"] for s in statuses if s["status"] != "progress"] == [
            "agent_invoking",
            "calling_tool",
            "tool_complete",
            "agent_complete",
        ]
        assert {s["message"] for s in statuses if s["status"] == "progress"} == {number}


def test_parallel_agents_in_threads_swap_nothing(transport: MemoryTransport) -> None:
    with a_job(transport), ThreadPoolExecutor(8) as executor:
        list(executor.map(in_scope(work), range(8)))
    check_eight(transport)


async def test_parallel_agents_in_tasks_swap_nothing(transport: MemoryTransport) -> None:
    async def step(number: int) -> None:
        scope = current_scope()
        assert scope is not None
        async with scope.agent(f"Agent {number}") as a, a.tool(f"tool {number}"):
            for percent in range(0, 100, 20):
                await asyncio.sleep(0)
                report_progress(percent / 100, f"{number}")

    async with a_job(transport):
        await asyncio.gather(*(step(number) for number in range(8)))
    check_eight(transport)


async def test_a_cancelled_and_a_timed_out_task_are_reported_as_such(transport: MemoryTransport) -> None:
    async def wait() -> None:
        scope = current_scope()
        assert scope is not None
        async with scope.agent("Geo Agent"):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with a_job(transport), asyncio.timeout(0):
            await wait()
    assert [s["message"] for s in reported(transport)[-2:]] == [
        "Geo Agent was cancelled",
        "The job timed out",
    ]


def test_a_coroutine_function_can_be_taken_to_the_loop_of_another_thread(transport: MemoryTransport) -> None:
    async def ask(question: str) -> str:
        await asyncio.sleep(0)
        report_progress(0.5)
        here.append(current_scope())
        return question

    here: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        with a_job(transport) as j, j.agent("Geo Agent") as a:
            placed = in_scope(ask)
            assert pool.submit(lambda: asyncio.run(placed("Where?"))).result() == "Where?"
        assert pool.submit(current_scope).result() is None
    assert here == [a]
    assert [s["status"] for s in of(transport, "Geo Agent")][1] == "progress"


async def test_an_exception_of_a_task_group_is_reported_for_the_job_too(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(job: JobScope, error: Exception | None) -> None:
        async with job.agent("Geo Agent"):
            if error is not None:
                raise error
            await asyncio.Event().wait()

    with pytest.RaisesGroup(OutOfPaperError):
        async with a_job(transport) as j, asyncio.TaskGroup() as group:
            group.create_task(work(j, None))
            group.create_task(work(j, OutOfPaperError("tray 2")))
    (failed,) = [s for s in of(transport, "Geo Agent") if s["message"] == "The printer has no paper"]
    last = reported(transport)[-1]
    assert (last["status"], last["message"]) == ("error", "The printer has no paper")
    assert metadata(last)["errorId"] == metadata(failed)["errorId"]
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_a_group_of_several_exceptions_has_no_text_of_one_of_them(transport: MemoryTransport) -> None:
    with pytest.RaisesGroup(OutOfPaperError, OutOfPaperError), a_job(transport):
        raise ExceptionGroup("both", [OutOfPaperError("tray 1"), OutOfPaperError("tray 2")])
    assert reported(transport)[-1]["message"] == "The job failed"


NOISE: list[Callable[[JobScope], object]] = [
    lambda j: j.agent(None),  # type: ignore[arg-type]  # what careless callers do
    lambda j: j.status(7, object()),  # type: ignore[arg-type]
    lambda j: j.progress("half", "…"),  # type: ignore[arg-type]
    lambda j: j.status("validating", "…", {("no", "text"): object()}),  # type: ignore[dict-item]
    lambda j: j.agent("a").start().tool({}),  # type: ignore[arg-type]
    lambda j: j.tokens(input=None, output="x"),  # type: ignore[arg-type]
    lambda j: report_progress("half"),  # type: ignore[arg-type]
    lambda j: report_progress(None),
    lambda j: report_progress(10**400),
    lambda j: setattr(j, "flush_seconds", "soon"),
    lambda j: setattr(j, "flush_seconds", None),
    lambda j: setattr(j, "flush_seconds", float("inf")),
]


@pytest.mark.parametrize("careless", NOISE)
def test_an_invalid_call_raises_nothing_and_other_statuses_are_sent(
    transport: MemoryTransport, careless: Callable[[JobScope], object]
) -> None:
    with a_job(transport) as j:
        careless(j)
    assert status_words(transport)[0] == "loading_agents"
    assert status_words(transport)[-1] == "complete"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, ""),
        (42, "42"),
        ({"street": "Elm"}, "{'street': 'Elm'}"),
        (ValueError("hunter2"), "ValueError"),
        (Unspeakable(), "<Unspeakable>"),
    ],
)
def test_an_end_is_reported_with_any_message(transport: MemoryTransport, message: Any, said: str) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.complete(message)
    (end,) = (s for s in reported(transport) if s["status"] == "agent_complete")
    assert end["message"] == said


@pytest.mark.parametrize("metadata", [["Elm Street"], "Elm Street", 5, [("a", 1)]])
def test_metadata_that_is_no_object_is_left_out_with_a_mark(
    transport: MemoryTransport, metadata: Any
) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.complete("Found", metadata)
    (end,) = (s for s in reported(transport) if s["status"] == "agent_complete")
    assert "metadata must be a JSON object" in end["metadata"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x" * 500, "x" * 127 + "…"), ("a\nb", "a b"), ("", "Agent"), (None, "Agent"), (5, "5")],
)
def test_a_name_that_is_none_is_made_one(transport: MemoryTransport, name: Any, shown: str) -> None:
    with a_job(transport) as j, j.agent(name) as a, a.tool("y" * 500):
        pass
    assert {s.get("agentName") for s in reported(transport)} == {None, shown}
    assert {s.get("toolName") for s in reported(transport)} == {None, "y" * 127 + "…"}


@pytest.mark.parametrize(
    ("given", "wire"),
    [(7, "7"), (UUID("9f86d081-884c-4d65-9a2f-eaa0c55ad015"), "9f86d081-884c-4d65-9a2f-eaa0c55ad015")],
)
def test_an_id_that_is_a_number_or_a_uuid_is_its_text(
    transport: MemoryTransport, given: Any, wire: str
) -> None:
    with job(job_id=given, user_id=given, tenant_id=given, transport=transport) as j:
        assert j.job_id == wire
        with j.agent("Geo Agent", invocation_id=given):
            publish_agent_status(given, given, given, "Geo Agent", "paving_road", "Half a mile")
    statuses = reported(transport)
    assert [status["status"] for status in statuses][2] == "paving_road", "in the scope of the same job"
    assert {(s["jobId"], s["userId"], s["tenantId"]) for s in statuses} == {(wire, wire, wire)}
    assert {s["invocationId"] for s in of(transport, "Geo Agent")} == {wire}


@pytest.mark.parametrize("attempt", [0, -1, "two", 1.5, 10**12])
def test_an_attempt_that_is_none_is_not_counted(transport: MemoryTransport, attempt: Any) -> None:
    with a_job(transport) as j, j.agent("Geo Agent", attempt=attempt):
        pass
    assert status_words(transport) == ["loading_agents", "agent_invoking", "agent_complete", "complete"]
    assert {s["attempt"] for s in reported(transport) if "attempt" in s} == {1}


def test_a_failure_can_be_reported_with_its_exception(
    transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.fail(ValueError("no such street"), {"tried": 3})
    (end,) = (s for s in reported(transport) if s["status"] == "agent_error")
    assert end["message"] == "Geo Agent failed"
    found = metadata(end)
    assert found["tried"] == 3
    assert found["errorId"] in caplog.text
    assert "no such street" in caplog.text


def test_scopes_that_are_left_out_of_turn_leave_the_one_around_them_current(
    transport: MemoryTransport,
) -> None:
    def turns(j: JobScope, name: str) -> Iterator[None]:
        with j.agent(name):
            yield

    with a_job(transport) as j:
        first, second = turns(j, "A"), turns(j, "B")
        next(first)
        next(second)
        list(first)
        list(second)
        assert current_scope() is j


def test_a_scope_entered_within_itself_is_left_like_any_other(transport: MemoryTransport) -> None:
    with a_job(transport) as j:
        with j:
            pass
        assert current_scope() is j
    assert current_scope() is None


def test_a_status_of_the_outer_of_two_jobs_stays_in_its_order(transport: MemoryTransport) -> None:
    ids = ("job-1", "ana", "city")
    with a_job(transport), job(job_id="job-2", user_id="ana", tenant_id="city", transport=transport):
        assert publish_orchestrator_status(*ids, "validating", "…")
    outer = [s["status"] for s in reported(transport) if s["jobId"] == "job-1"]
    assert outer == ["loading_agents", "validating", "complete"]


# words and texts from outside


def test_a_tools_parameters_are_the_metadata_of_its_call(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        with a.tool("location", "Find Elm Street", metadata={"street": "Elm"}):
            pass
        with report_tool("map", metadata={"zoom": 3}):
            pass
    found = [(s["toolName"], metadata(s)) for s in reported(transport) if s["status"] == "calling_tool"]
    assert found == [("location", {"street": "Elm"}), ("map", {"zoom": 3})]


def test_a_sentence_as_a_status_is_the_message_of_a_progress(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.status("Running forecast", "")
        publish_agent_status(
            "job-1",
            "ana",
            "city",
            "Geo Agent",
            "Reading the map",
            "Elm Street",
            invocation_id=a.invocation_id,
        )
    told = [(s["status"], s["message"]) for s in of(transport, "Geo Agent")][1:-1]
    # Of progress that waits, the newest is sent.
    assert told[-1] == ("progress", "Reading the map: Elm Street")
    assert {word for word, _ in told} == {"progress"}


def test_a_qualified_status_is_its_word_of_the_scope_that_it_names(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.status("calling_amazon_location", "Find Elm Street")
        a.status("agent_complete_geo_agent", "Found it")
    told = [(s["status"], s["message"], s.get("toolName")) for s in of(transport, "Geo Agent")]
    assert told[1:] == [
        ("calling_tool", "Find Elm Street", "amazon_location"),
        ("agent_complete", "Found it", None),
    ]


def test_a_qualified_status_of_a_job_names_a_planned_agent(transport: MemoryTransport) -> None:
    with a_job(transport, plan=["GEO-Agent", {"name": "SQL Agent"}]) as j:
        j.status("invoking_geo_agent", "Looking")
        j.status("invoking_sql_agent", "Counting")
        j.status("invoking_map_agent", "Drawing")
    names = [s["agentName"] for s in reported(transport) if s["status"] == "agent_invoking"]
    assert names == ["GEO-Agent", "SQL Agent", "Map Agent"]


def test_a_qualified_status_of_a_job_is_of_the_open_invocation_that_it_names(
    transport: MemoryTransport,
) -> None:
    with a_job(transport) as j:
        a = j.agent("GEO-Agent").start()
        j.status("agent_complete_geo_agent", "Found it")
        a.end()
    told = [(s["status"], s["message"], s["invocationId"]) for s in of(transport, "GEO-Agent")]
    assert told == [
        ("agent_invoking", "GEO-Agent started", a.invocation_id),
        ("agent_complete", "Found it", a.invocation_id),
    ]


def test_a_word_that_only_looks_qualified_ends_nothing(transport: MemoryTransport) -> None:
    with a_job(transport) as j, j.agent("Geo Agent") as a:
        a.status("agent_complete_category_agent", "Somebody else's")
        j.status("complete_list_ready", "My own")
    assert status_words(transport)[2:] == [
        "agent_complete_category_agent",
        "complete_list_ready",
        "agent_complete",
        "complete",
    ]


def test_metadata_keys_that_differ_in_unprintable_characters_only_are_all_sent(
    transport: MemoryTransport,
) -> None:
    with a_job(transport) as j:
        j.status("validating", "", {"a\x01": 1, "a\x02": 2, 7: 3, "7": 4})  # type: ignore[dict-item]
    assert metadata(reported(transport)[1]) == {"a\ufffd": 1, "a\ufffd (2)": 2, "7": 3, "7 (4)": 4}
