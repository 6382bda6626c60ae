"""`statusbeam demo`: runs jobs on localcloud and shows each status live."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statusbeam.client.job_log import WITHOUT_END, JobLog, Outcome

from .command import CommandError
from .complaints import Complaint, built_in_complaints
from .demo_approval import Decision, default_decision
from .demo_fair import StreetFair, run_fair
from .demo_user import RefusedError, SignedInUser, UnreachableError, choose_user, sign_in
from .job_stream import JobIdleError, JobStream
from .local_server import ServerOptions, bring_up, running_outputs, state_folder
from .plain_text import print_notice

if TYPE_CHECKING:
    from .output import Output

BUILT_IN_JOBS = 3
SETUP_FAILED = 2
FAILABLE_AGENTS = ("geo", "category", "severity")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions(ServerOptions):
    """The jobs of the demo, and their localcloud."""

    complaint: str | None = None
    fail_agent: str | None = None
    decision: Decision | None = None
    pace: float = 1.0
    user: str | None = None
    no_up: bool = False


def run(arguments: DemoOptions) -> int:
    """Run the demo and return its exit code."""
    try:
        complaints = _complaints(arguments.complaint)
        if not arguments.no_up:
            bring_up(arguments)
        outputs = running_outputs(state_folder(arguments))
        session = sign_in(outputs, choose_user(outputs, arguments.user))
        print_notice(f"Signed in as {session.user.username} ({session.user.tenant_id}).")
        print_notice(f"Dashboard: {outputs.dashboard_url}")
        decision = arguments.decision or default_decision()
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
