"""The programs of examples/follow show every status of a job once, in order, and end with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.node_client import CLIENTS, node, require_clients
from tests.e2e.waiting import DEADLINE_SECONDS

RECIPES = Path(__file__).parents[2] / "examples" / "follow"
FILES = sorted(path.name for path in RECIPES.iterdir() if path.suffix in {".cjs", ".mjs", ".py"})


@contextmanager
def running(file: str, folder: Path, environment: dict[str, str]) -> Iterator[IO[str]]:
    """The output of a recipe, which runs as a separate program."""
    require_clients()
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    program = shutil.copy(RECIPES / file, folder)
    interpreter = sys.executable if file.endswith(".py") else node()
    with subprocess.Popen(
        [interpreter, program], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
            assert process.wait(DEADLINE_SECONDS) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("file", FILES)
def test_the_recipe_shows_every_status_once_and_ends_with_the_job(
    cloud: Cloud, file: str, tmp_path: Path
) -> None:
    user, job_id = cloud.user(tenant=0), fresh_id("job")

    def tell(*messages: str, word: str = "agent_invoking") -> None:
        for message in messages:
            more = {} if word == "agent_invoking" else {"status": word, "agentName": None}
            cloud.publish({**status(job_id, user.user_id, user.tenant_id, message), **more})

    environment = {
        "PATH": os.environ["PATH"],
        "GRAPHQL_URL": cloud.outputs.graphql_url,
        "AWS_REGION": cloud.outputs.region,
        "VIEW_TOKEN": cloud.view_token(user.user_id, user.tenant_id, job_ids=[job_id]),
        "USER_ID": user.user_id,
        "JOB_ID": job_id,
        # Amplify and the link speak TLS with localcloud, whose certificate Node must be told to trust.
        "NODE_EXTRA_CA_CERTS": cloud.outputs.ca_certificate,
    }
    tell("before it came")
    with running(file, tmp_path, environment) as output:
        assert output.readline() == "1 before it came\n"
        tell("first", "second")
        assert [output.readline() for _ in range(2)] == ["2 first\n", "3 second\n"]
        tell("the end", word="complete")
        assert output.read() == "4 the end\n"
