"""The cost of a document: the number of its fields after spreading the fragments, without spreading them.

A fragment that spreads another one twice doubles it, so 20 kB of fragments can stand for billions of fields.
Each fragment is weighed once. The weight is known before anything walks the fields themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
)

from ..graphql_errors import LIMIT, RequestRefusedError, validation_error

MAX_NODES: Final = 10_000
"""The weight limit of one document. AppSync limits the resolvers of one request to the same number."""
MAX_STEPS: Final = 4 * MAX_NODES
"""The step limit of one walk over a document. Types that implement an interface multiply its selected
fields."""


class TooHeavyError(RequestRefusedError):
    """The document selects too much."""

    def __init__(self) -> None:
        message = f"The document selects more than {MAX_NODES} fields when its fragments are spread out."
        super().__init__([validation_error(message, error_type=LIMIT)])


class Budget:
    """The steps that one walk over a document may take."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.is_small = steps < MAX_STEPS
        self.used = 0

    def take(self, steps: int) -> None:
        """Count steps. Raises TooHeavyError when there are too many."""
        self.used += steps
        if self.used > self._steps:
            raise TooHeavyError


@dataclass(frozen=True, slots=True)
class Weight:
    """`nodes` are selections and values of arguments; `depth` is the number of levels of fields."""

    nodes: int
    depth: int


_NOTHING: Final = Weight(0, 0)


class Scales:
    """Weighs the selections of one document. Unknown fragments weigh nothing; a cycle counts once."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Weight] = {}

    def weigh(self, selections: SelectionSetNode | None) -> Weight:
        """The weight of a selection set with everything below it."""
        nodes = depth = 0
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FragmentSpreadNode):
                inner = self._fragment(node.name.value)
            else:
                assert isinstance(node, FieldNode | InlineFragmentNode)  # noqa: S101 - the third kind is above
                inner = self.weigh(node.selection_set)
            nodes += 1 + inner.nodes + _values(_given(node))
            depth = max(depth, inner.depth + isinstance(node, FieldNode))
        return Weight(nodes, depth)

    def _fragment(self, name: str) -> Weight:
        known = self._known.get(name)
        if known is None:
            self._known[name] = _NOTHING  # a cycle finds this value; validation rejects cycles
            fragment = self._fragments.get(name)
            known = _NOTHING if fragment is None else self.weigh(fragment.selection_set)
            self._known[name] = known
        return known


def _given(node: FieldNode | FragmentSpreadNode | InlineFragmentNode) -> Iterable[ValueNode]:
    for directive in node.directives:
        yield from (argument.value for argument in directive.arguments)
    if isinstance(node, FieldNode):
        yield from (argument.value for argument in node.arguments)


def _values(values: Iterable[ValueNode]) -> int:
    count = 0
    for value in values:
        count += 1
        if isinstance(value, ListValueNode):
            count += _values(value.values)
        elif isinstance(value, ObjectValueNode):
            count += _values(field.value for field in value.fields)
    return count
