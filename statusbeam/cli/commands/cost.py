"""`statusbeam cost`: estimates the costs of a load on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typer import Option

from ..options import Agents, BatchSize, EventBuses, OutputFormat, Plain, Statuses
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document


def cost(
    *,
    jobs: Annotated[int, Option("--jobs", min=0, metavar="NUMBER", help="jobs a month")] = 100_000,
    statuses: Statuses = 30,
    agents: Agents = 4,
    batch: BatchSize = 4,
    watchers: Annotated[
        int, Option("--watchers", min=0, metavar="NUMBER", help="clients that follow a job live")
    ] = 1,
    minutes: Annotated[
        float, Option("--minutes", min=0, metavar="NUMBER", help="how long a client is connected for a job")
    ] = 5,
    plain: Plain = False,
    webhooks: Annotated[
        int, Option("--webhooks", min=0, metavar="NUMBER", help="webhooks that get all events of jobs")
    ] = 0,
    slack: Annotated[
        int, Option("--slack", min=0, metavar="NUMBER", help="Slack channels that get all events of jobs")
    ] = 0,
    event_buses: EventBuses = 0,
    canary: Annotated[
        int, Option("--canary", min=0, metavar="MINUTES", help="minutes between two probes of a canary")
    ] = 0,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Estimate the monthly costs of a load on AWS.

    List prices of us-east-1, without free tiers. The counts are those of docs/explanation/cost.md. Fixed
    costs are left out: alarms, keys, the bridge.
    """
    from ..cost_model import Load, bill  # noqa: PLC0415 - --help does without

    load = Load(
        jobs=jobs,
        statuses=statuses,
        agents=agents,
        batch=min(batch, statuses),
        watchers=watchers,
        minutes=minutes,
        webhooks=webhooks,
        slack=slack,
        event_buses=event_buses,
        canary_minutes=canary,
        plain=plain,
    )
    items = bill(load)
    total = sum(item.dollars for item in items)
    thousands = jobs * statuses / 1000
    document = {
        "items": [
            {"name": item.name, "count": round(item.count, 3), "dollars": round(item.dollars, 2)}
            for item in items
        ],
        "dollarsPerMonth": round(total, 2),
        "dollarsPer1000Statuses": round(total / thousands, 5) if thousands else 0,
    }
    print_document(output, document, _print)
    return 0


def _print(document: Mapping[str, object]) -> None:
    for item in document["items"]:  # type: ignore[attr-defined]  # the list above
        print_line(f"{item['name']:<28}{item['count']:>18,.2f}  $ {item['dollars']:>12,.2f}")
    print_line(f"{'a month':<46}  $ {document['dollarsPerMonth']:>12,.2f}")
    print_line(f"{'1 000 statuses':<46}  $ {document['dollarsPer1000Statuses']:>12,.5f}")


COMMAND = command(
    cost,
    examples=(
        "statusbeam cost --jobs 1000000 --statuses 30 --agents 4",
        "statusbeam cost --watchers 0 --output json",
    ),
)
