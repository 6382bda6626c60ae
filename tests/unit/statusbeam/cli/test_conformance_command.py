"""`statusbeam conformance` on a foreign server: its report and its exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from statusbeam.cli.main import main
from tests.reserved_port import reserve_port
from tests.unit.statusbeam.conformance.foreign import Planted, serving


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("STATUSBEAM_TOKEN", raising=False)


async def run(url: str, *options: str) -> int:
    arguments = ["conformance", url, "--publish-url", f"{url}/publish", "--dialect", "sse", *options]
    return await asyncio.to_thread(main, arguments)


async def test_a_server_that_conforms_is_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving() as url:
        assert await run(url) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    names = ["order", "resume", "reconnect", "verdict", "end"]
    assert lines == [*([name, "passed"] for name in names), [url, "conforms", "to", "sse."]]


async def test_a_server_with_a_fault_is_exit_code_1_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(Planted.LOST_AFTER_RECONNECT) as url:
        assert await run(url, "--output", "json") == 1
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    failed = {check["name"]: check["findings"] for check in report["checks"] if not check["passed"]}
    assert (report["url"], report["dialect"], report["conforming"]) == (url, "sse", False)
    assert {finding["fault"] for finding in failed["reconnect"]} == {"lost"}


async def test_a_server_that_does_not_answer_is_out_of_reach(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving() as url:
        with reserve_port() as reserved:
            closed = f"http://127.0.0.1:{reserved.getsockname()[1]}"
            code = await run(closed, "--publish-url", f"{url}/publish")
        assert code == 6
        assert "does not answer" in capsys.readouterr().err
        assert await run(url, "--publish-url", f"{url}/nowhere") == 6
        assert "HTTP 404" in capsys.readouterr().err
