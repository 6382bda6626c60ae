"""Joins one job and stays whole, as a state machine: events in, requests out. It has no socket and no clock.

    begin ─► read the log; then subscribe, unless the job is over
    subscribed ─► position: where is the head of the log now? ─► read up to there ─► whole
    settle, poll ─► position      a gap in the pushes ─► read      interrupted ─► behind until subscribed

It follows the protocol of `web/client/src/join/join.ts`. Every status is given, in order and once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .job_log import JobLog, Status

Verdict = Literal["joining", "whole", "behind", "cut"]
"""`whole`: each status up to the head of the log was given, and the next ones will be pushed. `joining`: not
checked yet. `behind`: statuses are missing that are being read. `cut`: statuses have expired."""
Reason = Literal[
    "connecting", "checking", "not_connected", "catching_up", "failing", "log_expired", "gap_in_log"
]
"""Why the verdict is not `whole`."""
TimerName = Literal["settle", "gap", "retry", "poll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every wait, in seconds."""

    settle: float = 1.5
    """The second check after a join: AppSync can lose events right after `start_ack`."""
    gap: float = 0.12
    """How long a gap may be mere disorder."""
    poll: float = 5.0
    """Between two checks while statuses come."""
    quiet_poll: float = 20.0
    """Between two checks of a job that has been quiet for `quiet_after` checks."""
    quiet_after: int = 12
    retry_first: float = 0.4
    retry_most: float = 30.0
    late: float = 3.0
    """How long agents may report after their job's end."""


def backoff(failures: int, timing: Timing, random: Callable[[], float]) -> float:
    """The pause after a number of failures: doubling, bounded, and different for each client."""
    longest = min(timing.retry_most, timing.retry_first * 2.0 ** min(failures, 20))
    return longest / 2 + random() * longest / 2


