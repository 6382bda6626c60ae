"""`__schema` and `__type`: graphql-core executes them, in a copy of the operation without other fields."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution import ExecutionResult, execute_sync
from graphql.language import SelectionSetNode

from ..graphql_errors import ErrorDict, validation_errors


def introspect(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    nodes: list[FieldNode],
    variables: Mapping[str, Any],
) -> tuple[Mapping[str, Any], list[ErrorDict]]:
    """The answers of the introspection fields `nodes` at the root of an operation, and their errors."""
    alone = copy.copy(operation)
    alone.selection_set = SelectionSetNode(selections=tuple(nodes))
    document = DocumentNode(definitions=(alone, *fragments.values()))
    result = execute_sync(schema, document, variable_values=dict(variables))
    assert isinstance(result, ExecutionResult)  # noqa: S101 - nothing in introspection waits
    return result.data or {}, validation_errors(result.errors or [])
