"""Puts the files that are not packages into the wheel. pyproject.toml has everything else.

`statusbeam/assets/__init__.py` finds them there. `make dist` builds what is not in the repository.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CARRIED = (
    "app.py",
    "cdk.json",
    "examples/__init__.py",
    "examples/civic_complaints",
    "examples/street_fair",
    "graphql/dist",
    "graphql/schema.graphql",
    "infra",
    "lambdas",
    "web/dashboard/dist",
)
"""What the constructs and localcloud read, by its path in the repository."""

BUILT = {
    "graphql/dist/manifest.json": "make resolvers",
    "lambdas/wheels": "make wheels",
    "web/dashboard/dist/index.html": "make web",
}
"""The part of it that a command has to build first."""


class BuildWithAssets(build_py):
    """Copies the carried files into `statusbeam/assets` of the wheel."""

    def run(self) -> None:
        """Build the packages, then add the files. Stops when one of them is not built."""
        super().run()
        if self.editable_mode:
            return
        for name, command in BUILT.items():
            if not (ROOT / name).exists():
                raise SystemExit(f"{name} is missing: run `{command}` first")
        assets = Path(self.build_lib) / "statusbeam" / "assets"
        left_out = shutil.ignore_patterns("__pycache__", ".*")
        for name in CARRIED:
            source, target = ROOT / name, assets / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=left_out, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithAssets})
