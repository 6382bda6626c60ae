"""The port of the estimates to the histories of earlier jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .step_history import StepHistory, WorkflowKey


class Histories(Protocol):
    """The durations of the steps of earlier jobs."""

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        """The history of each step, by name. Raises JournalError."""
        ...

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        """Add to the history of these steps, all of them or none, once. Raises JournalError."""
        ...
