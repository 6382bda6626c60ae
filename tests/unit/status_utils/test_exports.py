"""The package's exported names, and the low cost of importing it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import status_utils

_ROOT = Path(__file__).parents[3]


def test_all_is_sorted_and_every_name_in_it_exists() -> None:
    assert status_utils.__all__ == sorted(status_utils.__all__)
    assert all(getattr(status_utils, name) is not None for name in status_utils.__all__)


def test_all_is_complete() -> None:
    own = {
        name
        for name, value in vars(status_utils).items()
        if getattr(value, "__module__", "").startswith("status_utils.") and not name.startswith("_")
    }
    assert own <= set(status_utils.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(status_utils, "publish_everything")


def _modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-S", "-c", script]  # -S: no site-packages, no .pth files
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT).stdout
    return set(shown.split())


def _foreign(modules: set[str]) -> set[str]:
    """The modules that neither the standard library nor the layer has."""
    layer = re.compile(r"(status_utils|statusbeam\.model)(\..+)?|statusbeam|__main__")
    known = sys.stdlib_module_names
    return {name for name in modules if name.partition(".")[0] not in known and not layer.fullmatch(name)}


def test_importing_the_library_loads_the_standard_library_only() -> None:
    assert _foreign(_modules_after("import status_utils")) == set()


def test_importing_the_library_loads_none_of_the_slow_parts_of_the_standard_library() -> None:
    slow = {"typing", "logging", "asyncio", "hashlib", "random", "threading", "urllib", "http"}
    assert not slow & (_modules_after("import status_utils") - _modules_after(""))


def test_scopes_and_decorators_load_little_more() -> None:
    slow = {"typing", "logging", "asyncio", "hashlib", "urllib", "http"}
    code = "from status_utils import agent_step, job, report_progress, status_handler"
    assert not slow & (_modules_after(code) - _modules_after(""))


def test_dir_names_what_is_loaded_late_too() -> None:
    assert set(status_utils.__all__) <= set(dir(status_utils))


def test_a_star_import_brings_everything() -> None:
    found: dict[str, object] = {}
    exec("from status_utils import *", found)  # noqa: S102 - what callers write
    assert set(status_utils.__all__) <= set(found)


def test_the_library_is_marked_as_typed() -> None:
    packaged = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in packaged["status_utils"]
    assert (_ROOT / "status_utils" / "py.typed").exists()


def test_building_a_status_needs_the_standard_library_only() -> None:
    code = (
        "from status_utils import MemoryTransport, publish_agent_status\n"
        "transport = MemoryTransport()\n"
        "assert publish_agent_status('j', 'u', 't', 'Geo', 'complete', 'm', transport=transport)\n"
        "assert transport.sent"
    )
    assert _foreign(_modules_after(code)) == set()


def test_a_scope_needs_the_standard_library_only() -> None:
    code = (
        "from status_utils import MemoryTransport, agent_step, job\n"
        "transport = MemoryTransport()\n"
        "with job(job_id='j', user_id='u', tenant_id='t', transport=transport) as j, j.agent('Geo'): ...\n"
        "assert transport.sent"
    )
    assert _foreign(_modules_after(code)) == set()
