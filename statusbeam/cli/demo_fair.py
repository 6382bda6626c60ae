"""The street fair of the demo: half a minute of agents, and a decision."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from statusbeam.client.job_log import WITHOUT_END, JobLog, Outcome, Status

from .demo_approval import Decision, Wait, answer_now, answerable_wait, ask, was_rejected
from .demo_user import SignedInUser
from .job_stream import JobStream
from .plain_text import print_notice

if TYPE_CHECKING:
    from .output import JobView, Output

HEADING = "A street fair on Castro Street"


@dataclass(frozen=True, slots=True)
class StreetFair:
    """The pace of its agents, and the source of its decision."""

    pace: float
    decision: Decision


async def run_fair(user: SignedInUser, stream: JobStream, output: Output, fair: StreetFair) -> Outcome:
    """Run the street fair, with its decision. A rejected fair has ended as expected."""
    log = JobLog(await user.start_fair(fair.pace))
    print_notice("A street fair: agents check it for half a minute, then a person decides.")
    print_notice(f"Watch it, and decide, on the page: {user.outputs.dashboard_url}#job={log.job_id}")
    statuses: list[Status] = []
    while True:
        with output.job(HEADING) as view:
            view.add(statuses)
            wait = await _shown(user, stream.follow(log, on_idle=view.refresh), view, statuses, fair.decision)
        if wait is None:
            break
        await ask(user, stream, log, wait, statuses)
    outcome = log.outcome or WITHOUT_END
    return replace(outcome, succeeded=outcome.succeeded or was_rejected(statuses))


async def _shown(
    user: SignedInUser,
    following: AsyncGenerator[list[Status], None],
    view: JobView,
    statuses: list[Status],
    decision: Decision,
) -> Wait | None:
    """Show a job until it ends. If it waits for the terminal's answer, return the wait."""
    async with contextlib.aclosing(following):
        async for arrived in following:
            before = answerable_wait(statuses)
            statuses += arrived
            view.add(arrived)
            wait = answerable_wait(statuses)
            if wait is None or wait == before:
                continue
            if decision is Decision.ASK:
                return wait
            await answer_now(user, wait, decision)
    return None
