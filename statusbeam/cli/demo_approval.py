"""Answers the wait of a demo job: automatically, on the terminal, or on the page.

    wait = answerable_wait(job)
    await answer_now(user, wait, Decision.APPROVE)

On the terminal, `ask` waits for a line, or for an earlier decision on the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from statusbeam.client.errors import RefusedError
from statusbeam.client.graphql_errors import NOT_WAITING
from statusbeam.model.words import OverallStatus, StatusWord

from .demo_job import DemoJob
from .demo_user import SignedInUser
from .plain_text import print_notice

QUESTION = "Approve? Type yes, or no and a reason. Or decide on the page:"
UNCLEAR = "Type yes, or no and a reason."
_MOST_TYPED = 4_096


class Decision(StrEnum):
    """The source of the answer to a demo job's wait."""

    ASK = "ask"  # the person at the terminal
    APPROVE = "approve"
    REJECT = "reject"
    PAGE = "page"  # a person on the page


def default_decision() -> Decision:
    """Ask at a terminal; elsewhere approve, because a pipe can't answer."""
    return Decision.ASK if sys.stdin.isatty() and sys.stdout.isatty() else Decision.APPROVE


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's decision."""

    approved: bool
    comment: str | None = None

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """The answer in a typed line; None for a line that is neither yes nor no."""
        word, _, comment = line.strip().partition(" ")
        verdict = {"y": True, "yes": True, "n": False, "no": False}.get(word.lower().rstrip(",:"))
        return None if verdict is None else cls(verdict, comment.strip() or None)


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait of a job, and the agent that waits; None: the job itself."""

    job_id: str
    invocation_id: str | None
    prompt: str


def answerable_wait(job: DemoJob) -> Wait | None:
    """The wait of the job that a person can answer, if it has one."""
    head = job.snapshot.head.view()
    waiting = head["waiting"]
    if not (waiting and waiting["answerable"]):
        return None
    return Wait(head["jobId"], waiting["invocationId"], waiting["prompt"] or "The job waits for an answer.")


def was_rejected(job: DemoJob) -> bool:
    """Whether the job ended because its request was rejected."""
    answered = any(status["status"] == StatusWord.ANSWERED for status in job.watched.statuses)
    return answered and job.snapshot.head.overall_status is OverallStatus.CANCELLED


async def answer_now(user: SignedInUser, wait: Wait, decision: Decision) -> None:
    """Approve or reject, if the decision is automatic."""
    if decision in (Decision.APPROVE, Decision.REJECT):
        await _send(user, wait, Answer(decision is Decision.APPROVE))


async def ask(user: SignedInUser, job: DemoJob, wait: Wait) -> None:
    """Ask on the terminal until there is a decision, there or on the page. Takes the job's statuses
    meanwhile."""
    print_notice(wait.prompt)
    print_notice(f"{QUESTION} {user.outputs.dashboard_url}#job={wait.job_id}")
    asking = asyncio.ensure_future(_typed_answer())
    watching = asyncio.ensure_future(_until_answered(job))
    try:
        await asyncio.wait((asking, watching), return_when=asyncio.FIRST_COMPLETED)
        if not watching.done():
            await _send(user, wait, asking.result())
            await watching  # whoever has decided, the decision becomes a status
            return
        watching.result()
        print_notice("The page has the decision.")
    finally:
        for task in (asking, watching):
            task.cancel()
        await asyncio.gather(asking, watching, return_exceptions=True)


async def _send(user: SignedInUser, wait: Wait, answer: Answer) -> None:
    try:
        await user.answer_waiting(wait.job_id, wait.invocation_id, answer.approved, answer.comment)
    except RefusedError as error:
        if error.error_type != NOT_WAITING:
            raise
        print_notice("Another person has already decided.")


async def _until_answered(job: DemoJob) -> None:
    async for _ in job:
        if answerable_wait(job) is None:
            return


async def _typed_answer() -> Answer:
    async with contextlib.aclosing(_typed_lines()) as lines:
        async for line in lines:
            answer = Answer.from_line(line)
            if answer is not None:
                return answer
            print_notice(UNCLEAR)
    # The end of the input: only the page is left.
    never: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    return await never


async def _typed_lines() -> AsyncGenerator[str, None]:
    """The lines of stdin. A thread that reads them could not be cancelled."""
    rest = b""
    while typed := await _typed(sys.stdin.fileno()):
        *lines, rest = (rest + typed).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")


async def _typed(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    is_there = asyncio.Event()
    loop.add_reader(descriptor, is_there.set)
    try:
        await is_there.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _MOST_TYPED)
