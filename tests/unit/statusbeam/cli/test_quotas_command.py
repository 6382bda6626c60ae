"""`statusbeam quotas`: its output, its calls, and the page docs/explanation/quotas.md that quotes it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from statusbeam.cli.capacity.aws_quotas import ALL, READ_ON
from statusbeam.cli.capacity.scenarios import SCENARIOS
from statusbeam.cli.commands.quotas import scenario_text
from statusbeam.cli.main import main
from tests.documents import DOCS, columns, table_below

QUOTAS_MD = DOCS / "explanation/quotas.md"
PLACES = ("first", "second", "third", "fourth")


def simulated(flags: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command answers."""
    assert main(["quotas", *shlex.split(flags), "--output", "json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("heading", "loads"), [("What binds first", 4), ("What moves it", 4), ("One tenant", 3)]
)
def test_the_tables_of_scarce_quotas_are_what_the_command_prints(
    heading: str, loads: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = columns(table_below(QUOTAS_MD, heading))
    assert len(shown) == loads
    for flags, cells in shown:
        quotas = simulated(flags, capsys)["quotas"]
        at = quotas[0]["bindsAt"]
        assert cells == {
            **{place: f"{quotas[n]['name']} {quotas[n]['share']:.1%}" for n, place in enumerate(PLACES)},
            "fits": f"{at['jobsPerSecond']:,.0f} jobs/s, {at['watchers']:,} watchers",
        }


def test_the_table_of_scenarios_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shown = columns(table_below(QUOTAS_MD, "What the simulation shows"))
    assert len(shown) == 3
    for flags, cells in shown:
        scenarios = simulated(flags, capsys)["scenarios"]
        assert cells == {scenario["name"]: scenario_text(scenario) for scenario in scenarios}


def test_the_page_explains_each_scenario() -> None:
    rows = table_below(QUOTAS_MD, "When something happens")[1:]
    assert [(name, text) for name, text in rows] == list(SCENARIOS.items())


def test_the_table_of_quotas_is_the_one_that_the_command_uses() -> None:
    def default(value: float, burst: float | None) -> str:
        return f"{value:,.0f}" + (f", {burst:,.0f} at once" if burst else "")

    assert table_below(QUOTAS_MD, "The quotas")[1:] == [
        [
            f"`{quota.name}`",
            f"{quota.service}: {quota.what}",
            f"[{default(quota.value, quota.burst)}]({quota.source})" + ("" if quota.confirmed else " *"),
            ", ".join(filter(None, ("yes" if quota.adjustable else "no", quota.code))),
            quota.remedy,
        ]
        for quota in ALL
    ]
    assert f"as read on {READ_ON}" in " ".join(QUOTAS_MD.read_text().split())


def test_a_load_within_all_quotas_binds_none(capsys: pytest.CaptureFixture[str]) -> None:
    document = simulated("", capsys)
    assert document["binds"] is None
    assert all(scenario_text(scenario) == "nothing throttles" for scenario in document["scenarios"])


def test_a_raised_quota_lets_the_next_one_bind(capsys: pytest.CaptureFixture[str]) -> None:
    load = "--jobs-per-second 1000 --watchers 100000 --tenants 200"
    assert simulated(load, capsys)["binds"] == "table-writes"
    assert simulated(f"{load} --limit table-writes=1000000", capsys)["binds"] == "request-tokens"
    both = f"{load} --limit table-writes=1000000 --limit request-tokens=100000"
    assert simulated(both, capsys)["binds"] is None


def test_the_reserved_concurrency_is_the_publishers_limit(capsys: pytest.CaptureFixture[str]) -> None:
    document = simulated("--jobs-per-second 200 --reserved-concurrency 50", capsys)
    (concurrency,) = [quota for quota in document["quotas"] if quota["name"] == "mapping-concurrency"]
    assert concurrency["limit"] == 40  # the rest is for invokes
    large = simulated("--reserved-concurrency 3000", capsys)["quotas"]
    assert [quota["limit"] for quota in large if quota["name"] == "mapping-concurrency"] == [1_000]


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("tokens=5", "--limit knows no 'tokens'"),
        ("request-tokens", "request-tokens needs a number above 0"),
        ("request-tokens=many", "request-tokens needs a number above 0"),
        ("request-tokens=-1", "request-tokens needs a number above 0"),
        ("request-tokens=nan", "request-tokens needs a number above 0"),
    ],
)
def test_a_wrong_limit_is_a_wrong_call(limit: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quotas", "--limit", limit]) == 2
    shown = capsys.readouterr()
    assert (shown.out, told in shown.err) == ("", True)


def test_the_table_tells_what_moves_a_scarce_quota(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quotas", "--jobs-per-second", "300", "--tenants", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["DynamoDB", "table-writes", "49,800.0", "of", "40,000", "124.5%"]
    at = lines.index("table-writes binds at 241.0 jobs/s with 1 watchers.")
    assert lines[at + 1] == "What moves it: raise the quota; larger batches."
    assert [line.partition(":")[0] for line in lines[-len(SCENARIOS) :]] == list(SCENARIOS)
