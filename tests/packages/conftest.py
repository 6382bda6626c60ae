"""The released wheel, in folders without a checkout on any path."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
VENVS = ROOT / ".build" / "venvs"
LOCK = ROOT / "requirements.lock"
NODE = Path(sys.executable).with_name("node")
UV = str(Path(sys.executable).with_name("uv"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SECONDS = 300
INHERITED = re.compile(r"HOME|.*CERT.*|.*CA_BUNDLE|.*_proxy|.*_PROXY|(UV|XDG)_.*|(npm|NPM)_.*|LANG|TMPDIR")


@dataclass(frozen=True, slots=True)
class Place:
    """A virtual environment with the wheel, and an empty folder in which commands run."""

    environment: Path
    folder: Path

    @property
    def activated(self) -> dict[str, str]:
        """The variables of a shell in which the environment is activated."""
        clean = clean_environment()
        return {**clean, "PATH": f"{self.environment / 'bin'}:{clean['PATH']}"}

    def run(
        self, *command: str, fails: bool = False, variables: Mapping[str, str] | None = None, given: str = ""
    ) -> str:
        """The output of a command of the environment. It must succeed, or fail if `fails`."""
        done = subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            cwd=self.folder,
            env={**clean_environment(), **(variables or {})},
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode != 0) is fails, (
            f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout + done.stderr

    def python(self, program: str, variables: Mapping[str, str] | None = None) -> str:
        """The output of a Python program."""
        return self.run("python", "-c", program, variables=variables)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files into the folder, by name."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


def clean_environment() -> dict[str, str]:
    """The settings of the network, and nothing that leads to the checkout."""
    kept = {name: value for name, value in os.environ.items() if INHERITED.fullmatch(name)}
    return {**kept, "PATH": "/usr/bin:/bin", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}


def uv(*command: str) -> None:
    done = subprocess.run(
        [UV, *command, "--quiet"], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"uv {' '.join(command)}:\n{done.stderr}"


@pytest.fixture(scope="session")
def dist() -> ModuleType:
    """`.ci/dist.py`, which builds what is released."""
    spec = importlib.util.spec_from_file_location("dist", ROOT / ".ci" / "dist.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dist"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build_wheel(dist: ModuleType) -> Callable[[Path], Path]:
    """Builds the wheel of the working tree in a folder, from git's files and the results of `make`."""

    def build(folder: Path) -> Path:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / "source" / name)
        for name in dist.BUILT:
            shutil.copytree(ROOT / name, folder / "source" / name)
        source = dist.Source(commit="0" * 40, committed_at=datetime(2026, 11, 29, tzinfo=UTC))
        dist.build_wheel(folder / "source", folder, source)
        (wheel,) = folder.glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def wheel(build_wheel: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


collect_ignore = ["shown"]
"""Its tests run with the wheel: see test_shown_blocks.py."""


@pytest.fixture(scope="session")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Place]:
    """Makes a place with the wheel, some extras and other packages.

    Its environment has no pip. The dependencies stay between runs, so that Python compiles them once.
    """

    def make(extras: str = "", *packages: str, constraints: Path | None = None) -> Place:
        environment = VENVS / key_of(extras, packages, constraints)
        if not (environment / "bin" / "python").exists():
            uv("venv", "--clear", "--python", sys.executable, str(environment))
        options = ["--python", str(environment / "bin" / "python"), "--reinstall-package", "statusbeam"]
        options += ["--constraints", str(constraints)] if constraints else []
        uv("pip", "install", *options, f"statusbeam{extras} @ {wheel.as_uri()}", *packages)
        return Place(environment, tmp_path_factory.mktemp("empty"))

    return make


@pytest.fixture(scope="session")
def laptop(place: Callable[..., Place]) -> Place:
    """The packages of the tutorials, with the newest locked versions."""
    return place("[local]", "pytest", constraints=LOCK)


def key_of(extras: str, packages: Sequence[str], constraints: Path | None) -> str:
    """A name that changes with the packages that are installed beside the wheel."""
    wanted: Mapping[str, object] = PROJECT["optional-dependencies"]
    pins = constraints.read_text() if constraints else ""
    text = repr((sys.version, extras, packages, wanted, pins))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
