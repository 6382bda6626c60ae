"""The GraphQL side of the data plane: operations of a deployed API for verified callers.

api = AppSyncApi(definition, data_sources=sources, iam_allows=policy)
result = await api.execute(GraphQLRequest(query="mutation …"), identity)
result.body         # the HTTP answer
result.published    # what subscriptions are told
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
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
from ..control_plane.deployment import DataSources, load_resolvers
from ..graphql_errors import VALIDATION, RequestRefusedError, validation_error
from ..resolvers.javascript import JsRuntime, to_json
from .api_schema import build_api_schema
from .directives import (
    AccessKey,
    FieldAccess,
    IamAllows,
    IamDecisions,
    access_key,
    subscribed_mutations,
)
from .documents import INTROSPECTION_FIELDS, Documents, Operation
from .execution import Compiler, ResolvedField, ResolverOf, Run, gather_answers, resolving_types
from .introspection import introspect
from .projection import NullBubbleError
from .selection import Selections
from .subscriptions import SubscriptionPlan, accept

_TOO_DEEP = "The request is nested too deeply."
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled operation for one kind of caller."""

    fields: Sequence[ResolvedField]
    introspection: list[FieldNode]
    subscription: SubscriptionPlan | None = None


class Deployment:
    """Everything made of one definition; `replace` puts a new one in its place."""

    def __init__(
        self, definition: ApiDefinition, js: JsRuntime, data_sources: DataSources, generation: int
    ) -> None:
        self.definition = definition
        self.generation = generation
        self.schema: GraphQLSchema = build_api_schema(definition.sdl)
        self.access = FieldAccess(self.schema, definition)
        self.documents = Documents(
            self.schema,
            introspection=definition.introspection,
            depth_limit=definition.query_depth_limit,
        )
        resolvers = load_resolvers(definition, self.schema, js, data_sources)
        self.resolver_of: ResolverOf = lambda type_name, field_name: resolvers.get((type_name, field_name))
        self.resolving = resolving_types(self.schema, self.resolver_of)
        self.environment = to_json(dict(definition.environment))
        self.resolver_limit = definition.resolver_count_limit or MAX_RESOLVERS


class AppSyncApi:
    """Implements contract.GraphQLApi.

    `data_sources` makes the source of a DataSourceDefinition (datasources.AwsDataSources). `js` runs the
    resolvers' code. `iam_allows` decides over a field for an AWS_IAM caller. `now` gives epoch seconds.
    Raises DefinitionError when the API can't be served.
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
        self._js = js or JsRuntime(now=now)
        self._data_sources = data_sources
        self._iam = IamDecisions(iam_allows, now=now)
        self._generations = count(1)
        self._deployed = self._deploy(definition)

    def replace(self, definition: ApiDefinition) -> None:
        """Serve a redeployed API from the next request on. Raises DefinitionError, then the old one stays."""
        self._deployed = self._deploy(definition)
        self._iam.forget()

    def _deploy(self, definition: ApiDefinition) -> Deployment:
        return Deployment(definition, self._js, self._data_sources, next(self._generations))

    @property
    def definition(self) -> ApiDefinition:
        """What is served now."""
        return self._deployed.definition

    async def execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        """See contract.GraphQLApi. Doesn't suspend when all resolvers are on NONE sources."""
        try:
            return await self._execute(request, identity)
        except RecursionError:
            return _refusal(RequestRefusedError([validation_error(_TOO_DEEP)]))

    async def _execute(self, request: GraphQLRequest, identity: Identity) -> ExecutionResult:
        deployed = self._deployed
        try:
            operation = deployed.documents.get(request.query).operation(request.operation_name)
            _refuse_kind(operation, operation.node.operation is OperationType.SUBSCRIPTION)
            run = _run(deployed, operation, request, identity, self._iam)
        except RequestRefusedError as refused:
            return _refusal(refused)
        plan = _plan(deployed, operation, run.variables, access_key(identity))
        if operation.node.operation is OperationType.MUTATION:
            data, published = await _mutate(plan, run)
        else:
            data, published = await _query(deployed, operation, plan, run), ()
        answer = {"data": data, "errors": run.errors} if run.errors else {"data": data}
        invalidations = run.invalidations if run.extensions else ()
        body = _encode(answer).encode("utf-8", "replace")
        return ExecutionResult(body=body, published=published, invalidations=invalidations)

    async def subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        """See contract.GraphQLApi. Runs the subscription's resolver. Raises AppSyncError."""
        try:
            return await self._subscribe(request, identity)
        except RecursionError as error:
            raise AppSyncError(_TOO_DEEP, VALIDATION, status=400) from error

    async def _subscribe(self, request: GraphQLRequest, identity: Identity) -> Subscription:
        deployed = self._deployed
        try:
            operation = deployed.documents.get(request.query).operation(request.operation_name)
            _refuse_kind(operation, operation.node.operation is not OperationType.SUBSCRIPTION)
            run = _run(deployed, operation, request, identity, self._iam)
        except RequestRefusedError as refused:
            first = refused.errors[0]
            raise AppSyncError(first["message"], first["errorType"], status=400) from refused
        access = access_key(identity)
        plan = _plan(deployed, operation, run.variables, access)
        assert plan.subscription is not None  # noqa: S101 - _plan made it for a subscription
        return await accept(plan.subscription, plan.fields[0], run, deployed.generation)


