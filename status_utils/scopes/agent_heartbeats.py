"""Heartbeats of a tracker's agents: the sender reports them while an agent is in progress and quiet.

The heartbeats end with the tracker: the process may live for days, and another process may run the agents by
then.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from statusbeam.model.words import StatusWord

from ..sending.senders import sender_for

if TYPE_CHECKING:
    from ..sending.sender import Sender
    from ..transports.transport import Transport


class AgentHeartbeats:
    """The heartbeats of the agents of one tracker. The tracker's lock of an agent guards the entry of its
    name."""

    def __init__(self, tracker: object, ids: Mapping[str, Any], transport: Transport | None) -> None:
        self._ids = dict(ids)
        self._transport = transport
        self._open: dict[str, _Heartbeat] = {}
        weakref.finalize(tracker, _close_all, self._open).atexit = False

    def keep(self, agent_name: str, fields: Mapping[str, Any]) -> None:
        """The agent is in progress, and has just reported. `fields` has its attempt and its run."""
        heartbeat = self._open.get(agent_name)
        if heartbeat is None:
            heartbeat = self._open[agent_name] = _Heartbeat(
                sender_for(self._transport), self._ids, agent_name
            )
            heartbeat.sender.opened(heartbeat)
        heartbeat.fields = fields
        heartbeat.last_status_at = heartbeat.sender.ticks()

    def stop(self, agent_name: str) -> None:
        """The agent is not in progress any more."""
        heartbeat = self._open.pop(agent_name, None)
        if heartbeat is not None:
            heartbeat.close()

    def stop_all(self) -> None:
        """The job has ended."""
        _close_all(self._open)


class _Heartbeat:
    """One agent in progress; see HeartbeatSource. It knows nothing of its tracker, which may go first."""

    is_job = False

    def __init__(self, sender: Sender, ids: Mapping[str, Any], agent_name: str) -> None:
        self.sender = sender
        self.last_status_at = 0.0
        self.fields: Mapping[str, Any] = {}
        self.is_open = True
        self._ids = {**ids, "agentName": agent_name}

    def send_heartbeat(self) -> None:
        """Report a heartbeat."""
        self.last_status_at = self.sender.ticks()
        heartbeat = {"status": StatusWord.HEARTBEAT, "message": "Still working"}
        self.sender.put({**self._ids, **self.fields, **heartbeat})

    def close(self) -> None:
        """Stop the heartbeats."""
        self.is_open = False
        self.sender.closed(self)


def _close_all(heartbeats: dict[str, _Heartbeat]) -> None:
    while heartbeats:
        heartbeats.popitem()[1].close()
