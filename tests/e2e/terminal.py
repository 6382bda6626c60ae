"""The command as a user of this machine calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.cloud import Cloud
from tests.e2e.waiting import DEADLINE_SECONDS

SECONDS = 3 * DEADLINE_SECONDS
PROGRAM = [sys.executable, "-m", "statusbeam.cli.main"]


class Terminal:
    """Calls the command as a user of this machine does."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "STATUSBEAM_STATE_DIR": str(cloud.state.root),
            "XDG_CONFIG_HOME": str(folder),
            "TERM": "xterm",
        }

    def call(self, *arguments: str, code: int = 0, given: str = "", **environment: str) -> str:
        """What the call prints to stdout; it must end with `code`."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        """A call that goes on."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=self.environment,
            text=True,
            **(streams if streams else {"stdout": subprocess.PIPE}),
        )

    def json(self, *arguments: str, **more: Any) -> Any:
        """The document that the call prints, as jq reads it where it is installed."""
        text = self.call(*arguments, "--output", "json", **more)
        jq = shutil.which("jq")
        if jq is not None:
            text = subprocess.run([jq, "."], input=text, capture_output=True, text=True, check=True).stdout
        return json.loads(text)
