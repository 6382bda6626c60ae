"""The tutorials' commands, typed one after the other in an empty folder; the README's agent likewise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.documents import DOCS, ROOT, Block, blocks
from tests.e2e.callers import TokenCaller
from tests.e2e.cloud import Cloud
from tests.e2e.waiting import DEADLINE_SECONDS, wait_for

JOB = "query ($jobId: ID!) { getJob(jobId: $jobId) { title overallStatus run agents { name status } } }"


def typed(folder: Path, cloud: Cloud, page: list[Block]) -> str:
    """What a reader sees who keeps the files and types the commands, each block after the one before it."""
    for block in page:
        if block.file:
            (folder / block.file).write_text(block.code)
    commands = "\n".join(block.code for block in page if block.language == "sh" and not block.reason)
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "HOME": str(folder),
            "STATUSBEAM_STATE_DIR": str(cloud.state.root),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def job_of_ana(cloud: Cloud, address: str, job_id: str) -> dict[str, Any]:
    """The job, as the address that the reader opens shows it."""
    (token,) = re.findall(r"#viewToken=(\S+)&job=", address)
    answer = cloud.graphql(TokenCaller(token), JOB, {"jobId": job_id})
    job: dict[str, Any] = answer["data"]["getJob"]
    return job


def test_the_agent_on_a_laptop(cloud: Cloud, tmp_path: Path) -> None:
    output = typed(tmp_path, cloud, blocks(DOCS / "tutorials" / "agent-on-a-laptop.md"))
    assert "1 passed" in output
    wait_for("the second run", lambda: job_of_ana(cloud, output, "job-1")["run"] > 1)
    wait_for("its end", lambda: job_of_ana(cloud, output, "job-1")["overallStatus"] == "completed")
    wait_for("the failure", lambda: job_of_ana(cloud, output, "job-2")["overallStatus"] == "failed")
    agents = job_of_ana(cloud, output, "job-2")["agents"]
    assert [(agent["name"], agent["status"]) for agent in agents] == [
        ("Geo Agent", "error"),
        ("Clerk", "pending"),
    ]


def test_the_agent_of_the_readme(cloud: Cloud, tmp_path: Path) -> None:
    (agent,) = (block for block in blocks(ROOT / "README.md") if block.language == "python")
    run = [block for block in blocks(ROOT / "README.md") if "agent.py" in block.code]
    (tmp_path / "agent.py").write_text(agent.code)
    address = typed(tmp_path, cloud, run)
    wait_for("its job", lambda: job_of_ana(cloud, address, "job-1")["title"] == "Streetlight out")
    wait_for("its end", lambda: job_of_ana(cloud, address, "job-1")["overallStatus"] == "completed")
