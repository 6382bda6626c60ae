"""The output of `statusbeam demo`: one line for each status in a pipe, a view of the job in a terminal."""

from __future__ import annotations

import ast
import io
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from statusbeam.cli import plain_text as plain_text_module
from statusbeam.cli.demo import DemoOptions
from statusbeam.cli.demo_job import DemoJob
from statusbeam.cli.live_view import draw_job
from statusbeam.cli.main import main
from statusbeam.cli.plain_text import plain_text
from statusbeam.cli.records import Output
from statusbeam.cli.watching import LinesView, WatchedJob
from statusbeam.client.follower import Follower
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.update import StatusUpdate
from tests.soak import virtual_time
from tests.unit.statusbeam.client.fake_service import FakeService

OWNER = {"jobId": "job-1", "userId": "ana", "tenantId": "riverton", "timestamp": "2026-11-20T09:30:00.000Z"}
BEGAN = 1_795_167_000.0  # that time
RUN = {"agentName": "Geo Agent", "invocationId": "job-1-geo", "attempt": 1}


def status_of(sequence: int, status: str, message: str, **more: Any) -> dict[str, Any]:
    """A status as GraphQL gives it, with the nulls."""
    kind = {"complete": "complete", "error": "error"}.get(status, "agent_status")
    if status == "cancelled" and "agentName" not in more:
        kind = "error"
    empty = dict.fromkeys(["progress", "etaSeconds", "executionTimeMs", "metadata", "toolName", "earlier"])
    words = {"eventId": f"e-{sequence}", "type": kind, "status": status, "message": message}
    return {**OWNER, **empty, **words, "sequence": sequence, **more}


STATUSES = [
    status_of(1, "loading_agents", "Choosing agents."),
    status_of(2, "agent_invoking", "Reading the complaint", **RUN),
    status_of(3, "calling_tool", "Look up Elm Street", toolName="map", **RUN),
    status_of(4, "agent_complete", "Located", executionTimeMs=840, **RUN),
    status_of(5, "complete", "A work order is made."),
]


def test_pipe_gets_a_header_and_one_line_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    async def demo() -> bool:
        job = DemoJob(FakeService([STATUSES[:2], STATUSES[2:]]), "job-1", heading="A pothole")
        async with aclosing(job):
            with job.shown():
                return [status["sequence"] async for statuses in job for status in statuses] == [
                    1,
                    2,
                    3,
                    4,
                    5,
                ]

    assert virtual_time.run(demo())
    assert capsys.readouterr().out.splitlines() == [
        "# A pothole",
        "1 loading_agents Orchestrator Choosing agents.",
        "2 agent_invoking Geo Agent Reading the complaint",
        "3 calling_tool Geo Agent map: Look up Elm Street",
        "4 agent_complete Geo Agent Located",
        "5 complete Orchestrator A work order is made.",
    ]


@pytest.mark.parametrize(
    "text", ["a\nb", "a\x1b[2Jb", "a\x9b2Jb", "a\r\nb", "a\u202eb", "a\u2028b", "a\u2066b", "a\ud800b"]
)
def test_no_status_steers_the_terminal_or_makes_a_second_line(text: str) -> None:
    cleaned = plain_text(text)
    assert cleaned.startswith("a ")
    assert cleaned.isprintable()


def view_of(title: str, statuses: list[dict[str, Any]], *, seconds: float, height: int) -> RenderableType:
    snapshot = fold(map(StatusUpdate.from_store, statuses))
    return draw_job(title, snapshot, statuses, height=height, now=BEGAN + seconds)


def test_terminal_shows_state_agents_tools_and_log() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40)
    with console.capture() as capture:
        console.print(view_of("A [bold]pothole[/bold]", STATUSES, seconds=1, height=38))
    text = capture.get()
    for words in (
        "completed",
        "A [bold]pothole[/bold]",
        "Geo Agent",
        "map",
        "0.84 s",
        "A work order is made.",
    ):
        assert words in text


def test_long_log_keeps_to_the_height_of_the_terminal() -> None:
    statuses = [status_of(sequence, "note", f"status {sequence}") for sequence in range(1, 101)]
    console = Console(file=io.StringIO(), width=100, height=20)
    lines = console.render_lines(view_of("Many", statuses, seconds=1, height=18))
    assert len(lines) <= 18
    assert any("status 100" in "".join(segment.text for segment in line) for line in lines)


SILENCES = [
    pytest.param(74, None, id="a lease long: live"),
    pytest.param(76, "stale", id="after it: stale"),
    pytest.param(95, "stale", id="one heartbeat later: stale"),
    pytest.param(314, "stale", id="until four minutes have passed"),
    pytest.param(316, "lost", id="then: lost"),
]


