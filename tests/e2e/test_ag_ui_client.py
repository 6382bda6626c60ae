"""AG-UI's own client accepts every run that the bridge makes from a log, from any join on."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from statusbeam.bridge.dialects.ag_ui import state_of
from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.update import StatusUpdate
from tests.e2e.node_client import CLIENTS, node, require_clients
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.unit.statusbeam.bridge.dialects.logs import LOGS, job_of, steps_of
from tests.unit.statusbeam.bridge.dialects.test_ag_ui import spoken
from tests.unit.statusbeam.log.snapshot.fold_cases import committed, status_drawn_from

REFUSED_OF = 200
RUN_SECONDS = 0.05
"""What a run may take at most, beside the start of the client."""


def verdict(runs: Sequence[dict[str, Any]]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """The report of AG-UI's client: the numbers of accepted and refused runs, and the reasons."""
    require_clients()
    done = subprocess.run(
        [node(), "ag-ui.mjs"],
        cwd=CLIENTS,
        input="".join(json.dumps(run) + "\n" for run in runs),
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * DEADLINE_SECONDS + RUN_SECONDS * len(runs),
    )
    assert done.returncode == 0, done.stderr
    *refused, count = map(json.loads, done.stdout.splitlines())
    return count, refused


def run(name: str, log: Sequence[StatusUpdate], joined_at: int) -> dict[str, Any]:
    events = spoken(log, joined_at)
    last = events[-1]
    return {
        "name": f"{name} joined after {joined_at}",
        "events": events,
        "state": state_of(job_of(log) if log else Job()),
        **({"fails": last["message"]} if last["type"] == "RUN_ERROR" else {}),
    }


def drawn_logs(count: int, seed: int) -> Iterator[list[StatusUpdate]]:
    chance = random.Random(seed)  # noqa: S311 - the same logs each time
    for _ in range(count):
        length = chance.choice((3, 8, 14))
        yield committed([status_drawn_from(chance.randrange(2**96)) for _ in range(length)])


def test_every_golden_vector_is_a_sound_run_at_every_join_point() -> None:
    runs = [run(name, log, at) for name, log in LOGS.items() for at in range(len(log) + 1)]
    count, refused = verdict(runs)
    assert refused == []
    assert count == {"count": len(runs), "refused": 0}


def test_random_logs_are_sound_runs(pytestconfig: pytest.Config) -> None:
    drawn, seed = pytestconfig.getoption("--random-logs"), pytestconfig.getoption("--random-seed")
    logs = enumerate(drawn_logs(drawn, seed))
    runs = [run(f"log {number}", log, at) for number, log in logs for at in (0, len(log) // 2)]
    count, refused = verdict(runs)
    assert refused == []
    assert count == {"count": 2 * drawn, "refused": 0}


def test_a_mapper_of_one_event_a_status_is_refused() -> None:
    """Planted faults, which show that the tests above can fail."""
    names = {"agent_invoking": "SUBAGENT_STARTED", "agent_complete": "SUBAGENT_FINISHED"}
    runs = []
    for number, log in enumerate(drawn_logs(REFUSED_OF, seed=7)):
        events: list[dict[str, Any]] = [{"type": "RUN_STARTED", "threadId": "session-1", "runId": "run-1"}]
        for step in steps_of(log):
            update = step.update
            if kind := names.get(update.status):
                name = update.agent_name or "?"
                events.append({"type": kind, "subagentRunId": name, "name": name})
        events.append({"type": "RUN_FINISHED", "threadId": "session-1", "runId": "run-1"})
        runs.append({"name": f"log {number}", "events": events})
    count, _ = verdict(runs)
    assert count["refused"] > REFUSED_OF / 10
