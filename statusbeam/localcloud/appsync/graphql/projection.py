"""A value and a selection give the answer: functions built once a document, run once a value.

The same functions answer a query, make the published value of a mutation and, with `keep_leaves`, project
a published value again by a subscriber's selection (its leaves are in their wire form already).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
    SelectionSetNode,
    is_abstract_type,
)

from ..graphql_errors import (
    ErrorDict,
    Path,
    field_error,
    not_authorized,
    null_error,
    path_text,
    value_error,
)
from .selection import Selections

Complete = Callable[[Any, Path, list[ErrorDict]], Any]
"""(value that isn't None, path, errors so far) -> what the answer holds. Raises NullBubbleError."""

TYPENAME = "__typename"
_EXACT: dict[str, type] = {
    GraphQLString.name: str,
    GraphQLID.name: str,
    GraphQLFloat.name: float,
    GraphQLBoolean.name: bool,
}


class NullBubbleError(Exception):
    """The value becomes null, and so does what holds it if it may not be null. The error is noted already."""


class Entry:
    """One field of an answer: where its value comes from, and what becomes of it."""

    __slots__ = (
        "complete",
        "constant",
        "denied",
        "exact",
        "key",
        "name",
        "node",
        "nullable",
        "parent",
        "type_text",
    )

    def __init__(
        self, key: str, node: FieldNode, parent: GraphQLObjectType, nullable: bool, type_text: str
    ) -> None:
        self.key = key
        self.name = node.name.value
        self.node = node
        self.parent = parent.name
        self.nullable = nullable
        self.type_text = type_text
        self.exact: type | None = None
        self.complete: Complete = _unchanged
        self.denied = False
        self.constant: str | None = None

    def null(self, path: Path, errors: list[ErrorDict]) -> None:
        """The field's value is null. Raises NullBubbleError when it may not be."""
        if not self.nullable:
            errors.append(null_error((path, self.key), self.type_text, self.parent))
            raise NullBubbleError

    def refuse(self, path: Path, errors: list[ErrorDict]) -> None:
        """The caller may not see the field. Raises NullBubbleError when it may not be null."""
        errors.append(field_error((path, self.key), self.node, not_authorized(self.parent, self.name)))
        if not self.nullable:
            raise NullBubbleError


class Projector:
    """Builds the functions for the selections of one operation."""

    def __init__(self, selections: Selections, *, keep_leaves: bool = False) -> None:
        self._selections = selections
        self._keep_leaves = keep_leaves

    def field(self, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Entry:
        """What becomes of one field of `parent`; `nodes` are its mentions in the document."""
        name = nodes[0].name.value
        if name == TYPENAME:
            entry = Entry(key, nodes[0], parent, False, "String!")
            entry.constant = parent.name
            return entry
        wanted = parent.fields[name].type
        nullable = not isinstance(wanted, GraphQLNonNull)
        inner: GraphQLOutputType = wanted if nullable else wanted.of_type
        entry = Entry(key, nodes[0], parent, nullable, str(inner))
        entry.denied = not self._selections.allows(parent.name, name)
        entry.complete, entry.exact = self._completion(inner, nodes, parent.name)
        return entry

    def object(self, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Complete:
        """The projection of an object of type `parent`."""
        fields = self._selections.fields(parent, sets)
        entries = [self.field(parent, key, nodes) for key, nodes in fields.items()]
        if any(entry.denied or entry.constant is not None for entry in entries):
            return _guarded_object(entries)
        return _plain_object(entries)

    def _completion(
        self, wanted: GraphQLOutputType, nodes: Sequence[FieldNode], parent: str
    ) -> tuple[Complete, type | None]:
        """How a value of a type is completed, and the class whose values need nothing done."""
        if isinstance(wanted, GraphQLList):
            return self._list(wanted, nodes, parent), None
        if isinstance(wanted, GraphQLObjectType):
            return self.object(wanted, _sets(nodes)), None
        if is_abstract_type(wanted):
            return self._abstract(wanted, nodes), None
        if self._keep_leaves:
            return _unchanged, None
        assert isinstance(wanted, GraphQLScalarType | GraphQLEnumType)  # noqa: S101 - the other types are above
        return leaf(wanted), _EXACT.get(wanted.name)

    def _list(self, wanted: GraphQLList[Any], nodes: Sequence[FieldNode], parent: str) -> Complete:
        nullable = not isinstance(wanted.of_type, GraphQLNonNull)
        inner = wanted.of_type if nullable else wanted.of_type.of_type
        complete, exact = self._completion(inner, nodes, parent)
        return list_completion(complete, exact, nullable, str(inner), parent)

    def _abstract(self, wanted: Any, nodes: Sequence[FieldNode]) -> Complete:
        schema = self._selections.schema
        possible = {one.name: self.object(one, _sets(nodes)) for one in schema.get_possible_types(wanted)}
        return abstract_completion(wanted.name, possible)


def _sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _unchanged(value: Any, _path: Path, _errors: list[ErrorDict]) -> Any:
    return value


def mismatch(path: Path, wanted: str, errors: list[ErrorDict]) -> NullBubbleError:
    """A resolver's value has another shape than the schema says."""
    message = f"Can't resolve value ({path_text(path)}) : type mismatch error, expected type {wanted}"
    errors.append(value_error(path, message))
    return NullBubbleError()


def leaf(wanted: GraphQLScalarType | GraphQLEnumType) -> Complete:
    """The completion of a scalar or an enum."""
    serialize = wanted.serialize

    def complete(value: Any, path: Path, errors: list[ErrorDict]) -> Any:
        try:
            return serialize(value)
        except (GraphQLError, TypeError, ValueError) as error:
            errors.append(value_error(path, f"Can't serialize value ({path_text(path)}) : {error}"))
            raise NullBubbleError from error

    return complete


def list_completion(
    complete: Complete, exact: type | None, nullable: bool, type_text: str, parent: str
) -> Complete:
    """The completion of a list whose items `complete` completes."""

    def complete_list(value: Any, path: Path, errors: list[ErrorDict]) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise mismatch(path, "LIST", errors)
        items: list[Any] = []
        for index, item in enumerate(value):
            if item is None:
                if not nullable:
                    errors.append(null_error((path, index), type_text, parent))
                    raise NullBubbleError
                items.append(None)
            elif item.__class__ is exact:
                items.append(item)
            else:
                try:
                    items.append(complete(item, (path, index), errors))
                except NullBubbleError:
                    if not nullable:
                        raise
                    items.append(None)
        return items

    return complete_list


def abstract_completion(name: str, possible: Mapping[str, Complete]) -> Complete:
    """The completion of an interface or union: a value says its type in `__typename`."""

    def complete(value: Any, path: Path, errors: list[ErrorDict]) -> Any:
        named = value.get(TYPENAME) if isinstance(value, Mapping) else None
        project = possible.get(named) if isinstance(named, str) else None
        if project is None:
            message = f"Can't resolve '{path_text(path)}'. Abstract type '{name}' needs a known __typename"
            errors.append(value_error(path, message))
            raise NullBubbleError
        return project(value, path, errors)

    return complete


def _plain_object(entries: Sequence[Entry]) -> Complete:
    rows = [
        (
            entry.key,
            entry.name,
            entry.exact,
            entry.complete is _unchanged,
            entry.complete,
            entry.nullable,
            entry,
        )
        for entry in entries
    ]

    def project(value: Any, path: Path, errors: list[ErrorDict]) -> dict[str, Any]:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise mismatch(path, "OBJECT", errors)
        get = value.get
        answer: dict[str, Any] = {}
        for key, name, exact, kept, complete, nullable, entry in rows:
            found = get(name)
            if found.__class__ is exact or (kept and found is not None):
                answer[key] = found
            elif found is None:
                if not nullable:
                    entry.null(path, errors)
                answer[key] = None
            else:
                try:
                    answer[key] = complete(found, (path, key), errors)
                except NullBubbleError:
                    if not nullable:
                        raise
                    answer[key] = None
        return answer

    return project


def _guarded_object(entries: Sequence[Entry]) -> Complete:
    """Like _plain_object, with fields that are refused or known beforehand."""
    runs: list[tuple[Entry | None, Complete]] = []
    for special, run in groupby(entries, key=lambda entry: entry.denied or entry.constant is not None):
        if special:
            runs += [(entry, _unchanged) for entry in run]
        else:
            runs.append((None, _plain_object(list(run))))

    def project(value: Any, path: Path, errors: list[ErrorDict]) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for entry, plain in runs:
            if entry is None:
                answer |= plain(value, path, errors)
            elif entry.constant is not None:
                answer[entry.key] = entry.constant
            else:
                entry.refuse(path, errors)
                answer[entry.key] = None
        return answer

    return project