def drawn(statuses: list[dict[str, Any]], seconds: float) -> list[str]:
    console = Console(file=io.StringIO(), width=120, height=30)
    view = view_of("A pothole", statuses, seconds=seconds, height=28)
    return ["".join(segment.text for segment in line) for line in console.render_lines(view)]


@pytest.mark.parametrize(("seconds", "verdict"), SILENCES)
def test_a_terminal_shows_that_a_job_and_an_agent_are_stale_or_lost(
    seconds: float, verdict: str | None
) -> None:
    head, *rest = drawn(STATUSES[:3], seconds)
    (agent,) = (line for line in rest if line.startswith("Geo Agent"))
    if verdict is None:
        assert ("processing" in head, "in-progress" in agent) == (True, True)
    else:
        assert f"{verdict}: no status for {seconds} s" in head
        assert verdict in agent
        assert "in-progress" not in agent


def test_stale_and_lost_look_different_from_each_other_and_from_the_rest() -> None:
    signs = {drawn(STATUSES[:3], seconds)[0][0] for seconds in (0, 100, 400)}
    assert len(signs | {drawn(STATUSES, 400)[0][0]}) == 4


def test_a_terminal_shows_for_what_a_job_waits_however_long() -> None:
    asks = '{"waiting":{"for":"approval","prompt":"Send the crew?"}}'
    asking = status_of(3, "waiting", "Asking Ana", metadata=asks, **RUN)
    head, *rest = drawn([*STATUSES[:2], asking], 3 * 86_400)
    assert head.startswith("◷ waiting")
    assert "for approval since 2026-11-20T09:30:00.000Z: Send the crew?" in head
    (agent,) = (line for line in rest if line.startswith("Geo Agent"))
    assert "◷ waiting" in agent


def test_a_terminal_shows_a_cancelled_job_and_what_it_left_open() -> None:
    head, *rest = drawn([*STATUSES[:2], status_of(3, "cancelled", "Filed twice")], 2)
    (agent,) = (line for line in rest if line.startswith("Geo Agent"))
    assert head.startswith("⊖ cancelled")
    assert "⊖ cancelled" in agent
    assert rest[-1].startswith("Filed twice")


def test_a_terminal_shows_the_jobs_own_title_and_which_run_it_is() -> None:
    opening = status_of(1, "loading_agents", "Starting", metadata='{"run":"p.1","title":"Pothole"}')
    end = status_of(2, "complete", "Done", metadata='{"run":"p.1"}')
    again = status_of(3, "loading_agents", "Starting again", metadata='{"run":"p.2"}')
    assert "  Pothole  " in drawn([opening], 2)[0]
    assert "run" not in drawn([opening], 2)[0]
    assert "  Pothole  run 2  " in drawn([opening, end, again], 2)[0]
    assert drawn([opening, end], 2)[-1].startswith("Done")
    assert not drawn([opening, end, again], 2)[-1].startswith("Done")  # that was the end of the first run


def test_a_job_that_ended_is_never_stale() -> None:
    assert "completed" in drawn(STATUSES, 100_000)[0]


@pytest.mark.parametrize(("seconds", "verdict"), SILENCES)
def test_a_pipe_gets_each_liveness_once(
    seconds: float, verdict: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    follower = Follower("job-1", FakeService([]))
    follower.job = fold(map(StatusUpdate.from_store, STATUSES[:2]))
    watched = WatchedJob("job-1", follower)
    view = LinesView(Output.TABLE, with_job=False, now=lambda: BEGAN + seconds)
    view.refresh(watched)
    view.refresh(watched)
    expected = [f"job-1: {verdict}: no status for {seconds} s"] if verdict else []
    assert capsys.readouterr().err.splitlines() == expected


def test_a_terminal_shows_the_estimated_time_left() -> None:
    eta = {**STATUSES[1], "metadata": '{"eta": {"p50": 12.4, "p90": 20}}'}
    assert "about 12 to 20 s left" in drawn([STATUSES[0], eta], 0)[0]
    assert "left" not in drawn(STATUSES, 0)[0]


def test_job_without_a_status_can_be_drawn() -> None:
    console = Console(file=io.StringIO(), width=100, height=20)
    console.print(view_of("None yet", [], seconds=0, height=18))


@pytest.mark.parametrize("agent", ["geo", "once:severity"])
def test_agent_to_fail_is_taken_from_the_command_line(agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[DemoOptions] = []

    def run(options: DemoOptions) -> int:
        taken.append(options)
        return 0

    monkeypatch.setattr("statusbeam.cli.commands.demo.run", run)
    assert main(["demo", "--fail-agent", agent]) == 0
    assert [options.fail_agent for options in taken] == [agent]


def test_unknown_agent_to_fail_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--fail-agent", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_every_command_prints_through_plain_text() -> None:
    modules = Path(plain_text_module.__file__).parent.rglob("*.py")
    calls = {
        path.stem
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert calls == {"plain_text"}
