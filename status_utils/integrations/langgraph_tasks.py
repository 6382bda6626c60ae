"""Identifies the calls of agents in a LangGraph graph: a call is the same in each attempt of its task.

LangGraph runs a task again by its RetryPolicy, or when the graph resumes after an interrupt. The
task's checkpoint namespace stays the same, and the agents in it are called in the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from threading import Lock
from typing import Any, Final

from statusbeam.model.bounded import Bounded

from ..transports.process_local import ProcessLocal

TASKS: Final = 1_000
"""Tasks that are remembered; they are small, and most end soon."""


class LangGraphTasks:
    """Counts the calls in each task. Safe for threads."""

    def __init__(self) -> None:
        self._calls: Bounded[Hashable, Counter[str]] = Bounded(TASKS)  # by thread and namespace
        self._lock = ProcessLocal(Lock)  # the thread that held it is not in a forked process

    def chain_started(self, name: str, metadata: Mapping[str, Any]) -> None:
        """A chain started. If it is a task's own run, the count of its calls restarts."""
        if metadata.get("langgraph_node") != name:
            return
        with self._lock.get():
            self._calls[_task(metadata)] = Counter()

    def call_of(self, name: str, metadata: Mapping[str, Any]) -> Hashable:
        """The call of the agent of that name that starts now; None outside of a graph with a memory."""
        thread, namespace = _task(metadata)
        if namespace is None:
            return None if thread is None else ("thread", thread, name)
        with self._lock.get():
            calls = self._calls.setdefault((thread, namespace), Counter())
            calls[name] += 1
            return ("task", thread, namespace, name, calls[name])


def _task(metadata: Mapping[str, Any]) -> tuple[Any, Any]:
    return metadata.get("thread_id"), metadata.get("langgraph_checkpoint_ns")
