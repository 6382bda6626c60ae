"""Builds Lambda assets: sources, and wheels pinned by hash. Every machine builds the same bytes.

Only wheels of pure Python are taken. The one zip then runs on Lambda's arm64 and, under the emulator, on the
laptop's own interpreter; a dependency that starts to need a compiled wheel stops the build, in pip's words.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "bundles"

MODEL = ("statusbeam/__init__.py", "statusbeam/model")
"""The sources that every part of the product imports."""

LIBRARY = ("status_utils", *MODEL)
"""The sources of the layer: what callers import."""

LOG = (*MODEL, "statusbeam/log")
"""The sources of the publisher. Its function has no layer: no package may lie in two places."""

LAMBDA_PYTHON = "3.14"  # the version of statusbeam.cdk.python_function.RUNTIME; a test holds the two together

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*")
# pip writes the machine and the time of the installation into these; no code reads them.
_INSTALL_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_EPOCH = 315532800  # 1980-01-01, the first moment a zip entry can hold


class BundleError(Exception):
    """pip could not build a bundle; the message has its output. Synth stops."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder ready to be zipped, and the digest of its content (hex, 64 characters)."""

    path: Path
    digest: str


def build_bundle(
    *,
    sources: tuple[str, ...],
    requirements: Path | None = None,
    prefix: str = "",
    root: Path = ROOT,
    build: Path = BUILD,
) -> Bundle:
    """Collect `sources` (files or packages below `root`) and the pinned `requirements` into one folder.

    Every source keeps its path under `prefix`, so `lambdas/status_publisher` stays importable by that name.
    The folder is named after its inputs: with equal ones, a second call only reads them. Raises BundleError.
    """
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        staged = Path(scratch) / "bundle"
        staged.mkdir()
        for source in sources:
            _copy(root / source, staged / prefix / source)
        pins = requirements.read_text() if requirements is not None else ""
        target = build / _key(tree_digest(staged), pins)
        if not target.is_dir():
            if requirements is not None:
                shutil.copytree(_installed(requirements, build), staged, dirs_exist_ok=True)
            _settle(staged, target)
    return Bundle(path=target, digest=tree_digest(target))


def tree_digest(folder: Path) -> str:
    """The digest of names and contents of all files below `folder`; times, owners and modes do not count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _key(*inputs: str) -> str:
    # This module is an input as well.
    recipe = Path(__file__).read_text()
    return hashlib.sha256("\0".join((recipe, *inputs)).encode()).hexdigest()[:32]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _installed(requirements: Path, build: Path) -> Path:
    """The installed pins. They are cached, so that only a changed pin needs the network."""
    target = build / f"wheels-{_key(requirements.read_text())}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=build) as scratch:
            staged = Path(scratch) / "wheels"
            staged.mkdir()
            _install(requirements, staged)
            _settle(staged, target)
    return target


def _install(requirements: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    # Together these four accept no wheel but `py3-none-any`.
    command += ["--platform", "any", "--abi", "none", "--implementation", "py"]
    command += ["--python-version", LAMBDA_PYTHON]
    command += ["--target", str(target), "--requirement", str(requirements)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if finished.returncode != 0:
        raise BundleError(f"pip could not build the bundle of {requirements.name}:\n{finished.stderr}")
    shutil.rmtree(target / "bin", ignore_errors=True)
    for records in target.glob("*.dist-info"):
        for name in _INSTALL_RECORDS:
            (records / name).unlink(missing_ok=True)


def _settle(staged: Path, target: Path) -> None:
    """Move a finished folder to its place, without caches and with fixed times and modes."""
    for cache in list(staged.rglob("__pycache__")):
        shutil.rmtree(cache)
    for path in sorted(staged.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_EPOCH, _EPOCH))
    try:
        staged.rename(target)
    except OSError:
        # Another synth made the same folder at the same time, with the same content.
        if not target.is_dir():
            raise
