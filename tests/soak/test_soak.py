"""The log is always complete: publishers race, crash and deliver again, clients join over a bad network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from statusbeam.client.job_log import JobLog, Status
from tests.soak.command import main
from tests.soak.joiner import JOB_ID, JoinTally, join_run
from tests.soak.model import SoakError, Step, Tally, soak_run
from tests.soak.table import MemoryTable
from tests.soak.work import AGENTS, ATTEMPTS
from tests.unit.dynamo_tables import STATUS_TABLE, dynamo_tables
from tests.unit.samples import NOW

PARTS, RUNS = 20, 500
"""The processes of the tests share out the parts: 10 000 runs in all."""
JOINS = 10_000


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """The runs log each of their troubles, and pytest would keep the lines: an eighth of the work."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def soak(seeds: range, new_table: Callable[[], Any]) -> Tally:
    tally = Tally()
    for seed in seeds:
        tally.add(soak_run(new_table(), STATUS_TABLE, seed=seed, start=NOW))
    return tally


@pytest.mark.parametrize("part", range(PARTS))
def test_racing_and_crashing_publishers_leave_a_complete_log_and_its_fold(part: int) -> None:
    tally = soak(range(part * RUNS, (part + 1) * RUNS), MemoryTable)
    # Each run has eight agents in two attempts, three publishers that overtake each other, 1 to 3 deliveries
    # a payload in any order, and crashes, whose steps follow each other in turn; the table has its troubles.
    assert (AGENTS, ATTEMPTS) == (8, 2)
    assert set(tally.crashes) == set(Step)
    assert min(tally.crashes.values(), default=0) > RUNS // 4
    assert min(tally.refused, tally.answers_lost) > RUNS // 4
    assert tally.conflicts > RUNS * 3
    assert tally.deliveries > RUNS * 30
    assert tally.runs > RUNS * 1.2


def test_the_soak_passes_on_moto() -> None:
    with dynamo_tables() as client:
        assert soak(range(1), lambda: client).deliveries > 0


def test_a_seed_always_does_the_same() -> None:
    one, other = (soak(range(5), MemoryTable) for _ in range(2))
    assert one == other


class UnguardedTable(MemoryTable):
    """Takes every write, whoever was first."""

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        puts = [{"Put": {"Item": action["Put"]["Item"]}} for action in request["TransactItems"]]
        return super().transact_write_items(TransactItems=puts)


class MarkerlessTable(MemoryTable):
    """Forgets which batches it has."""

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        kept = [a for a in request["TransactItems"] if not a["Put"]["Item"]["sk"]["S"].startswith("MARKER#")]
        return super().transact_write_items(TransactItems=kept)


class StaleTable(MemoryTable):
    """Never has the newest of one agent."""

    def transact_get_items(self, **request: Any) -> dict[str, Any]:
        answer = super().transact_get_items(**request)
        keys = [one["Get"]["Key"]["sk"]["S"] for one in request["TransactItems"]]
        answers = zip(keys, answer["Responses"], strict=True)
        return {"Responses": [{} if key == "AGENT#run-1" else found for key, found in answers]}


@pytest.mark.parametrize("table", [UnguardedTable, MarkerlessTable, StaleTable])
def test_the_soak_detects_the_planted_fault(table: type[MemoryTable]) -> None:
    with pytest.raises(SoakError, match=r"seed \d+: "):
        soak(range(25), table)


@pytest.mark.parametrize(
    ("decided", "problem"), [(True, "had ended was ended again"), (False, "open job was skipped")]
)
def test_the_soak_detects_final_statuses_that_are_not_distinguished(
    decided: bool, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusbeam.log.journal.commits.is_open_to", lambda before, after: decided)
    with pytest.raises(SoakError, match=problem):
        soak(range(200), MemoryTable)


def test_a_client_that_joins_over_a_bad_network_ends_with_the_log() -> None:
    tally = JoinTally()
    for seed in range(JOINS):
        tally.add(join_run(seed=seed))
    happened = (tally.pushes_lost, tally.pushes_doubled, tally.disconnects, tally.replays)
    assert min(happened) > JOINS // 4


class Forgetful(JobLog):
    """Takes no `earlier`, and believes that pushes come in order."""

    def add_push(self, update: Status) -> None:
        self._taken = max(self._taken, int(update["sequence"]) - 1)
        super().add_push({**update, "earlier": None})


class Repeating(JobLog):
    """Shows what it is told, as often as it is told."""

    def take_ready(self) -> list[Status]:
        shown = super().take_ready()
        return [*shown, *shown[:1]]


@pytest.mark.parametrize(("client", "problem"), [(Forgetful, "another log"), (Repeating, "twice")])
def test_the_joiner_model_detects_the_planted_fault(client: type[JobLog], problem: str) -> None:
    with pytest.raises(SoakError, match=problem):
        for seed in range(20):
            join_run(seed=seed, client=client(JOB_ID))


def test_the_command_prints_its_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "7", "--runs", "3"]) == 0
    said = capsys.readouterr().out
    assert "3 runs on memory, seeds 7 to 9" in said
    assert "no gap, each status once, every snapshot the fold of its log" in said
    assert "0 statuses lost, 0 applied twice" in said


def test_the_command_prints_each_run_before_it_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"statuses of {AGENTS} parallel agents in {ATTEMPTS} attempts, each payload 1 to 3 times" in said


@pytest.mark.parametrize("runs", ["0", "-1", "many"])
def test_the_command_refuses_a_number_of_runs_like(runs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--runs", runs])
    assert refused.value.code == 2
    assert "must be from 1 to 1000000" in capsys.readouterr().err
