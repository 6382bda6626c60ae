"""`statusbeam quotas`: simulates which AWS quota a load meets first, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..command import CommandError, ExitCode
from ..options import Agents, BatchSize, EventBuses, OutputFormat, Plain, Statuses
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from ..capacity.scenarios import Use
    from ..capacity.traffic import Traffic

_SCARCE = 0.5
"""From this share of a quota on, the table shows the remedy."""
_LEAST_SHOWN = 0.001
"""The smallest share of left-out operations that the table shows."""


def quotas(
    *,
    jobs_per_second: Annotated[
        float, Option("--jobs-per-second", min=0.001, metavar="NUMBER", help="jobs that start each second")
    ] = 1,
    watchers: Annotated[
        int, Option("--watchers", min=0, metavar="NUMBER", help="connected clients, each with one job")
    ] = 1,
    statuses: Statuses = 30,
    agents: Agents = 4,
    batch: BatchSize = 4,
    minutes: Annotated[
        float, Option("--minutes", min=0.1, metavar="NUMBER", help="how long a job goes on")
    ] = 5,
    tenants: Annotated[
        int, Option("--tenants", min=1, metavar="NUMBER", help="tenants that share the load evenly")
    ] = 1,
    workflows: Annotated[
        int, Option("--workflows", min=1, metavar="NUMBER", help="workflows of each tenant")
    ] = 1,
    plain: Plain = False,
    event_buses: EventBuses = 0,
    step_functions: Annotated[
        bool, Option("--step-functions", help="each job is an execution, with a state for each status")
    ] = False,
    poll: Annotated[
        float,
        Option(
            "--poll",
            min=1,
            metavar="SECONDS",
            help="a client's interval of position checks while statuses come (`timing.poll`)",
        ),
    ] = 5,
    bridge_tasks: Annotated[
        int,
        Option("--bridge-tasks", min=0, metavar="NUMBER", help="tasks of the bridge; it has all watchers"),
    ] = 0,
    reserved_concurrency: Annotated[
        int | None,
        Option("--reserved-concurrency", min=3, metavar="NUMBER", help="runs reserved for the publisher"),
    ] = None,
    limit: Annotated[
        list[str] | None,
        Option("--limit", metavar="NAME=NUMBER", help="a quota that your account was granted; repeatable"),
    ] = None,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Simulate which AWS quota a load meets first, and what moves it.

    Quotas are the defaults of us-east-1. The simulation has five scenarios of half an hour each: nothing
    happens, a burst of jobs, a deployment, all watchers reconnect, all watch one job. The page
    docs/explanation/quotas.md has the sources and the assumptions.
    """
    from statusbeam.model.settings import queue_concurrency  # noqa: PLC0415 - --help does without

    from ..capacity.traffic import Traffic  # noqa: PLC0415 - as above
    from ..cost_model import Load  # noqa: PLC0415 - as above

    job = Load(
        jobs=1,
        statuses=statuses,
        agents=agents,
        batch=min(batch, statuses),
        minutes=minutes,
        plain=plain,
        event_buses=event_buses,
    )
    traffic = Traffic(
        jobs_per_second=jobs_per_second,
        watchers=watchers,
        job=job,
        tenants=tenants,
        workflows=workflows,
        poll=poll,
        bridge_tasks=bridge_tasks,
        step_functions=step_functions,
    )
    granted = _granted(limit or [])
    if reserved_concurrency is not None:
        granted["mapping-concurrency"] = queue_concurrency(reserved_concurrency)
    print_document(output, _document(traffic, granted), _print)
    return 0


def _granted(given: list[str]) -> dict[str, float]:
    """The quotas that `--limit` names. Raises CommandError."""
    from ..capacity.aws_quotas import ALL  # noqa: PLC0415 - as above

    names = {quota.name for quota in ALL}
    granted: dict[str, float] = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in names:
            raise CommandError(
                f"--limit knows no {name!r}, but: {', '.join(sorted(names))}.", ExitCode.WRONG_CALL
            )
        try:
            granted[name] = float(number)
        except ValueError:
            granted[name] = 0
        if not 0 < granted[name] < float("inf"):
            raise CommandError(f"--limit {name} needs a number above 0.", ExitCode.WRONG_CALL)
    return granted


