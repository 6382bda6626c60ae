"""Validates variables and arguments by functions that are built once a type or field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)
from graphql.utilities import type_from_ast, value_from_ast

from ..graphql_errors import FieldError, RequestRefusedError, validation_error

Coerce = Callable[[Any], Any]
Variables = Mapping[str, Any]

# A value of exactly this class needs no coercion.
_EXACT: dict[str, type] = {
    GraphQLString.name: str,
    GraphQLID.name: str,
    GraphQLFloat.name: float,
    GraphQLBoolean.name: bool,
}


class InputError(Exception):
    """A value doesn't fit its input type; the message is AppSync's, without the variable's name."""


class InputTypes:
    """Coercers of a schema's input types."""

    def __init__(self) -> None:
        self._objects: dict[str, Coerce] = {}

    def coercer(self, wanted: GraphQLInputType) -> Coerce:
        """A function from a JSON value to the value that resolvers get. It raises InputError."""
        if isinstance(wanted, GraphQLNonNull):
            return self._required(wanted)
        inner = self._nullable(wanted)
        return lambda value: None if value is None else inner(value)

    def _required(self, wanted: GraphQLNonNull[Any]) -> Coerce:
        inner = self._nullable(wanted.of_type)
        message = f"has coerced Null value for NonNull type '{wanted}'"

        def coerce(value: Any) -> Any:
            if value is None:
                raise InputError(message)
            return inner(value)

        return coerce

    def _nullable(self, wanted: GraphQLInputType) -> Coerce:
        if isinstance(wanted, GraphQLList):
            return _list(self.coercer(wanted.of_type))
        if isinstance(wanted, GraphQLInputObjectType):
            return self._object(wanted)
        if isinstance(wanted, GraphQLEnumType):
            return _enum(wanted)
        assert isinstance(wanted, GraphQLScalarType)  # noqa: S101 - the other input types are above
        return _scalar(wanted)

    def _object(self, wanted: GraphQLInputObjectType) -> Coerce:
        # Types may contain themselves: the function is looked up when it is called.
        if wanted.name not in self._objects:
            self._objects[wanted.name] = _unbuilt
            self._objects[wanted.name] = _input_object(wanted, self)
        known = self._objects
        name = wanted.name
        if known[name] is not _unbuilt:
            return known[name]
        return lambda value: known[name](value)  # noqa: PLW0108 - it is not built yet


def _unbuilt(value: Any) -> Any:
    raise InputError(f"has a value of a type that is not built yet: {value!r}")


def _list(item: Coerce) -> Coerce:
    def coerce(value: Any) -> list[Any]:
        if isinstance(value, list | tuple):
            return [item(one) for one in value]
        return [item(value)]

    return coerce


def _enum(wanted: GraphQLEnumType) -> Coerce:
    values = {name: value.value for name, value in wanted.values.items()}

    def coerce(value: Any) -> Any:
        if not isinstance(value, str) or value not in values:
            message = f"Invalid input for Enum '{wanted.name}'. No value found for name '{value}'"
            raise InputError(f"has an invalid value: {message}")
        return values[value]

    return coerce


def _scalar(wanted: GraphQLScalarType) -> Coerce:
    parse = wanted.parse_value

    def coerce(value: Any) -> Any:
        try:
            return parse(value)
        except (GraphQLError, TypeError, ValueError) as error:
            raise InputError(f"has an invalid value: {error}") from error

    return coerce


