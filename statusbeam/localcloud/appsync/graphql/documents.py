"""Query documents, parsed and validated once, and their operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
    specified_rules,
    validate,
)
from graphql.validation import OverlappingFieldsCanBeMergedRule

from ..graphql_errors import (
    LIMIT,
    ErrorDict,
    RequestRefusedError,
    validation_error,
    validation_errors,
)
from .byte_cache import ByteCache
from .heavy_work import HeavyWork
from .inputs import InputTypes, VariablesPlan, directive_variables
from .merging import MergeCheck
from .weights import MAX_NODES, Budget, Scales, TooHeavyError, Weight

MAX_CHARACTERS = 256 * 1024
MAX_TOKENS = 15_000
MAX_ERRORS = 20
LIGHT_CHARACTERS = 2_000
"""A text up to this length is checked on the event loop, in milliseconds; a longer one in a thread."""
CACHE_BYTES = 32 * 1024 * 1024
BYTES_PER_CHARACTER = 5
"""The bytes of a query text for each character. The cache keeps the text twice: as its key, and for error
positions."""
BYTES_PER_TOKEN = 1_000
"""The bytes of the syntax tree for each character of the text, with the data of its operations."""
BYTES_PER_ERROR = 1_500
INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})
MAX_INTROSPECTION_NODES = 500
# Replaced by MergeCheck: graphql-core compares fields in pairs.
_RULES = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a document. Two are never equal, so that an operation can be a key."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariablesPlan
    booleans: frozenset[str]


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

    def __init__(
        self, schema: GraphQLSchema, heavy_work: HeavyWork, *, introspection: bool, depth_limit: int
    ) -> None:
        self._schema = schema
        self._introspection = introspection
        self._depth_limit = depth_limit
        self._inputs = InputTypes()
        self.cache: ByteCache[str, Document] = ByteCache(CACHE_BYTES)
        self._heavy_work = heavy_work

    async def get(self, text: str) -> Document:
        """The validated document of a query text. Waits only for a long one that is not in the cache."""
        known = self.cache.get(text)
        if known is not None:
            return known
        check = partial(self._check, text)
        document, size = await self._heavy_work.run(check, is_light=len(text) <= LIGHT_CHARACTERS)
        self.cache.put(text, document, size + len(document.errors) * BYTES_PER_ERROR)
        return document

    def _check(self, text: str, budget: Budget) -> tuple[Document, int]:
        """The document, and the bytes that it takes."""
        size = len(text) * BYTES_PER_CHARACTER
        if len(text) > MAX_CHARACTERS:
            message = f"The document has more than {MAX_CHARACTERS} characters."
            return Document({}, (validation_error(message, error_type=LIMIT),)), size
        try:
            ast = parse(text, max_tokens=MAX_TOKENS)
            operations = self._operations(ast, budget)
        except GraphQLError as error:
            return Document({}, tuple(validation_errors([error]))), size
        except TooHeavyError as refused:
            if budget.is_small:
                raise
            return Document({}, tuple(refused.errors)), size
        except RequestRefusedError as refused:
            return Document({}, tuple(refused.errors)), size
        return Document(operations), size + _tokens(ast) * BYTES_PER_TOKEN

    def _operations(self, ast: DocumentNode, budget: Budget) -> dict[str | None, Operation]:
        """The document's operations by name. Raises RequestRefusedError."""
        fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        scales = Scales(fragments)
        weights = [scales.weigh(node.selection_set) for node in nodes]
        # first, because the rules walk the fragments of each operation
        nodes_in_all = sum(weight.nodes for weight in weights)
        if nodes_in_all > MAX_NODES:
            raise TooHeavyError
        budget.take(nodes_in_all)
        errors = validate(self._schema, ast, rules=_RULES, max_errors=MAX_ERRORS)
        errors = errors or self._conflicts(nodes, MergeCheck(self._schema, fragments, budget))
        if errors:
            raise RequestRefusedError(validation_errors(errors))
        refusals = [
            refusal
            for node, weight in zip(nodes, weights, strict=True)
            for refusal in self._refusals(node, weight, fragments)
        ]
        if refusals:
            raise RequestRefusedError(refusals)
        booleans = directive_variables(fragments.values())
        return {
            node.name.value if node.name is not None else None: Operation(
                node,
                fragments,
                VariablesPlan(self._schema, node, self._inputs),
                booleans | directive_variables([node]),
            )
            for node in nodes
        }

    def _conflicts(self, nodes: Sequence[OperationDefinitionNode], check: MergeCheck) -> list[GraphQLError]:
        for node in nodes:
            root = self._schema.get_root_type(node.operation)
            conflict = None if root is None else check.conflict(root, node.selection_set)
            if conflict is not None:
                return [conflict]
        return []

    def _refusals(
        self,
        node: OperationDefinitionNode,
        weight: Weight,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> list[ErrorDict]:
        if self._depth_limit and weight.depth > self._depth_limit:
            message = f"The query is {weight.depth} levels deep, but this API allows {self._depth_limit}."
            return [validation_error(message, node, LIMIT)]
        asked = [one for one in _root_fields(node.selection_set, fragments) if _introspects(one)]
        if self._introspection:
            return _excess(asked, fragments)
        return [
            validation_error(
                f"Validation error of type FieldUndefined: Field '{name}' in type 'Query' is undefined", one
            )
            for one in asked
            if (name := one.name.value)
        ]


def _tokens(ast: DocumentNode) -> int:
    count = 0
    token = ast.loc.start_token if ast.loc is not None else None
    while token is not None:
        count += 1
        token = token.next
    return count


def _introspects(node: FieldNode) -> bool:
    return node.name.value in INTROSPECTION_FIELDS


def _excess(asked: Sequence[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> list[ErrorDict]:
    """Refuse an introspection whose answer would be many times the schema. No tool sends one."""
    scales = Scales(fragments)
    if sum(scales.weigh(one.selection_set).nodes for one in asked) > MAX_INTROSPECTION_NODES:
        message = f"The introspection selects more than {MAX_INTROSPECTION_NODES} fields."
        return [validation_error(message, asked[0], LIMIT)]
    return []


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
