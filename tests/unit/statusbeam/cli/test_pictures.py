"""The pictures of the command in docs/images equal its output. `make screenshots` draws them again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from statusbeam.cli.commands.jobs import table
from statusbeam.cli.live_view import draw_job
from statusbeam.cli.status_line import document_of
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import moment_of, wire_time
from statusbeam.model.words import status_type

IMAGES = Path(__file__).parents[4] / "docs" / "images"
START = moment_of("2026-11-20T09:30:00.000Z")
BEGAN = START.timestamp()
PLAN = {
    "title": "A street fair on Castro Street",
    "workflow": "street-fair",
    "plan": [{"name": name} for name in ("Traffic Agent", "Noise Agent", "Budget Agent")],
}

Rows = list[tuple[float, str, str, dict[str, Any]]]
"""Seconds since the beginning, word, message, and other fields of each status."""


def agent(name: str, **more: Any) -> dict[str, Any]:
    return {"agentName": name, "invocationId": name.lower().replace(" ", "-"), **more}


TRAFFIC = agent("Traffic Agent")
DETOURS = agent("Detour Agent", parentInvocationId="traffic-agent")
TOKENS = {"tokenUsage": {"inputTokens": 4210, "outputTokens": 388}}
ROWS: Rows = [
    (0, "loading_agents", "Reading the application", {"metadata": PLAN}),
    (1.2, "agent_invoking", "Which streets are closed?", TRAFFIC),
    (1.3, "agent_invoking", "How loud is the stage?", agent("Noise Agent")),
    (3.1, "calling_tool", "Bus lines on Castro Street", {**TRAFFIC, "toolName": "timetable"}),
    (4.0, "agent_invoking", "Finding detours for three lines", DETOURS),
    (6.4, "progress", "12 of 30 homes within 50 m", {**agent("Noise Agent"), "progress": 40.0}),
    (
        9.0,
        "calling_tool",
        "Two lines need a detour",
        {**DETOURS, "toolName": "street_map", "metadata": TOKENS},
    ),
    (12.5, "progress", "Line 24 goes by Noe Street", {**DETOURS, "progress": 66.0}),
]
ENDED: Rows = [
    (14.0, "agent_complete", "Two detours, no line is cut", DETOURS),
    (15.2, "agent_complete", "Closed from 8 to 20 h", TRAFFIC),
    (16.0, "agent_complete", "Below 75 dB after 18 h", {**agent("Noise Agent"), "metadata": TOKENS}),
    (18.1, "agent_complete", "$ 4 300 for signs and cleaning", agent("Budget Agent", executionTimeMs=1900)),
    (18.4, "complete", "The fair can be approved.", {"metadata": {"result": {"approved": True}}}),
]


def updates(rows: Rows) -> list[StatusUpdate]:
    made = []
    for sequence, (seconds, word, message, more) in enumerate(rows, start=1):
        entry = {
            "jobId": "fair-2026-117",
            "userId": "ana",
            "tenantId": "riverton",
            "eventId": f"e-{sequence}",
            "sequence": sequence,
            "type": status_type(word, of_job="agentName" not in more),
            "status": word,
            "message": message,
            "timestamp": wire_time(START + timedelta(seconds=seconds)),
            **more,
        }
        if "metadata" in more:
            entry["metadata"] = json.dumps(more["metadata"])
        made.append(StatusUpdate.from_wire(entry))
    return made


def drawn(rows: Rows, seconds: float) -> RenderableType:
    statuses = updates(rows)
    documents = [document_of(update) for update in statuses]
    return draw_job("fair-2026-117", fold(statuses), documents, height=30, now=BEGAN + seconds)


def listed() -> RenderableType:
    running = job_view(fold(updates(ROWS)), now=BEGAN + 13)
    ended = job_view(fold(updates(ROWS + ENDED)), now=BEGAN + 60)
    stale = job_view(fold(updates(ROWS[:3])), now=BEGAN + 95)
    failed = job_view(fold(updates([*ROWS[:2], (5, "error", "No answer", {})])), now=BEGAN + 60)
    jobs = [
        {**running, "jobId": "fair-2026-118"},
        {**ended, "jobId": "fair-2026-117"},
        {**stale, "jobId": "fair-2026-116", "title": "Block party on Noe Street"},
        {**failed, "jobId": "fair-2026-115", "title": "Farmers' market"},
    ]
    shown: RenderableType = table(jobs)
    return shown


PICTURES: dict[str, Callable[[], RenderableType]] = {
    "watch": lambda: drawn(ROWS, 13),
    "show": lambda: drawn(ROWS + ENDED, 60),
    "jobs": listed,
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_what_the_command_draws(name: str, request: pytest.FixtureRequest) -> None:
    console = Console(
        file=io.StringIO(), record=True, width=112, force_terminal=True, color_system="truecolor"
    )
    console.print(PICTURES[name]())
    svg = console.export_svg(title=f"statusbeam {name}", unique_id=f"statusbeam-{name}")
    folder = request.config.getoption("--screenshots")
    if folder:
        (folder / f"command-{name}.svg").write_text(svg, encoding="utf-8")
    assert svg == (IMAGES / f"command-{name}.svg").read_text(encoding="utf-8")
