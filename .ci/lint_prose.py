"""Hold README and docs to plain English: short lines, short sentences, one word for one thing.

Code blocks and tables are left out. An inline code span or a link counts as the words that a reader sees.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LINE = 120
SENTENCE = 30
WORDS = {
    r"\blast words?\b": "final status",
    r"\bpass(es|ed)? over\b": "skip",
    r"\b(hears?|heard|hearing)\b": "receive",
    r"\bheal(s|ed|ing)?\b": "recover",
    r"\bbeliev\w+": "cache, assume",
    r"\b(process|publisher|closer|function|caller|agent)s?'s? log\b": "logs (the log is the job's)",
    r"\bin (its|your) log\b": "in its logs (the log is the job's)",
}
"""Words that this house does not use, and what it uses instead."""

_SKIPPED = re.compile(r"\s*(\||#|<|!\[|\[[^\]]+\]: )")
_ITEM = re.compile(r"\s*([-*]|\d+\.) +")


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Each paragraph or list item, with the number of its first line."""
    first, lines, in_code = 0, list[str](), False
    for number, line in enumerate(text.splitlines(), start=1):
        fence = line.lstrip().startswith("```")
        starts = _ITEM.match(line)
        if lines and (fence or in_code or starts or not line.strip() or _SKIPPED.match(line)):
            yield first, " ".join(lines)
            lines = []
        in_code ^= fence
        if fence or in_code or not line.strip() or _SKIPPED.match(line):
            continue
        first = first if lines else number
        lines.append(line[starts.end() :] if starts else line.strip())
    if lines:
        yield first, " ".join(lines)


def sentences(paragraph: str) -> list[str]:
    """The sentences as a reader sees them."""
    seen = re.sub(r"`[^`]*`", "Code", paragraph)
    seen = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", seen).replace("*", "")
    return re.split(r"(?<=[.!?])[)\"]?\s+(?=[^a-z]|localcloud )", seen)


def findings(text: str) -> Iterator[tuple[int, str]]:
    """What a page does against the rules, by line."""
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        in_code ^= line.lstrip().startswith("```")
        if len(line) > LINE and not in_code and not line.startswith("|"):
            yield number, f"{len(line)} characters; a line has at most {LINE}"
        if in_code:
            continue
        plain = re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)
        for pattern, instead in WORDS.items():
            if found := re.search(pattern, plain, re.IGNORECASE):
                yield number, f"{found[0]!r}: write {instead}"
    for number, paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            count = sum(any(c.isalnum() for c in word) for word in sentence.split())
            if count > SENTENCE:
                yield number, f"{count} words; a sentence has at most {SENTENCE}: {sentence[:60]}…"


def main() -> int:
    names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md"]
    listed = subprocess.run(["git", "ls-files", *names], capture_output=True, text=True, check=True).stdout
    found = [
        f"{page}:{line}: {what}"
        for page in listed.splitlines()
        if Path(page).is_file()
        for line, what in findings(Path(page).read_text(encoding="utf-8"))
    ]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
