"""The time of `make demo` and `make test` in a fresh clone of the committed state.

    python -m benchmarks.fresh_clone [--only demo|test]

The benchmark keeps the package caches. The tests' own time limit is the goal of a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Goal

CHECKOUT = Path(__file__).parents[1]
DEMO_GOAL_SECONDS = 40.0
TEST_GOAL_SECONDS = 480.0
DECISION = "DECISION=approve"


def demo(clone: Path) -> list[Goal]:
    """Run the demo twice. The second time, everything is installed and built."""
    first, again = _make(clone, "demo", DECISION, "PACE=0"), _make(clone, "demo", DECISION, "PACE=0")
    print(f"make demo, again  {again:.0f} s")
    _make(clone, "down")
    return [Goal(what="make demo in a fresh clone", values=[first], at_most=DEMO_GOAL_SECONDS, unit=" s")]


def test(clone: Path) -> list[Goal]:
    """Run the whole test suite."""
    seconds = _make(clone, "test")
    return [Goal(what="make test in a fresh clone", values=[seconds], at_most=TEST_GOAL_SECONDS, unit=" s")]


def _make(clone: Path, *arguments: str) -> float:
    """Seconds of wall time. Raises RuntimeError with the end of the output when make fails."""
    # the clone must not use the caller's virtual environment
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    begun = time.monotonic()
    done = subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"make {' '.join(arguments)} failed:\n{done.stdout[-2000:]}")
    return time.monotonic() - begun


def main() -> None:
    """Measure and print."""
    parts = {"demo": demo, "test": test}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=tuple(parts))
    only = parser.parse_args().only
    goals = []
    for name, part in parts.items():
        if only in (None, name):
            with tempfile.TemporaryDirectory(
                prefix="statusbeam-benchmark-", ignore_cleanup_errors=True
            ) as folder:
                subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), folder], check=True)
                goals += part(Path(folder))
    print("", *goals, sep="\n")


if __name__ == "__main__":
    main()
