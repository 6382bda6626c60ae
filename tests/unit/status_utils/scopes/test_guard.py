"""Reporting never raises into its caller and never replaces the caller's exception, with any arguments."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
import trio

from status_utils import AgentScope, JobScope, MemoryTransport, job, publish_orchestrator_status
from status_utils.scopes.scope import Scope
from status_utils.testing import Recording, recorded
from statusbeam.model.errors import TransportError


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as recording:
        yield recording


def a_job(**more: Any) -> JobScope:
    return job(job_id="job-1", user_id="ana", tenant_id="city", **more)


class LooksUpError(Exception):
    """As API clients have them."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class SlotsError(Exception):
    __slots__ = ("code",)

    def __setattr__(self, name: str, value: object) -> None:
        raise RuntimeError("frozen")


@dataclass(frozen=True)
class FrozenError(Exception):
    code: int = 7


class DisguisedError(Exception):
    @property  # type: ignore[misc]  # as proxies have it
    def __class__(self) -> Any:
        raise RuntimeError("not bound")

    def __str__(self) -> str:
        raise RuntimeError("not bound")


class PickyError(Exception):
    @property
    def public_message(self) -> str:
        raise LookupError


@pytest.mark.parametrize("kind", [LooksUpError, SlotsError, FrozenError, DisguisedError, PickyError])
def test_the_caller_gets_its_own_exception_and_readers_see_a_failed_agent(
    recording: Recording, kind: type[Exception]
) -> None:
    error, caught = kind(), None
    try:
        with a_job() as j, j.agent("Geo"):
            raise error  # noqa: TRY301 - the scopes are what is tested
    except Exception as raised:  # noqa: BLE001 - which one it is, is the test
        caught = raised
    assert caught is error
    assert recording.statuses() == ["loading_agents", "agent_invoking", "agent_error", "error"]


class Detached:
    """A row whose session is closed."""

    def __repr__(self) -> str:
        raise RuntimeError("not bound to a session")


class ClosedMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise OSError("closed")

    def __iter__(self) -> Iterator[str]:
        yield "first"
        raise OSError("closed")

    def __len__(self) -> int:
        return 2


class NoText(str):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Detached(), "<Detached>"),
        (ClosedMapping(), "<ClosedMapping>"),
        (NoText("Oak"), "Oak"),
        ({Detached(): 1}, {"<Detached>": 1}),
    ],
)
def test_a_value_that_can_not_be_shown_is_a_mark_beside_the_others(
    recording: Recording, value: object, shown: object
) -> None:
    with a_job() as j, j.agent("Geo") as agent:
        agent.complete("Found", {"row": value, "street": "Elm"})
    (end,) = (status for status in recording if status["status"] == "agent_complete")
    assert json.loads(end["metadata"]).items() >= {"row": shown, "street": "Elm"}.items()


@pytest.mark.parametrize("metadata", [ClosedMapping(), Detached(), 7])
def test_metadata_that_can_not_be_read_costs_no_end(recording: Recording, metadata: Any) -> None:
    with a_job() as j, j.agent("Geo") as agent:
        agent.complete("Found", metadata)
    assert recording.snapshot("job-1")["agents"][0]["status"] == "success"
    assert "leftOut" in recording[2]["metadata"]


