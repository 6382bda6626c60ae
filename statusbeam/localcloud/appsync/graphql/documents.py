"""Query documents, parsed and validated once, and their operations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
)

from statusbeam.model.bounded import Bounded

from ..graphql_errors import (
    LIMIT,
    ErrorDict,
    RequestRefusedError,
    validation_error,
    validation_errors,
)
from .inputs import InputTypes, VariablesPlan, directive_variables

MAX_DOCUMENTS = 256
# Accesses times values of @skip and @include. More plans than this come from a client that varies them.
MAX_PLANS = 64
MAX_ERRORS = 20
MAX_TOKENS = 15_000
INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class Operation:
    """One operation of a document. `plans` belongs to the engine."""

    node: OperationDefinitionNode
    document: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariablesPlan
    booleans: frozenset[str]
    plans: Bounded[Hashable, Any] = field(default_factory=partial(Bounded, MAX_PLANS))


@dataclass(frozen=True, slots=True)
class Document:
    """A validated document: its operations by name, or its errors."""

    operations: Mapping[str | None, Operation]
    errors: tuple[ErrorDict, ...] = ()

    def operation(self, name: str | None) -> Operation:
        """The operation to run. Raises RequestRefusedError."""
        if self.errors:
            raise RequestRefusedError(self.errors)
        if not name and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name or None)
        if found is None or (not name and len(self.operations) > 1):
            message = f"Unknown operation named '{name}'." if name else "Must provide an operation name."
            raise RequestRefusedError([validation_error(message)])
        return found


class Documents:
    """The cache of the most recently used documents of one schema."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool, depth_limit: int) -> None:
        self._schema = schema
        self._introspection = introspection
        self._depth_limit = depth_limit
        self._inputs = InputTypes()
        self._cache: Bounded[str, Document] = Bounded(MAX_DOCUMENTS)

    def get(self, text: str) -> Document:
        """The validated document of a query text."""
        document = self._cache.get(text) or self._check(text)
        self._cache[text] = document
        return document

    def _check(self, text: str) -> Document:
        try:
            ast = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            return Document({}, tuple(validation_errors([error])))
        errors = validate(self._schema, ast, max_errors=MAX_ERRORS)
        if errors:
            return Document({}, tuple(validation_errors(errors)))
        fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        refusals = [refusal for node in operations for refusal in self._refusals(node, fragments)]
        if refusals:
            return Document({}, tuple(refusals))
        found = {}
        for node in operations:
            name = node.name.value if node.name is not None else None
            booleans = directive_variables([node, *fragments.values()])
            variables = VariablesPlan(self._schema, node, self._inputs)
            found[name] = Operation(node, ast, fragments, variables, booleans)
        return Document(found)

    def _refusals(
        self, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> list[ErrorDict]:
        deepest = _depth(node.selection_set, fragments)
        if self._depth_limit and deepest > self._depth_limit:
            message = f"The query is {deepest} levels deep, but this API allows {self._depth_limit}."
            return [validation_error(message, node, LIMIT)]
        if self._introspection:
            return []
        hidden = [one for one in _root_fields(node.selection_set, fragments) if _introspects(one)]
        return [
            validation_error(
                f"Validation error of type FieldUndefined: Field '{name}' in type 'Query' is undefined", one
            )
            for one in hidden
            if (name := one.name.value)
        ]


def _introspects(node: FieldNode) -> bool:
    return node.name.value in INTROSPECTION_FIELDS


def _root_fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[FieldNode]:
    found: list[FieldNode] = []
    for node in selections.selections:
        if isinstance(node, FieldNode):
            found.append(node)
        elif isinstance(node, FragmentSpreadNode):
            found += _root_fields(fragments[node.name.value].selection_set, fragments)
        else:
            found += _root_fields(node.selection_set, fragments)  # type: ignore[attr-defined]
    return found


def _depth(selections: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """The number of levels of fields. Validation has excluded fragments that contain themselves."""
    deepest = 0
    for node in selections.selections if selections is not None else ():
        if isinstance(node, FieldNode):
            deepest = max(deepest, 1 + _depth(node.selection_set, fragments))
        elif isinstance(node, FragmentSpreadNode):
            deepest = max(deepest, _depth(fragments[node.name.value].selection_set, fragments))
        else:
            deepest = max(deepest, _depth(node.selection_set, fragments))  # type: ignore[attr-defined]
    return deepest
