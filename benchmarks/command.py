"""The cost of a start of the command (docs/explanation/performance.md).

    python -m benchmarks.command [--runs 9]

CPU of whole processes, Python's own start included: the help, a command's help, and a command that works.
`python -X importtime -m statusbeam.cli.main --help` shows the cost of each import.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from statistics import median

from benchmarks.measure import Goal, Spread

GOAL_MS = 150.0
CALLS = (("--help",), ("watch", "--help"), ("cost",))


def report(runs: int) -> None:
    """Measure and print."""
    bare = [_cpu_ms("-c", "pass") for _ in range(runs)]
    print(f"python -c pass: {Spread.of(bare)} ms of CPU")
    goals = []
    for call in CALLS:
        values = [_cpu_ms("-m", "statusbeam.cli.main", *call) for _ in range(runs)]
        name = f"statusbeam {' '.join(call)}"
        print(f"{name}: {Spread.of(values)} ms of CPU, {median(values) / median(bare):.1f} x python -c pass")
        if call == ("--help",):
            goals.append(Goal(what=name, values=values, at_most=GOAL_MS, unit=" ms"))
    print("", *goals, sep="\n")


def _cpu_ms(*arguments: str) -> float:
    """CPU of one run of the interpreter, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    report(parser.parse_args().runs)
