"""The soak test: concurrent publishers, redelivered payloads, crashes at every step and a table that loses
answers, from one seed.

    tally = soak_run(MemoryTable(), "StatusTable", seed=7, start=1_795_163_400.0)   # or SoakError

Nothing runs in parallel: at each step of a publisher, the seed decides whether others do whole deliveries
first, or whether its process dies. A publisher makes one transaction, so other deliveries before its read,
between read and transaction, or later are all possible orders. Some transactions conflict with another one
and are refused. Of others the answer gets lost, so that a publisher takes a committed batch for failed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ReadTimeoutError

from statusbeam.log.journal.conditions import is_open_to
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.publishing.admission import Admission
from statusbeam.log.publishing.memory import MemorySessionStore
from statusbeam.log.publishing.payload import ParsedPayload, Screened, parse_payload
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.receiver_clock import ReceiverClock
from statusbeam.log.snapshot.fold import apply_each
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.log.snapshot.times import ms_of
from statusbeam.model.clock import Clock
from statusbeam.model.errors import JournalError
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import CLOCK_TOLERANCE_SECONDS
from statusbeam.model.metadata import MetadataKey
from tests.soak.table import cancelled
from tests.soak.work import CLOSER, MOST_SECONDS, TENANT, USER, Payload, deliveries, payloads

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from statusbeam.model.update import StatusUpdate

PUBLISHERS: Final = 3
CRASHES: Final = 0.2
"""The share of deliveries that end in a crash."""
OVERTAKEN: Final = 0.3
"""The share of steps at which an idle publisher overtakes."""
TROUBLED: Final = 0.05
"""The share of refused transactions, and of lost answers."""

_JOB_SECONDS = 3_600


class Step(StrEnum):
    """The steps at which a publisher may die."""

    BEFORE_READ = "before the read"
    AFTER_READ = "after the read"
    AFTER_TRANSACTION = "after the transaction"
    AFTER_MARKER = "after the marker"
    IN_PUSH = "in the push"
    AFTER_PUSH = "after the push"


_STEPS: Final = tuple(Step)


class SoakError(Exception):
    """A promise does not hold. The message has the promise and the seed."""


class _Crash(Exception):  # noqa: N818 - no error of ours: the process is gone
    """The process dies here."""


@dataclass(slots=True)
class Tally:
    """The counts of soak runs, which prove that the faults happened."""

    statuses: int = 0
    deliveries: int = 0
    conflicts: int = 0
    refused: int = 0
    runs: int = 0
    answers_lost: int = 0
    crashes: Counter[Step] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add the counts of another run."""
        self.statuses += other.statuses
        self.deliveries += other.deliveries
        self.conflicts += other.conflicts
        self.refused += other.refused
        self.runs += other.runs
        self.answers_lost += other.answers_lost
        self.crashes += other.crashes


def soak_run(client: Any, table: str, *, seed: int, start: float, job_id: str | None = None) -> Tally:
    """Run one job on the table behind a DynamoDB client, and check the result.

    `start` is in epoch seconds; without `job_id` the job is called by its seed. Raises SoakError.
    """
    return _Run(client, table, seed, start, job_id or f"soak-{seed}").run()


class _Run:
    def __init__(self, client: Any, table: str, seed: int, start: float, job_id: str) -> None:
        self.rng = Random(seed)  # noqa: S311 - no secret
        self.tally = Tally()
        self.pushed: dict[int, str] = {}
        self.client = client
        self.table = table
        self.parsed: dict[str, ParsedPayload] = {}
        self._seed = seed
        self._job_id = job_id
        self._start = self._now = start
        self.sessions = MemorySessionStore()
        self.sessions.open(TENANT, USER, "c1", until=start + _JOB_SECONDS)
        self._crashes = seed  # so that each step is the first to crash in as many runs
        self._idle = [self._new_publisher() for _ in range(PUBLISHERS)]
        self._payloads = payloads(self.rng, job_id, int((start - MOST_SECONDS) * 1000))
        self._waiting = deliveries(self.rng, self._payloads)

    def run(self) -> Tally:
        while self._waiting:
            self.deliver_next()
        self._check()
        return self.tally

    def deliver_next(self) -> None:
        """Give the next delivery to an idle publisher. After a crash, a new process gets it again."""
        publisher, payload = self._idle.pop(), self._waiting.pop()
        self.tally.deliveries += 1
        try:
            publisher.take(payload)
        except _Crash:
            self._deliver_again(payload)
            publisher = self._new_publisher()
        except JournalError:  # this publisher continues, and knows only the failure
            self._deliver_again(payload)
        self._idle.append(publisher)

    def _deliver_again(self, payload: Payload) -> None:
        self._waiting.insert(self.rng.randint(0, len(self._waiting)), payload)

    def others_first(self) -> None:
        """Possibly let others do whole deliveries before a publisher continues."""
        while self._waiting and self._idle and self.rng.random() < OVERTAKEN:
            self.deliver_next()

    def next_crash(self) -> Step:
        """The step at which the next publisher dies: each step in turn."""
        self._crashes += 1
        return _STEPS[self._crashes % len(_STEPS)]

    def _new_publisher(self) -> _Publisher:
        clock = Clock(now=lambda: self._now, sleep=self._sleep, chance=self.rng.random)
        return _Publisher(self, clock)

    def _sleep(self, seconds: float) -> None:
        self.tally.conflicts += 1
        self._now += seconds

    def _check(self) -> None:
        journal = DynamoJournal(
            self.client,
            self.table,
            log_retention_days=7,
            job_retention_days=90,
            clock=Clock(now=lambda: self._now),
        )
        job = JobKey(TENANT, self._job_id)
        log = journal.updates(job, first=1, last=10_000)
        snapshot = journal.snapshot(job)
        said = [f"{p['batchId']}.{at}" for p in self._payloads for at in range(len(p["updates"]))]
        self.tally.statuses = len(said)
        self._hold([u.sequence for u in log] == list(range(1, len(log) + 1)), "the sequence has a gap")
        there = sorted(u.event_id for u in log)
        closing = f"{CLOSER}.0"
        skipped = closing in said and closing not in there
        if skipped:
            said.remove(closing)
        self._hold(there == sorted(said), "a status is lost or doubled")
        epoch = snapshot.head.epoch if snapshot else None
        whole, heads = apply_each(Job(head=Head(epoch=epoch)), log)
        moves = [_Move(*move) for move in zip(heads, log, heads[1:], strict=False)]
        # Whether it had ended at some time; its next run may be open again.
        had_ended = any(move.after.ended for move in moves)
        self._hold(not skipped or had_ended, "the final status of an open job was skipped")
        closings = [move for move in moves if move.update.event_id == closing]
        self._hold(all(map(_was_open, closings)), "a job that had ended was ended again")
        self._hold(
            self.pushed == {u.sequence: u.event_id for u in log}, "the pushes are not those of the log"
        )
        self._hold(whole == snapshot, "the snapshot is not the fold of the log")
        self._hold(all(map(self._is_timely, log)), "a status has a time outside the run")
        late = [move.update for move in moves if _is_late(move)]
        self._hold(late == [u for u in log if _marked(u)], "a late status is not marked")
        self.tally.runs += whole.head.runs.number

    def _is_timely(self, update: StatusUpdate) -> bool:
        at = (ms_of(update.timestamp) or 0) / 1000
        earliest = self._start - MOST_SECONDS - CLOCK_TOLERANCE_SECONDS
        return earliest <= at <= self._now + CLOCK_TOLERANCE_SECONDS

    def _hold(self, holds: bool, problem: str) -> None:
        if not holds:
            raise SoakError(f"seed {self._seed}: {problem}")


