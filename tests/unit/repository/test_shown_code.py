"""Every block of the documentation names its kind, its data is valid, and its statements are true.

The tutorials (tests/packages/test_tutorials.py) and the blocks of Python and shell (tests/packages/shown) are
run with the wheel. Those of pages: web/client/tests/documents.test.ts, and test_amplify_recipe.py and
test_browser_recipe.py in tests/e2e.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from statusbeam.cli.parser import load
from statusbeam.cli.registry import COMMANDS
from tests.documents import DOCS, PAGES, ROOT, Block, blocks, runnable
from tests.unit.repository.test_dashboard_files import AWS_WORDS

LANGUAGES = {"python", "sh", "json", "toml", "graphql", "js", "jsx", "html", "text"}
"""Each has a test; `text` is what nobody types: drawings and output."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ALL = [block for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_block_names_its_kind(block: Block) -> None:
    assert block.language in LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_is_overlooked(page: Path) -> None:
    assert len(re.findall(r"^```", page.read_text(), re.MULTILINE)) == 2 * len(blocks(page))


# --- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", runnable("json"), ids=str)
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.code)


@pytest.mark.parametrize("block", runnable("toml"), ids=str)
def test_toml_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.code)


@pytest.mark.parametrize("block", runnable("graphql"), ids=str)
def test_graphql_fits_the_schema(block: Block) -> None:
    schema = build_schema(AWS_WORDS + (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8"))
    assert validate(schema, parse(block.code)) == []


# --- what pages say of the code ---------------------------------------------------------------------------


def commands() -> list[str]:
    """Every command a user can type, without flags."""
    found = []
    for registered in COMMANDS:
        actions = getattr(load(registered), "commands", None)
        name = f"statusbeam {registered.name}"
        found += [f"{name} {action}" for action in actions] if actions else [name]
    return found


def test_every_command_is_on_its_page() -> None:
    page = (DOCS / "reference" / "command.md").read_text()
    assert [command for command in commands() if f"`{command}`" not in page] == []


def test_every_extra_is_on_the_page_of_packages() -> None:
    page = (DOCS / "reference" / "packages.md").read_text()
    assert [extra for extra in PROJECT["optional-dependencies"] if f"`{extra}`" not in page] == []


def test_every_state_has_the_label_that_the_page_shows() -> None:
    source = (ROOT / "web" / "dashboard" / "src" / "labels.ts").read_text()
    _, labels = source.split("STATE_LABELS", maxsplit=1)
    page = (DOCS / "reference" / "words.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|", page, re.MULTILINE)
    assert len(rows) > 10
    missing = [row for row in rows if not re.search(rf"^  '?{row[0]}'?: '{row[1]}',$", labels, re.MULTILINE)]
    assert missing == []


def test_every_decision_is_in_their_list() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "decisions" / "index.md").read_text())
    assert sorted(listed) == sorted(path.name for path in (DOCS / "decisions").glob("20*.md"))
