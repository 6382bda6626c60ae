"""docs/explanation/cost.md shows what `statusbeam cost` prints."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from statusbeam.cli.main import main
from statusbeam.model.prices import Prices
from tests.documents import DOCS, columns, table_below

PRICES = Prices()
COST_MD = DOCS / "explanation/cost.md"


def estimate(flags: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The output of the command."""
    assert main(["cost", *shlex.split(flags), "--output", "json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_table_of_loads_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    loads = columns(table_below(COST_MD, "What a load costs"))
    assert len(loads) == 3
    for flags, shown in loads:
        document = estimate(flags, capsys)
        items = {item["name"]: f"{item['dollars']:,.2f}" for item in document["items"]}
        assert shown == {
            **items,
            "a month": f"{document['dollarsPerMonth']:,.2f}",
            "1 000 statuses": f"{document['dollarsPer1000Statuses']:.5f}",
        }


@pytest.mark.parametrize(("heading", "count"), [("What notifications cost", 4), ("What the canary costs", 3)])
def test_the_table_of_what_is_added_is_what_the_command_adds(
    capsys: pytest.CaptureFixture[str], heading: str, count: int
) -> None:
    without = {item["name"] for item in estimate("", capsys)["items"]}
    added_columns = columns(table_below(COST_MD, heading))
    assert len(added_columns) == count
    for flags, shown in added_columns:
        document = estimate(flags, capsys)
        added = {item["name"]: item["dollars"] for item in document["items"] if item["name"] not in without}
        items = {name: f"{dollars:,.2f}" for name, dollars in added.items()}
        assert shown == {**items, "all of it": f"{sum(added.values()):,.2f}"}


@pytest.mark.parametrize(
    ("service", "prices"),
    [
        ("SQS", (PRICES.queue_request, PRICES.fifo_request)),
        ("Lambda", (PRICES.invocation, PRICES.gb_second)),
        ("EventBridge", (PRICES.bus_event,)),
        ("CloudWatch", (PRICES.metric_month,)),
        ("DynamoDB", (PRICES.write_unit, PRICES.read_unit)),
    ],
)
def test_the_list_prices_beside_their_sources_are_those_of_the_formula(
    service: str, prices: tuple[float, ...]
) -> None:
    section = " ".join(COST_MD.read_text().split())
    quoted = section.partition(f"[{service}](https://aws.amazon.com/")[2].partition("[")[0]
    shown = [float(price) for price in re.findall(r"\$(\d+\.\d+)", quoted.partition("## ")[0])]
    assert shown == [pytest.approx(price, abs=0.005 if price > 10 else 0) for price in prices]


def test_the_publisher_is_billed_with_the_memory_that_the_page_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    section = COST_MD.read_text().partition("\n## What a load costs\n")[2]
    named = re.search(r"the publisher's ([\d,]+) MB for (\d+) ms", section)
    assert named
    memory_gb, seconds = int(named[1].replace(",", "")) / 1024, int(named[2]) / 1000
    counts = {item["name"]: item["count"] for item in estimate("", capsys)["items"]}
    assert counts["publisher GB-seconds"] == pytest.approx(
        counts["publisher invocations"] * memory_gb * seconds
    )
