"""The run that a status names, and the statuses of cancelled scopes."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import anyio
import pytest
import trio

from status_utils import (
    MemoryTransport,
    in_scope,
    job,
    publish_agent_status,
    publish_orchestrator_status,
    report_progress,
)
from status_utils.sending.senders import sender_for
from status_utils.testing import Recording, recorded
from statusbeam.model import limits
from tests.unit.status_utils.virtual_sender import FakeTransport, World

OWNER = ("job-1", "ana", "city")
IDS: dict[str, Any] = dict(zip(("job_id", "user_id", "tenant_id"), OWNER, strict=True))


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def metadata_of(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(status.get("metadata", "{}")) for status in recording]


def runs_of(recording: Recording) -> list[str | None]:
    return [metadata.get("run") for metadata in metadata_of(recording)]


# --- the run that a status names --------------------------------------------------------------------------


def test_every_status_of_a_job_names_its_run(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent") as a, a.tool("location"):
        a.progress(0.5, "Halfway", {"page": 3})
        a.tokens(input=3, output=1)
        a.send_heartbeat()
        j.send_heartbeat()
        publish_agent_status(*OWNER, "Geo Agent", "reading", "…")
        publish_agent_status(*OWNER, "Another Agent", "reading", "…", metadata={"page": 4})
        publish_orchestrator_status(*OWNER, "validating", "…")
        a.waiting(for_="approval", prompt="May I close the road?")
        publish_agent_status(*OWNER, "Geo Agent", "waiting", "May I?")
        j.waiting(for_="timer")
    (run,) = set(runs_of(recording))
    assert run is not None
    assert re.fullmatch(r"[0-9a-f]{16}\.[1-9][0-9]*", run)


@pytest.mark.parametrize("more", [{"ends_job": False}, {"attempt": 2}, {"ends_job": False, "attempt": 2}])
def test_parts_and_counted_attempts_name_no_run(recording: Recording, more: dict[str, Any]) -> None:
    with job(**IDS, **more) as j, j.agent("Geo Agent") as a:
        a.progress(0.5, "Halfway", {"page": 3})
    assert set(runs_of(recording)) == {None}
    assert not any("opened" in metadata for metadata in metadata_of(recording))


def test_each_opening_is_a_run_of_the_same_sender(recording: Recording) -> None:
    for _ in range(3):
        with job(**IDS):
            pass
    runs = list(dict.fromkeys(runs_of(recording)))
    senders, numbers = zip(*(str(run).split(".") for run in runs), strict=True)
    assert len(set(senders)) == 1
    assert [int(number) - int(numbers[0]) for number in numbers] == [0, 1, 2]


@pytest.mark.parametrize(
    "end",
    [
        lambda j: j.end(),
        lambda j: j.end(ValueError()),
        lambda j: j.end(asyncio.CancelledError()),
        lambda j: j.fail("No place of that name"),
        lambda j: j.cancel("Stopped"),
        lambda j: j.time_out(),
        lambda j: j.status("complete", "Done"),
        lambda j: publish_orchestrator_status(*OWNER, "complete", "Done"),
    ],
)
def test_a_final_status_names_the_newest_opening_of_its_sender(
    recording: Recording, end: Callable[[Any], object]
) -> None:
    with job(**IDS) as j:
        with job(**{**IDS, "job_id": "job-2"}, flush_seconds=0):
            pass
        end(j)
    own = [json.loads(s["metadata"]) for s in recording if s["jobId"] == "job-1"]
    first = int(own[0]["run"].split(".")[1])
    assert "opened" not in own[0]
    assert own[-1]["run"] == own[0]["run"]
    assert own[-1]["opened"] == first + 1


def test_an_agents_end_has_no_opening(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent"):
        pass
    ends = [json.loads(s["metadata"]) for s in recording if s["status"] == "agent_complete"]
    assert ["opened" in end for end in ends] == [False]


def test_openings_of_many_threads_are_counted_once_each(recording: Recording) -> None:
    def open_one(number: int) -> None:
        with job(**{**IDS, "job_id": f"job-{number}"}, flush_seconds=0):
            pass

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(open_one, range(40)))
    assert len(set(runs_of(recording))) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # other tests' threads
def test_a_forked_process_is_another_sender() -> None:
    def run_id() -> str:
        transport = FakeTransport()
        World(transport).job().start().end()
        with job(**IDS, transport=transport) as j:
            return str(j._opening.run)

    before = run_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, run_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        in_child = pipe.read()
    assert in_child.split(".")[0] != before.split(".")[0]
    assert run_id().split(".")[0] == before.split(".")[0]


def test_a_scope_that_a_thread_takes_along_keeps_its_run(recording: Recording) -> None:
    with job(**IDS), ThreadPoolExecutor(1) as executor:
        executor.submit(in_scope(report_progress), 0.5).result()
    assert len(set(runs_of(recording))) == 1


# --- id, title, attempt, result ---------------------------------------------------------------------------


def test_a_job_without_an_id_has_a_random_one(recording: Recording) -> None:
    with job(user_id="ana", tenant_id="city") as first, job(user_id="ana", tenant_id="city") as second:
        assert UUID(first.job_id).version == 4
        assert first.job_id != second.job_id
    assert {status["jobId"] for status in recording} == {first.job_id, second.job_id}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Pothole on Elm Street", "Pothole on Elm Street"),
        ("two\nlines ", "two lines"),
        ("x" * (limits.TITLE_LENGTH + 1), "x" * (limits.TITLE_LENGTH - 1) + "…"),
        (7, "7"),
        ("", None),
        (None, None),
    ],
)
def test_the_opening_carries_the_title(recording: Recording, given: Any, shown: str | None) -> None:
    with job(**IDS, title=given):
        pass
    opening, end = metadata_of(recording)
    assert (opening.get("title"), end.get("title")) == (shown, None)


def test_a_counted_attempt_is_the_jobs_and_its_agents(recording: Recording) -> None:
    with job(**IDS, attempt=2) as j, j.agent("Geo Agent"):
        j.send_heartbeat()
        publish_orchestrator_status(*OWNER, "validating", "…")
    assert {status["attempt"] for status in recording} == {2}


def test_an_attempt_of_a_part_is_its_agents_only(recording: Recording) -> None:
    with job(**IDS, attempt=2, ends_job=False) as j, j.agent("Geo Agent"):
        j.status("validating", "…")
    assert [status.get("attempt") for status in recording] == [2, None, 2]


def test_an_attempt_may_be_a_text_as_the_environment_has_it(recording: Recording) -> None:
    with job(**IDS, attempt="2"):  # type: ignore[arg-type]
        pass
    assert [status.get("attempt") for status in recording] == [2, 2]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"ticket": 4711}, {"ticket": 4711}),
        ([1, "two"], [1, "two"]),
        ("filed", "filed"),
        (0, 0),
        (False, False),
    ],
)
def test_a_result_is_any_json(recording: Recording, result: Any, told: Any) -> None:
    with job(**IDS) as j:
        j.complete("Filed", {"city": "Oslo"}, result=result)
    end = metadata_of(recording)[-1]
    assert (end["result"], end["city"]) == (told, "Oslo")


class Lazy(Mapping[str, Any]):
    """Reads a row when it is asked; the connection is closed. `failing` fails already when it is listed."""

    def __init__(self, *, failing: bool) -> None:
        self.failing = failing

    def __iter__(self) -> Iterator[str]:
        yield "street"
        if self.failing:
            raise OSError("closed")

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: str) -> Any:
        raise OSError("closed")


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (7, {"leftOut": "metadata must be a JSON object, not int"}),
        (["Elm"], {"leftOut": "metadata must be a JSON object, not list"}),
        (Lazy(failing=True), {"leftOut": "metadata can't be read: OSError"}),
        (Lazy(failing=False), {"street": "<missing>"}),
        ({"result": "another"}, {}),
    ],
)
def test_a_result_comes_through_with_any_metadata(
    recording: Recording, metadata: Any, told: dict[str, Any]
) -> None:
    with job(**IDS) as j:
        j.complete("Filed", metadata, result={"ticket": 4711})
    end = metadata_of(recording)[-1]
    assert {key: value for key, value in end.items() if key not in ("run", "opened")} == {
        "result": {"ticket": 4711},
        **told,
    }


def test_the_parent_of_an_agent_may_be_of_another_process(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent", parent_invocation_id="planner-7") as a:
        with a.agent("Street Agent"):
            pass
        with a.agent("Map Agent", parent_invocation_id="planner-8"):
            pass
    parents = {s["agentName"]: s["parentInvocationId"] for s in recording if "agentName" in s}
    assert parents == {"Geo Agent": "planner-7", "Street Agent": a.invocation_id, "Map Agent": "planner-8"}


# --- cancelled --------------------------------------------------------------------------------------------


def test_work_that_is_stopped_on_purpose_is_cancelled(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent") as a:
        a.cancel("Not needed any more", {"places": 2})
        j.cancel("Ana stopped it")
    assert recording.statuses() == ["loading_agents", "agent_invoking", "cancelled", "cancelled"]
    assert recording.messages()[-2:] == ["Not needed any more", "Ana stopped it"]
    assert [status.get("agentName") for status in recording][-2:] == ["Geo Agent", None]


@pytest.mark.parametrize("group", [False, True])
def test_a_cancellation_that_leaves_a_scope_is_its_end(recording: Recording, group: bool) -> None:
    error: BaseException = asyncio.CancelledError()
    if group:
        error = BaseExceptionGroup("all", [error, BaseExceptionGroup("more", [asyncio.CancelledError()])])
    with pytest.raises(type(error)), job(**IDS) as j, j.agent("Geo Agent") as a, a.tool("location"):
        raise error
    assert recording.statuses()[-3:] == ["tool_error", "cancelled", "cancelled"]
    assert recording.messages()[-2:] == ["Geo Agent was cancelled", "The job was cancelled"]
    assert metadata_of(recording)[-1]["reason"] == "was cancelled"


def test_a_failure_beside_cancelled_tasks_is_a_failure(recording: Recording) -> None:
    errors = [asyncio.CancelledError(), asyncio.CancelledError(), TimeoutError()]
    with pytest.raises(BaseExceptionGroup), job(**IDS):
        raise BaseExceptionGroup("some", errors)
    assert (recording.statuses()[-1], recording.messages()[-1]) == ("error", "The job timed out")


class StopEverything(BaseException):
    """Of somebody's own."""


