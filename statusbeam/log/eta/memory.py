"""Histories in memory: for a local run in one process, and for tests."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .step_history import StepHistory, WorkflowKey


class MemoryHistories:
    """Histories that last as long as the process. `reads` counts the reads."""

    def __init__(self) -> None:
        self.reads = 0
        self._steps: dict[WorkflowKey, dict[str, StepHistory]] = {}
        self._lock = Lock()

    def read(self, workflow: WorkflowKey) -> Mapping[str, StepHistory]:
        """See Histories.read."""
        with self._lock:
            self.reads += 1
            return dict(self._steps.get(workflow, {}))

    def add(self, workflow: WorkflowKey, increments: Mapping[str, StepHistory]) -> None:
        """See Histories.add."""
        with self._lock:
            known = self._steps.setdefault(workflow, {})
            for name, increment in increments.items():
                known[name] = known[name].merged(increment) if name in known else increment
