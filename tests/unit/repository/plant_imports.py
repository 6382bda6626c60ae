"""A program for copies of the packages: it lints their imports, once with each planted import.

One process for all of them, because lint-imports spends most of its time on its own start.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from importlinter.cli import lint_imports


def main() -> None:
    """Read `[{"into": file, "target": module}]`; write the report without any, and one for each."""
    reports = [report()]
    for case in json.load(sys.stdin):
        with planted(Path(case["into"]), case["target"]):
            reports.append(report())
    json.dump(reports, sys.stdout)


@contextmanager
def planted(path: Path, target: str) -> Iterator[None]:
    """A late import in the file at `path`, which is the kind that is easily overlooked."""
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n\ndef planted():\n    import {target}\n")
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


def report() -> dict[str, Any]:
    """The exit code of lint-imports, and its output."""
    with redirect_stdout(io.StringIO()) as output:
        code = lint_imports(no_logo=True)
    return {"code": code, "output": output.getvalue()}


if __name__ == "__main__":
    main()
