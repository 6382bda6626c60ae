"""A server of another vendor with all six dialects, and faults to plant."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.unit.local_server import listening

EPOCH = "e1"
Status = dict[str, Any]


class Planted(StrEnum):
    """The server's planted faults."""

    LOST = "lost"  # leaves out the fifth status
    DOUBLED = "doubled"  # sends the third status twice
    REORDERED = "reordered"  # sends the fourth status before the third
    LOST_AFTER_RECONNECT = "lost_after_reconnect"
    DOUBLED_AFTER_RECONNECT = "doubled_after_reconnect"
    ENDLESS_RECONNECT = "endless_reconnect"  # never tells a client to stay away
    WRONG_VERDICT = "wrong_verdict"  # tells each client that resumes of a loss
    NO_VERDICT = "no_verdict"  # goes on from any cursor, and answers for any job
    WRONG_OUTCOME = "wrong_outcome"  # reports failed jobs as completed
    NEVER_ENDS = "never_ends"  # does not report the end


class Foreign:
    """Jobs in memory: each is a list of statuses, and a cursor is `e1:<how many>`."""

    def __init__(self, *planted: Planted) -> None:
        self.planted = planted
        self.read_from: Counter[str] = Counter()
        self._jobs: dict[str, list[Status]] = {}
        self._changed = asyncio.Event()

    def add(self, status: Status) -> None:
        self._jobs.setdefault(status["jobId"], []).append(status)
        self._changed.set()
        self._changed = asyncio.Event()

    def log(self, job_id: str) -> list[Status]:
        """The job's statuses, as this server sends them."""
        log = [dict(status) for status in self._jobs.get(job_id, ())]
        if Planted.NEVER_ENDS in self.planted:
            log = [status for status in log if not is_last(status)]
        if Planted.WRONG_OUTCOME in self.planted and log and is_last(log[-1]):
            log[-1]["status"] = "complete"
        if Planted.REORDERED in self.planted and len(log) > 2:
            log[2:4] = reversed(log[2:4]) if len(log) > 3 else ()
        if Planted.DOUBLED in self.planted:
            log[2:3] *= 2
        if Planted.LOST in self.planted:
            del log[4:5]
        return log

    def first_wanted(self, position: int) -> int:
        """The position from which a reconnecting client continues."""
        shift = {Planted.LOST_AFTER_RECONNECT: 1, Planted.DOUBLED_AFTER_RECONNECT: -1}
        return max(0, position + sum(shift.get(one, 0) for one in self.planted))

    def rejoin(self, job_id: str) -> int:
        """Where the news begin behind a snapshot. All clients of a job but the first count as back again."""
        self.read_from[job_id] += 1
        now = len(self.log(job_id))
        return now if self.read_from[job_id] == 1 else self.first_wanted(now)

    def position(self, cursor: str) -> int | None:
        """The client's position by its cursor; None: unknown, so the verdict is a loss."""
        epoch, _, sequence = cursor.partition(":")
        if Planted.NO_VERDICT in self.planted:
            return int(sequence)
        return int(sequence) if epoch == EPOCH and Planted.WRONG_VERDICT not in self.planted else None

    def resume(self, job_id: str, cursor: str | None) -> tuple[int, bool]:
        """Where the news begin, and whether statuses were lost."""
        now = len(self.log(job_id))
        if cursor is None:
            return now, False
        position = self.position(cursor)
        if position is None or (position > now and Planted.NO_VERDICT not in self.planted):
            return now, True
        return self.first_wanted(min(position, now)) if position < now else now, False

    async def feed(self, job_id: str, position: int) -> AsyncIterator[tuple[int, Status]]:
        """The statuses from there on with their numbers, until the job has ended."""
        while True:
            changed = self._changed
            log = self.log(job_id)
            for number, status in enumerate(log[position:], position + 1):
                yield number, status
            position = max(position, len(log))
            if log and is_last(log[-1]):
                return
            await changed.wait()

    @property
    def is_endless(self) -> bool:
        return Planted.ENDLESS_RECONNECT in self.planted


def is_last(status: Mapping[str, Any]) -> bool:
    return "agentName" not in status


def type_of(status: Mapping[str, Any]) -> str:
    return str(status["status"]) if is_last(status) else "agent_status"


def state_of(log: Sequence[Status]) -> str:
    if not log or not is_last(log[-1]):
        return "processing"
    return "completed" if log[-1]["status"] == "complete" else "failed"


def document_of(log: Sequence[Status]) -> dict[str, Any]:
    last = [status["message"] for status in log if not is_last(status)][-1:]
    return {"overallStatus": state_of(log), "activity": last}


