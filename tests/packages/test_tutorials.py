"""The README's agent and the tutorials, typed from top to bottom in an empty folder, with the wheel."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.documents import DOCS, ROOT, Block, blocks
from tests.packages.conftest import SECONDS, Place

TUTORIALS = DOCS / "tutorials"
INSTALLED = '"statusbeam[local]" pytest'
"""What the fixture `laptop` has."""
TYPED = """
set -euo pipefail
pip() { :; } # the test has installed it already
python3() { # -m venv
  mkdir -p "$3/bin" && : > "$3/bin/activate"
}
npm() { :; } # web/client/tests/documents.test.ts builds the page
npx() { echo "npx $* with ${VITE_VIEW_TOKEN:-}"; }
statusbeam() {
  if [ "${1:-} ${2:-}" = "local up" ]; then set -- "$@" --port 0 --aws-port 0; fi
  command statusbeam "$@"
}
"""
"""A shell that does not touch the network, has an environment already, and takes ports that are free."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A newcomer in an empty folder, in a shell with the wheel."""

    at: Place

    def types(self, page: Sequence[Block]) -> str:
        """The output of a shell for a newcomer who saves the page's files and types its commands, in
        order."""
        ran = subprocess.run(
            ["bash", "-c", TYPED + "".join(map(typed, page))],
            cwd=self.at.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def statusbeam(self, *words: str, given: str = "") -> str:
        """The output of the command."""
        return self.at.run("statusbeam", *words, variables=self.variables, given=given)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended, as the command's user sees it."""
        subprocess.run(
            [self.at.environment / "bin" / "statusbeam", "wait", job_id, "--timeout", "60"],
            cwd=self.at.folder,
            env=self.variables,
            capture_output=True,
            check=False,
        )
        document: dict[str, Any] = json.loads(self.statusbeam("show", job_id, "--output", "json"))
        return document

    @property
    def variables(self) -> dict[str, str]:
        """An activated environment, and a configuration of one's own."""
        return {**self.at.activated, "XDG_CONFIG_HOME": str(self.at.folder / "config")}


def typed(block: Block) -> str:
    """A block as shell code: a file is written, a command is typed."""
    if block.file is None:
        return block.code if block.language == "sh" and block.reason is None else ""
    return f"mkdir -p $(dirname {block.file})\ncat > {block.file} <<'END OF FILE'\n{block.code}END OF FILE\n"


@pytest.fixture
def reader(laptop: Place, tmp_path: Path) -> Iterator[Reader]:
    """A reader in a folder of their own, whose localcloud is stopped in the end."""
    somebody = Reader(replace(laptop, folder=tmp_path))
    try:
        yield somebody
    finally:
        for state in [*tmp_path.glob(".local"), *tmp_path.glob("*/.local")]:
            Reader(replace(laptop, folder=state.parent)).statusbeam("local", "down")


def page_of(path: Path, *, stays: bool = True) -> list[Block]:
    """The blocks of a page. `stays`: localcloud is not stopped."""
    found = [block for block in blocks(path) if "make demo" not in block.code]
    return [block for block in found if not (stays and block.code == "statusbeam local down\n")]


def in_folder(reader: Reader, name: str) -> Reader:
    return Reader(replace(reader.at, folder=reader.at.folder / name))


def test_the_tutorials_install_what_the_tests_have() -> None:
    pages = [*TUTORIALS.glob("*.md"), ROOT / "README.md"]
    lines = [
        line for page in pages for block in blocks(page) for line in block.code.splitlines() if "pip " in line
    ]
    assert {line.removeprefix("pip install ") for line in lines} == {INSTALLED, '"statusbeam[local]"'}


def test_an_agent_on_a_laptop_reaches_anas_page_every_time_that_it_runs(reader: Reader) -> None:
    laptop = page_of(TUTORIALS / "agent-on-a-laptop.md")
    react = page_of(TUTORIALS / "react-page.md")
    readme = page_of(ROOT / "README.md")
    output = reader.types([*laptop, *react])
    assert "1 passed" in output
    assert re.search(r"npx vite with sbv1\.\S+\nnpx vite build", output)
    agent = in_folder(reader, "my-agent")
    first = agent.job("job-1")
    assert (first["title"], first["overallStatus"]) == ("Streetlight out at Market Street", "completed")
    assert first["run"] == 3
    failed = agent.job("job-2")
    assert failed["overallStatus"] == "failed"
    assert [one["status"] for one in failed["agents"]] == ["error", "pending"]
    addresses = agent.types([*readme, *readme])
    assert len(re.findall(r"#viewToken=sbv1\.\S+&job=job-1", addresses)) == 2
    again = agent.job("job-1")
    assert (again["title"], again["overallStatus"]) == ("Streetlight out", "completed")
    assert again["run"] == first["run"] + 2
    assert listed(agent, "ana") == {"job-1": again["run"], "job-2": failed["run"]}
    demo = agent.statusbeam("demo", "--no-up", "--complaint", "A dark streetlight")
    assert " complete Orchestrator " in demo
    agent.types(blocks(TUTORIALS / "agent-on-a-laptop.md")[-1:])
    assert agent.at.run("statusbeam", "local", "status", fails=True) == "localcloud is not running.\n"


def listed(reader: Reader, name: str) -> dict[str, int]:
    """The runs of the jobs that a demo user sees who signs in with a password, by the job's id."""
    outputs = json.loads((reader.at.folder / ".local" / "outputs.json").read_text())
    (user,) = [user for user in outputs["demoUsers"] if user["username"] == name]
    reader.statusbeam("context", "add", name, "--local")
    reader.statusbeam("login", "--context", name, given=f"{name}\n{user['password']}\n")
    jobs = json.loads(reader.statusbeam("jobs", "--context", name, "--output", "json"))
    return {job["jobId"]: job["run"] for job in jobs}


def test_an_app_of_the_users_own_runs_on_localcloud(reader: Reader) -> None:
    reader.types(page_of(TUTORIALS / "cdk-app.md"))
    app = in_folder(reader, "my-app")
    job = app.job("job-1")
    assert job["overallStatus"] == "completed"
    assert [(one["name"], one["status"]) for one in job["agents"]] == [("Geo Agent", "success")]
    outputs = json.loads((app.at.folder / ".local" / "outputs.json").read_text())
    assert outputs["stacks"]["MyAgents"]["WebUrl"] == outputs["dashboardUrl"]
    assert (app.at.folder / ".local" / "cdk-cli" / "node_modules" / ".bin" / "cdk").exists()


def test_a_workflow_reports_without_a_change_to_its_functions(reader: Reader) -> None:
    reader.types(page_of(TUTORIALS / "step-functions-workflow.md"))
    job = in_folder(reader, "my-workflow").job("job-1")
    assert job["overallStatus"] == "completed"
    assert [(one["name"], one["status"]) for one in job["agents"]] == [
        ("Geo Agent", "success"),
        ("Clerk", "success"),
    ]
