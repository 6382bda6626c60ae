"""`statusbeam demo`: the options of the demo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from typer import Option

from ..demo import DemoOptions, run
from ..demo_approval import Decision
from ..local_server import ServerOptions
from ..parser import command

FailableAgent = Literal["geo", "category", "severity", "once:geo", "once:category", "once:severity"]


def demo(  # noqa: PLR0917 - each is an option
    options: ServerOptions,
    complaint: Annotated[
        str | None, Option("--complaint", metavar="TEXT", help="text of your own complaint to the city")
    ] = None,
    fail_agent: Annotated[
        FailableAgent | None,
        Option("--fail-agent", help="agent that fails; with the prefix once: only its first attempt fails"),
    ] = None,
    decision: Annotated[
        Decision | None,
        Option(
            "--decision",
            help="decision on the street fair: ask on the terminal, approve, reject, or leave it to the "
            "page; without it, ask at a terminal and approve elsewhere",
        ),
    ] = None,
    pace: Annotated[
        float,
        Option("--pace", min=0, help="how long the street fair's agents take: 1 as usual, 0 no time"),
    ] = 1.0,
    user: Annotated[str | None, Option("--user", metavar="NAME", help="demo user to sign in as")] = None,
    no_up: Annotated[
        bool, Option("--no-up", help="do not start localcloud; fail if it is not running")
    ] = False,
) -> int:
    """Run the civic-complaints job on your text or on three examples, and show each status live.

    Starts localcloud if it is not running. After the examples it runs a street fair: agents look into it for
    half a minute, then you decide. Exit code 0 when all jobs completed, 1 when a job failed, 2 when
    the jobs could not run.
    """
    chosen = DemoOptions(
        **asdict(options),
        complaint=complaint,
        fail_agent=fail_agent,
        decision=decision,
        pace=pace,
        user=user,
        no_up=no_up,
    )
    return run(chosen)


COMMAND = command(
    demo,
    examples=(
        "statusbeam demo",
        "statusbeam demo --complaint 'Streetlight out at Market and Castro for two weeks'",
        "statusbeam demo --fail-agent once:geo",
        "statusbeam demo --decision approve --pace 0",
    ),
)
