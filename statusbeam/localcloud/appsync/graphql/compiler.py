"""Compiles the selections of an operation into the fields that execution.py runs.

An operation is compiled once per document and access. Below the last resolver, projection.py's plain
functions complete the values. Coroutines are used only on the path down to a resolver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)

from ..graphql_errors import (
    Path,
    null_error,
)
from ..resolvers.resolver import Resolver
from .execution import AsyncComplete, Execution, ResolvedField, gather_all
from .projection import TYPENAME, NullBubbleError, Projector, mismatch
from .selection import Selections

ResolverOf = Callable[[str, str], Resolver | None]


class Compiler:
    """Compiles the selections of one operation for callers with equal access."""

    def __init__(self, selections: Selections, resolver_of: ResolverOf, resolving: frozenset[str]) -> None:
        self._selections = selections
        self._resolver_of = resolver_of
        self._resolving = resolving
        self._projector = Projector(selections)

    def fields(
        self, parent: GraphQLObjectType, fields: Mapping[str, Sequence[FieldNode]]
    ) -> list[ResolvedField]:
        """The fields of an object of type `parent`."""
        return [self._field(parent, key, nodes) for key, nodes in fields.items()]

    def _field(self, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> ResolvedField:
        plan = self._projector.field(parent, key, nodes)
        if plan.name == TYPENAME:
            nothing = GraphQLField(parent)
            return ResolvedField(plan, nodes, nothing, self._selections)
        definition = parent.fields[plan.name]
        complete = None
        if get_named_type(definition.type).name in self._resolving:
            complete = self._completion(_nullable(definition.type), nodes, parent.name)
        resolver = self._resolver_of(parent.name, plan.name)
        return ResolvedField(plan, nodes, definition, self._selections, resolver=resolver, complete=complete)

    def _completion(
        self, wanted: GraphQLOutputType, nodes: Sequence[FieldNode], parent: str
    ) -> AsyncComplete:
        if isinstance(wanted, GraphQLList):
            nullable = not isinstance(wanted.of_type, GraphQLNonNull)
            inner = _nullable(wanted.of_type)
            return _list(self._completion(inner, nodes, parent), nullable, str(inner), parent)
        if is_abstract_type(wanted):
            possible = self._selections.schema.get_possible_types(wanted)  # type: ignore[arg-type]
            return _abstract({one.name: self._completion(one, nodes, parent) for one in possible})
        assert isinstance(wanted, GraphQLObjectType)  # noqa: S101 - leaves reach no resolver
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        return _object(self.fields(wanted, self._selections.fields(wanted, sets)))


def _nullable(wanted: GraphQLOutputType) -> GraphQLOutputType:
    return wanted.of_type if isinstance(wanted, GraphQLNonNull) else wanted


def _object(fields: Sequence[ResolvedField]) -> AsyncComplete:
    async def complete(value: Any, path: Path, execution: Execution) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise mismatch(path, "OBJECT", execution.errors)
        values = await gather_all([one.execute(value, path, execution, root=False) for one in fields])
        return {one.plan.key: found for one, found in zip(fields, values, strict=True)}

    return complete


def _list(item: AsyncComplete, nullable: bool, type_text: str, parent: str) -> AsyncComplete:
    async def one(value: Any, path: Path, execution: Execution) -> Any:
        if value is None:
            if not nullable:
                execution.errors.append(null_error(path, type_text, parent))
                raise NullBubbleError
            return None
        try:
            return await item(value, path, execution)
        except NullBubbleError:
            if not nullable:
                raise
            return None

    async def complete(value: Any, path: Path, execution: Execution) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise mismatch(path, "LIST", execution.errors)
        return await gather_all([one(found, (path, index), execution) for index, found in enumerate(value)])

    return complete


def _abstract(possible: Mapping[str, AsyncComplete]) -> AsyncComplete:
    async def complete(value: Any, path: Path, execution: Execution) -> Any:
        named = value.get(TYPENAME) if isinstance(value, Mapping) else None
        if not isinstance(named, str) or named not in possible:
            raise mismatch(path, "OBJECT with a known __typename", execution.errors)
        return await possible[named](value, path, execution)

    return complete


def resolving_types(schema: GraphQLSchema, resolver_of: ResolverOf) -> frozenset[str]:
    """The types in which, or below which, some field has a resolver."""
    leads_to: dict[str, set[str]] = {}
    found: set[str] = set()
    for name, named in schema.type_map.items():
        fields = named.fields if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) else {}
        leads_to[name] = {get_named_type(one.type).name for one in fields.values()}
        if is_abstract_type(named):
            leads_to[name] |= {one.name for one in schema.get_possible_types(named)}  # type: ignore[arg-type]
        if any(resolver_of(name, one) for one in fields):
            found.add(name)
    grown = True
    while grown:
        more = {name for name, inner in leads_to.items() if name not in found and inner & found}
        found |= more
        grown = bool(more)
    return frozenset(found)
