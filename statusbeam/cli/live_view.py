"""Renders a job for a terminal: its state, its agents, the last lines of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view

from .plain_text import plain_text
from .status_line import NOT_LIVE, liveness_note, message_text, reporter_name

STYLES = {
    "initializing": "cyan",
    "processing": "cyan",
    "completed": "green",
    "failed": "red",
    "pending": "dim",
    "in-progress": "cyan",
    "success": "green",
    "error": "red",
    "cancelled": "dim",
    "waiting": "magenta",
    "stale": "yellow",
    "lost": "bold red",
}
SIGNS = {
    "completed": "✔",
    "success": "✔",
    "failed": "✘",
    "error": "✘",
    "pending": "·",
    "cancelled": "⊖",
    "waiting": "◷",
    "stale": "◌",
    "lost": "⊘",
}
SHOWN_VERDICTS = NOT_LIVE | {"waiting"}
"""The liveness that the view shows in place of a state."""
FEWEST_LOG_LINES = 4
LINES_BESIDE_AGENTS = 9
BAR_WIDTH = 40


def draw_job(
    title: str,
    snapshot: Job,
    statuses: Sequence[Mapping[str, Any]],
    *,
    height: int,
    now: float,
) -> RenderableType:
    """Render a job on about `height` lines. `title` is the name of a job without a title.

    `statuses` are the end of its log, or all of it. `now` (epoch seconds) decides about liveness.
    """
    job = job_view(snapshot, now=now)
    agents = in_tree_order(job["agents"])
    agent_lines = sum(2 if agent["tools"] else 1 for _, agent in agents)
    log_lines = max(FEWEST_LOG_LINES, height - LINES_BESIDE_AGENTS - agent_lines)
    note = liveness_note(snapshot, now)
    return Group(
        _head(title, job, seconds=_seconds(snapshot, now), note=note),
        _progress(job),
        _agents(agents),
        Text(""),
        _log(statuses[-log_lines:]),
        _result(job),
    )


def in_tree_order(agents: Sequence[Mapping[str, Any]]) -> list[tuple[int, Mapping[str, Any]]]:
    """Each agent with its depth, behind the agent that called it."""
    ids = {agent["invocationId"] for agent in agents}
    children: dict[str | None, list[Mapping[str, Any]]] = {}
    for agent in agents:
        parent = agent["parentInvocationId"]
        children.setdefault(parent if parent in ids else None, []).append(agent)
    ordered: list[tuple[int, Mapping[str, Any]]] = []
    seen: set[str] = set()
    open_ = [(0, agent) for agent in reversed(children.get(None, []))]
    while open_:
        depth, agent = open_.pop()
        if agent["invocationId"] not in seen:
            seen.add(agent["invocationId"])
            ordered.append((depth, agent))
            open_ += [(depth + 1, child) for child in reversed(children.get(agent["invocationId"], []))]
    # Agents that call each other in a circle have no root.
    return ordered + [(0, agent) for agent in agents if agent["invocationId"] not in seen]


def _seconds(snapshot: Job, now: float) -> float:
    head = snapshot.head
    if head.created_ms is None:
        return 0
    end = (head.ended_ms or head.updated_ms or 0) / 1000 if head.ended else now
    return max(0.0, end - head.created_ms / 1000)


def _state(state: str) -> Text:
    return Text(f"{SIGNS.get(state, '●')} {state}", style=STYLES.get(state, ""))


def _head(title: str, job: Mapping[str, Any], *, seconds: float, note: str | None) -> Text:
    head = _state(_shown_state(job, str(job["overallStatus"])))
    head.append(f"  {plain_text(job['title'] or title)}", style="bold")
    if job["run"] > 1:
        head.append(f"  run {job['run']}", style="dim")
    head.append(f"  {seconds:.1f} s, {job['sequence']} statuses", style="dim")
    if job["eta"] is not None:
        head.append(f", about {job['eta']['p50']:.0f} to {job['eta']['p90']:.0f} s left", style="dim")
    tokens = _tokens(job["totalTokenUsage"])
    if tokens:
        head.append(f", {tokens}", style="dim")
    if note is not None:
        head.append(f"  {note}", style=STYLES[str(job["liveness"])])
    head.truncate(200, overflow="ellipsis")
    return head


def _shown_state(part: Mapping[str, Any], state: str) -> str:
    """The state of a job or an agent, or its liveness if it waits or is not live."""
    return str(part["liveness"]) if part["liveness"] in SHOWN_VERDICTS else state


def _result(job: Mapping[str, Any]) -> Text:
    """The message of the final status; empty before it."""
    if job["outcome"] is None:
        return Text("")
    return Text("\n" + plain_text(job["outcome"]), style=f"bold {STYLES.get(str(job['overallStatus']), '')}")


def _progress(job: Mapping[str, Any]) -> RenderableType:
    """The bar of a running job that has a progress."""
    if job["progress"] is None or job["liveness"] == "ended":
        return Text("")
    bar = ProgressBar(total=100, completed=job["progress"], width=BAR_WIDTH)
    row = Table.grid(padding=(0, 1))
    row.add_row(bar, Text(f"{job['progress']:.0f} %", style="dim"))
    return row


def _tokens(usage: Mapping[str, Any] | None) -> str:
    if not usage:
        return ""
    return f"{usage['inputTokens']:,} + {usage['outputTokens']:,} tokens".replace(",", " ")


def _agents(agents: Sequence[tuple[int, Mapping[str, Any]]]) -> RenderableType:
    if not agents:
        return Text("No agent has started.", style="dim")
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    for depth, agent in agents:
        branch = f"{'  ' * (depth - 1)}└ " if depth else ""
        attempt = f" (attempt {agent['attempt']})" if agent["attempt"] > 1 else ""
        activity = Text(plain_text(agent["activity"] or ""), overflow="ellipsis", no_wrap=True)
        if agent["tools"]:
            activity.append("\n" + ", ".join(plain_text(tool) for tool in agent["tools"]), style="dim")
        state = _state(_shown_state(agent, str(agent["status"])))
        if agent["status"] == "in-progress" and agent["progress"] is not None:
            state.append(f" {agent['progress']:.0f} %")
        duration = "" if agent["duration"] is None else f"{agent['duration']:.2f} s"
        table.add_row(
            Text(f"{branch}{plain_text(agent['name'])}{attempt}", style="bold"),
            state,
            activity,
            Text(_tokens(agent["tokenUsage"]), style="dim"),
            Text(duration, style="dim"),
        )
    return table


def _log(statuses: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(justify="right", style="dim")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for status in statuses:
        name = plain_text(status["status"])
        style = {"agent_error": "red", "error": "red", "agent_complete": "green", "complete": "green"}.get(
            name, ""
        )
        table.add_row(
            str(status["sequence"]),
            Text(name, style=style),
            Text(reporter_name(status)),
            Text(message_text(status)),
        )
    return table
