"""An API in memory that serves one long log to the page, and pushes statuses for tests.

For jobs that would take localcloud minutes to commit; what the page does with them is the same.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute

from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate

Update = dict[str, Any]

NULLS: Update = dict.fromkeys(
    (
        "qualifiedStatus",
        "agentName",
        "invocationId",
        "parentInvocationId",
        "attempt",
        "toolName",
        "progress",
        "etaSeconds",
        "executionTimeMs",
        "metadata",
        "earlier",
    )
)
USER, TENANT = "user-1", "public"


def log_of(job_id: str, *rows: Update, days_ago: float = 0, seconds_each: float = 1) -> list[Update]:
    """A log of these statuses, by default one a second, which ended a number of days ago."""
    end = dt.datetime.now(dt.UTC) - dt.timedelta(days=days_ago)
    return [
        {
            **NULLS,
            "jobId": job_id,
            "userId": USER,
            "tenantId": TENANT,
            "eventId": f"event-{sequence}",
            "sequence": sequence,
            "type": "agent_status",
            "timestamp": (end - dt.timedelta(seconds=seconds_each * (len(rows) - sequence)))
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "status": "agent_invoking",
            "message": f"Step {sequence}",
            "agentName": "Geo Agent",
            "invocationId": row.get("agentName", "Geo Agent"),
            **row,
        }
        for sequence, row in enumerate(rows, start=1)
    ]


def long_log(job_id: str, *, statuses: int, agents: int) -> list[Update]:
    """A log of a number of statuses and agents, ten a second until now, with all agents running."""
    turns = itertools.cycle(f"Worker {number:03}" for number in range(agents))
    rows: list[Update] = []
    for sequence in range(1, statuses + 1):
        kind: Update = (
            {"message": "Begins"}
            if sequence <= agents
            else {"status": "calling_tool", "toolName": "search", "message": f"Ask for row {sequence}"}
            if sequence % 3
            else {
                "type": "progress",
                "status": "progress",
                "progress": 99.0 * sequence / statuses,
                "message": f"Row {sequence}",
            }
        )
        rows.append({"agentName": next(turns), **kind})
    return log_of(job_id, *rows, seconds_each=0.1)


class LongJob:
    """Serves the log up to `head`; `push` brings it on."""

    def __init__(self, page: Page, log: list[Update], *, head: int) -> None:
        self._log = log
        self.head = head
        self.kept_from = 1
        """Statuses before this one have expired."""
        self._views: dict[int, Update] = {}
        self._sockets: dict[str, WebSocketRoute] = {}
        page.route("**/graphql", self._answer)
        page.route_web_socket("**/graphql/realtime", self._open)

    def prepare(self) -> None:
        """Fold the snapshot now, not when the page asks for it."""
        self._getJob({})

    def commit(self, statuses: int) -> None:
        """Commit a number of further statuses without pushes."""
        self.head += statuses

    def push(self, statuses: int) -> None:
        """Commit a number of further statuses, and push each separately."""
        for update in self._log[self.head : self.head + statuses]:
            self.head += 1
            for key, socket in self._sockets.items():
                socket.send(
                    json.dumps({"type": "data", "id": key, "payload": {"data": {"onStatusUpdate": update}}})
                )

    def _open(self, socket: WebSocketRoute) -> None:
        def heard(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame["type"] == "connection_init":
                ack = {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}}
                socket.send(json.dumps(ack))
            elif frame["type"] == "start":
                socket.send(json.dumps({"type": "start_ack", "id": frame["id"]}))
                self._sockets[frame["id"]] = socket
            elif frame["type"] == "stop":
                self._sockets.pop(frame["id"], None)

        socket.on_message(heard)

    def _answer(self, route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        field = next(
            name
            for name in ("listStatusUpdates", "getJob", "listJobs", "syncSession")
            if name in asked["query"]
        )
        if field == "listJobs":  # as AppSync refuses one field to an API key, and the others not
            error = {
                "errorType": "Unauthorized",
                "message": "Not Authorized to access listJobs on type Query",
            }
            route.fulfill(json={"data": None, "errors": [error]})
            return
        route.fulfill(json={"data": {field: getattr(self, f"_{field}")(asked["variables"])}})

    def _listStatusUpdates(self, variables: Update) -> Update:  # noqa: N802 - the schema's name
        after = variables["afterSequence"]
        if after + 1 < self.kept_from and after < self.head:
            kept = self.kept_from if self.kept_from <= self.head else None
            refused = {"recovered": False, "reason": "log_expired", "firstSequence": kept}
            return {
                "updates": [],
                "currentSequence": self.head,
                "nextAfterSequence": self.head,
                **refused,
            }
        updates = self._log[after : min(self.head, after + variables["limit"])]
        return {
            "updates": updates,
            "currentSequence": self.head,
            "nextAfterSequence": after + len(updates),
            "recovered": True,
            "reason": None,
        }

    def _getJob(self, _: Update) -> Update:  # noqa: N802 - the schema's name
        if self.head not in self._views:
            wire = (StatusUpdate.from_wire(update) for update in self._log[: self.head])
            self._views[self.head] = job_view(fold(wire))
        return self._views[self.head]

    def _syncSession(self, variables: Update) -> Update:  # noqa: N802 - the schema's name
        session = variables["input"]
        return {
            "connectionId": session["connectionId"],
            "expiresAt": 0,
            "jobs": [
                {"jobId": job_id, "sequence": self.head, "epoch": None}
                for job_id in session.get("jobIds") or ()
            ],
        }
