"""A reader without the network: the deployed resolvers' own code on the tables, through a metered client."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from benchmarks.cost import MeteredClient
from statusbeam.cdk.api.resolver_code import FieldName, ResolverBundles
from statusbeam.localcloud.appsync.resolvers.dynamodb_source import DynamoDBSource
from statusbeam.localcloud.appsync.resolvers.javascript import CtxParts, JsRuntime
from statusbeam.localcloud.appsync.resolvers.resolver import PipelineResolver
from statusbeam.model.update import StatusUpdate

TENANT, USER = "riverton", "ann"
STEPS = {
    "getJob": ["getJob.snapshot"],
    "listStatusUpdates": ["listStatusUpdates.head", "listStatusUpdates.range"],
    "listJobs": ["listJobs.page", "getHeads"],
}
"""Without checkLogin, which costs each query one more read, independent of the job's size."""


class Reader:
    """One user's queries. `metered` counts their read units."""

    def __init__(self, metered: MeteredClient, table: str) -> None:
        self.metered = metered
        self._table = table
        runtime = JsRuntime(now=time.time, new_id=lambda: uuid.uuid4().hex)
        source = DynamoDBSource(cast("Any", metered), table, ThreadPoolExecutor(1))
        bundles = ResolverBundles.read()
        self._fields = {
            name: PipelineResolver(
                runtime.load(bundles.resolver(FieldName(type_name="Query", field_name=name)), name),
                [(runtime.load(bundles.function(step), step), source) for step in steps],
            )
            for name, steps in STEPS.items()
        }

    def job(self, job_id: str) -> dict[str, Any]:
        """The answer of getJob."""
        return self._ask("getJob", USER, jobId=job_id)

    def replay(self, job_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """All pages of listStatusUpdates after a sequence."""
        pages: list[dict[str, Any]] = []
        while True:
            page = self._ask("listStatusUpdates", USER, jobId=job_id, afterSequence=after, limit=limit)
            if not page["recovered"]:
                raise AssertionError(page["reason"])
            pages.append(page)
            after = page["nextAfterSequence"]
            if after == page["currentSequence"]:
                return pages

    def statuses(self, pages: Iterable[Mapping[str, Any]]) -> list[StatusUpdate]:
        """The statuses of pages."""
        return [
            StatusUpdate.from_store({**one, "metadata": json.dumps(one["metadata"])})
            for page in pages
            for one in page["updates"]
        ]

    def jobs(self, user: str) -> dict[str, Any]:
        """The first page of listJobs."""
        return self._ask("listJobs", user)

    def _ask(self, field: str, user: str, **arguments: Any) -> dict[str, Any]:
        ctx = {
            "identity": {"sub": user, "claims": {"sub": user, "tenantId": TENANT}},
            "env": {"STATUS_TABLE": self._table},
        }
        parts = CtxParts(
            json.dumps(arguments), lambda name: json.dumps(ctx[name]) if name in ctx else "", "userpools"
        )
        answer: dict[str, Any] = asyncio.run(self._fields[field].resolve(parts)).value
        return answer
