"""The street fair of the demo: half a minute of agents, and a decision."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from .demo_approval import Decision, Wait, answer_now, answerable_wait, ask, was_rejected
from .demo_job import DemoJob
from .demo_user import SignedInUser
from .plain_text import print_notice

HEADING = "A street fair on Castro Street"


@dataclass(frozen=True, slots=True)
class StreetFair:
    """The pace of its agents, and the source of its decision."""

    pace: float
    decision: Decision


async def run_fair(user: SignedInUser, fair: StreetFair) -> bool:
    """Run the street fair, with its decision. Returns whether it ended as expected: a rejected one has.

    Raises ClientError, JobIdleError.
    """
    job_id = await user.start_fair(fair.pace)
    print_notice("A street fair: agents check it for half a minute, then a person decides.")
    print_notice(f"Watch it, and decide, on the page: {user.outputs.dashboard_url}#job={job_id}")
    job = DemoJob(user.deployment.service(job_id), job_id, heading=HEADING)
    async with aclosing(job):
        while True:
            with job.shown():
                wait = await _next_wait(user, job, fair.decision)
            if wait is None:
                return job.completed or was_rejected(job)
            await ask(user, job, wait)


async def _next_wait(user: SignedInUser, job: DemoJob, decision: Decision) -> Wait | None:
    """The wait that the terminal is to answer, or None at the job's end."""
    wait = None
    async for _ in job:
        before, wait = wait, answerable_wait(job)
        if wait is None or wait == before:
            continue
        if decision is Decision.ASK:
            return wait
        await answer_now(user, wait, decision)
    return None
