"""Filters the statuses of a job in a stream.

>>> StatusFilter(agents=("Geo Agent",), words=("agent_complete", "agent_error"))

A filter never hides the job's end, because clients wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from statusbeam.log.snapshot.fold import invocation_of
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import StatusType, StatusWord

from ..tail.events import Joined, WatchEvent


class Family(StrEnum):
    """The subject of a status. Each status belongs to one family."""

    WORKFLOW = "workflow"  # the job as a whole: its phases, its progress, its end
    AGENT = "agent"  # an agent begins, waits, is retried or ends
    TASK = "task"  # an agent's work: tools, progress, other words
    SYSTEM = "system"  # heartbeats, and requests to cancel


_OF_AGENTS: Final = frozenset(
    (
        StatusWord.AGENT_INVOKING,
        StatusWord.AGENT_COMPLETE,
        StatusWord.AGENT_ERROR,
        StatusWord.AGENT_RETRYING,
        StatusWord.WAITING,
        StatusWord.CANCELLED,
        StatusWord.COMPLETE,
        StatusWord.ERROR,
    )
)


def family_of(update: StatusUpdate) -> Family:
    """The family of a status."""
    if update.type is StatusType.HEARTBEAT or update.status == StatusWord.CANCEL_REQUESTED:
        return Family.SYSTEM
    if invocation_of(update) is None:
        return Family.WORKFLOW
    return Family.AGENT if update.status in _OF_AGENTS else Family.TASK


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFilter:
    """Shows statuses that match every criterion; an empty one matches all."""

    jobs: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    """Names of agents, or ids of invocations."""
    types: tuple[StatusType, ...] = ()
    words: tuple[str, ...] = ()
    """The field `status`."""
    families: tuple[Family, ...] = ()

    def shows(self, event: WatchEvent) -> bool:
        """Whether the stream shows the event. Snapshots are always shown."""
        return isinstance(event, Joined) or event.ends_the_job or self.matches(event.update)

    def matches(self, update: StatusUpdate) -> bool:
        """Whether the status matches every criterion."""
        named = {update.agent_name, update.invocation_id}
        return (
            (not self.jobs or update.job_id in self.jobs)
            and (not self.users or update.user_id in self.users)
            and (not self.agents or not named.isdisjoint(self.agents))
            and (not self.types or update.type in self.types)
            and (not self.words or update.status in self.words)
            and (not self.families or family_of(update) in self.families)
        )
