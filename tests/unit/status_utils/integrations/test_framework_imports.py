"""The library works without any framework."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[4]
_FRAMEWORKS = {"agents", "langchain", "langchain_core", "langgraph", "openai", "pydantic_ai", "strands"}


def test_using_the_library_loads_no_framework_and_no_adapter() -> None:
    code = (
        "import status_utils\n"
        "for name in status_utils.__all__: getattr(status_utils, name)\n"
        "import sys; print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    loaded = set(
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT).stdout.split()
    )
    assert not loaded & _FRAMEWORKS
    assert not {name for name in loaded if name.startswith("status_utils.integrations")}
