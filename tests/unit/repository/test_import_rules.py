"""Each import rule in pyproject.toml is seen to fail: a planted import breaks exactly this rule."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
RULES = [contract["name"] for contract in CONFIG["contracts"]]
LINT_IMPORTS = str(Path(sys.executable).with_name("lint-imports"))


@dataclass(frozen=True, slots=True)
class Planted:
    """An import of `target`, planted in the file `into`, that breaks `rule` and no other."""

    rule: str
    into: str
    target: str

    def __str__(self) -> str:
        return f"{self.into} imports {self.target}"


CONSTRUCTS = "The app and the constructs know the settings, and nothing that runs"
PARTS = "A construct stands on those it is made of"
CIRCLES = "No circles in the app, the constructs, the functions and the examples"

CASES = [
    Planted("Imports go one way", "status_utils/testing.py", "examples"),
    Planted(CONSTRUCTS, "infra/stacks.py", "statusbeam.log.journal"),
    Planted(CONSTRUCTS, "infra/stages.py", "statusbeam.model.settings"),
    Planted(CONSTRUCTS, "statusbeam/cdk/publishing/publisher.py", "status_utils.defaults"),
    Planted(CONSTRUCTS, "statusbeam/cdk/options.py", "statusbeam.model.limits"),
    Planted(PARTS, "statusbeam/cdk/publishing/publisher.py", "statusbeam.cdk.api.firewall"),
    Planted(PARTS, "statusbeam/cdk/alarms.py", "statusbeam.cdk.workflows.status_checkpoints"),
    Planted(PARTS, "statusbeam/cdk/a_new_room.py", "aws_cdk"),
    Planted(CIRCLES, "infra/stages.py", "infra.stacks"),
    Planted(CIRCLES, "statusbeam/cdk/api/sign_in.py", "statusbeam.cdk.api.status_api"),
    Planted(CIRCLES, "lambdas/status_publisher/queue.py", "lambdas.status_publisher.handler"),
    Planted(CIRCLES, "examples/civic_complaints/tools.py", "examples.civic_complaints.geo"),
    Planted(
        "Functions are independent of each other",
        "lambdas/status_detail/handler.py",
        "lambdas.status_publisher.queue",
    ),
    Planted(
        "Functions without the layer do without the library",
        "lambdas/status_publisher/handler.py",
        "status_utils.tokens",
    ),
    Planted(
        "Functions with the layer do without the log",
        "lambdas/execution_closer/handler.py",
        "statusbeam.log.snapshot",
    ),
    Planted("Examples import what agents import", "examples/agent.py", "statusbeam.model.words"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages that the rules are about, and the rules."""
    folder = tmp_path_factory.mktemp("copy")
    for package in CONFIG["root_packages"]:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


def broken(folder: Path) -> list[str]:
    """The rules that lint-imports finds broken in `folder`; it must report on all of them."""
    wide = {**os.environ, "COLUMNS": "200"}  # a verdict stays on one line
    finished = subprocess.run(
        [LINT_IMPORTS], cwd=folder, env=wide, capture_output=True, text=True, check=False
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", finished.stdout, re.MULTILINE))
    assert list(verdicts) == RULES, finished.stdout + finished.stderr
    found = [rule for rule, verdict in verdicts.items() if verdict == "BROKEN"]
    assert finished.returncode == (1 if found else 0)
    return found


@contextmanager
def planted(folder: Path, case: Planted) -> Iterator[None]:
    """`folder` with a late import, which is the kind that is easily overlooked."""
    path = folder / case.into
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n\ndef planted():\n    import {case.target}\n")
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


def test_every_rule_is_kept_without_a_planted_import(copy: Path) -> None:
    assert broken(copy) == []


def test_every_rule_has_a_planted_import() -> None:
    assert set(RULES) == {case.rule for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_planted_import_breaks_its_rule_and_no_other(copy: Path, case: Planted) -> None:
    with planted(copy, case):
        assert broken(copy) == [case.rule]
