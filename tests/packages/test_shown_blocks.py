"""The documentation's blocks of Python and shell, run with the wheel. tests/packages/shown has the tests.

They are copied, with the pages, into an empty folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packages.conftest import LOCK, ROOT, Place

SHOWN = sorted(path.name for path in (Path(__file__).parent / "shown").glob("test_*.py"))
COPIED = ("README.md", "CONTRIBUTING.md", "Makefile", "docs", "tests/documents.py", "tests/packages/shown")


@pytest.fixture(scope="module")
def reader(place: Callable[..., Place]) -> Place:
    """The wheel, and the pages with their tests."""
    at = place("[local]", "pytest", "moto[secretsmanager]", constraints=LOCK)
    for name in COPIED:
        (at.folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, at.folder / name)
    return at


@pytest.mark.parametrize("name", SHOWN)
def test_the_documentations_blocks_work_with_the_wheel(reader: Place, name: str) -> None:
    variables = {**reader.activated, "AWS_DEFAULT_REGION": "us-east-1"}
    options = ("-q", "-W", "error", "-p", "no:cacheprovider")
    reader.run("python", "-m", "pytest", *options, f"tests/packages/shown/{name}", variables=variables)


def test_no_checkout_is_on_the_path(reader: Place) -> None:
    program = "import lambdas, sys; sys.exit(1)"
    assert "No module named 'lambdas'" in reader.run("python", "-c", program, fails=True)
    where = reader.python("import statusbeam as s, status_utils as u; print(s.__file__, u.__file__)")
    assert all(Path(path).is_relative_to(reader.environment) for path in where.split())
