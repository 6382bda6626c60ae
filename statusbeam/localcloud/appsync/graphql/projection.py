"""Projects a value by a selection: functions are built once a document and called once a value.

The same functions complete the response of a query and the published value of a mutation. With `keep_leaves`
they project a published value by a subscriber's selection: its leaves are already serialized.
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
"""(value that isn't None, path, errors so far) -> the value in the response. Raises NullBubbleError."""

TYPENAME = "__typename"
_EXACT: dict[str, type] = {
    GraphQLString.name: str,
    GraphQLID.name: str,
    GraphQLFloat.name: float,
    GraphQLBoolean.name: bool,
}


class NullBubbleError(Exception):
    """The value becomes null, and so does a parent that may not contain null. The error is already
    recorded."""


class FieldPlan:
    """The plan for one field of a response: how to find and complete its value."""

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
        """Complete a null. Raises NullBubbleError when the field may not be null."""
        if not self.nullable:
            errors.append(null_error((path, self.key), self.type_text, self.parent))
            raise NullBubbleError

    def refuse(self, path: Path, errors: list[ErrorDict]) -> None:
        """Record that the caller may not see the field. Raises NullBubbleError when it may not be null."""
        errors.append(field_error((path, self.key), self.node, not_authorized(self.parent, self.name)))
        if not self.nullable:
            raise NullBubbleError


class Projector:
    """Builds the functions for the selections of one operation."""

    def __init__(self, selections: Selections, *, keep_leaves: bool = False) -> None:
        self._selections = selections
        self._keep_leaves = keep_leaves

    def field(self, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> FieldPlan:
        """The plan of one field of `parent`; `nodes` are its occurrences in the document."""
        name = nodes[0].name.value
        if name == TYPENAME:
            field = FieldPlan(key, nodes[0], parent, False, "String!")
            field.constant = parent.name
            return field
        wanted = parent.fields[name].type
        nullable = not isinstance(wanted, GraphQLNonNull)
        inner: GraphQLOutputType = wanted if nullable else wanted.of_type
        field = FieldPlan(key, nodes[0], parent, nullable, str(inner))
        field.denied = not self._selections.allows(parent.name, name)
        field.complete, field.exact = self._completion(inner, nodes, parent.name)
        return field

    def object(self, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Complete:
        """The projection of an object of type `parent`."""
        selected = self._selections.fields(parent, sets)
        fields = [self.field(parent, key, nodes) for key, nodes in selected.items()]
        if any(field.denied or field.constant is not None for field in fields):
            return _guarded_object(fields)
        return _plain_object(fields)

    def _completion(
        self, wanted: GraphQLOutputType, nodes: Sequence[FieldNode], parent: str
    ) -> tuple[Complete, type | None]:
        """The completion of a type's values, and the class whose values stay as they are."""
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
    """Record that a resolver's value does not have the type of the schema."""
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
    """The completion of an interface or union: `__typename` names the type of a value."""

    def complete(value: Any, path: Path, errors: list[ErrorDict]) -> Any:
        named = value.get(TYPENAME) if isinstance(value, Mapping) else None
        project = possible.get(named) if isinstance(named, str) else None
        if project is None:
            message = f"Can't resolve '{path_text(path)}'. Abstract type '{name}' needs a known __typename"
            errors.append(value_error(path, message))
            raise NullBubbleError
        return project(value, path, errors)

    return complete


def _plain_object(fields: Sequence[FieldPlan]) -> Complete:
    rows = [
        (
            field.key,
            field.name,
            field.exact,
            field.complete is _unchanged,
            field.complete,
            field.nullable,
            field,
        )
        for field in fields
    ]

    def project(value: Any, path: Path, errors: list[ErrorDict]) -> dict[str, Any]:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise mismatch(path, "OBJECT", errors)
        get = value.get
        answer: dict[str, Any] = {}
        for key, name, exact, kept, complete, nullable, field in rows:
            found = get(name)
            if found.__class__ is exact or (kept and found is not None):
                answer[key] = found
            elif found is None:
                if not nullable:
                    field.null(path, errors)
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


def _guarded_object(fields: Sequence[FieldPlan]) -> Complete:
    """Like _plain_object, with fields that are refused or constant."""
    runs: list[tuple[FieldPlan | None, Complete]] = []
    for special, run in groupby(fields, key=lambda field: field.denied or field.constant is not None):
        if special:
            runs += [(field, _unchanged) for field in run]
        else:
            runs.append((None, _plain_object(list(run))))

    def project(value: Any, path: Path, errors: list[ErrorDict]) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for field, plain in runs:
            if field is None:
                answer |= plain(value, path, errors)
            elif field.constant is not None:
                answer[field.key] = field.constant
            else:
                field.refuse(path, errors)
                answer[field.key] = None
        return answer

    return project
