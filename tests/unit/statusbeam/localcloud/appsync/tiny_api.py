"""A whole GraphQL API in a page, for tests of the wire: one mutation, one subscription, keys for callers.

It speaks the contract for real: keys are checked, `userId` filters, publishes reach the hub. Only the
language is missing: `query` is not parsed, its first words decide.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from statusbeam.localcloud.appsync.contract import (
    AppSyncError,
    AuthenticationError,
    AuthMode,
    ExecutionResult,
    GraphQLRequest,
    Identity,
    Invalidation,
    JsonObject,
    Published,
    SignedRequest,
    Subscription,
)

KEY = "da2-right"


class KeyAuthenticator:
    """Accepts callers with the key, and records the requests."""

    def __init__(self) -> None:
        self.asked: list[SignedRequest] = []
        self.gate: asyncio.Event | None = None  # decisions wait for it

    async def authenticate(self, request: SignedRequest) -> Identity:
        self.asked.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if request.headers.get("x-api-key") != KEY and not request.headers.get(
            "authorization", ""
        ).startswith("good"):
            raise AuthenticationError
        return Identity(mode=AuthMode.API_KEY, principal="key")


class TinyApi:
    """A mutation publishes `variables.input`; a subscription listens to `variables.userId` or to all."""

    def __init__(self) -> None:
        self.executed: list[GraphQLRequest] = []
        self.subscribed: list[GraphQLRequest] = []
        self.gate: asyncio.Event | None = None  # every operation waits for it

    async def execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        self.executed.append(request)
        if self.gate is not None:
            await self.gate.wait()
        match request.query.split():
            case ["mutation", "publishStatus", *_]:
                status = request.variables["input"]
                return ExecutionResult(
                    body=_json({"data": {"publishStatus": status}}),
                    published=(Published(mutation_field="publishStatus", value=status),),
                )
            case ["mutation", "revoke", *_]:
                gone = Invalidation(subscription_field="onStatusUpdate", payload=request.variables)
                return ExecutionResult(body=b'{"data":{"revoke":null}}', invalidations=(gone,))
            case ["query", "broken", *_]:
                raise RuntimeError("a secret detail")
            case _:
                return ExecutionResult(body=_json({"data": {"echo": request.variables}}))

    async def subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        self.subscribed.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if not request.query.startswith("subscription"):
            raise AppSyncError("query not supported through the realtime channel", "UnsupportedOperation")
        user = request.variables.get("userId")
        if user == "forbidden":
            raise AppSyncError("Not yours.", "Forbidden")
        if user == "broken":
            raise RuntimeError("a secret detail")
        return Subscription(
            field="onStatusUpdate",
            mutations=("publishStatus",),
            group_key=user,
            matches=lambda value: user is None or value.get("userId") == user,
            encode=lambda value: _json({"data": {"onStatusUpdate": dict(value)}}),
            index=None if user is None else ("userId", user),
            invalidated_by=lambda payload: payload.get("userId") == user,
        )


def _json(value: JsonObject) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def authorization(key: str = KEY) -> dict[str, str]:
    """A client's header object."""
    return {"host": "127.0.0.1", "x-api-key": key}


def start_message(subscription_id: Any, user: str | None = None, key: str = KEY) -> str:
    """A `start` for the updates of one user, or of everybody."""
    operation = {
        "query": "subscription onStatusUpdate",
        "variables": {} if user is None else {"userId": user},
    }
    extensions = {"authorization": authorization(key)}
    payload = {"data": json.dumps(operation), "extensions": extensions}
    return json.dumps({"type": "start", "id": subscription_id, "payload": payload})


def publish_body(user: str, **fields: Any) -> bytes:
    """The body of a POST that publishes a status of one user."""
    return _json({"query": "mutation publishStatus", "variables": {"input": {"userId": user, **fields}}})
