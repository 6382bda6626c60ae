"""Clients of a killed bridge, their job, and the statuses that they must have at its end."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from httpx_sse import aconnect_sse

from tests.soak.model import SoakError

AUTHORIZATION: Final = ("authorization", "Bearer ana")
STATUSES: Final = 31
"""Of each job."""


def batches(chance: random.Random) -> Iterator[Sequence[dict[str, Any]]]:
    """The statuses of a job from its first to its end, in commits of one to four."""
    words = chance.choices(
        ("agent_invoking", "calling_tool", "tool_complete", "progress", "agent_complete"), k=STATUSES - 1
    )
    entries: list[dict[str, Any]] = [
        {"status": word, "agentName": f"Agent {chance.randrange(3)}", "message": f"Message {number}"}
        | ({"progress": chance.randrange(100)} if word == "progress" else {})
        for number, word in enumerate(words)
    ]
    entries.append({"status": chance.choice(("complete", "error")), "agentName": None, "message": "Done"})
    while entries:
        count = chance.randint(1, 4)
        yield entries[:count]
        del entries[:count]


def events_of(job_id: str) -> str:
    """The path of a job's server-sent events."""
    return f"/jobs/{job_id}/events"


@dataclass(slots=True)
class ReceivedEvents:
    """The statuses that a client of server-sent events received after its snapshot."""

    joined_at: list[int] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    verdicts: int = 0

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take an event."""
        if kind == "snapshot":
            self.joined_at.append(data["sequence"])
        elif kind == "verdict":
            self.verdicts += 1
        else:
            self.sequences.append(data["sequence"])

    def check(self, run: str) -> None:
        """Raises SoakError unless each status after the one snapshot is there once, in order."""
        if self.verdicts:
            raise SoakError(f"{run}: a verdict although the log is whole")
        if len(self.joined_at) != 1:
            raise SoakError(f"{run}: {len(self.joined_at)} snapshots: the client joined anew")
        expected = list(range(self.joined_at[0] + 1, STATUSES + 1))
        if self.sequences != expected:
            raise SoakError(f"{run}: events {self.sequences}, not {expected}")


@dataclass(slots=True)
class EventSourceClient:
    """httpx-sse, which reconnects as a browser does: with the last id, after the server's `retry`."""

    job_id: str = "job-1"
    received: ReceivedEvents = field(default_factory=ReceivedEvents)
    cuts: int = 0

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Follow the job until the bridge answers that there is nothing more."""
        last_id, retry = "", 2.0
        while True:
            headers = dict([AUTHORIZATION, ("last-event-id", last_id)])
            try:
                async with aconnect_sse(
                    http, "GET", f"/jobs/{self.job_id}/events", headers=headers
                ) as source:
                    if source.response.status_code == httpx.codes.NO_CONTENT:
                        return
                    async for event in source.aiter_sse():
                        last_id, retry = event.id or last_id, (event.retry or 1_000 * retry) / 1_000
                        if event.event != "message":
                            self.received.take(event.event, json.loads(event.data))
            except httpx.TransportError:
                self.cuts += 1
            await asyncio.sleep(retry)


@dataclass(slots=True)
class ReceivedMessages:
    """The messages that a client of the five messages received, without heartbeats, and its cursor."""

    texts: list[str] = field(default_factory=list)
    cursor: str = "0:0"

    def take(self, text: str) -> None:
        """Take a message."""
        message = json.loads(text)
        self.cursor = message.get("data", {}).get("cursor", self.cursor)
        if message["type"] != "heartbeat":
            self.texts.append(text)

    def check(self, run: str, undisturbed: ReceivedMessages) -> None:
        """Raises SoakError unless these are the messages of a client whose connection never broke."""
        if self.texts == undisturbed.texts:
            return
        difference = Counter(self.texts)
        difference.subtract(Counter(undisturbed.texts))
        wrong = {json.loads(text)["data"]["cursor"]: count for text, count in difference.items() if count}
        raise SoakError(f"{run}: messages lost (below 0), repeated or out of order: {wrong}")
