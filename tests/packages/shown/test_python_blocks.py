"""The documentation's blocks of Python run, each in an empty folder."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from status_utils import job
from status_utils.testing import recorded
from tests.documents import Block, is_of_an_app, runnable


def handler(event: dict[str, Any], context: object) -> None:
    """An agent to be tested."""
    with job(job_id="job-1", user_id="ana", tenant_id="acme") as j, j.agent("Geo Agent") as agent:
        agent.tool("gazetteer", reason="The text names a street").start().end()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names that the pages' prose introduces before a block uses them."""
    with mock_aws(), recorded(strict=True), job(job_id="job-given", user_id="ana", tenant_id="acme") as j:
        secret = boto3.client("secretsmanager").create_secret(Name="view-tokens", SecretString="s" * 40)
        monkeypatch.setenv("VIEW_TOKEN_SECRET", secret["ARN"])
        monkeypatch.setenv("VIEW_TOKEN_AUDIENCE", "statusbeam-dev")
        yield {
            "j": j,
            "STREETS": ["Castro Street", "Market Street"],
            "pages": [1, 2],
            "event": {},
            "handler": handler,
            "find_place": lambda context: "Elm Street",
            "requests": SimpleNamespace(post=lambda url, json, headers: None),
            "url": "https://agents.example.com/geo",
            "body": {},
        }


@pytest.mark.parametrize("block", [block for block in runnable("python") if not is_of_an_app(block)], ids=str)
def test_python_runs(
    block: Block, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = compile(block.code, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with recorded(strict=True) as recording:
        running = eval(code, given)  # noqa: S307 - our own page
        if inspect.iscoroutine(running):
            asyncio.run(running)
        for name in [name for name in given if name.startswith("test_")]:
            given[name]()
        assert recording.refused == []
