"""`statusbeam demo`: runs real jobs on localcloud and shows every status as it happens."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .command import CommandError, Subcommands
from .complaints import Complaint, built_in_complaints
from .demo_user import RefusedError, SignedInUser, UnreachableError, choose_user, sign_in
from .follow import FollowedLog, Outcome
from .job_stream import JobStream, QuietJobError
from .local import add_server_flags, bring_up, running_outputs, state_folder

if TYPE_CHECKING:
    from .screens import Screen

BUILT_IN_JOBS = 3
SETUP_FAILED = 2
FAILABLE = ("geo", "category", "severity")
DESCRIPTION = (
    "Starts localcloud if it does not run, runs the civic-complaints job on your text or on three examples, "
    "and follows every status live. "
    "Exit code 0 when all jobs completed, 1 when one failed, 2 when they could not be run."
)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `demo`."""
    demo = subcommands.add_parser("demo", help="run real jobs and watch them", description=DESCRIPTION)
    demo.add_argument("--complaint", metavar="TEXT", help="your own complaint to the city")
    demo.add_argument(
        "--fail-agent",
        metavar="AGENT",
        choices=[*FAILABLE, *(f"once:{agent}" for agent in FAILABLE)],
        help="let this agent fail: geo, category or severity; with once: before it, only its first attempt",
    )
    demo.add_argument("--user", metavar="NAME", help="the demo user to sign in as")
    demo.add_argument(
        "--no-up", action="store_true", help="do not start localcloud; fail when it does not run"
    )
    add_server_flags(demo, environ, with_ports=True)
    demo.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo and give its exit code."""
    try:
        complaints = _complaints(arguments.complaint)
        if not arguments.no_up:
            bring_up(arguments)
        outputs = running_outputs(state_folder(arguments))
        user = sign_in(outputs, choose_user(outputs, arguments.user))
        say(f"Signed in as {user.user.username} ({user.user.tenant_id}). The page: {outputs.dashboard_url}")
        outcomes = asyncio.run(_run_jobs(user, complaints, arguments.fail_agent))
    except (CommandError, RefusedError, UnreachableError, QuietJobError) as error:
        print(f"statusbeam: {error}", file=sys.stderr)
        return SETUP_FAILED
    say("localcloud keeps running; `make down` or `statusbeam local down` stops it.")
    return 0 if all(outcome.succeeded for outcome in outcomes) else 1


def say(text: str) -> None:
    """Tell the user something that is no status; stdout is for those."""
    print(text, file=sys.stderr, flush=True)


def _complaints(text: str | None) -> tuple[Complaint, ...]:
    if text is None:
        return built_in_complaints()[:BUILT_IN_JOBS]
    if not text.strip():
        raise CommandError("the complaint is empty.")
    return (Complaint("Your complaint", text.strip()),)


async def _run_jobs(
    user: SignedInUser, complaints: tuple[Complaint, ...], fail_agent: str | None
) -> list[Outcome]:
    # Here, so that the other commands do not wait for them to load.
    from gql.transport.exceptions import (  # noqa: PLC0415
        TransportClosed,
        TransportConnectionFailed,
        TransportError,
    )

    from .screens import screen_for  # noqa: PLC0415

    lost = (UnreachableError, TransportClosed, TransportConnectionFailed, OSError)
    screen = screen_for(sys.stdout)
    try:
        async with JobStream(user.pushes, user.log_page, lost=lost) as stream:
            return [
                await _run_job(
                    user, stream, screen, _Order(_heading(number, complaints), complaint.text, fail_agent)
                )
                for number, complaint in enumerate(complaints)
            ]
    except TransportError as error:
        raise RefusedError(f"the subscription was refused: {error}") from error


@dataclass(frozen=True, slots=True)
class _Order:
    heading: str
    text: str
    fail_agent: str | None


async def _run_job(user: SignedInUser, stream: JobStream, screen: Screen, order: _Order) -> Outcome:
    log = FollowedLog(await user.start_job(order.text, order.fail_agent))
    with screen.job(order.heading) as shown:
        async for statuses in stream.follow(log, on_quiet=shown.look):
            shown.add(statuses)
    return log.outcome or Outcome(succeeded=False, message="The log no longer has the end of the job.")


def _heading(number: int, complaints: tuple[Complaint, ...]) -> str:
    complaint = complaints[number]
    count = f"{number + 1}/{len(complaints)} " if len(complaints) > 1 else ""
    return f"{count}{complaint.title}: {complaint.text}"
