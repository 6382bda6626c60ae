"""The CDK CLI that deploys to the emulator, and the Node that runs it.

A checkout has the CLI in its `node_modules`. Elsewhere npm installs it into the state folder at first use, as
`package-lock.json` in this folder pins it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from statusbeam.assets import ASSETS

_PINS = ("package.json", "package-lock.json", ".npmrc")
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_INSTALL_SECONDS = 300.0
_REASON_LENGTH = 500


class MissingToolError(Exception):
    """A tool is missing. The message names the tool and how to install it."""


def search_path(python_bin: Path) -> str:
    """The search path for tools: the interpreter's folder first, then the system's folders.

    Raises MissingToolError if Node is nowhere.
    """
    path = os.pathsep.join((str(python_bin), "/usr/local/bin", os.defpath))
    for tool in ("node", "npm"):
        if shutil.which(tool, path=path) is None:
            raise MissingToolError(
                f"{tool} is missing beside {python_bin}/python: install statusbeam[local]."
            )
    return path


def find_cdk_cli(
    installed: Path,
    *,
    path: str,
    environment: Mapping[str, str],
    report: Callable[[str], None],
    checkout: Path = ASSETS,
) -> Path:
    """`cdklocal` in the checkout, or in the folder `installed`, into which npm installs it at first use.

    Raises MissingToolError if npm cannot install it.
    """
    cdklocal = _cdklocal_in(checkout)
    if cdklocal is None and not _is_current(installed):
        report("installing the CDK CLI with npm, once for this state folder")
        _install(installed, path=path, environment=environment)
    cdklocal = cdklocal or _cdklocal_in(installed)
    if cdklocal is None:
        raise MissingToolError(f"{installed} has no CDK CLI: delete this folder and start again.")
    return cdklocal


def _cdklocal_in(folder: Path) -> Path | None:
    commands = folder / "node_modules" / ".bin"
    both = (commands / "cdklocal").exists() and (commands / "cdk").exists()
    return commands / "cdklocal" if both else None


def _digest() -> str:
    """The digest of the pins: another version of this package installs its own."""
    here = files(__name__)
    return hashlib.sha256(b"\0".join((here / name).read_bytes() for name in _PINS)).hexdigest()


def _is_current(installed: Path) -> bool:
    stamp = installed / "installed"
    return stamp.exists() and stamp.read_text() == _digest()


def _install(installed: Path, *, path: str, environment: Mapping[str, str]) -> None:
    installed.mkdir(parents=True, exist_ok=True)
    here = files(__name__)
    for name in _PINS:
        (installed / name).write_bytes((here / name).read_bytes())
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [str(shutil.which("npm", path=path)), *_INSTALL],
            cwd=installed,
            env={**environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise MissingToolError("npm did not install the CDK CLI within five minutes.") from None
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip()[-_REASON_LENGTH:]
        raise MissingToolError(f"npm could not install the CDK CLI: {reason}")
    (installed / "installed").write_text(_digest())