def _refusal(refused: RequestRefusedError) -> ExecutionResult:
    return ExecutionResult(body=_encode({"data": None, "errors": refused.errors}).encode("utf-8", "replace"))


def _refuse_kind(operation: Operation, wrong: bool) -> None:
    if wrong:
        message = f"A {operation.node.operation.value} can't be run on this endpoint."
        raise RequestRefusedError([validation_error(message, operation.node, "UnsupportedOperation")])


def _run(
    deployed: Deployment, operation: Operation, request: GraphQLRequest, identity: Identity, iam: IamDecisions
) -> Run:
    variables = operation.variables.coerce(request.variables)
    return Run(request, identity, variables, deployed.environment, iam, deployed.resolver_limit)


def _plan(
    deployed: Deployment, operation: Operation, variables: Mapping[str, Any], access: AccessKey
) -> Plan:
    """The operation compiled for what decides about its fields: the caller's access and @skip/@include."""
    booleans = {name: variables.get(name) for name in operation.booleans} if operation.booleans else {}
    key = (access, frozenset(booleans.items()))
    plan = operation.plans.get(key)
    if plan is None:
        plan = _compile(deployed, operation, booleans, access)
        operation.plans[key] = plan
    found: Plan = plan
    return found


def _compile(
    deployed: Deployment, operation: Operation, booleans: Mapping[str, Any], access: AccessKey
) -> Plan:
    def allows(type_name: str, field_name: str) -> bool:
        return deployed.access.allows(access, type_name, field_name)

    selections = Selections(deployed.schema, operation.fragments, booleans, allows)
    compiler = Compiler(selections, deployed.resolver_of, deployed.resolving)
    root = deployed.schema.get_root_type(operation.node.operation)
    assert isinstance(root, GraphQLObjectType)  # noqa: S101 - validation has seen to it
    found = selections.fields(root, [operation.node.selection_set])
    asked = {key: nodes for key, nodes in found.items() if nodes[0].name.value not in INTROSPECTION_FIELDS}
    introspection = [node for key, nodes in found.items() if key not in asked for node in nodes]
    fields = compiler.fields(root, asked)
    if operation.node.operation is not OperationType.SUBSCRIPTION:
        return Plan(fields, introspection)
    nodes = next(iter(asked.values()))
    mutations = subscribed_mutations(root.fields[nodes[0].name.value])
    subscription = SubscriptionPlan.compile(selections, root, nodes, mutations=mutations, access=access)
    return Plan(fields, introspection, subscription)


async def _mutate(plan: Plan, run: Run) -> tuple[dict[str, Any] | None, tuple[Published, ...]]:
    """One root field after the other; one that came back whole is published."""
    data: dict[str, Any] = {}
    published: list[Published] = []
    for one in plan.fields:
        errors_before = len(run.errors)
        try:
            value = await one.answer({}, None, run, root=True)
        except NullBubbleError:
            return None, tuple(published)
        data[one.entry.key] = value
        if value.__class__ is dict and len(run.errors) == errors_before:
            published.append(Published(mutation_field=one.entry.name, value=value))
    return data, tuple(published)


async def _query(deployed: Deployment, operation: Operation, plan: Plan, run: Run) -> dict[str, Any] | None:
    """All root fields at once."""
    try:
        answers = await gather_answers([one.answer({}, None, run, root=True) for one in plan.fields])
    except NullBubbleError:
        return None
    data = {one.entry.key: answer for one, answer in zip(plan.fields, answers, strict=True)}
    if plan.introspection:
        found, errors = introspect(
            deployed.schema, operation.node, operation.fragments, plan.introspection, run.variables
        )
        data.update(found)
        run.errors += errors
    return data