@dataclass(frozen=True, slots=True)
class AskPosition:
    """Ask for epoch and head of the log; answer with `positioned`."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read the log after a sequence; answer with `paged`."""

    ticket: int
    after: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `timer` after `seconds`; None cancels it."""

    name: TimerName
    seconds: float | None


Request = AskPosition | ReadPage | SetTimer


class Coverage:
    """A subscription from its start on. The start after its interruption makes a new one."""

    def __init__(self) -> None:
        self.is_live = True
        self.is_confirmed = False  # a position has arrived that was requested while it was live


class Join:
    """One job's join. The statuses after sequence `after` are wanted."""

    def __init__(self, job_id: str, *, after: int = 0, timing: Timing, random: Callable[[], float]) -> None:
        self.log = JobLog(job_id, after=after)
        self.is_gone = False
        """The store no longer has the job, no longer shows it, or has not come as far as `after`."""
        self.restarts = 0
        """The number of times that the job id turned out to belong to another job with a new log."""
        self._timing = timing
        self._random = random
        self._requests: list[Request] = []
        self._tickets = 0
        # At most one position request and one page request are open. An answer with another ticket is too
        # late.
        self._position: tuple[int, Coverage | None, int] | None = (
            None  # ticket, coverage and `taken` at that time
        )
        self._page: tuple[int, int] | None = None  # ticket, `contiguous` then
        self._is_position_wanted = False
        self._coverage: Coverage | None = None
        self._was_confirmed = False
        self._has_read = False
        self._cut: Reason | None = None
        self._epoch: str | None = None
        self._failures = 0
        self._is_pausing = False
        self._gap_runs = False
        self._polls_since_news = 0

    @property
    def recovered(self) -> bool:
        """Whether no status is missing for good between the first and the last one given."""
        return self._cut is None and not self.restarts

    @property
    def has_caught_up(self) -> bool:
        """Whether the log was read, up to all that is known of it."""
        return self._has_read and self.log.is_complete

    @property
    def verdict(self) -> Verdict:
        """What may be claimed of the statuses that were given. See Verdict."""
        return self._assessment[0]

    @property
    def reason(self) -> Reason | None:
        """Why the verdict is not `whole`."""
        return self._assessment[1]

    @property
    def _assessment(self) -> tuple[Verdict, Reason | None]:
        failing: Reason | None = "failing" if self._failures else None
        if not self.has_caught_up:
            return ("behind" if self._has_read else "joining"), failing or "catching_up"
        coverage = self._coverage
        if coverage is None:
            return "joining", failing or "connecting"
        if coverage.is_live and coverage.is_confirmed and failing is None:
            return ("whole", None) if self._cut is None else ("cut", self._cut)
        reason: Reason = "checking" if coverage.is_live else "not_connected"
        return ("joining" if coverage.is_live and not self._was_confirmed else "behind"), failing or reason

    def take_requests(self) -> list[Request]:
        """The requests since the last call."""
        requests, self._requests = self._requests, []
        return requests

    def take_ready(self) -> list[Status]:
        """The next statuses in order, each once."""
        return self.log.take_ready()

    def begin(self) -> None:
        """Start to read. The subscription comes after: a job that is over needs none, nor its session."""
        self._next()
        self._timer("poll", self._timing.poll)

    def subscribed(self) -> None:
        """`start_ack`: from now on pushes come, except for those that AppSync loses."""
        self._coverage = Coverage()
        self._polls_since_news = 0
        self._retry_now()
        self.check()
        self._timer("settle", self._timing.settle)

    def interrupted(self) -> None:
        """The subscription ended."""
        if self._coverage is not None:
            self._coverage.is_live = False
        self._timer("settle", None)

    def push(self, update: Status) -> None:
        """A push arrived."""
        self.log.add_push(update)
        self._polls_since_news = 0
        self._look_for_gap()

    def check(self) -> None:
        """Request the position. If a request is open, request it again afterwards."""
        self._is_position_wanted = self._position is not None
        if not self._is_position_wanted:
            covered = self._coverage if self._coverage is not None and self._coverage.is_live else None
            self._position = (self._ticket(), covered, self.log.contiguous)
            self._requests.append(AskPosition(self._position[0]))

    def timer(self, name: TimerName) -> None:
        """A timer rang."""
        if name == "poll":
            self._polls_since_news += 1
            is_quiet = self._polls_since_news > self._timing.quiet_after and self._is_live
            self._timer("poll", self._timing.quiet_poll if is_quiet else self._timing.poll)
        if name in ("poll", "settle"):
            if not self._is_pausing:  # after a failure, its pause comes first
                self.check()
            return
        if name == "retry":
            self._is_pausing = False
        else:
            self._gap_runs = False
        self._next()

    def positioned(self, ticket: int, *, sequence: int, epoch: str | None) -> None:
        """The answer to AskPosition."""
        if self._position is None or self._position[0] != ticket:
            return
        _, covered, last = self._position
        self._position = None
        self._failures = 0
        if sequence == 0 and last > 0:
            self.is_gone = True
            return
        if sequence < last or (self._epoch is not None and epoch is not None and epoch != self._epoch):
            self._restart(epoch)
            return
        self._epoch = epoch or self._epoch
        was_complete = self.log.is_complete
        self.log.reaches(sequence)
        is_confirmed = covered is not None and covered.is_confirmed
        if covered is not None and covered is self._coverage:
            covered.is_confirmed = self._was_confirmed = True
        if self._is_position_wanted:
            self.check()
        if was_complete and is_confirmed and not self.log.is_complete:
            self._look_for_gap()  # a push that a live subscription has not brought yet may be on its way
        else:
            self._next()

    def paged(self, ticket: int, page: Mapping[str, Any]) -> None:
        """The answer to ReadPage."""
        if self._page is None or self._page[0] != ticket:
            return
        asked = self._page[1]
        self._page = None
        self._failures = 0
        if not page["recovered"] and page.get("reason") == "ahead_of_log":
            if int(page["currentSequence"]) == 0:
                self.is_gone = True
            else:
                self._restart(None)
            return
        if not page["recovered"]:
            self._cut = "gap_in_log" if page.get("reason") == "gap_in_log" else "log_expired"
        self._has_read = True
        if self.log.contiguous > asked and page["recovered"]:
            self._polls_since_news = 0
        self.log.add_page(page)
        if not self.log.is_complete and self.log.contiguous == asked:
            self._pause()  # the read brought nothing: the next one waits
        else:
            self._next()

    def failed(self, ticket: int) -> None:
        """A request failed in a way that a retry may mend."""
        if self._position is not None and self._position[0] == ticket:
            self._position = None
            self._is_position_wanted = True
        elif self._page is not None and self._page[0] == ticket:
            self._page = None
        else:
            return
        self._pause()

    @property
    def _is_live(self) -> bool:
        return self._coverage is not None and self._coverage.is_live

    def _look_for_gap(self) -> None:
        if self.log.is_complete:
            self._timer("gap", None)
        elif not self._gap_runs:
            self._gap_runs = True
            self._timer("gap", self._timing.gap)

    def _next(self) -> None:
        """Read the missing statuses, one page at a time."""
        if self._is_pausing:
            return
        if self._is_position_wanted:
            self.check()
        if self._page is None and not self.has_caught_up:
            self._timer("gap", None)
            self._page = (self._ticket(), self.log.contiguous)
            self._requests.append(ReadPage(*self._page))

    def _pause(self) -> None:
        self._is_pausing = True
        self._timer("retry", backoff(self._failures, self._timing, self._random))
        self._failures += 1

    def _retry_now(self) -> None:
        self._is_pausing = False
        self._timer("retry", None)
        self._next()

    def _restart(self, epoch: str | None) -> None:
        """The job id belongs to another job now: start its log again."""
        if not self._has_read and self.log.taken:
            self.is_gone = True  # the first read shows that the log is shorter than `after`
            return
        self.log = JobLog(self.log.job_id)
        self.restarts += 1
        self._epoch = epoch
        self._position = self._page = None
        self._has_read = self._was_confirmed = False
        self._cut = None
        if self._coverage is not None:
            self._coverage.is_confirmed = False
        self._retry_now()
        self.check()

    def _ticket(self) -> int:
        self._tickets += 1
        return self._tickets

    def _timer(self, name: TimerName, seconds: float | None) -> None:
        if name == "gap":
            self._gap_runs = seconds is not None
        self._requests.append(SetTimer(name, seconds))
