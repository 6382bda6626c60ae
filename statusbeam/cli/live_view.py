"""How a job looks in a terminal: its state, its agents, the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from status_utils import StatusUpdate
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.log.snapshot.liveness import LEASE_SECONDS, agent_liveness, liveness

from .follow import TERMINAL

# C0 and C1 control characters: a status must not steer the terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
STYLES = {
    "initializing": "cyan",
    "processing": "cyan",
    "completed": "green",
    "failed": "red",
    "pending": "dim",
    "in-progress": "cyan",
    "success": "green",
    "error": "red",
    "stale": "yellow",
    "lost": "bold red",
}
SIGNS = {
    "completed": "✔",
    "success": "✔",
    "failed": "✘",
    "error": "✘",
    "pending": "·",
    "stale": "◌",
    "lost": "⊘",
}
SILENT = frozenset(("stale", "lost"))
"""What a job or an agent is, by the clock alone, when nobody speaks for it any more."""
FEWEST_LOG_LINES = 4
LINES_BESIDE_AGENTS = 9


def plain(text: object) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return _CONTROL.sub(" ", str(text)).strip()


def source_of(status: Mapping[str, Any]) -> str:
    """Who speaks: the agent, or the orchestrator."""
    return plain(status.get("agentName") or "Orchestrator")


def words_of(status: Mapping[str, Any]) -> str:
    """What is said, with the tool it is about."""
    tool = status.get("toolName")
    message = plain(status["message"])
    return f"{plain(tool)}: {message}" if tool else message


def job_of(statuses: Sequence[Mapping[str, Any]]) -> Job:
    """The snapshot that these statuses come to."""
    known = [{name: value for name, value in status.items() if name != "earlier"} for status in statuses]
    return fold(StatusUpdate.from_wire(status) for status in known)


def view_of(job: Job, now: float) -> dict[str, Any]:
    """The schema's Job for a reader at `now` (epoch seconds); each agent has a `liveness` of its own."""
    view = job_view(job, now=now)
    for agent in view["agents"]:
        agent["liveness"] = agent_liveness(job, agent["invocationId"], now)
    return view


def silence_of(job: Job, now: float) -> str | None:
    """What to say of a job that nobody speaks for at `now` (epoch seconds); None while somebody does."""
    verdict = liveness(job, now)
    if verdict not in SILENT:
        return None
    quiet = now - (job.head.lease_ms or 0) / 1000 + LEASE_SECONDS
    return f"{verdict}: nothing was heard of it for {quiet:.0f} s"


def draw(
    title: str, statuses: Sequence[Mapping[str, Any]], *, seconds: float, height: int, now: float
) -> RenderableType:
    """The whole view; `seconds` is how long the job runs, `height` how many lines there are, `now` (epoch
    seconds) decides what is stale or lost."""
    snapshot = job_of(statuses)
    job = view_of(snapshot, now)
    agents = job["agents"]
    log_lines = max(FEWEST_LOG_LINES, height - LINES_BESIDE_AGENTS - 2 * len(agents))
    return Group(
        _head(title, job, seconds=seconds, silence=silence_of(snapshot, now)),
        Text(""),
        _agents(agents),
        Text(""),
        _log(statuses[-log_lines:]),
        _result(job, statuses),
    )


def _state(word: str) -> Text:
    return Text(f"{SIGNS.get(word, '●')} {word}", style=STYLES.get(word, ""))


def _head(title: str, job: Mapping[str, Any], *, seconds: float, silence: str | None) -> Text:
    head = _state(_shown_state(job, str(job["overallStatus"])))
    head.append(f"  {plain(title)}", style="bold")
    head.append(f"  {seconds:.1f} s, {job['sequence']} statuses", style="dim")
    if job["eta"] is not None:
        head.append(f", about {job['eta']['p50']:.0f} s left", style="dim")
    if silence is not None:
        head.append(f"  {silence}", style=STYLES[str(job["liveness"])])
    head.truncate(200, overflow="ellipsis")
    return head


def _shown_state(part: Mapping[str, Any], state: str) -> str:
    """The state of a job or an agent, unless its silence says more."""
    return str(part["liveness"]) if part["liveness"] in SILENT else state


def _result(job: Mapping[str, Any], statuses: Sequence[Mapping[str, Any]]) -> Text:
    """What the orchestrator said at the end, in full; empty before."""
    endings = [status for status in statuses if status["status"] in TERMINAL and not status.get("agentName")]
    if not endings:
        return Text("")
    return Text(
        "\n" + plain(endings[0]["message"]), style=f"bold {STYLES.get(str(job['overallStatus']), '')}"
    )


def _agents(agents: Sequence[Mapping[str, Any]]) -> RenderableType:
    if not agents:
        return Text("No agent has begun.", style="dim")
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    for agent in agents:
        name = plain(agent["name"]) + (f" (attempt {agent['attempt']})" if agent["attempt"] > 1 else "")
        doing = Text(plain(agent["activity"] or ""), overflow="ellipsis", no_wrap=True)
        if agent["tools"]:
            doing.append("\n" + ", ".join(plain(tool) for tool in agent["tools"]), style="dim")
        duration = "" if agent["duration"] is None else f"{agent['duration']:.2f} s"
        table.add_row(
            Text(name, style="bold"),
            _state(_shown_state(agent, str(agent["status"]))),
            doing,
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
        word = plain(status["status"])
        style = {"agent_error": "red", "error": "red", "agent_complete": "green", "complete": "green"}.get(
            word, ""
        )
        table.add_row(
            str(status["sequence"]), Text(word, style=style), Text(source_of(status)), Text(words_of(status))
        )
    return table
