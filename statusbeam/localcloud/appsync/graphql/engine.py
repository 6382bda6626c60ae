"""The GraphQL side of the data plane: executes operations of a deployed API for authenticated callers.

api = AppSyncApi(definition, data_sources=sources, iam_allows=policy)
result = await api.execute(GraphQLRequest(query="mutation …"), identity)
result.body         # the body of the HTTP response
result.published    # the results for subscribers
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, OperationType

from ..contract import (
    AppSyncError,
    ExecutionResult,
    GraphQLRequest,
    Identity,
    Published,
    Subscription,
)
from ..control_plane.definition import MAX_RESOLVERS, ApiDefinition
from ..control_plane.resolver_loader import DataSources, load_resolvers
from ..graphql_errors import VALIDATION, RequestRefusedError, validation_error
from ..resolvers.javascript import JsRuntime, to_json
from .api_schema import build_api_schema
from .byte_cache import ByteCache
from .compiler import Compiler, ResolverOf, resolving_types
from .directives import (
    AccessKey,
    FieldAccess,
    IamAllows,
    IamDecisions,
    access_key,
    subscribed_mutations,
)
from .documents import INTROSPECTION_FIELDS, Documents, Operation
from .execution import Execution, ResolvedField, gather_all
from .heavy_work import HeavyWork
from .introspection import introspect
from .projection import NullBubbleError
from .selection import Selections
from .subscriptions import SubscriptionPlan, accept
from .weights import Budget

PLAN_CACHE_BYTES = 32 * 1024 * 1024
PLAN_BYTES_PER_NODE = 1_500
_TOO_DEEP = "The request is nested too deeply."
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation, compiled for callers with equal access."""

    fields: Sequence[ResolvedField]
    introspection: list[FieldNode]
    subscription: SubscriptionPlan | None = None


PlanKey = tuple[Operation, AccessKey, frozenset[tuple[str, Any]]]


class ServedApi:
    """The schema, the documents and the resolvers of one definition."""

    def __init__(self, definition: ApiDefinition, js: JsRuntime, data_sources: DataSources) -> None:
        self.schema: GraphQLSchema = build_api_schema(definition.sdl)
        self.access = FieldAccess(self.schema, definition)
        self.heavy_work = HeavyWork()
        self.documents = Documents(
            self.schema,
            self.heavy_work,
            introspection=definition.introspection,
            depth_limit=definition.query_depth_limit,
        )
        resolvers = load_resolvers(definition, self.schema, js, data_sources)
        self.resolver_of: ResolverOf = lambda type_name, field_name: resolvers.get((type_name, field_name))
        self.plans: ByteCache[PlanKey, Plan] = ByteCache(PLAN_CACHE_BYTES)
        self.resolving = resolving_types(self.schema, self.resolver_of)
        self.environment = to_json(dict(definition.environment))
        self.resolver_limit = definition.resolver_count_limit or MAX_RESOLVERS