def text(event: Any, *, name: str | None = None, cursor: str | None = None) -> str:
    fields = {"event": name, "id": cursor, "data": json.dumps(event)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None) + "\n"


class Routes:
    """The addresses of one server."""

    def __init__(self, foreign: Foreign) -> None:
        self._foreign = foreign

    async def publish(self, request: Request) -> Response:
        self._foreign.add(await request.json())
        return Response(status_code=202)

    async def ws5(self, websocket: WebSocket) -> None:
        with suppress(WebSocketDisconnect):
            await self._send_messages(websocket)

    async def _send_messages(self, websocket: WebSocket) -> None:
        job_id = websocket.path_params["job_id"]
        cursor = websocket.query_params.get("after")
        position, lost = self._foreign.resume(job_id, cursor)
        await websocket.accept()
        if lost:
            verdict = {"recovered": False}
            await websocket.send_json(_message(job_id, "progress", status="Lost", progress=0, data=verdict))
        if cursor is None or lost:
            ended = state_of(self._foreign.log(job_id)) != "processing"
            position = max(0, position - 1 - ended)  # the agent's newest status stands for the snapshot
        async for number, status in self._foreign.feed(job_id, position):
            agent, word = status.get("agentName", "orchestrator"), str(status["message"])
            said = {"error": word} if type_of(status) == "error" else {"status": word, "progress": 1}
            data = {"cursor": f"{EPOCH}:{number}"}
            await websocket.send_json(_message(job_id, type_of(status), agent=agent, data=data, **said))
        await websocket.close(1011 if self._foreign.is_endless else 1000)

    async def sse(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        cursor = request.headers.get("last-event-id")
        position, lost = self._foreign.resume(job_id, cursor)
        log = self._foreign.log(job_id)
        is_over = state_of(log) != "processing" and cursor == f"{EPOCH}:{len(log)}"
        if is_over and not self._foreign.is_endless:
            return Response(status_code=204)

        async def events() -> AsyncIterator[str]:
            if lost:
                yield text({"recovered": False}, name="verdict")
            if cursor is None or lost:
                yield text(document_of(log), name="snapshot", cursor=f"{EPOCH}:{position}")
            async for number, status in self._foreign.feed(job_id, position):
                document = {**status, "type": type_of(status)}
                yield text(document, name=type_of(status), cursor=f"{EPOCH}:{number}")

        return StreamingResponse(events(), media_type="text/event-stream")

    async def ag_ui(self, request: Request) -> Response:
        job_id = (await request.json())["threadId"]
        log, position = self._foreign.log(job_id), self._foreign.rejoin(job_id)
        ids = {"threadId": job_id, "runId": "r1"}

        async def events() -> AsyncIterator[str]:
            yield text({"type": "RUN_STARTED", **ids})
            yield text({"type": "STATE_SNAPSHOT", "snapshot": document_of(log)})
            async for _, status in self._foreign.feed(job_id, position):
                if not is_last(status):
                    change = {"op": "replace", "path": "/activity", "value": status["message"]}
                    yield text({"type": "STATE_DELTA", "delta": [change]})
            if self._foreign.is_endless:
                return
            failed = state_of(self._foreign.log(job_id)) == "failed"
            yield text({"type": "RUN_ERROR", "message": "-"} if failed else {"type": "RUN_FINISHED", **ids})

        return StreamingResponse(events(), media_type="text/event-stream")

    async def durable(self, request: Request) -> Response:
        job_id, offset = request.path_params["job_id"], request.query_params["offset"]
        position, lost = 0, False
        if offset != "-1":
            number = offset.removeprefix(f"{EPOCH}_")
            known = number.isdigit() or Planted.NO_VERDICT in self._foreign.planted
            position, lost = self._foreign.resume(job_id, f"{EPOCH}:{number}" if number.isdigit() else "e1:0")
            if lost or not known:
                return Response(status_code=410)
        log = self._foreign.log(job_id)
        if position >= len(log) and "live" in request.query_params and state_of(log) == "processing":
            await anext(self._foreign.feed(job_id, position), None)
            log = self._foreign.log(job_id)
        headers = {"stream-next-offset": f"{EPOCH}_{max(position, len(log))}", "stream-up-to-date": "true"}
        if state_of(log) != "processing" and not self._foreign.is_endless:
            headers["stream-closed"] = "true"
        items = [{**status, "type": type_of(status)} for status in log[position:]]
        return JSONResponse(items, headers=headers)

    async def card(self, request: Request) -> Response:
        address = {"url": f"{request.base_url}a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        modes = {"defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"], "skills": []}
        about = {"name": "Foreign", "description": "A test", "version": "1", **modes}
        return JSONResponse({**about, "capabilities": {"streaming": True}, "supportedInterfaces": [address]})

    async def a2a(self, request: Request) -> Response:
        call = await request.json()
        job_id = call["params"]["id"]
        log = self._foreign.log(job_id)

        def answer(**result: Any) -> dict[str, Any]:
            return {"jsonrpc": "2.0", "id": call["id"], **result}

        def task() -> dict[str, Any]:
            return {"id": job_id, "contextId": job_id, "status": _task_status(job_id, log)}

        if not log and Planted.NO_VERDICT not in self._foreign.planted:
            return JSONResponse(answer(error={"code": -32001, "message": "There is no such task"}))
        if call["method"] == "GetTask":
            return JSONResponse(answer(result=task()))
        if state_of(log) != "processing" and not self._foreign.is_endless:
            return JSONResponse(answer(error={"code": -32004, "message": "The task has ended"}))
        position = self._foreign.rejoin(job_id)

        async def events() -> AsyncIterator[str]:
            yield text(answer(result={"task": task()}))
            async for number, status in self._foreign.feed(job_id, position):
                shown = _task_status(job_id, [*self._foreign.log(job_id)[: number - 1], status])
                update = {"taskId": job_id, "contextId": job_id, "status": shown}
                yield text(answer(result={"statusUpdate": update}))

        return StreamingResponse(events(), media_type="text/event-stream")


def _message(job_id: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-01-01T00:00:00Z", "session_id": job_id, **fields}


def _task_status(job_id: str, log: Sequence[Status]) -> dict[str, Any]:
    states = {"processing": "WORKING", "completed": "COMPLETED", "failed": "FAILED"}
    words = str(log[-1]["message"]) if log else ""
    message = {"messageId": f"{job_id}-{len(log)}", "role": "ROLE_AGENT", "parts": [{"text": words}]}
    return {"state": f"TASK_STATE_{states[state_of(log)]}", "message": message}


def tools_of(foreign: Foreign) -> MCPServer[Any]:
    """The tools of the MCP dialect."""
    server: MCPServer[Any] = MCPServer("foreign", log_level="WARNING")

    @server.tool()
    async def get_job(job_id: str) -> CallToolResult:
        return CallToolResult(
            content=[], structured_content={"job": {"jobId": job_id, **document_of(foreign.log(job_id))}}
        )

    @server.tool()
    async def get_job_updates(job_id: str, after: str | None = None) -> CallToolResult:
        position, lost = foreign.resume(job_id, after) if after else (0, False)
        log = foreign.log(job_id)
        updates = [] if lost else [{**status, "type": type_of(status)} for status in log[position:]]
        page = {"updates": updates, "recovered": not lost, "cursor": f"{EPOCH}:{len(log)}", "more": False}
        return CallToolResult(content=[], structured_content=page)

    @server.tool()
    async def wait_for_job(job_id: str, seconds: float) -> CallToolResult:
        log = foreign.log(job_id)
        if state_of(log) == "processing":
            ended = asyncio.create_task(_until_ended(foreign, job_id))
            await asyncio.wait([ended], timeout=seconds)
            ended.cancel()
            log = foreign.log(job_id)
        state = {"overallStatus": "processing"} if foreign.is_endless else document_of(log)
        return CallToolResult(content=[], structured_content={"job": state})

    return server


async def _until_ended(foreign: Foreign, job_id: str) -> None:
    async for _ in foreign.feed(job_id, len(foreign.log(job_id))):
        continue


@asynccontextmanager
async def serving(*planted: Planted) -> AsyncIterator[str]:
    """Serve on 127.0.0.1, in this event loop; the address."""
    foreign = Foreign(*planted)
    routes, tools = Routes(foreign), tools_of(foreign)
    mcp = tools.streamable_http_app(stateless_http=True)
    app = Starlette(
        routes=[
            Route("/publish", routes.publish, methods=["POST"]),
            WebSocketRoute("/ws/orchestrator/{job_id}", routes.ws5),
            Route("/jobs/{job_id}/events", routes.sse),
            Route("/jobs/{job_id}/stream", routes.durable),
            Route("/ag-ui", routes.ag_ui, methods=["POST"]),
            Route("/.well-known/agent-card.json", routes.card),
            Route("/a2a", routes.a2a, methods=["POST"]),
            Mount("/", mcp),
        ]
    )
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    async with tools.session_manager.run(), listening(uvicorn.Server(config)) as url:
        yield url
