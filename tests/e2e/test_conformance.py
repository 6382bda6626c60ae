"""The bridge of a localcloud conforms in every dialect, by the command and through the real publisher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cloud import Cloud
from tests.e2e.waiting import DEADLINE_SECONDS


@pytest.mark.parametrize("dialect", ["ws5", "sse", "ag-ui", "a2a", "mcp", "durable-streams"])
def test_the_bridge_conforms(cloud: Cloud, dialect: str, tmp_path: Path) -> None:
    options = ["--dialect", dialect, "--local", "--state-dir", str(cloud.state.root), "--output", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "statusbeam.cli.main", "conformance", cloud.outputs.bridge_url, *options],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=6 * DEADLINE_SECONDS,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert [check for check in report["checks"] if not check["passed"]] == []
    assert (report["dialect"], report["conforming"], done.returncode) == (dialect, True, 0)