def _marked(update: StatusUpdate) -> bool:
    return MetadataKey.AFTER_END in (update.metadata or {})


@dataclass(frozen=True, slots=True)
class _Move:
    """A status of the log, and the job's head before and after it."""

    before: Head
    update: StatusUpdate
    after: Head


def _was_open(move: _Move) -> bool:
    return move.before.sequence == 0 or is_open_to(move.before, move.after)


def _is_late(move: _Move) -> bool:
    """Whether a status found the job ended and left it so."""
    return move.before.ended and move.after.stage == move.before.stage


class _ReadsOnce(Admission):
    """Reads each payload once a run, and looks for no secrets: this is about the log, and reading each again
    at each delivery would be a third of the work."""

    def __init__(self, known: dict[str, ParsedPayload]) -> None:
        super().__init__()
        self._known = known

    def parse(self, payload: object, *, batch_id: str, received_at: float) -> ParsedPayload:
        """See Admission.parse."""
        key: str = cast("Payload", payload)["batchId"]
        if key not in self._known:
            clock = ReceiverClock.of(payload, received_at=received_at)
            self._known[key] = parse_payload(
                payload,
                batch_id=batch_id,
                now=received_at,
                screen=lambda status: Screened(clock.applied_to(cast("Payload", status))),
            )
        return self._known[key]


class _Publisher:
    """One process: the real pipeline and journal, with a client and a push that stop at each step."""

    def __init__(self, run: _Run, clock: Clock) -> None:
        self._run = run
        self._dies_at: Step | None = None
        self._pipeline = Pipeline(
            journal=DynamoJournal(
                cast("DynamoDBClient", _SteppingClient(self, run)),
                run.table,
                log_retention_days=7,
                job_retention_days=90,
                clock=clock,
            ),
            sessions=run.sessions,
            broadcaster=self,
            admission=_ReadsOnce(run.parsed),
            clock=clock,
        )
        self._clock = clock

    def take(self, payload: Payload) -> None:
        """Publish a payload, or die on the way."""
        run = self._run
        self._dies_at = run.next_crash() if run.rng.random() < CRASHES else None
        self.reach(Step.BEFORE_READ)
        self._pipeline.publish(payload, batch_id="request", deadline=self._clock.now() + 600)
        self.reach(Step.AFTER_PUSH)

    def reach(self, step: Step) -> None:
        """A step where others may come first, or the process dies."""
        self._run.others_first()
        if self._dies_at is step:
            self._run.tally.crashes[step] += 1
            raise _Crash

    def push(self, update: StatusUpdate) -> None:
        """See Broadcaster.push."""
        if self._run.rng.random() < 0.5:  # dead before or after AppSync had it
            self.reach(Step.IN_PUSH)
        for each in (*(update.earlier or ()), update):
            self._run.pushed[each.sequence or 0] = each.event_id
        self.reach(Step.IN_PUSH)


class _SteppingClient:
    """A publisher's client, which stops before and after each call, and sometimes fails."""

    def __init__(self, publisher: _Publisher, run: _Run) -> None:
        self._publisher = publisher
        self._run = run

    def transact_write_items(self, **request: Any) -> Any:
        run = self._run
        self._publisher.reach(Step.AFTER_READ)
        if run.rng.random() < TROUBLED:
            run.tally.refused += 1
            raise cancelled(["TransactionConflict"] + ["None"] * (len(request["TransactItems"]) - 1))
        answer = run.client.transact_write_items(**request)
        self._publisher.reach(Step.AFTER_TRANSACTION)
        if run.rng.random() < TROUBLED:
            run.tally.answers_lost += 1
            raise ReadTimeoutError(endpoint_url="the table")
        return answer

    def get_item(self, **request: Any) -> Any:
        answer = self._run.client.get_item(**request)
        self._publisher.reach(Step.AFTER_MARKER)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run.client, name)
