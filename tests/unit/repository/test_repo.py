"""What the documentation says of the code is true."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import status_utils
from infra.stages import stages
from statusbeam.cli.parser import load
from statusbeam.cli.registry import COMMANDS
from statusbeam.model import limits
from statusbeam.model.settings import (
    AuthorizerSettings,
    BridgeSettings,
    CallerSettings,
    DetailSettings,
    PublisherSettings,
)

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("benchmarks/*.md")])


def commands() -> list[str]:
    """Every command a user can type, without flags."""
    found = []
    for registered in COMMANDS:
        actions = getattr(load(registered), "commands", None)
        name = f"statusbeam {registered.name}"
        found += [f"{name} {action}" for action in actions] if actions else [name]
    return found


def test_every_setting_of_the_bridge_is_on_its_page() -> None:
    page = (ROOT / "docs" / "bridge.md").read_text()
    assert [f.name for f in dataclasses.fields(BridgeSettings) if f"`{f.name.upper()}`" not in page] == []


@pytest.mark.parametrize("settings", [CallerSettings, PublisherSettings, AuthorizerSettings, DetailSettings])
def test_every_setting_is_in_the_readme(settings: type) -> None:
    missing = [f.name.upper() for f in dataclasses.fields(settings) if f"`{f.name.upper()}`" not in README]
    assert missing == []


def test_every_limit_is_on_the_page_of_limits() -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    names = [name for name in vars(limits) if name.isupper() and name != "TYPE_CHECKING"]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_limit_is_held_by_a_test() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "unit").rglob("test_*.py"))
    names = [name for name in vars(limits) if name.isupper() and name != "TYPE_CHECKING"]
    assert [name for name in names if not re.search(rf"\b{name}\b", tests)] == []


def test_every_command_is_on_its_page() -> None:
    page = (ROOT / "docs" / "command.md").read_text()
    assert [command for command in commands() if f"`{command}`" not in page] == []


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= targets


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())
    assert len(named) > 40
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert missing == []


def test_every_threat_has_a_guard_and_a_test() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
    threats = [row.split(" | ") for row in rows if not row.startswith("| threat")]
    assert [row for row in threats if len(row) != 3 or "`tests/" not in row[2] or not row[1].strip()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_agent_uses_names_that_the_library_exports() -> None:
    used = re.search(r"from status_utils import (.+)", README)
    assert used
    assert [name for name in used[1].split(", ") if name not in status_utils.__all__] == []


def test_every_class_of_the_page_on_frameworks_exists() -> None:
    page = (ROOT / "docs" / "frameworks.md").read_text()
    code = "".join(path.read_text() for path in (ROOT / "status_utils").rglob("*.py"))
    named = set(re.findall(r"\b(Status\w+|Agent\w+Manager)\(", page))
    assert len(named) > 4
    assert [name for name in named if f"class {name}" not in code] == []


def test_every_deploy_command_of_the_readme_names_a_stage() -> None:
    named = re.findall(r"npx cdk .*-c stage=(\w+)", README)
    assert named
    assert set(named) <= {stage.name.lower() for stage in stages()}
    assert len(named) == README.count("npx cdk "), "a command without a stage takes in the local one"
