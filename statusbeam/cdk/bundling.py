"""Builds Lambda assets: sources, and wheels pinned by hash. Every machine builds the same bytes.

The wheels come with this package, so a build needs no network, no pip and no Docker. All are pure Python, so
one zip runs with every Lambda runtime that the product supports, and under the emulator.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from statusbeam.assets import ASSETS, PACKAGES, WHEELS

MODEL = ("statusbeam/__init__.py", "statusbeam/model")
"""The sources that every part of the product imports."""

LIBRARY = ("status_utils", *MODEL)
"""The sources of the layer: what callers import."""

LOG = (*MODEL, "statusbeam/log")
"""The sources of the publisher. Its function has no layer, because Python finds a package in one place
only."""

CLIENT = (*LOG, "statusbeam/client", "status_utils")
"""The sources of a function that is a client of a deployment."""

PUBLISHER_PINS = ASSETS / "lambdas" / "requirements.txt"
TOKEN_PINS = ASSETS / "lambdas" / "requirements-tokens.txt"
CANARY_PINS = ASSETS / "lambdas" / "requirements-canary.txt"

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*")
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_EPOCH = 315532800  # 1980-01-01, the first moment a zip entry can hold


class BundleError(Exception):
    """A bundle could not be built: a source or a pinned wheel is missing. Synth stops."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder ready to be zipped, and the digest of its content (hex, 64 characters)."""

    path: Path
    digest: str


def function_sources(name: str) -> tuple[str, ...]:
    """The sources of one of the product's functions: `lambdas/<name>`, importable by that name."""
    return ("lambdas/__init__.py", f"lambdas/{name}")


def build_bundle(
    *,
    sources: tuple[str, ...],
    requirements: Path | None = None,
    prefix: str = "",
    roots: Sequence[Path] = (ASSETS, PACKAGES),
    wheels: Path = WHEELS,
    build: Path | None = None,
) -> Bundle:
    """Collect `sources` (files or packages) and the pinned `requirements` into one folder.

    A source is a path below the first of `roots` that has it, and keeps its path under `prefix`. The folder
    is named after its content, in `build` or in a folder that ends with this process. Raises BundleError.
    """
    build = build or scratch_folder()
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        staged = Path(scratch) / "bundle"
        staged.mkdir()
        for source in sources:
            _copy(_found(source, roots), staged / prefix / source)
        if requirements is not None:
            for wheel in _pinned_wheels(requirements, wheels):
                _unpack(wheel, staged)
        digest = tree_digest(staged)
        target = build / digest[:32]
        if not target.is_dir():
            _settle(staged, target)
    return Bundle(path=target, digest=digest)


def tree_digest(folder: Path) -> str:
    """The digest of names and contents of all files below `folder`, without times, owners and modes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.cache
def scratch_folder() -> Path:
    """A folder of this process, which removes it at its end: CDK copies an asset when a construct uses it."""
    folder = Path(tempfile.mkdtemp(prefix="statusbeam-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _found(source: str, roots: Sequence[Path]) -> Path:
    for root in roots:
        if (root / source).exists():
            return root / source
    raise BundleError(f"{source} is missing in {' and '.join(map(str, dict.fromkeys(roots)))}")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _pinned_wheels(requirements: Path, wheels: Path) -> list[Path]:
    """The wheel of each pin, found by its hash."""
    present = _by_hash(wheels)
    text = requirements.read_text()
    starts = [match.start() for match in _PIN.finditer(text)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        pin = text[start:end]
        wheel = next((present[digest] for digest in _HASH.findall(pin) if digest in present), None)
        if wheel is None:
            raise BundleError(
                f"{wheels} has no wheel of {pin.split()[0]} with a hash of {requirements.name}: "
                "install statusbeam again, or run `make wheels` in a checkout"
            )
        found.append(wheel)
    return found


def _by_hash(wheels: Path) -> Mapping[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(wheels.glob("*.whl"))}


def _unpack(wheel: Path, folder: Path) -> None:
    """The wheel's modules and metadata, without the commands that it would install."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".data/" not in name]
        archive.extractall(folder, names)  # safe: the file's hash is pinned


def _settle(staged: Path, target: Path) -> None:
    """Move a finished folder to its place, with fixed times and modes."""
    for path in sorted(staged.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_EPOCH, _EPOCH))
    try:
        staged.rename(target)
    except OSError:
        # another synth has created the same folder meanwhile, with the same content
        if not target.is_dir():
            raise
