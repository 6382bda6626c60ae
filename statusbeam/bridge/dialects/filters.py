"""Which statuses of a job a stream shows.

>>> StatusFilter(agents=("Geo Agent",), words=("agent_complete", "agent_error"))

A filter never hides the job's end: a client that waits for it would wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from statusbeam.model.words import StatusType

from ..tail.events import Joined, Step, WatchEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFilter:
    """Shows statuses that match every criterion; an empty one matches all."""

    agents: tuple[str, ...] = ()
    """Names of agents, or ids of invocations."""
    types: tuple[StatusType, ...] = ()
    words: tuple[str, ...] = ()
    """The field `status`."""

    def shows(self, event: WatchEvent) -> bool:
        """Whether the stream shows the event. Snapshots are always shown."""
        return isinstance(event, Joined) or event.ends_the_job or self._matches(event)

    def _matches(self, step: Step) -> bool:
        update = step.update
        named = {update.agent_name, update.invocation_id}
        return (
            (not self.agents or not named.isdisjoint(self.agents))
            and (not self.types or update.type in self.types)
            and (not self.words or update.status in self.words)
        )
