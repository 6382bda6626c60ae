"""`statusbeam demo`: runs jobs on localcloud and shows each status live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from statusbeam.client.errors import ClientError

from .command import CommandError
from .complaints import Complaint, built_in_complaints
from .demo_approval import Decision, default_decision
from .demo_fair import StreetFair, run_fair
from .demo_job import DemoJob, JobIdleError
from .demo_user import SignedInUser, choose_user, sign_in
from .local_server import ServerOptions, bring_up, running_outputs, state_folder
from .plain_text import print_notice

BUILT_IN_JOBS = 3
SETUP_FAILED = 2


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
        folder = state_folder(arguments)
        outputs = running_outputs(folder)
        user = sign_in(folder.root, outputs, choose_user(outputs, arguments.user))
        print_notice(f"Signed in as {user.user.username} ({user.user.tenant_id}).")
        print_notice(f"Dashboard: {outputs.dashboard_url}")
        decision = arguments.decision or default_decision()
        fair = None if arguments.complaint else StreetFair(arguments.pace, decision)
        succeeded = asyncio.run(_run_jobs(user, complaints, arguments.fail_agent, fair))
    except (CommandError, ClientError, JobIdleError) as error:
        print_notice(f"statusbeam: {error}")
        return SETUP_FAILED
    print_notice("localcloud is still running. Stop it with `make down` or `statusbeam local down`.")
    return 0 if all(succeeded) else 1


def _complaints(text: str | None) -> tuple[Complaint, ...]:
    if text is None:
        return built_in_complaints()[:BUILT_IN_JOBS]
    if not text.strip():
        raise CommandError("the complaint is empty.")
    return (Complaint("Your complaint", text.strip()),)


async def _run_jobs(
    user: SignedInUser, complaints: tuple[Complaint, ...], fail_agent: str | None, fair: StreetFair | None
) -> list[bool]:
    succeeded = [
        await _run_job(user, _heading(number, complaints), complaint.text, fail_agent)
        for number, complaint in enumerate(complaints)
    ]
    if fair is not None:
        succeeded.append(await run_fair(user, fair))
    return succeeded


async def _run_job(user: SignedInUser, heading: str, complaint: str, fail_agent: str | None) -> bool:
    job_id = await user.start_job(complaint, fail_agent)
    job = DemoJob(user.deployment.service(job_id), job_id, heading=heading)
    async with aclosing(job):
        with job.shown():
            async for _ in job:
                pass
    return job.completed


def _heading(number: int, complaints: tuple[Complaint, ...]) -> str:
    complaint = complaints[number]
    count = f"{number + 1}/{len(complaints)} " if len(complaints) > 1 else ""
    return f"{count}{complaint.title}: {complaint.text}"
