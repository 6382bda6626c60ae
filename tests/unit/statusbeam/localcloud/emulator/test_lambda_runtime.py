"""A function of the emulator can import the modules of AWS's runtime, and no other installed ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from statusbeam.localcloud.emulator.lambda_runtime import RUNTIME_MODULES, write_runtime


def run(code: str, runtime: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(runtime)}
    return subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", [*RUNTIME_MODULES, "json", "ssl", "sqlite3"])
def test_the_sdk_and_the_standard_library_are_there(tmp_path: Path, name: str) -> None:
    done = run(f"import {name}", write_runtime(tmp_path / "runtime"), tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["requests", "requests_aws4auth", "aws_lambda_powertools", "graphql", "status_utils"]
)
def test_packages_of_a_bundle_are_not_importable_without_it(tmp_path: Path, name: str) -> None:
    done = run(f"import {name}", write_runtime(tmp_path / "runtime"), tmp_path)
    assert f"No module named '{name}'" in done.stderr


def test_a_functions_own_code_comes_first(tmp_path: Path) -> None:
    (tmp_path / "requests.py").write_text("mine = True")
    done = run("import requests; assert requests.mine", write_runtime(tmp_path / "runtime"), tmp_path)
    assert done.returncode == 0, done.stderr


def test_writing_it_again_replaces_it(tmp_path: Path) -> None:
    runtime = write_runtime(tmp_path / "runtime")
    (runtime / "stray.py").write_text("")
    write_runtime(runtime)
    assert not (runtime / "stray.py").exists()
