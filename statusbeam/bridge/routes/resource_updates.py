"""`subscriptions/listen` of MCP 2026-07-28: reports which jobs of an assistant have changed.

| message | when |
|---|---|
| `notifications/subscriptions/acknowledged` | first, with the jobs' addresses |
| `notifications/resources/updated` | a job has changed: the client reads it again |
| the result | all of the jobs have ended and settled, or the stream must end: `_meta` has the reason |

A job that the caller may not see is refused as a read of it is. The lists of tools, prompts and resources
never change, so their notifications are not acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ResourceUpdatedNotification,
    ResourceUpdatedNotificationParams,
    ServerNotification,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)

from statusbeam.model.errors import JournalError

from ..access.connections import StreamEndedError
from ..access.viewer import Viewer
from ..problems import Problem
from ..service import Bridge
from ..tail.watch import Watch
from .assistant_server import UNREADABLE, is_callers, viewer_of
from .event_stream import SETTLE_SECONDS

JOB_URI: Final = "statusbeam://jobs/{job_id}"
JOBS_LISTENED: Final = 10
"""Of one subscription. It counts as one stream of its user, yet each job is read for itself."""

CHANGE_SECONDS: Final = 0.25
"""How long changes of a job are gathered after one was reported: the client reads the whole job each time."""

REASON_META_KEY: Final = "dev.statusbeam/reason"
SETTLED: Final = "settled"
"""The reason of a stream whose jobs have ended; the others are those of EndReason."""

_METHOD: Final = "subscriptions/listen"
_SINCE: Final = "2026-07-28"
_TEMPLATE: Final = UriTemplate.parse(JOB_URI)


class ResourceUpdates:
    """Middleware of an MCP server: answers `subscriptions/listen`, and passes everything else on."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """The stream's result, or the answer of the next one. Raises MCPError."""
        if ctx.method != _METHOD or ctx.request_id is None or ctx.protocol_version < _SINCE:
            return await call_next(ctx)
        params = SubscriptionsListenRequestParams.model_validate(ctx.params or {}, by_name=False)
        viewer, stream = viewer_of(ctx.request), _Stream(ctx)
        jobs = await self._jobs(viewer, params.notifications.resource_subscriptions or ())
        try:
            await self._listen(viewer, jobs, stream)
        except Problem as problem:
            raise MCPError(INTERNAL_ERROR, problem.detail) from problem
        except StreamEndedError as ended:
            return stream.result(ended.reason)
        return stream.result(SETTLED)

    async def _jobs(self, viewer: Viewer, uris: Sequence[str]) -> Mapping[str, str]:
        """The ids of the jobs by their addresses. Raises MCPError where a read would."""
        if len(set(uris)) > JOBS_LISTENED:
            raise MCPError(INVALID_PARAMS, f"A subscription may have {JOBS_LISTENED} resources.")
        return {uri: await self._job(viewer, uri) for uri in dict.fromkeys(uris)}

    async def _job(self, viewer: Viewer, uri: str) -> str:
        found = _TEMPLATE.match(uri)
        if found is None:
            raise MCPError(INVALID_PARAMS, f"Unknown resource: {uri}", {"uri": uri})
        try:
            job = await self._bridge.visible_job(viewer, str(found["job_id"]))
        except Problem as problem:
            code = INVALID_PARAMS if is_callers(problem) else INTERNAL_ERROR
            raise MCPError(code, problem.detail, {"uri": uri}) from problem
        except JournalError as error:
            raise MCPError(INTERNAL_ERROR, UNREADABLE) from error
        return job.head.job_id

    async def _listen(self, viewer: Viewer, jobs: Mapping[str, str], stream: _Stream) -> None:
        """Report changes until all jobs have settled. Raises MCPError, Problem and StreamEndedError."""
        unreadable = False
        try:
            async with self._bridge.connections.open(viewer, "mcp"), AsyncExitStack() as stack:
                watches: dict[str, Watch] = {}
                for uri, job_id in jobs.items():
                    watching = self._bridge.tails.watch(viewer.job(job_id), may_see=viewer.may_see)
                    watches[uri] = await stack.enter_async_context(watching)
                    await watches[uri].next()  # the snapshot: what follows it is reported
                await stream.acknowledge(list(jobs))
                async with asyncio.TaskGroup() as following:
                    for uri, watch in watches.items():
                        following.create_task(_follow(watch, stream.reporting(uri)))
                if not watches:
                    await asyncio.Event().wait()  # until the client leaves
        except* JournalError:
            unreadable = True
        if unreadable:
            raise MCPError(INTERNAL_ERROR, UNREADABLE)


class _Stream:
    """What is written to the client, each message with the subscription's id."""

    def __init__(self, ctx: ServerRequestContext[Any, Any]) -> None:
        self._ctx = ctx
        self._meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}

    def result(self, reason: str) -> SubscriptionsListenResult:
        """The end of the stream. A client whose jobs go on may listen again."""
        return SubscriptionsListenResult(_meta={**self._meta, REASON_META_KEY: reason})

    async def acknowledge(self, uris: Sequence[str]) -> None:
        """Tell the client which resources are listened to."""
        honored = SubscriptionFilter(resource_subscriptions=list(uris) or None)
        params = SubscriptionsAcknowledgedNotificationParams(notifications=honored, _meta=self._meta)
        await self._send(SubscriptionsAcknowledgedNotification(params=params))

    def reporting(self, uri: str) -> Callable[[], Awaitable[None]]:
        """What reports a change of this resource; waits while the client does not read."""
        params = ResourceUpdatedNotificationParams(uri=uri, _meta=self._meta)
        return lambda: self._send(ResourceUpdatedNotification(params=params))

    async def _send(self, notification: ServerNotification) -> None:
        await self._ctx.session.send_notification(notification, related_request_id=self._ctx.request_id)


async def _follow(watch: Watch, report: Callable[[], Awaitable[None]]) -> None:
    """Report changes until the job has settled, or is gone. Raises JournalError."""
    loop = asyncio.get_running_loop()
    settled_at: float | None = None
    changed = watch.is_over  # the client may have read the job before it ended
    while watch.job.head.sequence:
        if changed:
            await report()
        if watch.is_over:
            settled_at = settled_at or loop.time() + SETTLE_SECONDS
            changed = bool(await watch.next(within=max(0.0, settled_at - loop.time())))
            if not changed and loop.time() >= settled_at:
                return
            continue
        settled_at = None
        if changed:
            await asyncio.sleep(CHANGE_SECONDS)
        changed = bool(await watch.next())
