"""Hold README, docs and docstrings to plain English: short lines, short sentences, one word for one thing.

Code blocks and tables are left out. An inline code span or a link counts as the words that a reader sees.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

LINE = 120
SENTENCE = 30
PUBLIC_SENTENCE = 25
"""Words of a sentence in the docstring of a name that `status_utils` exports."""
WORDS = {
    r"\blast words?\b": "final status",
    r"\bpass(es|ed)? over\b": "skip",
    r"\b(hears?|heard|hearing)\b": "receive",
    r"\bheal(s|ed|ing)?\b": "recover",
    r"\bbeliev\w+": "cache, assume",
    r"\b(process|publisher|closer|function|caller|agent)s?'s? log\b": "logs (the log is the job's)",
    r"\bin (its|your) log\b": "in its logs (the log is the job's)",
}
"""Words that this project does not use, with their replacements."""

_SKIPPED = re.compile(r"\s*(\||#|<|!\[|\[[^\]]+\]: )")
_EXAMPLE = re.compile(r"^(    .*|[├└│].*|>>> .*(\n.+)*)", re.MULTILINE)
"""The examples in a docstring: indented lines, drawings, and calls with their results."""
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
    """The findings in a page, by line."""
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
    yield from long_sentences(text, SENTENCE)


def long_sentences(text: str, limit: int) -> Iterator[tuple[int, str]]:
    """The sentences with more words than the limit, by the line of their paragraph."""
    for number, paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            count = sum(any(c.isalnum() for c in word) for word in sentence.split())
            if count > limit:
                yield number, f"{count} words; a sentence has at most {limit}: {sentence[:60]}…"


def docstrings(
    node: ast.AST, public: Collection[str], limit: int = SENTENCE
) -> Iterator[tuple[ast.Constant, int]]:
    """Each docstring, also of fields and constants, with the words that a sentence in it may have."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(value=ast.Constant(value=str()) as docstring):
                yield docstring, limit
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                is_public = name in public if isinstance(node, ast.Module) else not name.startswith("_")
                inside = PUBLIC_SENTENCE if isinstance(node, ast.Module) and is_public else limit
                yield from docstrings(child, public, inside if is_public else SENTENCE)
            case _:
                yield from docstrings(child, public, limit)


def python_findings(source: str, public: Collection[str] = ()) -> Iterator[tuple[int, str]]:
    """The findings in the docstrings of a module, by line."""
    for docstring, limit in docstrings(ast.parse(source), public):
        margin = " " * docstring.col_offset
        lines = "\n".join(line.removeprefix(margin) for line in str(docstring.value).splitlines())
        text = _EXAMPLE.sub(lambda found: "|\n" * found[0].count("\n") + "|", lines)
        first = docstring.lineno
        for number, what in long_sentences(text, limit):
            yield first + number - 1, what
        for number, line in enumerate(text.splitlines(), start=first):
            plain = re.sub(r"`[^`]*`|\"[^\"]*\"|\d … ", "", line)
            if "…" in plain:
                yield number, "an ellipsis; write the whole sentence"
            for pattern, instead in WORDS.items():
                if found := re.search(pattern, plain, re.IGNORECASE):
                    yield number, f"{found[0]!r}: write {instead}"


def exported(package: Path) -> set[str]:
    """The names in `__all__` of a package."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def listed(*names: str) -> list[Path]:
    """The files of the repository with these names."""
    lines = subprocess.run(["git", "ls-files", *names], capture_output=True, text=True, check=True).stdout
    return [path for line in lines.splitlines() if (path := Path(line)).is_file()]


def main() -> int:
    public = exported(Path("status_utils"))
    pages = listed("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md")
    sources = [path for path in listed("*.py") if path.parts[0] != "tests"]
    found = [
        f"{path}:{line}: {what}"
        for path in pages + sources
        for line, what in (
            python_findings(path.read_text(encoding="utf-8"), public)
            if path.suffix == ".py"
            else findings(path.read_text(encoding="utf-8"))
        )
    ]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
