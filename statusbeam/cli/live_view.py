"""Renders a job for a terminal: its state, its agents, the last lines of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from status_utils import StatusUpdate
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.log.snapshot.liveness import liveness
from statusbeam.model.limits import LEASE_SECONDS

from statusbeam.client.job_log import TERMINAL
from .plain_text import plain_text

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
NOT_LIVE = frozenset(("stale", "lost"))
"""The liveness of a job or an agent whose lease is over."""
SHOWN_VERDICTS = NOT_LIVE | {"waiting"}
"""The liveness that is shown in place of a state."""
FEWEST_LOG_LINES = 4
LINES_BESIDE_AGENTS = 9


def reporter_name(status: Mapping[str, Any]) -> str:
    """The agent that reported the status, or the orchestrator."""
    return plain_text(status.get("agentName") or "Orchestrator")


def message_text(status: Mapping[str, Any]) -> str:
    """The message, with the tool that it is about."""
    tool = status.get("toolName")
    message = plain_text(status["message"])
    return f"{plain_text(tool)}: {message}" if tool else message


def fold_job(statuses: Sequence[Mapping[str, Any]]) -> Job:
    """The snapshot of a job with these statuses."""
    known = [{name: value for name, value in status.items() if name != "earlier"} for status in statuses]
    return fold(StatusUpdate.from_wire(status) for status in known)


def liveness_note(job: Job, now: float) -> str | None:
    """The note for a job that waits, is stale or lost at `now` (epoch seconds). None for a live job."""
    verdict = liveness(job, now)
    if verdict == "waiting":
        return _waiting_note(job.head.view()["waiting"])
    if verdict not in NOT_LIVE:
        return None
    idle = now - (job.head.lease_ms or 0) / 1000 + LEASE_SECONDS
    return f"{verdict}: no status for {idle:.0f} s"


def _waiting_note(waiting: Mapping[str, Any]) -> str:
    until = f" until {waiting['until']}" if waiting["until"] else ""
    prompt = f": {plain_text(waiting['prompt'])}" if waiting["prompt"] else ""
    return f"for {plain_text(waiting['for'])} since {waiting['since']}{until}{prompt}"


def draw(
    title: str, statuses: Sequence[Mapping[str, Any]], *, seconds: float, height: int, now: float
) -> RenderableType:
    """Render a job on at most `height` lines. `title` names one that has no title of its own.

    `seconds` is the time since its start. `now` (epoch seconds) decides about liveness.
    """
    snapshot = fold_job(statuses)
    job = job_view(snapshot, now=now)
    agents = job["agents"]
    log_lines = max(FEWEST_LOG_LINES, height - LINES_BESIDE_AGENTS - 2 * len(agents))
    return Group(
        _head(title, job, seconds=seconds, note=liveness_note(snapshot, now)),
        Text(""),
        _agents(agents),
        Text(""),
        _log(statuses[-log_lines:]),
        _result(job, statuses),
    )


def _state(state: str) -> Text:
    return Text(f"{SIGNS.get(state, '●')} {state}", style=STYLES.get(state, ""))


def _head(title: str, job: Mapping[str, Any], *, seconds: float, note: str | None) -> Text:
    head = _state(_shown_state(job, str(job["overallStatus"])))
    head.append(f"  {plain_text(job['title'] or title)}", style="bold")
    if job["run"] > 1:
        head.append(f"  run {job['run']}", style="dim")
    head.append(f"  {seconds:.1f} s, {job['sequence']} statuses", style="dim")
    if job["eta"] is not None:
        head.append(f", about {job['eta']['p50']:.0f} s left", style="dim")
    if note is not None:
        head.append(f"  {note}", style=STYLES[str(job["liveness"])])
    head.truncate(200, overflow="ellipsis")
    return head


def _shown_state(part: Mapping[str, Any], state: str) -> str:
    """The state of a job or an agent, or its liveness if it waits or is not live."""
    return str(part["liveness"]) if part["liveness"] in SHOWN_VERDICTS else state


def _result(job: Mapping[str, Any], statuses: Sequence[Mapping[str, Any]]) -> Text:
    """The orchestrator's final message in full; empty before the end."""
    endings = [status for status in statuses if status["status"] in TERMINAL and not status.get("agentName")]
    if not endings:
        return Text("")
    return Text(
        "\n" + plain_text(endings[0]["message"]), style=f"bold {STYLES.get(str(job['overallStatus']), '')}"
    )


def _agents(agents: Sequence[Mapping[str, Any]]) -> RenderableType:
    if not agents:
        return Text("No agent has started.", style="dim")
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    for agent in agents:
        name = plain_text(agent["name"]) + (f" (attempt {agent['attempt']})" if agent["attempt"] > 1 else "")
        activity = Text(plain_text(agent["activity"] or ""), overflow="ellipsis", no_wrap=True)
        if agent["tools"]:
            activity.append("\n" + ", ".join(plain_text(tool) for tool in agent["tools"]), style="dim")
        duration = "" if agent["duration"] is None else f"{agent['duration']:.2f} s"
        table.add_row(
            Text(name, style="bold"),
            _state(_shown_state(agent, str(agent["status"]))),
            activity,
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
