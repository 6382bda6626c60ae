"""Running an operation: authorization, arguments, resolvers and completion of each field.

An operation is compiled once per document and kind of caller. Where no resolver can be reached, a value is
completed by projection.py's plain functions; only the way down to a resolver is walked with coroutines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    null_error,
)
from ..resolvers.javascript import CtxParts, to_json
from ..resolvers.resolver import Resolution, Resolver, ResolverError, resolve_local
from .directives import IamDecisions
from .inputs import ArgumentsPlan
from .projection import TYPENAME, Entry, NullBubbleError, Projector, mismatch
from .selection import Selections

ResolverOf = Callable[[str, str], Resolver | None]
AsyncComplete = Callable[[Any, Path, "Run"], Awaitable[Any]]


@dataclass(slots=True)
class Run:
    """One operation being executed: what it was asked, and what it has come to so far."""

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
        """What resolvers asked for with `extensions.invalidateSubscriptions`."""
        return tuple(
            Invalidation(subscription_field=asked["subscriptionField"], payload=asked.get("payload") or {})
            for name, asked in self.extensions
            if name == "invalidateSubscriptions"
        )


class ResolvedField:
    """A field with a resolver, or on the way to one: authorization, arguments, resolver, completion."""

    def __init__(
        self,
        entry: Entry,
        nodes: Sequence[FieldNode],
        definition: GraphQLField,
        selections: Selections,
        *,
        resolver: Resolver | None = None,
        complete: AsyncComplete | None = None,
    ) -> None:
        self.entry = entry
        self._resolver = resolver
        self._arguments = ArgumentsPlan(definition, nodes[0])
        self._complete = complete
        self._sets = [node.selection_set for node in nodes if node.selection_set is not None]
        self._selections = selections
        self._info: str | None = None

    async def answer(self, source: Any, path: Path, run: Run, *, root: bool) -> Any:
        """The field's value in the answer. Raises NullBubbleError when it would be null and may not."""
        entry = self.entry
        here = (path, entry.key)
        if entry.constant is not None:
            return entry.constant
        try:
            await self._authorize(run, root=root)
            value = (
                source.get(entry.name) if self._resolver is None else await self._resolve(source, here, run)
            )
            if value is None:
                entry.null(path, run.errors)
            elif self._complete is not None:
                value = await self._complete(value, here, run)
            elif value.__class__ is not entry.exact:
                value = entry.complete(value, here, run.errors)
        except FieldError as error:
            self._fail(error, here, run)
        except NullBubbleError:
            pass  # its error is noted already
        else:
            return value
        if not entry.nullable:
            raise NullBubbleError
        return None

    async def start(self, run: Run) -> Mapping[str, Any]:
        """A subscription's beginning: authorization, and the resolver, whose value nobody gets.

        The answer are the arguments; failures are in `run.errors`.
        """
        here = (None, self.entry.key)
        try:
            await self._authorize(run, root=True)
            if self._resolver is not None:
                await self._resolve(None, here, run)
            return self._arguments.values(run.variables)
        except FieldError as error:
            self._fail(error, here, run)
            return {}

    def _fail(self, error: FieldError, here: Path, run: Run) -> None:
        if error.message is None:  # util.unauthorized()
            error = not_authorized(self.entry.parent, self.entry.name)
        run.errors.append(field_error(here, self.entry.node, error))

    async def _authorize(self, run: Run, *, root: bool) -> None:
        entry = self.entry
        allowed: bool | None = not entry.denied
        if allowed and root and run.identity.mode == AuthMode.IAM:
            allowed = run.iam.known(run.identity, entry.parent, entry.name)
            if allowed is None:
                allowed = await run.iam.ask(run.identity, entry.parent, entry.name)
        if not allowed:
            raise not_authorized(entry.parent, entry.name)

    async def _resolve(self, source: Any, here: Path, run: Run) -> Any:
        assert self._resolver is not None  # noqa: S101 - the only caller checks it
        run.resolvers_left -= 1
        if run.resolvers_left < 0:
            raise FieldError("The request runs more resolvers than this API allows.", LIMIT)
        parts = self._parts(source, run)
        local = self._resolver.local
        try:
            done = resolve_local(local, parts) if local is not None else await self._resolver.resolve(parts)
        except ResolverError as error:
            self._note(Resolution(None, error.appended), here, run)
            raise
        if done.appended or done.extensions:
            self._note(done, here, run)
        return done.value

    def _note(self, done: Resolution, here: Path, run: Run) -> None:
        run.errors += [appended_error(here, self.entry.node, fields) for fields in done.appended]
        run.extensions += done.extensions

    def _parts(self, source: Any, run: Run) -> CtxParts:
        def part(name: str) -> str:
            if name == "identity":
                return to_json(run.identity.context) if run.identity.context is not None else ""
            if name == "source":
                return to_json(source) if source is not None else ""
            if name == "request":
                return to_json({"headers": dict(run.request.headers), "domainName": None})
            return self._info_text(run) if name == "info" else run.environment

        return CtxParts(to_json(self._arguments.values(run.variables)), part, run.identity.mode)

    def _info_text(self, run: Run) -> str:
        if self._info is None:
            known = {
                "fieldName": self.entry.name,
                "parentTypeName": self.entry.parent,
                "selectionSetList": self._selections.names(self._sets),
                "selectionSetGraphQL": "\n".join(print_ast(one) for one in self._sets),
            }
            self._info = to_json(known)[:-1]
        return f'{self._info},"variables":{to_json(run.request.variables)}}}'


