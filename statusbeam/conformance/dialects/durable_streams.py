"""`durable-streams`: a log that is read page by page from an offset, and then by long-polls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httpx

from ..observed import Close, Ending, Join, Received
from ..trust import trusted
from .dialect import HTTP_TIMEOUT, Probe, Receive, address, authorization
from .status_documents import read_status

NEXT_OFFSET = "stream-next-offset"
UP_TO_DATE = "stream-up-to-date"
CLOSED = "stream-closed"
BEGINNING = "-1"
PAUSE_SECONDS = 0.05
"""The pause before the next request to a server that answers a long-poll at once."""


class DurableStreams:
    """See Dialect."""

    name = "durable-streams"
    joins = Join.BEGINNING
    resumes = True

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = authorization(token)

    async def read(self, job_id: str, after: str | None, receive: Receive) -> Ending:
        """See Dialect.read."""
        url = address(self._url, "/jobs/{job_id}/stream", job_id)
        params = {"offset": after or BEGINNING}
        try:
            async with httpx.AsyncClient(
                verify=trusted(), timeout=HTTP_TIMEOUT, headers=self._headers
            ) as client:
                while True:
                    answer = await client.get(url, params=params)
                    if answer.status_code not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
                        return Ending(Close.REFUSED, f"HTTP {answer.status_code}")
                    for event in read_page(job_id, answer, empty=answer.status_code == HTTPStatus.NO_CONTENT):
                        receive(event)
                    following = next_request(answer.headers)
                    if following is None:
                        return Ending(Close.FINAL, "the stream is closed")
                    if params == following:
                        await asyncio.sleep(PAUSE_SECONDS)
                    params = following
        except httpx.ConnectError as error:
            return Ending(Close.UNREACHABLE, str(error))
        except (httpx.HTTPError, ValueError) as error:
            return Ending(Close.BROKEN, f"{type(error).__name__}: {error}")

    def probes(self, job_id: str, cursor: str | None) -> Sequence[Probe]:  # noqa: ARG002 - see Dialect
        """See Dialect.probes. The server defines its offsets, so only one that it never sent is
        impossible."""
        what = "an offset that the server never sent"
        return (Probe(job_id=job_id, after="never-given", wants_verdict=False, what=what),)


def read_page(job_id: str, answer: httpx.Response, *, empty: bool) -> list[Received]:
    """The statuses of one answer. Raises ValueError for a body that is not JSON."""
    offset = answer.headers.get(NEXT_OFFSET)
    if offset is None:
        return [Received(problem=f"an answer without {NEXT_OFFSET}: clients cannot continue")]
    items = [] if empty else answer.json()
    if not isinstance(items, list):
        return [Received(problem=f"a page is not an array: {items!r:.80}")]
    found = [read_status(job_id, item, offset if item is items[-1] else None) for item in items]
    return found or [Received(cursor=offset)]


def next_request(headers: Mapping[str, str]) -> dict[str, str] | None:
    """The query of the next request; None at the end of the stream."""
    if CLOSED in headers or NEXT_OFFSET not in headers:
        return None
    live = {"live": "long-poll"} if UP_TO_DATE in headers else {}
    return {"offset": headers[NEXT_OFFSET], **live}
