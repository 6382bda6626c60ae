"""What `statusbeam demo` writes: one line a status in a pipe, a view of the job in a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from status_cli.live_view import draw, plain
from status_cli.main import build_parser
from status_cli.screens import PipeScreen, TerminalScreen, screen_for

OWNER = {"jobId": "job-1", "userId": "ana", "tenantId": "riverton", "timestamp": "2026-11-20T09:30:00.000Z"}
RUN = {"agentName": "Geo Agent", "invocationId": "job-1-geo", "attempt": 1}


def status_of(sequence: int, status: str, message: str, **more: Any) -> dict[str, Any]:
    """A status as GraphQL gives it, with the nulls."""
    kind = {"complete": "complete", "error": "error"}.get(status, "agent_status")
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


def test_pipe_gets_a_header_and_one_line_a_status() -> None:
    out = io.StringIO()
    with PipeScreen(out).job("A pothole") as shown:
        shown.add(STATUSES[:2])
        shown.add(STATUSES[2:])
    assert out.getvalue().splitlines() == [
        "# A pothole",
        "1 loading_agents Orchestrator Choosing agents.",
        "2 agent_invoking Geo Agent Reading the complaint",
        "3 calling_tool Geo Agent map: Look up Elm Street",
        "4 agent_complete Geo Agent Located",
        "5 complete Orchestrator A work order is made.",
    ]


def test_stream_decides_between_pipe_and_terminal() -> None:
    assert isinstance(screen_for(io.StringIO()), PipeScreen)


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[2Jb", "a\x9b2Jb", "a\r\nb"])
def test_no_status_steers_the_terminal_or_makes_a_second_line(text: str) -> None:
    cleaned = plain(text)
    assert cleaned.startswith("a ")
    assert cleaned.isprintable()


def test_terminal_shows_state_agents_tools_and_log() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, height=40)
    with TerminalScreen(console).job("A [bold]pothole[/bold]") as shown:
        shown.add(STATUSES)
    text = out.getvalue()
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
    lines = console.render_lines(draw("Many", statuses, seconds=1.0, height=18))
    assert len(lines) <= 18
    assert any("status 100" in "".join(segment.text for segment in line) for line in lines)


def test_job_without_a_status_can_be_drawn() -> None:
    console = Console(file=io.StringIO(), width=100, height=20)
    console.print(draw("None yet", [], seconds=0.0, height=18))


@pytest.mark.parametrize("agent", ["geo", "once:severity"])
def test_agent_to_fail_is_taken_from_the_command_line(agent: str) -> None:
    assert build_parser({}).parse_args(["demo", "--fail-agent", agent]).fail_agent == agent


def test_unknown_agent_to_fail_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build_parser({}).parse_args(["demo", "--fail-agent", "nobody"])
    assert stopped.value.code == 2
