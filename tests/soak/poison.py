"""The queue and its publishers in virtual time, with messages that make the publisher fail.

    tally = poison_run(seed=7)      # or SoakError

The queue is SQS FIFO as Lambda reads it: the messages of a group in their order, none while an earlier one is
in flight; a message that is neither deleted nor made visible comes again after the visibility timeout, and at
last goes to the dead-letter queue. The publisher is the real one, from a batch of messages to the log.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from lambdas.status_publisher.queue import Outcome, Retries, publish_messages
from lambdas.status_publisher.time_limit import OutOfTimeError
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
from statusbeam.model.clock import Clock
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DETAIL_BYTES, MESSAGE_LENGTH
from statusbeam.model.settings import MESSAGES_PER_INVOCATION, PUBLISHER_SECONDS, QUEUE_RECEIVES
from tests.soak.model import SoakError
from tests.soak.work import TENANT, USER

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

JOBS: Final = 30
MESSAGES: Final = 4
"""Of each job."""
POISONED: Final = 6
"""Jobs with a message that does harm."""
CONCURRENT: Final = 40
"""Publishers at a time: what the queue of the stage Prod may use."""
INNOCENT_SECONDS: Final = 5.0
"""How long a status of a job without poison may take."""
POISONED_SECONDS: Final = 60.0
"""How long a status may take that comes after a poisonous one of its own job."""

_START: Final = 1_795_163_400.0
_SENT_WITHIN: Final = 3.0
_WORK_SECONDS: Final = 0.05
_SLOW_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 0.5
_PUSH_SECONDS: Final = 2.5
_ARN: Final = "arn:aws:sqs:us-east-1:123456789012:statuses.fifo"


class Poison(StrEnum):
    """The effect of a message on its publisher."""

    SLOW = "slow"  # takes longer than the publisher's timeout, and can be interrupted
    HANGS = "hangs"  # the same, and can't: Lambda ends the function
    CRASHES = "crashes"  # ends the process
    RAISES = "raises"  # finds a bug
    OVERSIZED = "oversized"  # is above every limit


_KINDS: Final = tuple(Poison)


class _Dead(BaseException):
    """The process has ended."""


@dataclass(slots=True)
class _Message:
    message_id: str
    group: str
    body: str
    sent: float
    poison: Poison | None = None
    receives: int = 0
    visible_at: float = 0.0

    def record(self) -> dict[str, Any]:
        return {
            "messageId": self.message_id,
            "receiptHandle": self.message_id,
            "body": self.body,
            "attributes": {
                "MessageGroupId": self.group,
                "ApproximateReceiveCount": str(self.receives),
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": _ARN,
        }


@dataclass(slots=True)
class PoisonTally:
    """The counts of poisoned runs."""

    messages: int = 0
    invocations: int = 0
    deaths: int = 0
    poisons: Counter[Poison] = field(default_factory=Counter)
    dead_letters: int = 0
    slowest_innocent: float = 0.0
    slowest_behind_poison: float = 0.0

    def add(self, other: PoisonTally) -> None:
        """Count another run in."""
        self.messages += other.messages
        self.invocations += other.invocations
        self.deaths += other.deaths
        self.poisons += other.poisons
        self.dead_letters += other.dead_letters
        self.slowest_innocent = max(self.slowest_innocent, other.slowest_innocent)
        self.slowest_behind_poison = max(self.slowest_behind_poison, other.slowest_behind_poison)


def poison_run(
    *, seed: int, batch_size: int = MESSAGES_PER_INVOCATION, visibility: float = PUBLISHER_SECONDS
) -> PoisonTally:
    """Send the messages of JOBS jobs, POISONED of them with poison, and check the others.

    Raises SoakError.
    """
    return _Run(seed, batch_size, visibility).run()


class _Run:
    def __init__(self, seed: int, batch_size: int, visibility: float) -> None:
        self._seed = seed
        self._batch_size = batch_size
        self._visibility = visibility
        self._rng = Random(seed)  # noqa: S311 - no secret
        self._tally = PoisonTally()
        self._now = _START
        self._order = count()
        self._ends: list[tuple[float, int, _Invocation]] = []
        self._delivered: dict[str, float] = {}
        self._journal = MemoryJournal(clock=Clock(now=lambda: self._now))
        self._messages = sorted(self._sent(), key=lambda message: message.sent)
        self._waiting = list(self._messages)
        self._dead: list[_Message] = []

    def run(self) -> PoisonTally:
        while self._waiting or self._ends:
            while len(self._ends) < CONCURRENT and (batch := self._received()):
                self._invoke(batch)
            self._wait()
        self._check()
        return self._tally

    def _sent(self) -> Iterator[_Message]:
        jobs = [f"job-{number}" for number in range(JOBS)]
        poisoned = {job: _KINDS[(self._seed + at) % len(_KINDS)] for at, job in enumerate(jobs[:POISONED])}
        for job in jobs:
            # Not the last one, so that another of its job waits for it.
            harmful = self._rng.randrange(MESSAGES - 1)
            times = sorted(_START + self._rng.uniform(0, _SENT_WITHIN) for _ in range(MESSAGES))
            for number, sent in enumerate(times):
                poison = poisoned.get(job) if number == harmful else None
                body = json.dumps(_payload(job, number, poison))
                yield _Message(f"{job}.{number}", job, body, sent, poison, visible_at=sent)

    def _received(self) -> list[_Message]:
        """The next messages, like SQS: the first of each group, if none of the group is in flight."""
        held: set[str] = set()
        batch: list[_Message] = []
        for message in self._waiting:
            if message.group in held:
                continue
            if message.visible_at > self._now or len(batch) == self._batch_size:
                held.add(message.group)
            elif message.receives == QUEUE_RECEIVES:
                self._dead.append(message)
            else:
                batch.append(message)
        self._waiting = [message for message in self._waiting if message not in self._dead]
        for message in batch:
            message.receives += 1
            message.visible_at = self._now + self._visibility
        return batch

    def _invoke(self, batch: list[_Message]) -> None:
        self._tally.invocations += 1
        invocation = _Invocation(self._now, batch, self._journal, self._delivered)
        self._tally.deaths += invocation.died
        heappush(self._ends, (invocation.now, next(self._order), invocation))

    def _wait(self) -> None:
        """Let time pass until a publisher ends or a message can be received."""
        times = [message.visible_at for message in self._waiting if message.visible_at > self._now]
        if self._ends:
            times.append(self._ends[0][0])
        if not times:
            return
        self._now = min(times)
        while self._ends and self._ends[0][0] <= self._now:
            _, _, ended = heappop(self._ends)
            self._settle(ended)

    def _settle(self, ended: _Invocation) -> None:
        if ended.outcome is None:
            return
        failed = {record["messageId"] for record in ended.outcome.failed}
        done = {message.message_id for message in ended.batch} - failed
        self._waiting = [message for message in self._waiting if message.message_id not in done]
        Retries(cast("SQSClient", _Queue(self._waiting, self._now))).retry_soon(
            ended.outcome.failed, faulty=ended.outcome.faulty
        )

    def _check(self) -> None:
        tally = self._tally
        tally.messages, tally.dead_letters = len(self._messages), len(self._dead)
        tally.poisons = Counter(message.poison for message in self._messages if message.poison)
        poisoned = {message.group for message in self._messages if message.poison}
        for message in self._messages:
            lost = message.poison not in (None, Poison.OVERSIZED)
            self._hold((message in self._dead) == lost, f"{message.message_id} is in the wrong queue")
            if lost:
                continue
            took = self._delivered[message.message_id] - message.sent
            if message.group in poisoned:
                tally.slowest_behind_poison = max(tally.slowest_behind_poison, took)
            else:
                tally.slowest_innocent = max(tally.slowest_innocent, took)
        self._hold(tally.slowest_innocent <= INNOCENT_SECONDS, "a job waited for another one's poison")
        self._hold(
            tally.slowest_behind_poison <= POISONED_SECONDS, "a job waited too long for its own poison"
        )
        for job in sorted({message.group for message in self._messages}):
            log = [
                update.event_id
                for update in self._journal.updates(JobKey(TENANT, job), first=1, last=MESSAGES)
            ]
            wanted = [m.message_id for m in self._messages if m.group == job and m.poison is None]
            self._hold(log == wanted, f"the log of {job} is not what was sent")

    def _hold(self, holds: bool, problem: str) -> None:
        if not holds:
            raise SoakError(f"seed {self._seed}: {problem}")


class _Invocation:
    """One call of the publisher, from its start to its answer or its death."""

    def __init__(
        self, start: float, batch: list[_Message], journal: MemoryJournal, delivered: dict[str, float]
    ) -> None:
        self.now = start
        self.batch = batch
        self.died = False
        self.outcome: Outcome | None = None
        self._killed_at = start + PUBLISHER_SECONDS
        self._poisons = {message.message_id: message.poison for message in batch}
        self._delivered = delivered
        self._pipeline = Pipeline(
            journal=journal,
            sessions=MemorySessionStore(),
            broadcaster=MemoryBroadcaster(),
            clock=Clock(now=lambda: self.now),
        )
        try:
            self.outcome = publish_messages(
                [message.record() for message in batch],
                self._publish,
                deadline=self._killed_at - _ANSWER_SECONDS - _PUSH_SECONDS,
                now=lambda: self.now,
            )
        except _Dead:
            self.died = True

    def _publish(
        self,
        payload: object,
        *,
        batch_id: str,
        deadline: float,
        pushing: bool,
        received_at: float | None,
    ) -> PublishResult:
        poison = self._poisons[batch_id]
        self.now += _WORK_SECONDS
        if poison is Poison.CRASHES:
            raise _Dead
        if poison is Poison.RAISES:
            raise ZeroDivisionError
        if poison is Poison.HANGS:
            self.now = self._killed_at
            raise _Dead
        if poison is Poison.SLOW:
            self.now = min(self.now + _SLOW_SECONDS, self._killed_at - _ANSWER_SECONDS)
            raise OutOfTimeError
        result = self._pipeline.publish(
            payload, batch_id=batch_id, deadline=deadline, pushing=pushing, received_at=received_at
        )
        self._delivered.setdefault(batch_id, self.now)
        return result


class _Queue:
    """As much of an SQS client as Retries asks for."""

    def __init__(self, messages: list[_Message], now: float) -> None:
        self._messages = {message.message_id: message for message in messages}
        self._now = now

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "the queue"}

    def change_message_visibility(self, **request: Any) -> None:
        self._messages[request["ReceiptHandle"]].visible_at = self._now + request["VisibilityTimeout"]


def _payload(job: str, number: int, poison: Poison | None) -> dict[str, Any]:
    status: dict[str, Any] = {
        "jobId": job,
        "userId": USER,
        "tenantId": TENANT,
        "eventId": f"{job}.{number}",
        "status": "calling_tool",
        "message": f"Step {number}",
        "agentName": "Agent",
        "invocationId": "run-1",
    }
    if poison is Poison.OVERSIZED:
        status |= {"message": "pwd=1 " * MESSAGE_LENGTH, "metadata": {"x": "y" * (DETAIL_BYTES + 1)}}
    return status
