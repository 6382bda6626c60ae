"""The fields that a document selects: merges fragments, evaluates `@skip` and `@include`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    print_ast,
)
from graphql.language.ast import Node
from graphql.utilities import type_from_ast

from .weights import Budget

Allows = Callable[[str, str], bool]
"""(type name, field name) -> whether the caller may use the field."""

Fields = dict[str, list[FieldNode]]


@dataclass(frozen=True, slots=True)
class Selections:
    """Reads the selections of one operation for callers with equal access.

    `booleans` are the variables that decide `@skip` and `@include`. `budget` counts the selections
    read: too many raise TooHeavyError.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    booleans: Mapping[str, Any]
    allows: Allows
    budget: Budget

    def fields(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Fields:
        """The selected fields of `parent`, by their response key and in the order of the response."""
        found: Fields = {}
        for one in sets:
            self._collect(parent, one, found, set())
        return found

    def _collect(
        self, parent: GraphQLObjectType, selections: SelectionSetNode, found: Fields, spread: set[str]
    ) -> None:
        self.budget.take(len(selections.selections))
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(response_key(node), []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._applies(node.type_condition, parent):
                    self._collect(parent, node.selection_set, found, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition, parent):
                    self._collect(parent, fragment.selection_set, found, spread)

    def _included(self, node: Node) -> bool:
        for directive in getattr(node, "directives", ()):
            name = directive.name.value
            if name in {"skip", "include"}:
                value = next(
                    argument.value for argument in directive.arguments if argument.name.value == "if"
                )
                decided = (
                    self.booleans.get(value.name.value) if isinstance(value, VariableNode) else value.value
                )
                if bool(decided) is (name == "skip"):
                    return False
        return True

    def _applies(self, condition: NamedTypeNode | None, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        wanted = type_from_ast(self.schema, condition)
        if not is_abstract_type(wanted):
            return False
        abstract: GraphQLAbstractType = wanted  # type: ignore[assignment]
        return self.schema.is_sub_type(abstract, parent)

    def names(self, sets: Iterable[SelectionSetNode]) -> list[str]:
        """`ctx.info.selectionSetList`: every selected field as a path, aliases instead of names."""
        names: dict[str, None] = {}  # in the order of the document

        def visit(selections: SelectionSetNode, prefix: str) -> None:
            for node in selections.selections:
                if not self._included(node):
                    continue
                if isinstance(node, FragmentSpreadNode):
                    visit(self.fragments[node.name.value].selection_set, prefix)
                elif isinstance(node, InlineFragmentNode):
                    visit(node.selection_set, prefix)
                elif isinstance(node, FieldNode):
                    path = prefix + response_key(node)
                    names[path] = None
                    if node.selection_set is not None:
                        visit(node.selection_set, f"{path}/")

        for one in sets:
            visit(one, "")
        return list(names)

    def text(self, field: FieldNode) -> str:
        """The field's selection with its fragments in canonical form: equal texts give equal answers."""
        used: dict[str, str] = {}

        def visit(node: FieldNode | InlineFragmentNode | FragmentDefinitionNode) -> None:
            if node.selection_set is None:
                return
            for one in node.selection_set.selections:
                if isinstance(one, FragmentSpreadNode):
                    if one.name.value not in used:
                        fragment = self.fragments[one.name.value]
                        used[one.name.value] = print_ast(fragment)
                        visit(fragment)
                elif isinstance(one, FieldNode | InlineFragmentNode):
                    visit(one)

        visit(field)
        own = print_ast(field.selection_set) if field.selection_set is not None else ""
        return "\n".join([own, *(used[name] for name in sorted(used))])


def response_key(node: FieldNode) -> str:
    """A field's name in the response: its alias, or its own name."""
    return node.alias.value if node.alias is not None else node.name.value
