"""The port of the estimates: where the histories of earlier jobs are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .step_history import StepHistory, WorkflowKey


class Histories(Protocol):
    """How long the steps of earlier jobs took."""

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        """The history of each step, by name. Raises JournalError."""
        ...

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        """Add to the history of these steps, all of them or none, once. Raises JournalError."""
        ...
