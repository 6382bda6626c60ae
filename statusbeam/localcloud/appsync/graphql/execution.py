"""Executes an operation: authorization, arguments, resolvers and completion of each field.

compiler.py makes the fields of an operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    print_ast,
)

from ..contract import AuthMode, GraphQLRequest, Identity, Invalidation
from ..graphql_errors import (
    LIMIT,
    ErrorDict,
    FieldError,
    Path,
    appended_error,
    field_error,
    not_authorized,
)
from ..resolvers.javascript import CtxParts, to_json
from ..resolvers.resolver import Resolution, Resolver, ResolverError, resolve_local
from .directives import IamDecisions
from .inputs import ArgumentsPlan
from .projection import FieldPlan, NullBubbleError
from .selection import Selections

AsyncComplete = Callable[[Any, Path, "Execution"], Awaitable[Any]]


@dataclass(slots=True)
class Execution:
    """One operation in execution: its request, and the errors and extensions collected so far."""

    request: GraphQLRequest
    identity: Identity
    variables: Mapping[str, Any]
    environment: str
    iam: IamDecisions
    resolvers_left: int
    errors: list[ErrorDict] = field(default_factory=list)
    extensions: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def invalidations(self) -> tuple[Invalidation, ...]:
        """The invalidations that resolvers requested with `extensions.invalidateSubscriptions`."""
        return tuple(
            Invalidation(subscription_field=asked["subscriptionField"], payload=asked.get("payload") or {})
            for name, asked in self.extensions
            if name == "invalidateSubscriptions"
        )


class ResolvedField:
    """A field with a resolver, or on the path to one: authorization, arguments, resolver, completion."""

    def __init__(
        self,
        plan: FieldPlan,
        nodes: Sequence[FieldNode],
        definition: GraphQLField,
        selections: Selections,
        *,
        resolver: Resolver | None = None,
        complete: AsyncComplete | None = None,
    ) -> None:
        self.plan = plan
        self._resolver = resolver
        self._arguments = ArgumentsPlan(definition, nodes[0])
        self._complete = complete
        self._sets = [node.selection_set for node in nodes if node.selection_set is not None]
        self._selections = selections
        self._info: str | None = None

    async def execute(self, source: Any, path: Path, execution: Execution, *, root: bool) -> Any:
        """The field's value in the response. Raises NullBubbleError for a null in a non-null field."""
        plan = self.plan
        field_path = (path, plan.key)
        if plan.constant is not None:
            return plan.constant
        try:
            await self._authorize(execution, root=root)
            value = (
                source.get(plan.name)
                if self._resolver is None
                else await self._resolve(source, field_path, execution)
            )
            if value is None:
                plan.null(path, execution.errors)
            elif self._complete is not None:
                value = await self._complete(value, field_path, execution)
            elif value.__class__ is not plan.exact:
                value = plan.complete(value, field_path, execution.errors)
        except FieldError as error:
            self._fail(error, field_path, execution)
        except NullBubbleError:
            pass  # its error is already in execution.errors
        else:
            return value
        if not plan.nullable:
            raise NullBubbleError
        return None

    async def start(self, execution: Execution) -> Mapping[str, Any]:
        """Start a subscription: authorize the caller and execute the resolver, whose value is discarded.

        Returns the arguments. Failures are in `execution.errors`.
        """
        field_path = (None, self.plan.key)
        try:
            await self._authorize(execution, root=True)
            if self._resolver is not None:
                await self._resolve(None, field_path, execution)
            return self._arguments.values(execution.variables)
        except FieldError as error:
            self._fail(error, field_path, execution)
            return {}

    def _fail(self, error: FieldError, field_path: Path, execution: Execution) -> None:
        if error.message is None:  # util.unauthorized()
            error = not_authorized(self.plan.parent, self.plan.name)
        execution.errors.append(field_error(field_path, self.plan.node, error))

    async def _authorize(self, execution: Execution, *, root: bool) -> None:
        plan = self.plan
        allowed: bool | None = not plan.denied
        if allowed and root and execution.identity.mode == AuthMode.IAM:
            allowed = execution.iam.cached(execution.identity, plan.parent, plan.name)
            if allowed is None:
                allowed = await execution.iam.decide(execution.identity, plan.parent, plan.name)
        if not allowed:
            raise not_authorized(plan.parent, plan.name)

    async def _resolve(self, source: Any, field_path: Path, execution: Execution) -> Any:
        assert self._resolver is not None  # noqa: S101 - the only caller checks it
        execution.resolvers_left -= 1
        if execution.resolvers_left < 0:
            raise FieldError("The request runs more resolvers than this API allows.", LIMIT)
        parts = self._parts(source, execution)
        local = self._resolver.local
        try:
            done = resolve_local(local, parts) if local is not None else await self._resolver.resolve(parts)
        except ResolverError as error:
            self._collect(Resolution(None, error.appended), field_path, execution)
            raise
        if done.appended or done.extensions:
            self._collect(done, field_path, execution)
        return done.value

    def _collect(self, done: Resolution, field_path: Path, execution: Execution) -> None:
        execution.errors += [appended_error(field_path, self.plan.node, fields) for fields in done.appended]
        execution.extensions += done.extensions

    def _parts(self, source: Any, execution: Execution) -> CtxParts:
        def part(name: str) -> str:
            if name == "identity":
                return to_json(execution.identity.context) if execution.identity.context is not None else ""
            if name == "source":
                return to_json(source) if source is not None else ""
            if name == "request":
                return to_json({"headers": dict(execution.request.headers), "domainName": None})
            return self._info_text(execution) if name == "info" else execution.environment

        return CtxParts(to_json(self._arguments.values(execution.variables)), part, execution.identity.mode)

    def _info_text(self, execution: Execution) -> str:
        if self._info is None:
            info = {
                "fieldName": self.plan.name,
                "parentTypeName": self.plan.parent,
                "selectionSetList": self._selections.names(self._sets),
                "selectionSetGraphQL": "\n".join(print_ast(one) for one in self._sets),
            }
            self._info = to_json(info)[:-1]
        return f'{self._info},"variables":{to_json(execution.request.variables)}}}'


async def gather_all(pending: Sequence[Awaitable[Any]]) -> list[Any]:
    """Wait for all values. The first failure is raised after every awaitable has ended."""
    if len(pending) == 1:
        return [await pending[0]]
    values = await asyncio.gather(*pending, return_exceptions=True)
    for value in values:
        if isinstance(value, BaseException):
            raise value
    return list(values)
