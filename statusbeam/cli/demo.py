"""`statusbeam demo`: runs jobs on localcloud and shows each status live."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .command import CommandError, Subcommands
from .complaints import Complaint, built_in_complaints
from .demo_approval import Decision, default_decision
from .demo_fair import StreetFair, run_fair
from .demo_user import RefusedError, SignedInUser, UnreachableError, choose_user, sign_in
from .job_log import WITHOUT_END, JobLog, Outcome
from .job_stream import JobIdleError, JobStream
from .local_server import add_server_flags, bring_up, running_outputs, state_folder
from .plain_text import print_notice

if TYPE_CHECKING:
    from .output import Output

BUILT_IN_JOBS = 3
SETUP_FAILED = 2
FAILABLE_AGENTS = ("geo", "category", "severity")
DESCRIPTION = (
    "Starts localcloud if it is not running. "
    "Runs the civic-complaints job on your text or on three examples, and shows each status live. "
    "After the examples it runs a street fair: agents look into it for half a minute, then you decide. "
    "Exit code 0 when all jobs completed, 1 when a job failed, 2 when the jobs could not run."
)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `demo`."""
    demo = subcommands.add_parser(
        "demo", help="run jobs on localcloud and watch their statuses", description=DESCRIPTION
    )
    demo.add_argument("--complaint", metavar="TEXT", help="text of your own complaint to the city")
    demo.add_argument(
        "--fail-agent",
        metavar="AGENT",
        choices=[*FAILABLE_AGENTS, *(f"once:{agent}" for agent in FAILABLE_AGENTS)],
        help="agent that fails: geo, category or severity; with the prefix once: only its first attempt",
    )
    demo.add_argument(
        "--decision",
        choices=[*Decision],
        help="who decides on the street fair: ask on the terminal, approve, reject, or somebody on the page; "
        "without it, ask at a terminal and approve elsewhere",
    )
    demo.add_argument(
        "--pace",
        type=float,
        default=1.0,
        help="how long the street fair's agents take: 1 as usual, 0 no time",
    )
    demo.add_argument("--user", metavar="NAME", help="demo user to sign in as")
    demo.add_argument(
        "--no-up", action="store_true", help="do not start localcloud; fail if it is not running"
    )
    add_server_flags(demo, environ, with_ports=True)
    demo.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo and return its exit code."""
    try:
        complaints = _complaints(arguments.complaint)
        if not arguments.no_up:
            bring_up(arguments)
        outputs = running_outputs(state_folder(arguments))
        session = sign_in(outputs, choose_user(outputs, arguments.user))
        print_notice(f"Signed in as {session.user.username} ({session.user.tenant_id}).")
        print_notice(f"Dashboard: {outputs.dashboard_url}")
        decision = Decision(arguments.decision) if arguments.decision else default_decision()
        fair = None if arguments.complaint else StreetFair(arguments.pace, decision)
        outcomes = asyncio.run(_run_jobs(session, complaints, arguments.fail_agent, fair))
    except (CommandError, RefusedError, UnreachableError, JobIdleError) as error:
        print_notice(f"statusbeam: {error}")
        return SETUP_FAILED
    print_notice("localcloud is still running. Stop it with `make down` or `statusbeam local down`.")
    return 0 if all(outcome.succeeded for outcome in outcomes) else 1


def _complaints(text: str | None) -> tuple[Complaint, ...]:
    if text is None:
        return built_in_complaints()[:BUILT_IN_JOBS]
    if not text.strip():
        raise CommandError("the complaint is empty.")
    return (Complaint("Your complaint", text.strip()),)


async def _run_jobs(
    user: SignedInUser, complaints: tuple[Complaint, ...], fail_agent: str | None, fair: StreetFair | None
) -> list[Outcome]:
    # Imported here: they are slow to import, and other commands do not need them.
    from gql.transport.exceptions import (  # noqa: PLC0415
        TransportClosed,
        TransportConnectionFailed,
        TransportError,
    )

    from .output import output_for  # noqa: PLC0415

    retriable = (UnreachableError, TransportClosed, TransportConnectionFailed, OSError)
    output = output_for(sys.stdout)
    try:
        async with JobStream(user.pushes, user.log_page, retriable=retriable) as stream:
            outcomes = [
                await _run_job(
                    user,
                    stream,
                    output,
                    _JobRequest(_heading(number, complaints), complaint.text, fail_agent),
                )
                for number, complaint in enumerate(complaints)
            ]
            if fair is not None:
                outcomes.append(await run_fair(user, stream, output, fair))
            return outcomes
    except TransportError as error:
        raise RefusedError(f"the subscription was refused: {error}") from error


@dataclass(frozen=True, slots=True)
class _JobRequest:
    heading: str
    text: str
    fail_agent: str | None


async def _run_job(user: SignedInUser, stream: JobStream, output: Output, request: _JobRequest) -> Outcome:
    log = JobLog(await user.start_job(request.text, request.fail_agent))
    with output.job(request.heading) as view:
        async for statuses in stream.follow(log, on_idle=view.refresh):
            view.add(statuses)
    return log.outcome or WITHOUT_END


def _heading(number: int, complaints: tuple[Complaint, ...]) -> str:
    complaint = complaints[number]
    count = f"{number + 1}/{len(complaints)} " if len(complaints) > 1 else ""
    return f"{count}{complaint.title}: {complaint.text}"
