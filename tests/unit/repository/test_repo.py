"""The documentation's statements about the code are true."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from infra.stages import stages
from statusbeam.model import limits
from statusbeam.model.settings import (
    AuthorizerSettings,
    BridgeSettings,
    CallerSettings,
    DetailSettings,
    NotificationSettings,
    PublisherSettings,
)

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])


def test_every_setting_of_the_bridge_is_on_its_page() -> None:
    page = (ROOT / "docs" / "reference" / "bridge.md").read_text()
    assert [f.name for f in dataclasses.fields(BridgeSettings) if f"`{f.name.upper()}`" not in page] == []


def test_every_setting_of_notifications_is_on_their_page() -> None:
    page = (ROOT / "docs" / "how-to" / "notifications.md").read_text()
    names = [f.name.upper() for f in dataclasses.fields(NotificationSettings)]
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("settings", [CallerSettings, PublisherSettings, AuthorizerSettings, DetailSettings])
def test_every_setting_is_on_the_page_of_settings(settings: type) -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert [f.name.upper() for f in dataclasses.fields(settings) if f"`{f.name.upper()}`" not in page] == []


def test_every_limit_is_on_the_page_of_limits() -> None:
    page = (ROOT / "docs" / "reference" / "limits.md").read_text()
    names = [name for name in vars(limits) if name.isupper() and name != "TYPE_CHECKING"]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_limit_is_held_by_a_test() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "unit").rglob("test_*.py"))
    names = [name for name in vars(limits) if name.isupper() and name != "TYPE_CHECKING"]
    assert [name for name in names if not re.search(rf"\b{name}\b", tests)] == []


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


def test_every_class_of_the_page_on_frameworks_exists() -> None:
    page = (ROOT / "docs" / "how-to" / "frameworks.md").read_text()
    code = "".join(path.read_text() for path in (ROOT / "status_utils").rglob("*.py"))
    named = set(re.findall(r"\b(Status\w+|Agent\w+Manager)\(", page))
    assert len(named) > 4
    assert [name for name in named if f"class {name}" not in code] == []


def test_every_deploy_command_names_a_stage() -> None:
    page = (ROOT / "docs" / "how-to" / "deploy.md").read_text()
    named = re.findall(r"npx cdk .*-c stage=(\w+)", page)
    assert named
    assert set(named) <= {stage.name.lower() for stage in stages()}
    assert len(named) == page.count("npx cdk "), "a command without a stage takes in the local one"
