"""The demo's street fair: the decision, and a terminal that never waits without a reader."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from statusbeam.cli.demo_approval import Answer, Decision, default_decision
from statusbeam.cli.demo_fair import HEADING, StreetFair, run_fair
from statusbeam.cli.demo_job import IDLE_SECONDS, JobIdleError
from statusbeam.client.errors import RefusedError
from statusbeam.log.snapshot.job_state import Job
from tests.soak import virtual_time

OWNER = {"jobId": "fair-1", "userId": "ana", "tenantId": "riverton"}
ASKS = json.dumps({"waiting": {"for": "approval", "prompt": "Close the street?", "answerable": True}})
APPROVAL = {"agentName": "Approval", "invocationId": "i1"}


@dataclass
class Outputs:
    dashboard_url: str = "http://127.0.0.1:4000/"


@dataclass
class World:
    """A user, and the log of a fair that waits for a decision and then ends as it was decided."""

    outputs: Outputs = field(default_factory=Outputs)
    log: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str | None, bool, str | None]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    on_wait: Callable[[], object] = lambda: None  # what somebody does when it waits
    refusal: RefusedError | None = None

    def report(self, status: str, message: str, kind: str = "agent_status", **more: Any) -> None:
        number = len(self.log) + 1
        words = {"eventId": f"e{number}", "sequence": number, "type": kind, "status": status}
        moment = {"timestamp": f"2026-11-20T09:30:{number:02}.000Z"}
        self.log.append({**OWNER, **words, **moment, "message": message, **more})
        self.changed.set()

    async def start_fair(self, pace: float) -> str:
        assert pace == 0
        self.report("loading_agents", "Reading the application")
        self.report("waiting", "Approval waiting", metadata=ASKS, **APPROVAL)
        asyncio.get_running_loop().call_later(0, self.on_wait)
        return "fair-1"

    async def answer_waiting(
        self, job_id: str, invocation_id: str | None, approved: bool, comment: str | None
    ) -> None:
        assert job_id == "fair-1"
        self.answers.append((invocation_id, approved, comment))
        self.decide(approved=approved)
        if self.refusal is not None:
            raise self.refusal

    def decide(self, *, approved: bool) -> None:
        self.report("answered", "Approved." if approved else "Rejected.", **APPROVAL)
        self.report("agent_complete", "Approval finished", **APPROVAL)
        if approved:
            self.report("complete", "The permit is issued.", "complete")
        else:
            self.report("cancelled", "The permit was rejected.", "error")

    async def subscribe(self) -> AsyncGenerator[Mapping[str, Any] | None, None]:
        pushed = 0
        yield None
        while True:
            await self.changed.wait()
            self.changed.clear()
            for status in self.log[pushed:]:
                yield status
            pushed = len(self.log)

    @property
    def deployment(self) -> World:
        return self

    def service(self, job_id: str) -> World:
        assert job_id == "fair-1"
        return self

    async def position(self) -> tuple[int, str | None]:
        return len(self.log), "e1"

    async def page(self, after: int) -> Mapping[str, Any]:
        current = len(self.log)
        numbers = {"currentSequence": current, "nextAfterSequence": current}
        return {"updates": self.log[after:], "recovered": True, "reason": None, **numbers}

    async def snapshot(self) -> Job:
        raise AssertionError("the log has all statuses")

    async def close(self) -> None:
        """No session to end."""


def run(world: Any, decision: Decision) -> bool:
    """Whether the fair ended as it should. Waiting takes no time."""
    return virtual_time.run(run_fair(world, StreetFair(0, decision)))


@pytest.mark.parametrize(
    ("decision", "approved", "end"),
    [
        (Decision.APPROVE, True, "complete Orchestrator The permit is issued."),
        (Decision.REJECT, False, "cancelled Orchestrator The permit was rejected."),
    ],
)
def test_without_anybody_to_ask_the_option_decides(
    decision: Decision, approved: bool, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    assert run(world, decision)
    assert world.answers == [("i1", approved, None)]
    heading, *_, last = capsys.readouterr().out.splitlines()
    assert (heading, last) == (f"# {HEADING}", f"5 {end}")


def test_a_decision_on_the_page_has_no_time_limit(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.on_wait = lambda: asyncio.get_running_loop().call_later(
        1_000 * IDLE_SECONDS, lambda: world.decide(approved=True)
    )
    assert run(world, Decision.PAGE)
    assert world.answers == []
    assert "http://127.0.0.1:4000/#job=fair-1" in capsys.readouterr().err


def test_the_demo_gives_up_a_silent_job() -> None:
    world = World()
    world.on_wait = lambda: world.report("answered", "Approved.", **APPROVAL)
    with pytest.raises(JobIdleError):
        run(world, Decision.PAGE)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Types lines into stdin."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w", buffering=1) as keyboard:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keyboard


def test_the_terminal_is_asked_until_the_line_is_an_answer(
    terminal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.on_wait = lambda: terminal.write("what?\nno, too loud\n")
    assert run(world, Decision.ASK)
    assert world.answers == [("i1", False, "too loud")]
    written = capsys.readouterr()
    assert "Close the street?" in written.err
    assert written.err.splitlines().count("Type yes, or no and a reason.") == 1
    sequences = [line.split()[0] for line in written.out.splitlines()]
    assert sequences == ["#", "1", "2", "3", "4", "5"]  # each once, those of the time of the question too


def test_a_prompting_terminal_continues_after_a_decision_on_the_page(
    terminal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.on_wait = lambda: world.decide(approved=True)
    assert run(world, Decision.ASK)
    assert world.answers == []
    assert "The page has the decision." in capsys.readouterr().err


def test_a_late_answer_gets_an_error(terminal: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(refusal=RefusedError("Nothing waits for this answer any more.", "NotWaiting"))
    world.on_wait = lambda: terminal.write("yes\n")
    assert run(world, Decision.ASK)
    assert "Another person has already decided." in capsys.readouterr().err


def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(RefusedError, match="not yours"):
        run(World(refusal=RefusedError("not yours", "Forbidden")), Decision.APPROVE)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("yes\n", Answer(True)),
        (" Y \n", Answer(True)),
        ("yes, have fun\n", Answer(True, "have fun")),
        ("n\n", Answer(False)),
        ("No: too loud\n", Answer(False, "too loud")),
        ("\n", None),
        ("yesterday\n", None),
        ("nobody\n", None),
    ],
)
def test_a_typed_line_is(line: str, answer: Answer | None) -> None:
    assert Answer.from_line(line) == answer


def test_where_no_terminal_is_the_demo_approves_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert default_decision() is Decision.APPROVE
