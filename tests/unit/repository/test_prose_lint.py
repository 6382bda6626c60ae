"""The findings of .ci/lint_prose.py in pages and docstrings, and the texts that it accepts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
WORDS = " ".join(["word"] * 31)


@pytest.fixture(scope="module")
def lint() -> ModuleType:
    """The script."""
    spec = importlib.util.spec_from_file_location("lint_prose", ROOT / ".ci" / "lint_prose.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{'a' * 121}", [(1, "121 characters; a line has at most 120")]),
        (f"One.\n\n- {WORDS[:100]}\n  {WORDS[100:]}.", [(3, "31 words; a sentence has at most 30: ")]),
        ("It is in its log.", [(1, "'in its log': write in its logs (the log is the job's)")]),
        ("The client heals\nand hears.", [(1, "'heals': write recover"), (2, "'hears': write receive")]),
    ],
)
def test_it_finds(lint: ModuleType, text: str, found: list[tuple[int, str]]) -> None:
    assert [
        (line, what[: len(expected[1])])
        for (line, what), expected in zip(lint.findings(text), found, strict=True)
    ] == found


@pytest.mark.parametrize(
    "text",
    [
        f"```text\n{WORDS} {WORDS}\n```",
        f"| a table | {WORDS} {WORDS} |",
        f"{WORDS[:100]}.\nNext {WORDS[100:]}.",
        "[short](" + "a/" * 40 + ") and `heals`",
        f"{WORDS[:74]}:\n\n- {WORDS[:100]}",
    ],
)
def test_it_leaves_alone(lint: ModuleType, text: str) -> None:
    assert list(lint.findings(text)) == []


PUBLIC = {"shown"}
LONG = " ".join(["word"] * 26)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f'"""One.\n\n{WORDS}.\n"""', [(3, "31 words; a sentence has at most 30: ")]),
        (f'def shown():\n    """{LONG}."""', [(2, "26 words; a sentence has at most 25: ")]),
        (
            f'class shown:\n    def run(self):\n        """{LONG}."""',
            [(3, "26 words; a sentence has at most 25: ")],
        ),
        ('LIMIT = 3\n"""Fine.\n\nAnd so on …\n"""', [(4, "an ellipsis; write the whole sentence")]),
        ('class Tab:\n    """It hears."""', [(2, "'hears': write receive")]),
    ],
)
def test_it_finds_in_docstrings(lint: ModuleType, source: str, found: list[tuple[int, str]]) -> None:
    assert [
        (line, what[: len(expected[1])])
        for (line, what), expected in zip(lint.python_findings(source, PUBLIC), found, strict=True)
    ] == found


@pytest.mark.parametrize(
    "source",
    [
        f'"""{LONG}."""',
        f'def hidden():\n    """{LONG}."""',
        f'class shown:\n    def _run(self):\n        """{LONG}."""',
        f'"""Example:\n\n    {WORDS} …\n"""',
        f'"""Example:\n\n>>> call()\n{WORDS} …\n"""',
        '"""`[1, …]` is a list."""',
        f'TEXT = "{WORDS} …"',
    ],
)
def test_it_leaves_alone_in_sources(lint: ModuleType, source: str) -> None:
    assert list(lint.python_findings(source, PUBLIC)) == []


def test_it_reads_the_exported_names(lint: ModuleType) -> None:
    assert {"StatusTracker", "job"} <= lint.exported(ROOT / "status_utils")
