"""The blocks of code in the documentation, for the tests that run them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r'```(?P<language>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<code>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block. `file` is the reader's file for it; `reason` is why no test runs it."""

    page: str
    line: int
    language: str
    file: str | None
    reason: str | None
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page=str(page.relative_to(ROOT)),
            line=text.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            file=found["file"],
            reason=found["reason"],
            code=found["code"],
        )
        for found in _FENCE.finditer(text)
    ]


def runnable(*languages: str) -> list[Block]:
    """The blocks that tests run one by one: all but those of the tutorials, which are run as a whole."""
    return [
        block
        for page in PAGES
        for block in blocks(page)
        if block.language in languages and block.reason is None and page.parent.name != "tutorials"
    ]


def is_of_an_app(block: Block) -> bool:
    """Whether the block belongs to a CDK app."""
    return bool(re.search(r"statusbeam\.cdk|\bStatusbeam\(|\bstatus\.", block.code))


def table_below(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table of a section, row by row, without the line below its head."""
    section = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [row for row in rows if set("".join(row)) - set("-| ")]


def columns(rows: list[list[str]]) -> list[tuple[str, dict[str, str]]]:
    """Of a table with a row `flags`: the flags of each column, and its cells by the name of their row."""
    head, calls, *others = rows
    assert calls[0] == "flags"
    return [
        (calls[number].strip("`"), {row[0]: row[number] for row in others}) for number in range(1, len(head))
    ]
