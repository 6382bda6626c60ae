"""`make docs` builds the site with sound links, and its reference has every public name."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROMISED = (
    "status_utils",
    "status_utils.testing",
    "status_utils.tokens",
    "statusbeam.cdk",
    "statusbeam.bridge.fastapi",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names that the site's inventory lists."""
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    *_, body = (site / "objects.inv").read_bytes().split(b"\n", maxsplit=4)
    return {line.split(" ")[0] for line in zlib.decompress(body).decode().splitlines()}


@pytest.mark.parametrize("module", PROMISED)
def test_the_reference_has_every_public_name(names: set[str], module: str) -> None:
    public = importlib.import_module(module).__all__
    assert [name for name in public if f"{module}.{name}" not in names] == []
