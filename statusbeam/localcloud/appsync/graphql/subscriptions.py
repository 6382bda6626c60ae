"""The `start` of a subscription: authorization, filters, and the form of its pushes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from graphql import FieldNode, GraphQLObjectType

from ..contract import AppSyncError, Subscription
from ..graphql_errors import UNAUTHORIZED, ErrorDict
from .directives import AccessKey
from .execution import Execution, ResolvedField
from .filters import Filter, FilterError, basic_filter, enhanced_filter
from .projection import FieldPlan, NullBubbleError, Projector
from .selection import Selections, response_key

_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """A subscription, compiled for callers with equal access. Plans of equal `shape` give equal pushes."""

    name: str
    mutations: tuple[str, ...]
    shape: bytes
    encode: Callable[[Mapping[str, Any]], bytes]

    @classmethod
    def compile(
        cls,
        selections: Selections,
        root: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        *,
        mutations: tuple[str, ...],
        access: AccessKey,
    ) -> SubscriptionPlan:
        """The plan of the one root field; `nodes` are its occurrences in the document."""
        key = response_key(nodes[0])
        field = Projector(selections, keep_leaves=True).field(root, key, nodes)
        texts = tuple(selections.text(node) for node in nodes)
        booleans = {name: bool(value) for name, value in selections.booleans.items()}
        mode, groups, denied = access
        shape = repr((key, texts, sorted(booleans.items()), mode, sorted(groups), sorted(denied)))
        return cls(field.name, mutations, sha256(shape.encode()).digest(), _encoder(field))


def _encoder(field: FieldPlan) -> Callable[[Mapping[str, Any]], bytes]:
    key = field.key

    def encode(published: Mapping[str, Any]) -> bytes:
        errors: list[ErrorDict] = []
        payload: dict[str, Any] = {}
        try:
            payload["data"] = {key: field.complete(published, (None, key), errors)}
        except NullBubbleError:
            # Clients drop frames whose `data` is null: the field is named even if it may not be null.
            payload["data"] = {key: None}
        if errors:
            payload["errors"] = errors
        return _encode_json(payload).encode("utf-8", "replace")

    return encode


async def accept(plan: SubscriptionPlan, field: ResolvedField, execution: Execution) -> Subscription:
    """Authorize the caller, execute the field's resolver once and take its filters. Raises AppSyncError."""
    arguments = await _start(field, execution)
    extensions = dict(execution.extensions)
    try:
        wanted = _enhanced(extensions, "setSubscriptionFilter") or basic_filter(arguments)
        invalidation = _enhanced(extensions, "setSubscriptionInvalidationFilter")
    except FilterError as error:
        raise AppSyncError(str(error), "BadRequestException", status=400) from error
    return Subscription(
        field=plan.name,
        mutations=plan.mutations,
        group_key=(plan.name, wanted.key, plan.shape),
        matches=wanted.matches,
        encode=plan.encode,
        index=wanted.index,
        invalidated_by=None if invalidation is None else invalidation.matches,
    )


def _enhanced(extensions: Mapping[str, Any], name: str) -> Filter | None:
    return enhanced_filter(extensions[name]) if name in extensions else None


async def _start(field: ResolvedField, execution: Execution) -> Mapping[str, Any]:
    """Authorize the caller and run the resolver. Returns the field's arguments."""
    arguments = await field.start(execution)
    if execution.errors:
        first = execution.errors[0]
        error_type = first["errorType"] or "Unknown"
        status = 401 if error_type == UNAUTHORIZED else 400
        raise AppSyncError(
            first["message"], error_type, status=status, data=first["data"], info=first["errorInfo"]
        )
    return arguments
