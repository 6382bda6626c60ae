"""The CDK CLI: the checkout's, or one that npm installs once for a state folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from statusbeam.localcloud import cdk_cli
from statusbeam.localcloud.cdk_cli import MissingToolError, find_cdk_cli, search_path

ROOT = Path(__file__).parents[4]
PINS = Path(cdk_cli.__file__).parent


def command(folder: Path, name: str, text: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def npm(folder: Path, text: str) -> str:
    """A search path with an npm that runs the shell script in the folder of the installation."""
    command(folder, "npm", text)
    return f"{folder}:/usr/bin:/bin"


INSTALLS = (
    "echo run >> runs; mkdir -p node_modules/.bin; touch node_modules/.bin/cdk node_modules/.bin/cdklocal"
)


def find(tmp_path: Path, path: str, steps: list[str]) -> Path:
    return find_cdk_cli(
        tmp_path / "cdk-cli", path=path, environment={}, report=steps.append, checkout=tmp_path / "checkout"
    )


def test_a_checkout_has_the_cli_already(tmp_path: Path) -> None:
    commands = tmp_path / "checkout" / "node_modules" / ".bin"
    for name in ("cdk", "cdklocal"):
        command(commands, name)
    steps: list[str] = []
    assert find(tmp_path, npm(tmp_path / "bin", "exit 1"), steps) == commands / "cdklocal"
    assert steps == []


def test_elsewhere_npm_installs_the_pinned_cli_once(tmp_path: Path) -> None:
    path = npm(tmp_path / "bin", INSTALLS)
    steps: list[str] = []
    first, second = find(tmp_path, path, steps), find(tmp_path, path, steps)
    installed = tmp_path / "cdk-cli"
    assert first == second
    assert first == installed / "node_modules" / ".bin" / "cdklocal"
    assert steps == ["installing the CDK CLI with npm, once for this state folder"]
    assert (installed / "runs").read_text() == "run\n"
    assert (installed / "package-lock.json").read_bytes() == (PINS / "package-lock.json").read_bytes()


def test_other_pins_are_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npm(tmp_path / "bin", INSTALLS)
    find(tmp_path, path, [])
    monkeypatch.setattr(cdk_cli, "_PINS", ("package.json", "package-lock.json"))
    find(tmp_path, path, [])
    assert (tmp_path / "cdk-cli" / "runs").read_text() == "run\nrun\n"


def test_a_failed_installation_has_a_reason_and_is_retried(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="npm could not install the CDK CLI: ENOTFOUND registry"):
        find(tmp_path, npm(tmp_path / "bin", "echo ENOTFOUND registry >&2; exit 1"), [])
    assert find(tmp_path, npm(tmp_path / "bin", INSTALLS), []).exists()


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_missing_node_is_reported_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda tool, **_: None if tool == missing else tool)
    with pytest.raises(MissingToolError, match=rf"{missing} is missing .*: install statusbeam\[local\]"):
        search_path(tmp_path)


def test_the_cli_is_the_one_of_the_checkout() -> None:
    ours = json.loads((PINS / "package.json").read_text())["dependencies"]
    checkout = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert ours == {name: checkout[name] for name in ours}
