"""Whether the fields of an operation can be merged, in time that is linear in its weight.

The rule is GraphQL's FieldsInSetCanMerge. graphql-core's own implementation compares fields in pairs: 15 000
equal fields keep it busy for minutes. Here each field is compared with the first of its name, which suffices
because equal shapes, names and arguments are transitive. Simon Adameit described the method for Sangria.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.utilities.type_info import get_field_def
from graphql.validation.rules.overlapping_fields_can_be_merged import do_types_conflict, same_arguments

from .selection import response_key
from .weights import Budget


@dataclass(frozen=True, slots=True)
class _Field:
    parent: GraphQLNamedType
    node: FieldNode
    type: GraphQLOutputType


_Sets = Sequence[tuple[GraphQLNamedType, SelectionSetNode]]


class MergeCheck:
    """Checks operations of one document that all other rules have accepted.

    Raises TooHeavyError when the check takes more steps than the budget has.
    """

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], budget: Budget
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._budget = budget

    def conflict(self, root: GraphQLNamedType, selections: SelectionSetNode) -> GraphQLError | None:
        """The first conflict of an operation, or None."""
        sets = [(root, selections)]
        return next(self._shapes(sets), None) or next(self._identities(sets), None)

    def _shapes(self, sets: _Sets) -> Iterator[GraphQLError]:
        """Fields of one response key have one shape, whatever types they belong to."""
        for key, fields in self._by_key(sets).items():
            first = fields[0]
            for other in fields[1:]:
                if do_types_conflict(first.type, other.type):
                    reason = f"they return conflicting types '{first.type}' and '{other.type}'"
                    yield _conflict(key, reason, first, other)
            yield from self._shapes(_below(fields))

    def _identities(self, sets: _Sets) -> Iterator[GraphQLError]:
        """Fields of one response key that one object may answer are one field with one set of arguments."""
        for key, fields in self._by_key(sets).items():
            for group in _answered_together(fields):
                first = group[0]
                for other in group[1:]:
                    if first.node.name.value != other.node.name.value:
                        names = f"'{first.node.name.value}' and '{other.node.name.value}'"
                        yield _conflict(key, f"{names} are different fields", first, other)
                    elif not same_arguments(first.node, other.node):
                        yield _conflict(key, "they have differing arguments", first, other)
                yield from self._identities(_below(group))

    def _by_key(self, sets: _Sets) -> dict[str, list[_Field]]:
        found: defaultdict[str, list[_Field]] = defaultdict(list)
        spread: set[str] = set()
        for parent, selections in sets:
            for field in self._fields(parent, selections, spread):
                found[response_key(field.node)].append(field)
        return found

    def _fields(
        self, parent: GraphQLNamedType, selections: SelectionSetNode, spread: set[str]
    ) -> Iterator[_Field]:
        self._budget.take(len(selections.selections))
        for node in selections.selections:
            if isinstance(node, FieldNode):
                definition = get_field_def(self._schema, parent, node)
                assert definition is not None  # noqa: S101 - the other rules have checked it
                yield _Field(parent, node, definition.type)
            elif isinstance(node, InlineFragmentNode):
                inner = self._narrowed(node.type_condition, parent)
                yield from self._fields(inner, node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                inner = self._narrowed(fragment.type_condition, parent)
                yield from self._fields(inner, fragment.selection_set, spread)

    def _narrowed(self, condition: NamedTypeNode | None, parent: GraphQLNamedType) -> GraphQLNamedType:
        return parent if condition is None else self._schema.type_map[condition.name.value]


def _below(fields: Iterable[_Field]) -> _Sets:
    return [
        (get_named_type(field.type), field.node.selection_set)
        for field in fields
        if field.node.selection_set is not None
    ]


def _answered_together(fields: Sequence[_Field]) -> Iterable[Sequence[_Field]]:
    """Groups of fields that one object may have to answer: those of its own type, and of abstract types."""
    concrete: dict[str, list[_Field]] = {}
    abstract = [field for field in fields if not isinstance(field.parent, GraphQLObjectType)]
    for field in fields:
        if isinstance(field.parent, GraphQLObjectType):
            concrete.setdefault(field.parent.name, []).append(field)
    return [[*abstract, *group] for group in concrete.values()] or [abstract]


def _conflict(key: str, reason: str, first: _Field, other: _Field) -> GraphQLError:
    hint = "Use different aliases on the fields to fetch both if this was intentional."
    return GraphQLError(f"Fields '{key}' conflict because {reason}. {hint}", [first.node, other.node])
