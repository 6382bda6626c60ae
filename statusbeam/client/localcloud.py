"""The running localcloud, as a client sees it: its `outputs.json`, without anything of the emulator."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import TargetError, UnreachableError

DEFAULT_STATE_DIR = Path(".local")
OUTPUTS_FILE = "outputs.json"
PROCESS_RECORD = "localcloud.pid.json"
"""The running server holds a lock on this file."""
ROOT_KEY = "test"
"""Access key and secret key of the emulator's root user. `statusbeam local env` prints them as well."""


def is_running(folder: Path) -> bool:
    """Whether a localcloud runs in this state folder, and is ready."""
    try:
        with (folder / PROCESS_RECORD).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / OUTPUTS_FILE).exists()
    except OSError:
        return False
    return False


def read_outputs(folder: Path) -> Mapping[str, Any]:
    """The outputs of the localcloud that runs in this folder. Raises UnreachableError, TargetError."""
    if not is_running(folder):
        raise UnreachableError("localcloud is not running: start it with `statusbeam local up`.")
    path = folder / OUTPUTS_FILE
    try:
        outputs = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TargetError(f"can't read {path}: {error}") from error
    if not isinstance(outputs, dict) or "graphqlUrl" not in outputs:
        raise TargetError(f"{path} is not the outputs file of this version.")
    return outputs
