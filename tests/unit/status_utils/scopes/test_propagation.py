"""Scopes in other places: attached to a block, in a header for another process, in a pool of processes."""

from __future__ import annotations

import asyncio
import copy
import inspect
import multiprocessing
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from status_utils import (
    AgentScope,
    JobScope,
    MemoryTransport,
    QueueTransport,
    agent_step,
    current_scope,
    extract,
    in_scope,
    inject,
    job,
    report_progress,
)
from status_utils.sending.senders import sender_for
from status_utils.testing import Recording, recorded
from statusbeam.model import limits
from tests.unit.status_utils.file_transport import FileTransport

IDS: dict[str, Any] = {"job_id": "job-1", "user_id": "ana", "tenant_id": "city"}


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def from_elsewhere(carrier: Any, **more: Any) -> Any:
    """The result of `extract` outside of all scopes, as in another process."""

    def look() -> Any:
        with extract(carrier, **more) as scope:
            return scope

    with ThreadPoolExecutor(1) as other:
        return other.submit(look).result()


# --- attached ---------------------------------------------------------------------------------------------


def test_a_scope_is_current_in_a_block_that_does_not_end_it(recording: Recording) -> None:
    j = job(**IDS).start()
    agent = j.agent("Geo Agent")
    with agent.current() as scope:
        assert scope is agent
        assert current_scope() is agent
        report_progress(0.5)
    assert current_scope() is None
    assert agent.is_open
    agent.end()
    j.end()
    assert recording.statuses() == [
        "loading_agents",
        "agent_invoking",
        "progress",
        "agent_complete",
        "complete",
    ]


def test_a_block_that_raises_does_not_end_the_scope_either(recording: Recording) -> None:
    j = job(**IDS)
    with pytest.raises(ZeroDivisionError), j.current():
        raise ZeroDivisionError
    assert recording.statuses() == ["loading_agents"]
    j.end()


async def test_tasks_that_share_a_scope_keep_their_own_current_one(recording: Recording) -> None:
    j = job(**IDS).start()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with j.agent("Around").current() as around:
            with j.current():
                entered.set()
                await leave.wait()
            assert current_scope() is around

    async def second() -> None:
        await entered.wait()
        with j.current():
            leave.set()
            await asyncio.sleep(0)
        assert current_scope() is None

    await asyncio.gather(first(), second())
    j.end()


def test_a_scope_that_is_left_in_another_context_changes_nothing_there(recording: Recording) -> None:
    def dependency(scope: JobScope) -> Generator[None, None, None]:
        with scope.current():
            yield

    async def main() -> None:
        async with job(**IDS) as j:
            steps = dependency(j)
            await asyncio.to_thread(next, steps)  # as FastAPI runs them
            with j.agent("Geo Agent").current() as agent:
                other = dependency(job(**{**IDS, "job_id": "job-2"}))
                await asyncio.to_thread(next, other)
                other.close()
                assert current_scope() is agent
            steps.close()

    asyncio.run(main())


# --- in a header ------------------------------------------------------------------------------------------


