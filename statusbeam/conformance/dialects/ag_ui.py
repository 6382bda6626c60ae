"""`ag-ui`: AG-UI 1.0. A reconnecting client runs the thread again, and first gets a snapshot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx

from ..observed import Close, Ending, Join, Outcome, Received, steps_in
from ..trust import trusted
from .ag_ui_rules import RunRules
from .dialect import HTTP_TIMEOUT, Probe, Receive, address, authorization


class AgUi:
    """See Dialect."""

    name = "ag-ui"
    joins = Join.SNAPSHOT
    resumes = False

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = {"accept": "text/event-stream", **authorization(token)}

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:  # noqa: ARG002 - see Dialect
        """See Dialect.read."""
        body = {
            "threadId": job_id,
            "runId": f"{job_id}-run",
            "state": {},
            "messages": [],
            "tools": [],
            "context": [],
            "forwardedProps": {},
        }
        rules = RunRules()
        try:
            async with (
                httpx.AsyncClient(verify=trusted(), timeout=HTTP_TIMEOUT, headers=self._headers) as client,
                client.stream("POST", address(self._url, "/ag-ui"), json=body) as answer,
            ):
                if answer.status_code != HTTPStatus.OK:
                    return Ending(Close.REFUSED, f"HTTP {answer.status_code}")
                async for frame in frames(answer.aiter_text()):
                    for event in read_frame(job_id, frame, rules):
                        receive(event)
        except httpx.ConnectError as error:
            return Ending(Close.UNREACHABLE, str(error))
        except httpx.HTTPError as error:
            return Ending(Close.BROKEN, f"{type(error).__name__}: {error}")
        return Ending(Close.FINAL if rules.has_ended else Close.BROKEN, "the stream ended")

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:  # noqa: ARG002 - see Dialect
        """See Dialect.probes. The protocol has no cursors."""
        return ()


async def frames(texts: AsyncIterator[str]) -> AsyncIterator[str]:
    r"""The events of a stream, which AG-UI's client splits at `\n\n` only."""
    waiting = ""
    async for text in texts:
        *whole, waiting = (waiting + text).split("\n\n")
        for frame in whole:
            yield frame
    if waiting.strip():
        yield waiting


def read_frame(job_id: str, frame: str, rules: RunRules) -> list[Received]:
    """One event, and the rules that it breaks."""
    lines = [line.removeprefix("data:").strip() for line in frame.split("\n") if line.startswith("data:")]
    if not lines:
        return []  # a comment
    try:
        event: Any = json.loads("\n".join(lines))
    except ValueError:
        return [Received(problem=f"the data is not JSON: {frame!r:.80}")]
    if not isinstance(event, Mapping):
        return [Received(problem=f"an event is not an object: {frame!r:.80}")]
    problems = [Received(problem=problem) for problem in rules.broken_by(event)]
    return [*problems, *_shown(job_id, event)]


def _shown(job_id: str, event: Mapping[str, Any]) -> Iterator[Received]:
    match event.get("type"):
        case "STATE_SNAPSHOT":
            yield Received(step=max(steps_in(job_id, event), default=None), is_snapshot=True)
        case "STATE_DELTA":
            yield from (Received(step=step) for step in steps_in(job_id, event))
        case "RUN_ERROR":
            yield Received(outcome=Outcome.FAILED)
        case "RUN_FINISHED":
            outcome = event.get("outcome") or {"type": "success"}
            ends = {"success": Outcome.COMPLETED, "cancelled": Outcome.CANCELLED}
            yield Received(outcome=ends.get(str(outcome.get("type"))))  # an interrupted job is still running
        case "CUSTOM" if event.get("name") == "statusbeam.verdict":
            yield Received(is_lost=True)
