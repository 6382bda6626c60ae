"""Following one job so that every status is shown once, in order, whatever the network does to the pushes.

    log = FollowedLog("job-1")
    log.take(push)             # a status as AppSync pushed it, with its `earlier`
    log.take_page(page)        # a page of listStatusUpdates
    for status in log.ready(): # those that may be shown now: in order, each once
        ...

Pure: no network, no clock. A status waits here until all before it are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Status = Mapping[str, Any]
"""A StatusUpdate as GraphQL gives it: camelCase names."""

TERMINAL = {"complete": True, "error": False}
"""The orchestrator's last words and whether the job ended well."""
AGENT_ENDS = frozenset({"agent_complete", "agent_error"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the job ended, and what was said about it."""

    succeeded: bool
    message: str


class FollowedLog:
    """The log of one job as far as it is known here."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.outcome: Outcome | None = None
        """Set once the status that ends the job was handed out by `ready`."""
        self.skipped = 0
        """How many statuses were given up, because the log no longer has all of them."""
        self._waiting: dict[int, Status] = {}
        self._runs: dict[str, bool] = {}  # invocations and whether their end was handed out
        self._shown = 0
        self._head = 0

    @property
    def known(self) -> int:
        """Everything up to this sequence is known: a replay goes on after it."""
        known = self._shown
        while known + 1 in self._waiting:
            known += 1
        return known

    @property
    def is_settled(self) -> bool:
        """Whether the job is over and every agent that began has said how it ended.

        Agents report asynchronously: their last words may be committed after the job's.
        """
        return self.outcome is not None and all(self._runs.values())

    @property
    def is_whole(self) -> bool:
        """Whether nothing that is known to exist is missing."""
        return self.known == self._head

    def take(self, update: Status) -> None:
        """A push: the update and the ones of the same commit in its `earlier`; other jobs' are ignored."""
        if update.get("jobId") != self.job_id:
            return
        for each in (*(update.get("earlier") or ()), update):
            self._keep(each)

    def take_page(self, page: Mapping[str, Any]) -> bool:
        """A page of listStatusUpdates that began after `known`; whether another page follows it.

        A page that is not whole (`recovered` false) means that the log no longer reaches back that far.
        """
        current = int(page["currentSequence"])
        if not page["recovered"]:
            self._give_up(current)
            return False
        for update in page["updates"]:
            self._keep(update)
        self._head = max(self._head, current)
        return bool(page["updates"]) and int(page["nextAfterSequence"]) < current

    def ready(self) -> list[Status]:
        """The statuses that were not handed out yet and have all before them, in order."""
        handed_out = []
        while self._shown + 1 in self._waiting:
            self._shown += 1
            status = self._waiting.pop(self._shown)
            handed_out.append(status)
            self._note(status)
        return handed_out

    def _keep(self, status: Status) -> None:
        sequence = status.get("sequence")
        if isinstance(sequence, int) and sequence > self._shown:
            self._waiting.setdefault(sequence, status)
            self._head = max(self._head, sequence)

    def _give_up(self, current: int) -> None:
        if current <= self._shown:
            return
        self.skipped += current - self._shown
        self._waiting = {sequence: kept for sequence, kept in self._waiting.items() if sequence > current}
        self._shown = current
        self._head = max(self._head, current)

    def _note(self, status: Status) -> None:
        word = str(status["status"])
        if status.get("agentName"):
            run = f"{status.get('invocationId') or status['agentName']} {status.get('attempt')}"
            self._runs[run] = self._runs.get(run, False) or word in AGENT_ENDS
        elif self.outcome is None and word in TERMINAL:
            self.outcome = Outcome(TERMINAL[word], str(status["message"]))
