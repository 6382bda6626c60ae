"""The example of a Lambda handler: the documentation shows the file, and the handler works as described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from examples import agent
from status_utils.testing import recorded

ROOT = Path(__file__).parents[3]
EVENT = {
    "jobId": "job-1",
    "userId": "ana",
    "tenantId": "acme",
    "retryCount": 0,
    "text": "Streetlight out at Market Street and Castro Street",
}


def test_the_page_shows_the_example_unchanged() -> None:
    page = (ROOT / "docs/how-to/library.md").read_text()
    assert f"```python\n{(ROOT / 'examples/agent.py').read_text()}```" in page


def test_it_reports_its_run_from_beginning_to_end() -> None:
    with recorded() as recording:
        assert agent.handler(EVENT, None) == ["Castro Street", "Market Street"]
    words = [word for word in recording.statuses("Geo Agent") if word != "progress"]
    assert words == ["agent_invoking", "calling_tool", "tool_complete", "agent_complete"]
    assert recording.messages()[0] == "Reading the address"
    assert recording.messages()[-1] == "Found: Castro Street, Market Street"
    assert json.loads(recording[-1]["metadata"]) == {"places": ["Castro Street", "Market Street"]}


def test_its_retry_is_the_same_run_in_a_newer_attempt() -> None:
    broken: dict[str, Any] = {**EVENT, "text": None}
    with recorded() as recording:
        with pytest.raises(TypeError):
            agent.handler(broken, None)
        agent.handler({**EVENT, "retryCount": 1}, None)
    (run,) = recording.snapshot("job-1")["agents"]
    assert (run["status"], run["attempt"], run["tools"]) == ("success", 2, ["gazetteer"])
