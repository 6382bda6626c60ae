"""Writes RESULTS.md, and the tables that the documentation quotes from it.

A section is one benchmark: when and where it ran, a table of its goals, and everything that it printed.
The documentation holds the same tables between two comments, `<!-- results: NAME -->` and
`<!-- end of results -->`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

RESULTS = Path(__file__).with_name("RESULTS.md")
DOCUMENT = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"

HEADER = "| goal | measured | |\n|---|---|---|\n"
END = "<!-- end of results -->"

_GOAL = re.compile(r"^(?P<what>.+): (?P<measured>.+?); goal (?P<limit>[<>]= .+): (?P<verdict>met|MISSED)$")
_SECTION = re.compile(
    r"^## (?P<name>\w+)\n\nMeasured on (?P<measured>[^\n]+)\.\n\n(?P<table>(?:\|[^\n]*\n)*)\n?"
    r"```text\n(?P<output>.*?)\n```\n",
    re.DOTALL | re.MULTILINE,
)
_QUOTE = re.compile(rf"<!-- results: (?P<name>\w+) -->\n.*?{re.escape(END)}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One benchmark's results. `rows` are the lines of its table of goals."""

    measured: str
    rows: tuple[str, ...]
    output: str

    @classmethod
    def of(cls, name: str, *, measured: str, output: str) -> Self:
        """The section for a benchmark's output. Raises ValueError if the output contains a code fence."""
        if "```" in output:
            raise ValueError(f"the output of {name} contains a code fence")
        goals = [found for line in output.splitlines() if (found := _GOAL.match(line))]
        return cls(measured=measured, rows=tuple(map(_row, goals)), output=output.strip("\n"))

    @property
    def missed(self) -> int:
        """The number of missed goals."""
        return sum(row.endswith("| **missed** |") for row in self.rows)

    @property
    def table(self) -> str:
        """The table of goals; empty without goals."""
        return HEADER + "".join(f"{row}\n" for row in self.rows) if self.rows else ""


def _row(goal: re.Match[str]) -> str:
    limit = goal["limit"].replace("<=", "≤").replace(">=", "≥")
    verdict = "met" if goal["verdict"] == "met" else "**missed**"
    return f"| {goal['what']} {limit} | {goal['measured']} | {verdict} |"


def written(machine: str, sections: Mapping[str, Section]) -> str:
    """RESULTS.md."""
    parts = [
        "# Results\n\n`make bench` writes this page. "
        "[README.md](README.md) describes the benchmarks and their peers.\n\n" + machine
    ]
    for name, section in sections.items():
        table = f"{section.table}\n" if section.table else ""
        parts.append(
            f"## {name}\n\nMeasured on {section.measured}.\n\n{table}```text\n{section.output}\n```\n"
        )
    return "\n".join(parts)


def read_results(text: str) -> dict[str, Section]:
    """The sections of a RESULTS.md, in order."""
    return {
        found["name"]: Section(
            measured=found["measured"],
            rows=tuple(found["table"].splitlines()[2:]),
            output=found["output"],
        )
        for found in _SECTION.finditer(text)
    }


def quoted(document: str, sections: Mapping[str, Section]) -> str:
    """The document with every quoted table updated. A table without results stays unchanged."""

    def table(quote: re.Match[str]) -> str:
        section = sections.get(quote["name"])
        if section is None:
            return quote[0]
        date = section.measured.partition(",")[0]
        return f"<!-- results: {quote['name']} -->\nMeasured on {date}.\n\n{section.table}{END}"

    return _QUOTE.sub(table, document)
