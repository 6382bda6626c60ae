"""The probe publishes a job through the deployment's own transport, while a client follows it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

from statusbeam.log.snapshot.job_state import Job
from statusbeam.model.errors import TransportError
from statusbeam.model.parse import stamped

from ..errors import ClientError
from ..follower import Follower, JobService, Push
from . import publisher_checks
from .facts import AnswerFacts, Facts, Failure, ProbeFacts, Transport
from .failures import failure_of
from .measures import Passage, measures_of

CONNECT_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.02
"""Between two reads of the table."""

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCalls:
    """The probe's calls to the deployment. All of them block, and run in threads."""

    transport: Transport
    send: Callable[[Payload], None]
    """Send a payload as agents do. Raises TransportError."""
    invoke: Callable[[Payload], AnswerFacts]
    """Invoke the publisher with a payload, and return its answer."""
    committed: Callable[[str, int], Sequence[tuple[int, str]] | None]
    """(job id, sequence) -> sequence and event id of later statuses in the table. None: not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The job of the probe."""

    job_id: str
    user: str
    tenant: str
    statuses: int
    timeout: float
    """How long to wait for statuses after the last one was sent."""
    interval: float = 0.1
    connect: float = CONNECT_SECONDS


class Probe:
    """One run of the probe. `service` reads the job for the client that follows it."""

    def __init__(
        self,
        plan: Plan,
        service: JobService,
        calls: ProbeCalls,
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._service = _Observed(service, self._note_push)
        self._calls = calls
        self._ticks = ticks
        self._passages: dict[str, Passage] = {}
        self._all_received = asyncio.Event()

    async def run(self) -> ProbeFacts:
        """Publish, follow and measure. Errors become facts."""
        following = asyncio.create_task(self._follow())
        looking = asyncio.create_task(self._look())
        try:
            return await self._measured(following)
        finally:
            for task in (following, looking):
                task.cancel()
            await asyncio.gather(following, looking, return_exceptions=True)

    async def _measured(self, following: asyncio.Task[None]) -> ProbeFacts:
        failure = await self._connect(following)
        if failure is not None:
            return self._facts(connect_failure=failure)
        first = self._payload("loading_agents", "A probe of statusbeam doctor begins")
        answer = await asyncio.to_thread(self._calls.invoke, first)
        found = self._facts(answer=answer)
        if publisher_checks.answer(Facts(now=0, probe=found)) is not None:
            return found
        failure = await self._send()
        if failure is not None:
            return self._facts(answer=answer, send_failure=failure)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.timeout):
                await self._first_of(following, self._all_received.wait())
        await self._complete()
        measures = measures_of(list(self._passages.values()), reconnects=self._service.reconnects)
        return self._facts(answer=answer, measures=measures)

    async def _connect(self, following: asyncio.Task[None]) -> Failure | None:
        try:
            async with asyncio.timeout(self._plan.connect):
                await self._first_of(following, self._service.live.wait())
        except TimeoutError:
            return self._service.failure or Failure("Timeout", f"no answer in {self._plan.connect:.0f} s")
        error = following.exception() if following.done() else None
        return failure_of(error) if error is not None else None

    @staticmethod
    async def _first_of(following: asyncio.Task[None], event: Any) -> None:
        """Wait for an event, or for the end of the follower if that comes first."""
        waiting = asyncio.ensure_future(event)
        try:
            await asyncio.wait((following, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def _send(self) -> Failure | None:
        count = self._plan.statuses
        for number in range(1, count + 1):
            payload = self._payload("validating", f"Probe {number} of {count}")
            self._passages[payload["updates"][0]["eventId"]] = Passage(self._ticks())
            try:
                await asyncio.to_thread(self._calls.send, payload)
            except TransportError as error:
                return failure_of(error)
            await asyncio.sleep(self._plan.interval)
        self._check_received()
        return None

    async def _complete(self) -> None:
        with suppress(TransportError):  # best effort: the measures are complete, and TTL removes the job
            await asyncio.to_thread(self._calls.send, self._payload("complete", "The probe is done"))

    async def _follow(self) -> None:
        follower = Follower(self._plan.job_id, self._service)
        async with aclosing(follower.batches()) as batches:
            async for updates in batches:
                for update in updates:
                    self._note_receipt(update.event_id)
                self._check_received()

    async def _look(self) -> None:
        """Read the table until cancelled, or until a read is refused."""
        sequence = 0
        while True:
            found = await asyncio.to_thread(self._calls.committed, self._plan.job_id, sequence)
            if found is None:
                return
            for sequence, event_id in found:  # noqa: B007 - the last one is where the next read goes on
                passage = self._passages.get(event_id)
                if passage is not None:
                    passage.committed = self._ticks()
            await asyncio.sleep(LOOK_SECONDS)

    def _note_push(self, push: Push) -> None:
        for each in (*(push.get("earlier") or ()), push):
            passage = self._passages.get(str(each.get("eventId")))
            if passage is not None:
                passage.pushes += 1
                passage.pushed = passage.pushed or self._ticks()

    def _note_receipt(self, event_id: str) -> None:
        passage = self._passages.get(event_id)
        if passage is not None:
            passage.receipts += 1
            passage.received = passage.received or self._ticks()

    def _check_received(self) -> None:
        passages = self._passages.values()
        if len(passages) == self._plan.statuses and all(each.receipts for each in passages):
            self._all_received.set()

    def _payload(self, status: str, message: str) -> dict[str, Any]:
        plan = self._plan
        update = {
            "jobId": plan.job_id,
            "userId": plan.user,
            "tenantId": plan.tenant,
            "eventId": str(uuid.uuid4()),
            "status": status,
            "message": message,
        }
        return stamped({"batchId": str(uuid.uuid4()), "updates": [update]}, now=time.time())

    def _facts(self, **found: Any) -> ProbeFacts:
        return ProbeFacts(job_id=self._plan.job_id, transport=self._calls.transport, **found)


class _Observed:
    """A JobService that records its pushes and connections."""

    def __init__(self, service: JobService, note: Callable[[Push], None]) -> None:
        self.live = asyncio.Event()
        self.failure: Failure | None = None
        self.reconnects = -1
        self._service = service
        self._note = note

    async def subscribe(self) -> AsyncGenerator[Push | None, None]:
        """See JobService.subscribe."""
        try:
            async with aclosing(self._service.subscribe()) as pushes:
                async for push in pushes:
                    if push is None:
                        self.reconnects += 1
                        self.live.set()
                    else:
                        self._note(push)
                    yield push
        except ClientError as error:
            self.failure = failure_of(error)
            raise

    async def position(self) -> tuple[int, str | None]:
        """See JobService.position."""
        return await self._service.position()

    async def page(self, after: int) -> Mapping[str, Any]:
        """See JobService.page."""
        return await self._service.page(after)

    async def snapshot(self) -> Job:
        """See JobService.snapshot."""
        return await self._service.snapshot()

    async def close(self) -> None:
        """See JobService.close."""
        await self._service.close()
