"""The agents' way to the people who wait: the three publish functions of status_utils."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from examples.civic_complaints.agents import Agent, AgentCall
from status_utils import StatusExtras, Transport, publish_agent_status, publish_tool_status


class StatusReporter:
    """Publishes what one run of one agent does. Implements the Reporter interface."""

    def __init__(self, agent: Agent, call: AgentCall, *, transport: Transport | None = None) -> None:
        self._agent_name = agent.name
        self._call = call
        # The run is the same over its attempts; a newer attempt supersedes the one before.
        self._extras: StatusExtras = {
            "invocation_id": f"{call.job_id}-{agent.key}",
            "attempt": call.attempt + 1,
            "transport": transport,
        }

    def started(self, message: str) -> None:
        """The agent begins."""
        self._publish("agent_invoking", message)

    def calling_tool(self, tool_name: str, reason: str) -> None:
        """The agent is about to use a tool, and why."""
        call = self._call
        publish_tool_status(
            call.job_id, call.user_id, call.tenant_id, self._agent_name, tool_name, reason, **self._extras
        )

    def progress(self, percent: float, message: str) -> None:
        """How much is done, 0 to 100."""
        self._publish("progress", message, extras={"progress": percent})

    def completed(self, message: str, *, milliseconds: int, metadata: Mapping[str, Any]) -> None:
        """The agent has its finding."""
        self._publish("complete", message, milliseconds=milliseconds, extras={"metadata": metadata})

    def failed(self, message: str, *, milliseconds: int) -> None:
        """The agent gave up; `message` is for everybody to read."""
        self._publish("error", message, milliseconds=milliseconds)

    def _publish(
        self,
        status: str,
        message: str,
        *,
        milliseconds: int | None = None,
        extras: StatusExtras | None = None,
    ) -> None:
        call = self._call
        everything: StatusExtras = {**self._extras, **(extras or {})}
        publish_agent_status(
            call.job_id,
            call.user_id,
            call.tenant_id,
            self._agent_name,
            status,
            message,
            milliseconds,
            **everything,
        )