@pytest.mark.parametrize("error", [GeneratorExit(), KeyboardInterrupt(), SystemExit(3), StopEverything()])
def test_an_exception_other_than_a_cancellation_is_a_failure(
    recording: Recording, error: BaseException
) -> None:
    with pytest.raises(type(error)), job(**IDS) as j, j.agent("Geo Agent"):
        raise error
    assert recording.statuses()[-2:] == ["agent_error", "error"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancel_scope_of_anyio_cancels_what_is_in_it(recording: Recording, backend: str) -> None:
    async def main() -> None:
        with anyio.CancelScope() as cancelling:
            async with job(**IDS) as j, anyio.create_task_group() as group:
                for name in ("Geo Agent", "Street Agent"):
                    group.start_soon(wait_for_ever, j.agent(name))
                await anyio.lowlevel.checkpoint()
                cancelling.cancel()

    async def wait_for_ever(agent: Any) -> None:
        async with agent:
            await anyio.sleep_forever()

    anyio.run(main, backend=backend)
    assert recording.statuses()[-3:] == ["cancelled", "cancelled", "cancelled"]


def test_a_nursery_of_trio_that_is_cancelled_is_one_end(recording: Recording) -> None:
    async def main() -> None:
        with trio.CancelScope() as cancelling:
            async with job(**IDS), trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                nursery.start_soon(trio.sleep_forever)
                cancelling.cancel()

    trio.run(main)
    assert recording.statuses() == ["loading_agents", "cancelled"]


def test_a_gevent_greenlet_that_is_killed_is_cancelled(recording: Recording) -> None:
    class GreenletExit(BaseException):
        """As gevent and eventlet have it."""

    with pytest.raises(GreenletExit), job(**IDS):
        raise GreenletExit
    assert recording.statuses()[-1] == "cancelled"


def test_a_tool_that_is_cancelled_leaves_its_agent_at_work(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent") as a:
        with a.tool("map") as tool:
            tool.cancel("Not needed")
        a.tool("location").status("cancelled", "Not needed either")
    assert recording.statuses("Geo Agent")[1:-1] == ["calling_tool", "tool_error"] * 2


# --- the end of a job ends what is open below -------------------------------------------------------------


def test_open_agents_of_an_ended_job_send_no_heartbeats() -> None:
    transport = FakeTransport()
    world = World(transport)
    j = world.job().start()
    agent = j.agent("Geo Agent").start()
    agent.agent("Street Agent").start()
    j.end()
    j.agent("Late Agent").start()
    world.run(300)
    assert world.sender.open_sources() == []
    assert "heartbeat" not in transport.status_words()
    agent.complete("Found after all")
    world.run(1)
    assert transport.status_words()[-1] == "agent_complete", "its own late final status is sent"


def test_an_agent_that_works_after_its_jobs_end_sends_no_heartbeats() -> None:
    transport = FakeTransport()
    world = World(transport)
    j = world.job().start()
    agent = j.agent("Geo Agent").start()
    agent.waiting(for_="approval")
    j.complete("Done without it")
    agent.progress(0.5)
    world.run(300)
    assert world.sender.open_sources() == []
    assert transport.status_words()[-1] == "progress"


def test_the_end_of_a_part_leaves_its_agents_open() -> None:
    transport = MemoryTransport()
    j = job(**IDS, ends_job=False, transport=transport).start()
    agent = j.agent("Geo Agent").start()
    j.end()
    assert sender_for(transport).open_sources() == [agent]
    agent.end()
