"""Entry points of Bedrock AgentCore, served by its own app: they take one argument, and stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from bedrock_agentcore import BedrockAgentCoreApp
from starlette.testclient import TestClient

from status_utils import report_progress, status_handler
from status_utils.testing import Recording, recorded

PAYLOAD = {"prompt": "Where?", "jobId": "job-1", "userId": "ana", "tenantId": "city"}
WHOLE = ["loading_agents", "agent_invoking", "progress", "agent_complete", "complete"]


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


def answer(payload: dict[str, Any]) -> str:
    report_progress(0.5)
    return "Elm Street"


async def answer_soon(payload: dict[str, Any]) -> str:
    report_progress(0.5)
    return "Elm Street"


def answer_with_context(payload: dict[str, Any], context: Any) -> str:
    report_progress(0.5)
    assert context.session_id == "session-1"
    return "Elm Street"


def stream(payload: dict[str, Any]) -> Iterator[str]:
    report_progress(0.5)
    yield from ("Elm", "Street")


async def stream_soon(payload: dict[str, Any]) -> AsyncIterator[str]:
    report_progress(0.5)
    for word in ("Elm", "Street"):
        yield word


async def returns_a_stream(payload: dict[str, Any]) -> AsyncIterator[str]:
    return stream_soon(payload)


def over(app: BedrockAgentCoreApp, function: Callable[..., Any]) -> None:
    app.entrypoint(status_handler("Geo Agent", ends_job=True)(function))


def under(app: BedrockAgentCoreApp, function: Callable[..., Any]) -> None:
    status_handler("Geo Agent", ends_job=True)(app.entrypoint(function))


STREAMED = 'data: "Elm"\n\ndata: "Street"\n\n'
ENTRYPOINTS = [
    (answer, '"Elm Street"'),
    (answer_soon, '"Elm Street"'),
    (answer_with_context, '"Elm Street"'),
    (stream, STREAMED),
    (stream_soon, STREAMED),
    (returns_a_stream, STREAMED),
]


@pytest.mark.parametrize("decorate", [over, under])
@pytest.mark.parametrize(("function", "body"), ENTRYPOINTS, ids=[row[0].__name__ for row in ENTRYPOINTS])
def test_an_entrypoint_is_an_invocation_until_its_answer_has_ended(
    recording: Recording,
    decorate: Callable[[BedrockAgentCoreApp, Callable[..., Any]], None],
    function: Callable[..., Any],
    body: str,
) -> None:
    app = BedrockAgentCoreApp()
    decorate(app, function)
    with TestClient(app) as client:
        headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "session-1"}
        response = client.post("/invocations", json=PAYLOAD, headers=headers)
    assert response.text == body
    assert recording.statuses() == WHOLE


@pytest.mark.parametrize("decorate", [over, under])
def test_a_payload_without_ids_is_answered_without_statuses(recording: Recording, decorate: Any) -> None:
    app = BedrockAgentCoreApp()
    decorate(app, stream_soon)
    with TestClient(app) as client:
        assert client.post("/invocations", json={"prompt": "Where?"}).text == STREAMED
    assert len(recording) == 0


def test_a_failing_stream_is_reported_as_failed(recording: Recording) -> None:
    async def failing(payload: dict[str, Any]) -> AsyncIterator[str]:
        report_progress(0.5)
        yield "Elm"
        raise RuntimeError("no map")

    app = BedrockAgentCoreApp()
    over(app, failing)
    with TestClient(app) as client:
        assert "no map" in client.post("/invocations", json=PAYLOAD).text
    assert recording.statuses() == [*WHOLE[:3], "agent_error", "error"]