class AppSyncApi:
    """Implements contract.GraphQLApi.

    `data_sources` opens the source of a DataSourceDefinition (data_sources.AwsDataSources). `js` runs the
    resolvers' code. `iam_allows` decides whether an AWS_IAM caller may use a field. `now` gives epoch
    seconds. Raises DefinitionError when the API can't be served.
    """

    def __init__(
        self,
        definition: ApiDefinition,
        *,
        data_sources: DataSources,
        iam_allows: IamAllows,
        js: JsRuntime | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._iam = IamDecisions(iam_allows, now=now)
        self._api = ServedApi(definition, js or JsRuntime(now=now), data_sources)

    async def execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        """See contract.GraphQLApi. Does not wait when all resolvers use NONE sources."""
        try:
            return await self._execute(request, identity)
        except RecursionError:
            return _refusal(RequestRefusedError([validation_error(_TOO_DEEP)]))

    async def _execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        api = self._api
        try:
            operation = (await api.documents.get(request.query)).operation(request.operation_name)
            _refuse_kind(operation, operation.node.operation is OperationType.SUBSCRIPTION)
            execution = _execution(api, operation, request, identity, self._iam)
            plan = await _plan(api, operation, execution.variables, access_key(identity))
        except RequestRefusedError as refused:
            return _refusal(refused)
        if operation.node.operation is OperationType.MUTATION:
            data, published = await _mutate(plan, execution)
        else:
            data, published = await _query(api, operation, plan, execution), ()
        response = {"data": data, "errors": execution.errors} if execution.errors else {"data": data}
        invalidations = execution.invalidations if execution.extensions else ()
        body = _encode(response).encode("utf-8", "replace")
        return ExecutionResult(body=body, published=published, invalidations=invalidations)

    async def subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        """See contract.GraphQLApi. Runs the subscription's resolver. Raises AppSyncError."""
        try:
            return await self._subscribe(request, identity)
        except RecursionError as error:
            raise AppSyncError(_TOO_DEEP, VALIDATION, status=400) from error

    async def _subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        api = self._api
        try:
            operation = (await api.documents.get(request.query)).operation(request.operation_name)
            _refuse_kind(operation, operation.node.operation is not OperationType.SUBSCRIPTION)
            execution = _execution(api, operation, request, identity, self._iam)
            plan = await _plan(api, operation, execution.variables, access_key(identity))
        except RequestRefusedError as refused:
            first = refused.errors[0]
            raise AppSyncError(first["message"], first["errorType"], status=400) from refused
        assert plan.subscription is not None  # noqa: S101 - _plan made it for a subscription
        return await accept(plan.subscription, plan.fields[0], execution)


def _refusal(refused: RequestRefusedError) -> ExecutionResult:
    return ExecutionResult(body=_encode({"data": None, "errors": refused.errors}).encode("utf-8", "replace"))


def _refuse_kind(operation: Operation, wrong: bool) -> None:
    if wrong:
        message = f"A {operation.node.operation.value} can't be executed on this endpoint."
        raise RequestRefusedError([validation_error(message, operation.node, "UnsupportedOperation")])


def _execution(
    api: ServedApi, operation: Operation, request: GraphQLRequest, identity: Identity, iam: IamDecisions
) -> Execution:
    variables = operation.variables.coerce(request.variables)
    return Execution(request, identity, variables, api.environment, iam, api.resolver_limit)


async def _plan(
    api: ServedApi, operation: Operation, variables: Mapping[str, Any], access: AccessKey
) -> Plan:
    """The operation, compiled for the caller's access and the values of @skip and @include.

    Raises RequestRefusedError.
    """
    booleans = {name: variables.get(name) for name in operation.booleans} if operation.booleans else {}
    key = (operation, access, frozenset(booleans.items()))
    known = api.plans.get(key)
    if known is not None:
        return known
    plan, size = await api.heavy_work.run(partial(_compile, api, operation, booleans, access))
    api.plans.put(key, plan, size)
    return plan


def _compile(
    api: ServedApi, operation: Operation, booleans: Mapping[str, Any], access: AccessKey, budget: Budget
) -> tuple[Plan, int]:
    """The plan, and the bytes that it takes. Raises RequestRefusedError."""

    def allows(type_name: str, field_name: str) -> bool:
        return api.access.allows(access, type_name, field_name)

    selections = Selections(api.schema, operation.fragments, booleans, allows, budget)
    compiler = Compiler(selections, api.resolver_of, api.resolving)
    root = api.schema.get_root_type(operation.node.operation)
    assert isinstance(root, GraphQLObjectType)  # noqa: S101 - validation has checked it
    found = selections.fields(root, [operation.node.selection_set])
    if not found:
        message = "The operation selects no field: @skip or @include leaves out every root field."
        raise RequestRefusedError([validation_error(message, operation.node)])
    asked = {key: nodes for key, nodes in found.items() if nodes[0].name.value not in INTROSPECTION_FIELDS}
    introspection = [node for key, nodes in found.items() if key not in asked for node in nodes]
    fields = compiler.fields(root, asked)
    subscription = None
    if operation.node.operation is OperationType.SUBSCRIPTION:
        nodes = next(iter(asked.values()))
        mutations = subscribed_mutations(root.fields[nodes[0].name.value])
        subscription = SubscriptionPlan.compile(selections, root, nodes, mutations=mutations, access=access)
    return Plan(fields, introspection, subscription), (budget.used + 1) * PLAN_BYTES_PER_NODE


async def _mutate(plan: Plan, execution: Execution) -> tuple[dict[str, Any] | None, tuple[Published, ...]]:
    """Execute the root fields one after the other. Publish each field that has no errors."""
    data: dict[str, Any] = {}
    published: list[Published] = []
    for one in plan.fields:
        errors_before = len(execution.errors)
        try:
            value = await one.execute({}, None, execution, root=True)
        except NullBubbleError:
            return None, tuple(published)
        data[one.plan.key] = value
        if value.__class__ is dict and len(execution.errors) == errors_before:
            published.append(Published(mutation_field=one.plan.name, value=value))
    return data, tuple(published)


async def _query(
    api: ServedApi, operation: Operation, plan: Plan, execution: Execution
) -> dict[str, Any] | None:
    """Execute all root fields concurrently."""
    try:
        values = await gather_all([one.execute({}, None, execution, root=True) for one in plan.fields])
    except NullBubbleError:
        return None
    data = {one.plan.key: value for one, value in zip(plan.fields, values, strict=True)}
    if plan.introspection:
        asked = (api.schema, operation.node, operation.fragments, plan.introspection, execution.variables)
        found, errors = await api.heavy_work.run(lambda _: introspect(*asked), is_light=False)
        data.update(found)
        execution.errors += errors
    return data