class Compiler:
    """Compiles the selections of one operation for one kind of caller."""

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
        entry = self._projector.field(parent, key, nodes)
        if entry.name == TYPENAME:
            nothing = GraphQLField(parent)
            return ResolvedField(entry, nodes, nothing, self._selections)
        definition = parent.fields[entry.name]
        complete = None
        if get_named_type(definition.type).name in self._resolving:
            complete = self._completion(_nullable(definition.type), nodes, parent.name)
        resolver = self._resolver_of(parent.name, entry.name)
        return ResolvedField(entry, nodes, definition, self._selections, resolver=resolver, complete=complete)

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


async def gather_answers(pending: Sequence[Awaitable[Any]]) -> list[Any]:
    """All the answers; every one runs to its end before the first failure is raised."""
    if len(pending) == 1:
        return [await pending[0]]
    answers = await asyncio.gather(*pending, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return list(answers)


def _object(fields: Sequence[ResolvedField]) -> AsyncComplete:
    async def complete(value: Any, path: Path, run: Run) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise mismatch(path, "OBJECT", run.errors)
        answers = await gather_answers([one.answer(value, path, run, root=False) for one in fields])
        return {one.entry.key: answer for one, answer in zip(fields, answers, strict=True)}

    return complete


def _list(item: AsyncComplete, nullable: bool, type_text: str, parent: str) -> AsyncComplete:
    async def one(value: Any, path: Path, run: Run) -> Any:
        if value is None:
            if not nullable:
                run.errors.append(null_error(path, type_text, parent))
                raise NullBubbleError
            return None
        try:
            return await item(value, path, run)
        except NullBubbleError:
            if not nullable:
                raise
            return None

    async def complete(value: Any, path: Path, run: Run) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise mismatch(path, "LIST", run.errors)
        return await gather_answers([one(found, (path, index), run) for index, found in enumerate(value)])

    return complete


def _abstract(possible: Mapping[str, AsyncComplete]) -> AsyncComplete:
    async def complete(value: Any, path: Path, run: Run) -> Any:
        named = value.get(TYPENAME) if isinstance(value, Mapping) else None
        if not isinstance(named, str) or named not in possible:
            raise mismatch(path, "OBJECT with a known __typename", run.errors)
        return await possible[named](value, path, run)

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
