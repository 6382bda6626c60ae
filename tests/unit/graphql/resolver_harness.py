"""The resolvers' own JavaScript, as deployed, in the data plane's engine."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from statusbeam.cdk.api.resolver_code import FieldName, ResolverBundles
from statusbeam.localcloud.appsync.resolvers.javascript import (
    JsModule,
    JsOutcome,
    JsResolverError,
    JsRuntime,
)

NOW = 1_800_000_000
DAY = 86_400
TABLE = "status-table"
SESSIONS = "sessions-table"
ENV = {"STATUS_TABLE": TABLE, "USER_SESSIONS_TABLE": SESSIONS}

ANN = {"sub": "ann", "claims": {"sub": "ann", "tenantId": "north", "cognito:groups": ["viewer"]}}
ANN_BY_ID_TOKEN = {"sub": "ann", "claims": {"sub": "ann", "custom:tenantId": "north"}}
OPERATOR = {"sub": "olga", "claims": {"sub": "olga", "tenantId": "north", "cognito:groups": ["operator"]}}
TOKEN = {"resolverContext": {"userId": "ann", "tenantId": "north"}}
JOB_TOKEN = {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "j1,j2"}}
SERVICE = {"userArn": "arn:aws:iam::1:role/r", "accountId": "1", "username": "r"}
API_KEY = None

JsonObject = dict[str, Any]


def new_runtime() -> JsRuntime:
    """An engine in which it is always NOW, and every id is id-1."""
    return JsRuntime(now=lambda: float(NOW), new_id=lambda: "id-1")


class Resolver:
    """A unit resolver, or one step of a pipeline, with AppSync's `ctx` filled in."""

    def __init__(self, module: JsModule) -> None:
        self._module = module

    def request(self, **ctx: Any) -> JsOutcome:
        return self._module.call("request", {"env": ENV, **ctx})

    def response(self, **ctx: Any) -> JsOutcome:
        return self._module.call("response", {"env": ENV, **ctx})


@cache
def bundles() -> ResolverBundles:
    """The result of `make resolvers`, which must match the sources."""
    return ResolverBundles.read()


def of_field(runtime: JsRuntime, name: str) -> Resolver:
    type_name, field_name = name.split(".")
    field = FieldName(type_name=type_name, field_name=field_name)
    return Resolver(runtime.load(bundles().resolver(field), name))


def step(runtime: JsRuntime, name: str) -> Resolver:
    return Resolver(runtime.load(bundles().function(name), name))


def refusal(resolver: Resolver, **ctx: Any) -> str | None:
    """The error type with which a request is refused."""
    with pytest.raises(JsResolverError) as refused:
        resolver.request(**ctx)
    return refused.value.error_type


def rules(outcome: JsOutcome, extension: str = "setSubscriptionFilter") -> dict[str, tuple[str, Any]]:
    """The one filter that a subscription sets, as {field: (operator, value)}."""
    groups = [argument["filterGroup"] for name, argument in outcome.extensions if name == extension]
    assert len(groups) == 1
    assert len(groups[0]) == 1
    return {rule["fieldName"]: (rule["operator"], rule["value"]) for rule in groups[0][0]["filters"]}


def head(**more: Any) -> JsonObject:
    owner = {"jobId": "j1", "userId": "ann", "tenantId": "north"}
    return {
        "pk": "JOB#north#j1",
        "sk": "HEAD",
        **owner,
        "overallStatus": "processing",
        "sequence": 3,
        "epoch": "e1",
        "expiresAt": NOW + DAY,
        **more,
    }
