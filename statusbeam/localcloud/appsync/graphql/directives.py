"""Field access by AppSync's authorization directives.

A field's own directives replace its type's; a field with neither belongs to the API's default mode alone.
`@aws_auth` counts only where Cognito user pools are the single mode, as on AWS.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from graphql import (
    ConstDirectiveNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql.utilities import value_from_ast_untyped

from statusbeam.model.bounded import Bounded

from ..contract import AuthMode, Identity
from ..control_plane.definition import ApiDefinition

IamAllows = Callable[[Identity, str, str], bool | Awaitable[bool]]
"""(identity, type name, field name) -> whether its IAM policies allow `appsync:GraphQL` on the field."""

# A changed policy takes effect after this time.
IAM_DECISION_SECONDS = 10.0
_MAX_IAM_DECISIONS = 4096

_MODE_OF = {
    "aws_api_key": AuthMode.API_KEY,
    "aws_iam": AuthMode.IAM,
    "aws_oidc": AuthMode.OIDC,
    "aws_lambda": AuthMode.LAMBDA,
    "aws_cognito_user_pools": AuthMode.COGNITO,
}
# Callers with equal access share a compiled plan: they see equal fields.
AccessKey = tuple[str, frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """The modes that may use a field. A Cognito caller also needs one of `groups`, if there are any."""

    modes: frozenset[str]
    groups: frozenset[str] = frozenset()


def access_key(identity: Identity) -> AccessKey:
    """The part of an identity that decides about fields."""
    groups: Iterable[str] = ()
    if identity.mode == AuthMode.COGNITO and identity.context is not None:
        groups = identity.context.get("groups") or ()
    return (identity.mode, frozenset(groups), identity.denied_fields)


class FieldAccess:
    """The rules of all fields of a schema."""

    def __init__(self, schema: GraphQLSchema, definition: ApiDefinition) -> None:
        self._default = definition.default_auth.mode
        self._single = not definition.additional_auth
        denies = definition.default_auth.config.get("defaultAction") == "DENY"
        self._groups_needed = self._default == AuthMode.COGNITO and denies
        self._rules: dict[tuple[str, str], Rule] = {}
        for named in schema.type_map.values():
            if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
                for name, field in named.fields.items():
                    self._rules[named.name, name] = self._rule(named, field)

    def rule(self, type_name: str, field_name: str) -> Rule:
        """The rule of a field."""
        return self._rules[type_name, field_name]

    def allows(self, access: AccessKey, type_name: str, field_name: str) -> bool:
        """Whether the directives, and a Lambda authorizer's deniedFields, let the caller use a field."""
        mode, groups, denied = access
        rule = self._rules[type_name, field_name]
        if mode not in rule.modes:
            return False
        if mode == AuthMode.COGNITO:
            if rule.groups:
                return bool(rule.groups & groups)
            return not self._groups_needed
        return not any(_denies(entry, type_name, field_name) for entry in denied)

    def _rule(self, parent: GraphQLObjectType | GraphQLInterfaceType, field: GraphQLField) -> Rule:
        for directives in (_directives(field), _directives(parent)):
            modes = {_MODE_OF[node.name.value] for node in directives if node.name.value in _MODE_OF}
            cognito = [node for node in directives if node.name.value == "aws_cognito_user_pools"]
            if self._single and self._default == AuthMode.COGNITO:
                cognito += [node for node in directives if node.name.value == "aws_auth"]
            if modes or cognito:
                groups = [group for node in cognito for group in _argument(node, "cognito_groups")]
                return Rule(frozenset(modes) or frozenset({AuthMode.COGNITO}), frozenset(groups))
        return Rule(frozenset({self._default}))


def _directives(node: GraphQLField | GraphQLNamedType) -> list[ConstDirectiveNode]:
    asts: list[Any] = [node.ast_node, *getattr(node, "extension_ast_nodes", ())]
    return [directive for ast in asts if ast is not None for directive in ast.directives]


def _argument(node: ConstDirectiveNode, name: str) -> list[str]:
    for argument in node.arguments:
        if argument.name.value == name:
            value = value_from_ast_untyped(argument.value)
            return [str(group) for group in (value if isinstance(value, list) else [value])]
    return []


def subscribed_mutations(field: GraphQLField) -> tuple[str, ...]:
    """The mutations in a Subscription field's `@aws_subscribe`."""
    for node in _directives(field):
        if node.name.value == "aws_subscribe":
            return tuple(_argument(node, "mutations"))
    return ()


def _denies(entry: str, type_name: str, field_name: str) -> bool:
    """An authorizer denies `Type.field`, or by ARN `arn:…:apis/<id>/types/<Type>/fields/<field>`."""
    if entry.startswith("arn:"):
        return entry.endswith(f"/types/{type_name}/fields/{field_name}")
    return entry == f"{type_name}.{field_name}"


class IamDecisions:
    """Evaluates IAM policies for fields, and caches each decision for IAM_DECISION_SECONDS."""

    def __init__(self, allows: IamAllows, *, now: Callable[[], float] = time.monotonic) -> None:
        self._allows = allows
        self._now = now
        self._cache: Bounded[tuple[str, str | None, str, str], tuple[bool, float]] = Bounded(
            _MAX_IAM_DECISIONS
        )

    def cached(self, identity: Identity, type_name: str, field_name: str) -> bool | None:
        """The cached decision, or None."""
        found = self._cache.get((identity.principal, identity.access_key_id, type_name, field_name))
        return found[0] if found is not None and self._now() < found[1] else None

    async def decide(self, identity: Identity, type_name: str, field_name: str) -> bool:
        """Whether the identity's IAM policies allow the field."""
        answer = self._allows(identity, type_name, field_name)
        allowed = bool(await answer if inspect.isawaitable(answer) else answer)
        key = (identity.principal, identity.access_key_id, type_name, field_name)
        self._cache[key] = (allowed, self._now() + IAM_DECISION_SECONDS)
        return allowed
