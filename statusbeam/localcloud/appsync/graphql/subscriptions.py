"""A subscription at its `start`: who may have it, which results it wants, how they look on the wire."""

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
from .execution import ResolvedField, Run
from .filters import Filter, FilterError, basic_filter, enhanced_filter
from .projection import Entry, NullBubbleError, Projector
from .selection import Selections, response_key

_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class SubscriptionPlan:
    """A compiled subscription for one kind of caller. `shape` is equal for equal answers to equal values."""

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
        """The plan of the one root field, mentioned in `nodes`."""
        key = response_key(nodes[0])
        entry = Projector(selections, keep_leaves=True).field(root, key, nodes)
        texts = tuple(selections.text(node) for node in nodes)
        booleans = {name: bool(value) for name, value in selections.booleans.items()}
        mode, groups, denied = access
        shape = repr((key, texts, sorted(booleans.items()), mode, sorted(groups), sorted(denied)))
        return cls(entry.name, mutations, sha256(shape.encode()).digest(), _encoder(entry))


def _encoder(entry: Entry) -> Callable[[Mapping[str, Any]], bytes]:
    key = entry.key

    def encode(published: Mapping[str, Any]) -> bytes:
        errors: list[ErrorDict] = []
        payload: dict[str, Any] = {}
        try:
            payload["data"] = {key: entry.complete(published, (None, key), errors)}
        except NullBubbleError:
            # Clients drop frames whose `data` is null: the field is named even if it may not be null.
            payload["data"] = {key: None}
        if errors:
            payload["errors"] = errors
        return _encode_json(payload).encode("utf-8", "replace")

    return encode


async def accept(plan: SubscriptionPlan, field: ResolvedField, run: Run, generation: int) -> Subscription:
    """Authorize the caller, run the field's resolver once and take its filters. Raises AppSyncError."""
    arguments = await _start(field, run)
    extensions = dict(run.extensions)
    try:
        wanted = _enhanced(extensions, "setSubscriptionFilter") or basic_filter(arguments)
        invalidation = _enhanced(extensions, "setSubscriptionInvalidationFilter")
    except FilterError as error:
        raise AppSyncError(str(error), "BadRequestException", status=400) from error
    return Subscription(
        field=plan.name,
        mutations=plan.mutations,
        group_key=(generation, plan.name, wanted.key, plan.shape),
        matches=wanted.matches,
        encode=plan.encode,
        index=wanted.index,
        invalidated_by=None if invalidation is None else invalidation.matches,
    )


def _enhanced(extensions: Mapping[str, Any], name: str) -> Filter | None:
    return enhanced_filter(extensions[name]) if name in extensions else None


async def _start(field: ResolvedField, run: Run) -> Mapping[str, Any]:
    """The field's arguments, when the caller may have it and the resolver doesn't object."""
    arguments = await field.start(run)
    if run.errors:
        first = run.errors[0]
        error_type = first["errorType"] or "Unknown"
        status = 401 if error_type == UNAUTHORIZED else 400
        raise AppSyncError(
            first["message"], error_type, status=status, data=first["data"], info=first["errorInfo"]
        )
    return arguments