def test_a_header_takes_an_agent_to_another_process_and_back_to_its_invocation(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Géo, Agent=1;%", attempt=3, invocation_id="geo #7") as agent:
        headers = inject({"accept": "*/*"})
        assert list(headers) == ["accept", "baggage"]
        assert all(33 <= ord(character) < 127 for character in headers["baggage"])

        def work() -> None:
            with extract(headers) as scope:
                assert isinstance(scope, AgentScope)
                assert (scope.agent_name, scope.invocation_id, scope.attempt, scope.run) == (
                    agent.agent_name,
                    "geo #7",
                    3,
                    j.run,
                )
                report_progress(0.5, "There")
                with scope.tool("map"), scope.agent("Street Agent"):
                    pass

        with ThreadPoolExecutor(1) as other:
            other.submit(work).result()
    assert recording.statuses() == [
        "loading_agents",
        "agent_invoking",
        "progress",
        "calling_tool",
        "agent_invoking",
        "agent_complete",
        "tool_complete",
        "agent_complete",
        "complete",
    ]
    street = [status for status in recording if status.get("agentName") == "Street Agent"]
    assert {status["parentInvocationId"] for status in street} == {"geo #7"}
    assert all(f'"run":"{j.run}"' in status["metadata"] for status in recording)


def test_a_job_without_an_agent_is_carried_too(recording: Recording) -> None:
    with job(**IDS, attempt=2) as j:
        found = from_elsewhere(inject({}))
        assert isinstance(found, JobScope)
        assert (found.job_id, found.run) == (j.job_id, None)
    assert recording.statuses() == ["loading_agents", "complete"]


async def test_an_extracted_scope_waits_for_its_statuses_in_a_coroutine_too() -> None:
    transport = MemoryTransport()
    async with job(**IDS, transport=transport) as j, j.agent("Geo Agent"):
        carrier: dict[str, str] = inject({})
    transport.sent.clear()
    async with extract(carrier, transport=transport) as scope:
        assert isinstance(scope, AgentScope)
        scope.status("reading", "…")
        scope.job.flush_seconds = 60
    assert [status["status"] for status in transport.sent[-1]["updates"]] == ["reading"]


def test_the_heartbeats_of_an_agent_that_waited_elsewhere_are_its_own_processs() -> None:
    there, here = MemoryTransport(), MemoryTransport()
    with (
        job(**IDS, transport=there) as j,
        j.agent("Geo Agent"),
        extract(inject({}), transport=here) as scope,
    ):
        assert isinstance(scope, AgentScope)
        scope.waiting(for_="approval")
        scope.progress(0.5)
        assert sender_for(here).open_sources() == []


def test_an_extracted_agent_may_be_ended_by_hand(recording: Recording) -> None:
    with job(**IDS) as j:
        a = j.agent("Geo Agent").start()
        with extract(inject({}, a)) as scope:
            assert isinstance(scope, AgentScope)
            scope.complete("Found there")
    (end,) = (status for status in recording if status["status"] == "agent_complete")
    assert "executionTimeMs" not in end, "nobody here knows when it began"


def test_outside_of_a_scope_nothing_is_injected() -> None:
    assert inject({"accept": "*/*"}) == {"accept": "*/*"}


def test_a_key_without_a_value_is_free(recording: Recording) -> None:
    with job(**IDS):
        event: dict[str, Any] = {"baggage": None}
        assert inject(event)["baggage"].startswith("statusbeam.job=job-1,")


def test_the_baggage_of_others_stays(recording: Recording) -> None:
    with job(**IDS):
        event = inject({"Baggage": "userTier=gold;ttl=3 , statusbeam.job=old,x=1"})
        assert list(event) == ["Baggage"]
        assert event["Baggage"].startswith("userTier=gold;ttl=3 ,x=1,statusbeam.job=job-1,")
        again = inject(dict(event))
        assert again == event


@pytest.mark.parametrize("taken", [{"pieces": 2}, 7, "x=" + "y" * 8_150])
def test_a_key_in_use_or_a_header_that_is_full_is_left_alone(
    recording: Recording, caplog: pytest.LogCaptureFixture, taken: Any
) -> None:
    with job(**IDS):
        assert inject({"baggage": taken}) == {"baggage": taken}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class Closed(dict[str, Any]):
    """Takes nothing."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise RuntimeError("closed")


def test_a_carrier_that_raises_is_no_reason_to_stop(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with job(**IDS):
        assert inject(Closed()) == {}
    assert "call=<inject>" in caplog.text


def header(**members: object) -> dict[str, str]:
    known = {"job": "job-1", "user": "ana", "tenant": "city", **members}
    pairs = (f"statusbeam.{key}={quote(str(value))}" for key, value in known.items() if value is not None)
    return {"baggage": ",".join(pairs)}


PLACES: list[Mapping[str, Any]] = [
    header(),
    {"BAGGAGE": header()["baggage"]},
    {"body": "{}", "headers": {"Baggage": header()["baggage"]}},
    {"baggage": " a=b , " + header()["baggage"].replace(",", " , ") + " ;ttl=3"},
]


@pytest.mark.parametrize("carrier", PLACES)
def test_headers_and_events_are_read_wherever_they_have_it(carrier: Mapping[str, Any]) -> None:
    found = from_elsewhere(carrier)
    assert (found.job_id, found.fields["userId"], found.fields["tenantId"]) == ("job-1", "ana", "city")


FOREIGN: list[Any] = [
    None,
    {},
    {"baggage": ""},
    {"baggage": 7},
    {"baggage": "other=1"},
    {"baggage": "statusbeam."},
    {"baggage": "x" * 100_000},
    {"headers": "none"},
    [("baggage", "x")],
    header(job=None),
    header(tenant=None),
    header(job=""),
    header(job="two\nlines"),
    header(user="a#b"),
    header(job="x" * 200),
    header(invocation="geo-7"),
    header(invocation="geo-7", agent="x" * 200),
    {"baggage": header()["baggage"] + "%FF,statusbeam.agent=%FF"},
]


@pytest.mark.parametrize("carrier", FOREIGN)
def test_a_context_that_is_none_or_not_valid_is_no_scope(recording: Recording, carrier: Any) -> None:
    with extract(carrier) as scope:
        report_progress(0.5)
    assert scope is None
    assert not list(recording)


@pytest.mark.parametrize(
    ("members", "run", "attempt"),
    [
        ({"run": "abc.7", "attempt": 2}, "abc.7", 2),
        ({"run": "no run", "attempt": "often"}, None, 1),
        ({"run": "a.0", "attempt": 0}, None, 1),
        ({"run": "x" * (limits.RUN_ID_LENGTH - 2) + ".1"}, "x" * (limits.RUN_ID_LENGTH - 2) + ".1", 1),
        ({"run": "x" * (limits.RUN_ID_LENGTH - 1) + ".1"}, None, 1),
    ],
)
def test_a_run_or_an_attempt_that_is_not_valid_is_left_out(
    members: dict[str, Any], run: str | None, attempt: int
) -> None:
    found = from_elsewhere(header(agent="Geo Agent", invocation="geo-7", **members))
    assert (found.run, found.attempt) == (run, attempt)


def test_a_context_of_another_tenant_is_no_scope() -> None:
    assert from_elsewhere(header(), tenant_id="another") is None
    assert from_elsewhere(header(), tenant_id="city") is not None


# --- in a pool of processes -------------------------------------------------------------------------------


def look_up(street: str) -> str:
    report_progress(0.5, f"Looking up {street}")
    return street.upper()


@agent_step("Street Agent")
def find(street: str) -> str:
    return look_up(street)


def fail(street: str) -> None:
    raise LookupError(street)


def pages() -> Iterator[int]:
    for page in range(2):
        report_progress(page / 2, f"Reading page {page}")
        yield page


async def pages_soon() -> AsyncIterator[int]:
    for page in pages():
        await asyncio.sleep(0)
        yield page


async def ask() -> list[int]:
    await asyncio.sleep(0)
    return list(pages())


def returns_its_work() -> Awaitable[list[int]]:
    return ask()


def pickled(value: Any) -> Any:
    """The scope that another process would get."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def test_a_pool_of_spawned_processes_works_in_the_scope(tmp_path: Path) -> None:
    transport = FileTransport(tmp_path / "payloads")
    with (
        job(**IDS, transport=transport) as j,
        j.agent("Geo Agent") as agent,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        assert list(pool.map(in_scope(look_up), ["elm", "oak"])) == ["ELM", "OAK"]
        assert pool.submit(in_scope(find), "ash").result(60) == "ASH"
        with pytest.raises(LookupError, match="nowhere"):
            pool.submit(in_scope(fail), "nowhere").result(60)
    sender_for(transport).flush(60, force_wait=True)
    sent = transport.statuses()
    words = [(s["status"], s.get("agentName"), s["message"]) for s in sent if s["status"] != "heartbeat"]
    assert words == [
        ("loading_agents", None, "Starting"),
        ("agent_invoking", "Geo Agent", "Geo Agent started"),
        ("progress", "Geo Agent", "Looking up elm"),
        ("progress", "Geo Agent", "Looking up oak"),
        ("agent_invoking", "Street Agent", "Street Agent started"),
        ("progress", "Street Agent", "Looking up ash"),
        ("agent_complete", "Street Agent", "Street Agent completed"),
        ("agent_complete", "Geo Agent", "Geo Agent completed"),
        ("complete", None, "The job completed"),
    ]
    invocations = {s["invocationId"] for s in sent if s.get("agentName") == "Geo Agent"}
    assert invocations == {agent.invocation_id}
    assert all(f'"run":"{j.run}"' in s["metadata"].replace("\\", "") for s in sent)


class Connected:
    """A transport that is not picklable."""

    def send(self, payload: Mapping[str, Any]) -> None: ...

    def __reduce__(self) -> str:
        raise TypeError("it holds a connection")


async def all_of(stream: AsyncIterator[int]) -> list[int]:
    return [page async for page in stream]


async def result_of(work: Awaitable[list[int]]) -> list[int]:
    return await work


WORK: list[Any] = [
    pytest.param(pages, list, id="a generator"),
    pytest.param(pages_soon, lambda stream: asyncio.run(all_of(stream)), id="an async generator"),
    pytest.param(ask, lambda work: asyncio.run(result_of(work)), id="a coroutine"),
    pytest.param(returns_its_work, lambda work: asyncio.run(result_of(work)), id="returned work"),
]


@pytest.mark.parametrize(("function", "finish"), WORK)
def test_work_that_a_carried_function_returns_is_in_the_scope_too(
    recording: Recording, function: Callable[[], Any], finish: Callable[[Any], list[int]]
) -> None:
    with job(**IDS, transport=Connected()) as j, j.agent("Geo Agent") as agent:
        carried = pickled(pickled(in_scope(function)))
    for kind in (inspect.isgeneratorfunction, inspect.isasyncgenfunction, inspect.iscoroutinefunction):
        assert kind(carried) == kind(function)
    assert finish(carried()) == [0, 1]
    assert {status["status"] for status in recording} == {"progress"}
    assert {status["invocationId"] for status in recording} == {agent.invocation_id}
    assert recording.messages()[-1] == "Reading page 1"


def test_outside_of_a_scope_the_function_is_carried_alone() -> None:
    assert pickled(in_scope(look_up)) is look_up


def test_a_transport_that_is_not_picklable_gives_way_to_the_environments(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with job(**IDS, transport=Connected()):
        carried = pickled(in_scope(look_up))
    with recorded() as recording:
        assert carried("elm") == "ELM"
    assert recording.messages() == ["Looking up elm"]
    assert "transport=<Connected>" in caplog.text


def test_the_transports_of_aws_are_picklable() -> None:
    transport = pickled(QueueTransport("https://example.test/queue.fifo"))
    assert transport._queue_url == "https://example.test/queue.fifo"


def test_a_function_in_a_scope_is_still_a_function(recording: Recording) -> None:
    class Finder:
        def __init__(self) -> None:
            self.found: list[str] = []

        def add(self, street: str) -> None:
            self.found.append(look_up(street))

    with job(**IDS) as j:
        placed = in_scope(look_up)
        assert placed.__name__ == "look_up"
        assert in_scope(placed)("elm") == "ELM"
        Finder.add_in_scope = in_scope(Finder.add)  # type: ignore[attr-defined]
        finder = Finder()
        finder.add_in_scope("oak")  # type: ignore[attr-defined]
        assert finder.found == ["OAK"]
        assert copy.copy(placed)("ash") == "ASH"
        assert j.is_open


def test_a_block_without_a_scope_is_a_block() -> None:
    assert isinstance(extract({}), nullcontext)
