"""Run the benchmarks one after the other, and write their output to RESULTS.md and to the documentation.

    python -m benchmarks [NAME ...]

Without names it runs all of them. A named benchmark renews only its own section.
Exit code 1 when a benchmark failed; a goal that was missed is a result.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.machine import commit, load, machine
from benchmarks.results import DOCUMENT, RESULTS, Section, quoted, read_results, written

NAMES = (
    "caller",
    "publisher",
    "fanout",
    "bridge",
    "end_to_end",
    "command",
    "page",
    "cost",
    "bill",
    "growth",
    "sessions",
    "pushes",
    "redaction",
    "fresh_clone",
)
LIMIT_SECONDS = 3_600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks, and write after each one, so that an interrupted run keeps its results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args(arguments).names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    sections = read_results(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for name in names:
        print(f"{name}: ", end="", flush=True)
        section = _run(name)
        if section is None:
            failed.append(name)
            continue
        print(f"{len(section.rows)} goals, {section.missed} missed", flush=True)
        sections[name] = section
        kept = {each: sections[each] for each in NAMES if each in sections}
        RESULTS.write_text(written(machine(), kept))
        DOCUMENT.write_text(quoted(DOCUMENT.read_text(), kept))
    return 1 if failed else 0


def _run(name: str) -> Section | None:
    measured = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}, load {load()}"
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        print(f"failed: no end after {LIMIT_SECONDS:,.0f} s", flush=True)
        return None
    if done.returncode:
        print(f"failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}", flush=True)
        return None
    seconds = time.monotonic() - begun
    return Section.of(name, measured=f"{measured}, {seconds:,.0f} s", output=done.stdout)


if __name__ == "__main__":
    sys.exit(main())