CALLS: list[Callable[[AgentScope], object]] = [
    lambda a: a.progress(*range(9)),  # too many
    lambda a: a.complete(),  # type: ignore[call-arg]
    lambda a: a.tokens(1, 2),  # type: ignore[call-arg]
    lambda a: a.tool("map").tokens(1, 2),  # type: ignore[call-arg]
    lambda a: a.status(Detached(), Detached(), Detached()),  # type: ignore[arg-type]
    lambda a: a.fail(Detached()),  # type: ignore[arg-type]
    lambda a: a.tool(Detached(), Detached()),  # type: ignore[arg-type]
    lambda a: a.agent(Detached(), attempt=Detached(), invocation_id=Detached()).start(),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("call", CALLS)
def test_no_call_of_a_scope_raises_whatever_its_arguments_are(
    recording: Recording, call: Callable[[AgentScope], object]
) -> None:
    with a_job() as j, j.agent("Geo") as agent:
        call(agent)
    assert recording.statuses("Geo")[-1] in ("agent_complete", "agent_error")
    assert recording.statuses()[-1] == "complete"


def test_a_bug_of_ours_in_an_exit_leaves_the_callers_exception_alone(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(*_: object) -> None:
        raise AssertionError("a bug")

    with pytest.raises(ZeroDivisionError), a_job() as j, j.agent("Geo"):
        monkeypatch.setattr(Scope, "_report_end", bug)
        raise ZeroDivisionError
    assert "a bug" in caplog.text


def test_an_interrupt_within_reporting_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    scope = a_job(transport=MemoryTransport()).start()
    monkeypatch.setattr(Scope, "_enqueue", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scope.status("validating", "…")


async def _works() -> None:
    async with a_job() as j, j.agent("Geo") as agent:
        agent.progress(0.4, "…")


WHOLE = ["loading_agents", "agent_invoking", "progress", "agent_complete", "complete"]


LOOPS: dict[str, Callable[[], object]] = {
    "trio": lambda: trio.run(_works),
    "asyncio": lambda: asyncio.run(_works()),
    "anyio on asyncio": lambda: anyio.run(_works),
    "anyio on trio": lambda: anyio.run(_works, backend="trio"),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_scopes_work_in_every_event_loop(recording: Recording, loop: str) -> None:
    LOOPS[loop]()
    assert recording.statuses() == WHOLE


def test_scopes_work_without_any_event_loop(recording: Recording) -> None:
    coroutine = _works()
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert recording.statuses() == WHOLE


class Slow(MemoryTransport):
    """Its answer is never there before the end of a scope stops waiting."""

    def send(self, payload: Mapping[str, Any]) -> None:
        raise TransportError("slow", code="ReadTimeout", retriable=True)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_exit_lets_the_exception_under_way_pass(backend: str) -> None:
    async def work() -> None:
        with anyio.CancelScope() as cancelled:
            async with a_job(transport=Slow()):
                cancelled.cancel()
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        anyio.run(work, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_exit_that_is_cancelled_is_cancelled_if_nothing_else_is_under_way(backend: str) -> None:
    async def work() -> bool:
        with anyio.CancelScope() as cancelled:
            async with a_job(transport=Slow()):
                cancelled.cancel()
        return cancelled.cancelled_caught

    assert anyio.run(work, backend=backend) is True


async def test_a_coroutine_that_is_closed_waits_for_nothing() -> None:
    async def work() -> None:
        async with a_job(transport=Slow()):
            await asyncio.Event().wait()

    coroutine: Any = work()
    coroutine.send(None)
    coroutine.close()  # raises RuntimeError if the scope waits
    assert coroutine.cr_frame is None


class Reports(logging.Handler):
    """Reports each log line as a separate status."""

    def __init__(self, report: Callable[[str], object]) -> None:
        super().__init__()
        self.report = report
        self.lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        self.report(record.getMessage())


@pytest.fixture
def handler() -> Iterator[Callable[[Callable[[str], object]], Reports]]:
    installed: list[Reports] = []
    root, level = logging.getLogger(), logging.getLogger().level

    def install(report: Callable[[str], object]) -> Reports:
        installed.append(Reports(report))
        root.addHandler(installed[-1])
        root.setLevel(logging.INFO)
        return installed[-1]

    yield install
    root.setLevel(level)
    for one in installed:
        root.removeHandler(one)


class Logs(MemoryTransport):
    """As an instrumented SDK does; `error` is what it raises."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error

    def send(self, payload: Mapping[str, Any]) -> None:
        logging.getLogger("botocore").info("sending")
        if self.error is not None:
            raise self.error
        super().send(payload)


@pytest.mark.parametrize(
    "error", [None, ZeroDivisionError(), TransportError("no", code="No", retriable=False)]
)
def test_a_log_handler_that_reports_statuses_reports_each_line_of_others_once(
    handler: Callable[[Callable[[str], object]], Reports], error: Exception | None
) -> None:
    transport = Logs(error)
    reports = handler(
        lambda line: publish_orchestrator_status("j", "u", "t", "log", line, transport=transport)
    )
    logging.getLogger("app").info("one line")
    assert [update["message"] for sent in transport.sent for update in sent["updates"]] == (
        [] if error else ["one line"]
    )
    assert reports.lines == (3 if error else 2), "the app's, the SDK's, and the dead letter"


def test_a_log_handler_inside_a_scope_does_not_receive_its_own_failures(
    handler: Callable[[Callable[[str], object]], Reports],
) -> None:
    transport = Logs()
    scope = a_job(transport=transport).start()
    handler(lambda line: scope.status("log", line))
    with pytest.raises(ZeroDivisionError), scope.agent("Geo"):
        logging.getLogger("app").info("one line")
        raise ZeroDivisionError
    scope.end()
    scope.sender.flush(30, force_wait=True)
    sent = [update for payload in transport.sent for update in payload["updates"]]
    assert [update["message"] for update in sent if update["status"] == "log"] == ["one line"]


def test_a_log_handler_that_raises_raises_nothing_here(
    handler: Callable[[Callable[[str], object]], Reports],
    recording: Recording,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(line: str) -> None:
        raise RuntimeError(line)

    handler(broken)
    with pytest.raises(ZeroDivisionError), a_job(), a_job().agent("Geo"):
        raise ZeroDivisionError
    assert recording.statuses()[-1] == "error"
    assert "status_utils: log failed: RuntimeError" in capsys.readouterr().err