def _document(traffic: Traffic, granted: Mapping[str, float]) -> dict[str, Any]:
    from ..capacity.scenarios import SCENARIOS, uses  # noqa: PLC0415 - as above

    taken = uses(traffic, granted)
    return {
        "binds": taken[0].quota if taken[0].share > 1 else None,
        "quotas": [_quota(use, traffic) for use in taken],
        "scenarios": [_scenario(name, traffic, granted) for name in SCENARIOS],
    }


def _quota(use: Use, traffic: Traffic) -> dict[str, Any]:
    from ..capacity.aws_quotas import ALL  # noqa: PLC0415 - as above

    found = next((quota for quota in ALL if quota.name == use.quota), None)
    return {
        "name": use.quota,
        "service": found.service if found else "Statusbeam",
        "demand": round(use.demand, 3),
        "limit": use.limit,
        "share": round(use.share, 4),
        "bindsAt": {
            "jobsPerSecond": round(traffic.jobs_per_second / use.share, 3),
            "watchers": round(traffic.watchers / use.share),
        },
        "adjustable": found.adjustable if found else True,
        "code": found.code if found else None,
        "source": found.source if found else None,
        "confirmed": found.confirmed if found else True,
        "remedy": found.remedy if found else "more tasks: `max_tasks` of BridgeOptions",
    }


def _scenario(name: str, traffic: Traffic, granted: Mapping[str, float]) -> dict[str, Any]:
    from ..capacity.scenarios import EVENT_AT, grows, run  # noqa: PLC0415 - as above

    result = run(name, traffic, granted)
    return {
        "name": name,
        "throttles": [
            {"quota": one.quota, "since": one.since - EVENT_AT, "seconds": one.seconds}
            for one in result.throttles
        ],
        "operations": {
            flow: {
                "waitSeconds": line.longest_wait,
                "mostWaiting": round(line.most_waiting),
                "leftOut": round(line.dropped / line.came, 4) if line.came else 0,
                "grows": grows(line),
            }
            for flow, line in result.lines.items()
        },
    }


def _print(document: Mapping[str, Any]) -> None:
    for quota in document["quotas"]:
        name = f"{quota['service']} {quota['name']}"
        print_line(f"{name:<36}{quota['demand']:>16,.1f} of {quota['limit']:>13,.0f}{quota['share']:>10,.1%}")
    for quota in document["quotas"]:
        if quota["share"] >= _SCARCE:
            print_line("")
            at = quota["bindsAt"]
            load = f"{at['jobsPerSecond']:,.1f} jobs/s with {at['watchers']:,} watchers"
            print_line(f"{quota['name']} binds at {load}.")
            print_line(f"What moves it: {quota['remedy']}.")
    print_line("")
    for scenario in document["scenarios"]:
        print_line(f"{scenario['name']}: {scenario_text(scenario)}")


def scenario_text(scenario: Mapping[str, Any]) -> str:
    """One scenario, in words."""
    if not scenario["throttles"]:
        return "nothing throttles"
    throttles = (f"{one['quota']} for {one['seconds']:,} s" for one in scenario["throttles"])
    parts = [f"throttled by {', '.join(throttles)}"]
    for flow, line in scenario["operations"].items():
        if line["leftOut"] >= _LEAST_SHOWN:
            parts.append(f"{line['leftOut']:.1%} of {flow} left out")
        if line["waitSeconds"]:
            wait = f"{flow} wait up to {line['waitSeconds']:,} s"
            parts.append(f"{wait}, and longer" if line["grows"] else wait)
    return "; ".join(parts)


COMMAND = command(
    quotas,
    examples=(
        "statusbeam quotas --jobs-per-second 100 --watchers 10000 --tenants 20",
        "statusbeam quotas --watchers 1000000 --limit request-tokens=250000 --output json",
    ),
)