def _input_object(wanted: GraphQLInputObjectType, types: InputTypes) -> Coerce:
    missing = object()
    fields = []
    for name, field in wanted.fields.items():
        named = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        exact = _EXACT.get(getattr(named, "name", ""))
        required = isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined
        fields.append((name, exact, types.coercer(field.type), required, field.default_value, field.type))

    def coerce(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise InputError(f"has an invalid value: expected an object for '{wanted.name}'")
        coerced: dict[str, Any] = {}
        given = len(value)
        for name, exact, one, required, default, type_ in fields:
            found = value.get(name, missing)
            if found is missing:
                if default is not Undefined:
                    coerced[name] = default
                    given += 1
                elif required:
                    message = f"Field '{name}' has coerced Null value for NonNull type '{type_}'"
                    raise InputError(f"has an invalid value: {message}")
            elif exact is not None and found.__class__ is exact:
                coerced[name] = found
            else:
                try:
                    coerced[name] = one(found)
                except InputError as error:
                    raise InputError(f"has an invalid value: Field '{name}' {error}") from error
        if given != len(coerced):
            extra = next(name for name in value if name not in wanted.fields)
            raise InputError(
                f"contains a field name '{extra}' that is not defined for input object type '{wanted.name}'"
            )
        return coerced

    return coerce


class VariablesPlan:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, types: InputTypes) -> None:
        self._variables: list[tuple[str, Coerce, Any, bool, VariableDefinitionNode]] = []
        for node in operation.variable_definitions:
            wanted = type_from_ast(schema, node.type)
            default = Undefined
            if node.default_value is not None:
                default = value_from_ast(node.default_value, wanted)  # type: ignore[arg-type]
            required = isinstance(wanted, GraphQLNonNull) and default is Undefined
            coerce = types.coercer(wanted)  # type: ignore[arg-type]
            self._variables.append((node.variable.name.value, coerce, default, required, node))

    def coerce(self, given: Variables) -> dict[str, Any]:
        """The coerced variables, as resolvers see them. Raises RequestRefusedError."""
        coerced: dict[str, Any] = {}
        for name, coerce, default, required, node in self._variables:
            if name in given:
                try:
                    coerced[name] = coerce(given[name])
                except InputError as error:
                    raise RequestRefusedError(
                        [validation_error(f"Variable '{name}' {error}", node)]
                    ) from error
            elif default is not Undefined:
                coerced[name] = default
            elif required:
                message = f"Variable '{name}' has coerced Null value for NonNull type '{_type_text(node)}'"
                raise RequestRefusedError([validation_error(message, node)])
        return coerced


def _type_text(node: VariableDefinitionNode) -> str:
    source = node.type.loc
    return source.source.body[source.start : source.end] if source is not None else ""


class ArgumentsPlan:
    """The arguments of one field in a document."""

    def __init__(self, field: GraphQLField, node: FieldNode) -> None:
        given = {argument.name.value: argument.value for argument in node.arguments}
        self._constant: dict[str, Any] = {}
        self._from_variable: list[tuple[str, str, Any, GraphQLInputType]] = []
        self._mixed: list[tuple[str, Any, GraphQLInputType]] = []
        for name, argument in field.args.items():
            value = given.get(name)
            if isinstance(value, VariableNode):
                entry = (name, value.name.value, argument.default_value, argument.type)
                self._from_variable.append(entry)
            elif value is None:
                if argument.default_value is not Undefined:
                    self._constant[name] = argument.default_value
            else:
                self._literal(name, value, argument.type)

    def _literal(self, name: str, value: ValueNode, wanted: GraphQLInputType) -> None:
        if _variables_in(value):
            self._mixed.append((name, value, wanted))
        else:
            self._constant[name] = value_from_ast(value, wanted)

    def values(self, variables: Variables) -> dict[str, Any]:
        """The arguments: only those given or with a default; null is kept. Raises FieldError."""
        values = dict(self._constant)
        for name, variable, default, wanted in self._from_variable:
            if variable in variables:
                value = variables[variable]
                if value is None and isinstance(wanted, GraphQLNonNull):
                    raise FieldError(
                        f"Argument '{name}' is null, but its type is '{wanted}'", "ValidationError"
                    )
                values[name] = value
            elif default is not Undefined:
                values[name] = default
            elif isinstance(wanted, GraphQLNonNull):
                raise FieldError(f"Argument '{name}' of type '{wanted}' was not given", "ValidationError")
        for name, node, wanted in self._mixed:
            value = value_from_ast(node, wanted, dict(variables))
            if value is Undefined:
                raise FieldError(f"Argument '{name}' has an invalid value", "ValidationError")
            values[name] = value
        return values


def _variables_in(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_variables_in(value) for value in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_variables_in(field.value) for field in node.fields)
    return isinstance(node, VariableNode)


def directive_variables(nodes: Iterable[Any]) -> frozenset[str]:
    """The variables that decide `@skip` and `@include` anywhere in the selections."""
    names: set[str] = set()
    for node in nodes:
        for directive in node.directives:
            if directive.name.value in {"skip", "include"}:
                names |= {
                    a.value.name.value for a in directive.arguments if isinstance(a.value, VariableNode)
                }
        if getattr(node, "selection_set", None) is not None:
            names |= directive_variables(node.selection_set.selections)
    return frozenset(names)
