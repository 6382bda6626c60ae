"""What .ci/lint_prose.py finds in a page, and what it leaves alone."""

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
