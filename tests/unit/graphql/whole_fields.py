"""Guarded fields as deployed, from the login's check to the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from statusbeam.cdk.api.resolver_code import LOGIN_CHECK, PASS_THROUGH, FieldName, ResolverBundles
from statusbeam.cdk.api.status_api import PIPELINES, STEPS, UNITS
from statusbeam.localcloud.appsync.resolvers.dynamodb_source import DynamoDBSource
from statusbeam.localcloud.appsync.resolvers.javascript import CtxParts, JsRuntime, to_json
from statusbeam.localcloud.appsync.resolvers.resolver import DataSource, PipelineResolver, Resolution
from statusbeam.model.settings import ResolverVariables
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE
from tests.unit.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class NothingKept:
    """The details' function over an empty bucket."""

    async def invoke(self, request: Mapping[str, Any]) -> Any:
        return None


class Requests:
    """The function of requests, which notes whose job they are about."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        """Tenant and job of each request."""

    async def invoke(self, request: Mapping[str, Any]) -> Any:
        payload = request["payload"]
        self.asked.append((payload["tenantId"], payload["jobId"]))
        return {"recorded": True}


class Fields:
    """The guarded fields on two tables."""

    def __init__(self, client: DynamoDBClient, executor: Executor, names: Iterable[str]) -> None:
        self.requests = Requests()
        self._bundles = ResolverBundles.read()
        self._runtime = JsRuntime(now=lambda: NOW, new_id=lambda: "id-1")
        self._sources: dict[str, DataSource] = {
            "status": DynamoDBSource(client, STATUS_TABLE, executor),
            "sessions": DynamoDBSource(client, SESSIONS_TABLE, executor),
            "details": NothingKept(),
            "requests": self.requests,
        }
        self._fields = {name: self._field(name) for name in names}

    def _field(self, name: str) -> PipelineResolver:
        type_name, field_name = name.split(".")
        field = FieldName(type_name=type_name, field_name=field_name)
        own = self._runtime.load(self._bundles.resolver(field), name)
        login = self._step(LOGIN_CHECK)
        if name in UNITS:
            outer = self._runtime.load(self._bundles.function(PASS_THROUGH), PASS_THROUGH)
            return PipelineResolver(outer, [login, (own, self._sources[UNITS[name]])])
        return PipelineResolver(own, [login, *map(self._step, PIPELINES[name])])

    def _step(self, name: str) -> Any:
        return self._runtime.load(self._bundles.function(name), name), self._sources[STEPS[name]]

    def ask(self, name: str, arguments: Mapping[str, Any], identity: Any) -> Resolution:
        """Raises ResolverError."""
        tables = {
            ResolverVariables.STATUS_TABLE: STATUS_TABLE,
            ResolverVariables.SESSIONS_TABLE: SESSIONS_TABLE,
        }
        given = {"identity": identity, "env": tables}
        parts = CtxParts(to_json(arguments), lambda part: to_json(given[part]) if given.get(part) else "")
        return asyncio.run(self._fields[name].resolve(parts))
