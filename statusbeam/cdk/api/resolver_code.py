"""What AppSync gets to read: the schema for a stage, and each resolver's code with the shared guard in it.

Every field but publishStatus may only be reached through `viewer(ctx)`, and what it answers or delivers is
held against that viewer; one that does not stops synth. What a field does beside that comes after the step
`LOGIN_CHECK`, which refuses logins that were ended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    parse,
)

from ..bundling import ROOT

SCHEMA = ROOT / "graphql" / "schema.graphql"
RESOLVERS = ROOT / "graphql" / "resolvers"
GUARD = "_viewer.js"
HAND_ON = "_handOn.js"
LOGIN_CHECK = "liveLogin"
UNGUARDED = frozenset({"Mutation.publishStatus"})  # IAM alone may call it, and it answers what it was given
_CODE_LIMIT = 32_000  # AppSync takes 32 KB of code
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)
_NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`""", re.DOTALL
)
_DECLARED = re.compile(r"^(?:function|const) (\w+)", re.MULTILINE)
# How what is answered or delivered is held against the viewer; a mutation answers what its own rules say.
_HOLDS = {
    "Query": ("mayView(",),
    "Mutation": (),
    "Subscription": ("extensions.setSubscriptionFilter(", "extensions.setSubscriptionInvalidationFilter("),
}


class ResolverError(Exception):
    """The resolvers do not fit the schema, or one lacks its guard. Synth stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldName:
    """One field of one root type."""

    type_name: str
    field_name: str

    def __str__(self) -> str:
        return f"{self.type_name}.{self.field_name}"


def schema_text(*, api_key: bool, oidc: bool = False) -> str:
    """The schema as the stage offers it: on AWS, a directive of a mode that the API lacks is an error.

    `oidc`: readers sign in with an OpenID Connect provider, in Cognito's place.
    """
    text = SCHEMA.read_text()
    if oidc:
        text = re.sub(r"@aws_cognito_user_pools\b", "@aws_oidc", text)
    return text if api_key else re.sub(r"\s*@aws_api_key\b", "", text)


def root_fields(schema: str) -> tuple[FieldName, ...]:
    """All fields of the types that the schema begins at, in its order. Raises ResolverError."""
    nodes = parse(schema).definitions
    roots = {
        operation.type.name.value: operation.operation.value.capitalize()
        for node in nodes
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode)
        for operation in node.operation_types
    } or {name: name for name in _HOLDS}
    found = []
    for node in nodes:
        if not isinstance(node, ObjectTypeDefinitionNode | ObjectTypeExtensionNode):
            continue
        name = node.name.value
        if roots.get(name, name) != name:
            raise ResolverError(f"the schema calls its {roots[name]} {name}: no resolver is looked for there")
        if name in roots:
            found += [FieldName(type_name=name, field_name=field.name.value) for field in node.fields]
    return tuple(found)


def resolver_code(field: FieldName, resolvers: Path = RESOLVERS) -> str:
    """The code of a field's resolver, guard included. Raises ResolverError."""
    path = resolvers / f"{field}.js"
    if not path.is_file():
        raise ResolverError(f"{field} has no resolver: {path.name} is missing")
    text = path.read_text()
    if str(field) in UNGUARDED:
        return _checked(text, path.name)
    if "viewer(ctx" not in _code_of(text):
        raise ResolverError(f"{path.name} never asks viewer(ctx …) who is calling")
    return _checked(_with_guard(text, (resolvers / GUARD).read_text(), path.name), path.name)


def check_held(field: FieldName, steps: Sequence[str], resolvers: Path = RESOLVERS) -> None:
    """Whether what a field gives is held against the viewer, by its resolver or by one of its `steps`.

    Raises ResolverError.
    """
    code = [_code_of((resolvers / f"{name}.js").read_text()) for name in (str(field), *steps)]
    for call in _HOLDS[field.type_name]:
        if not any(call in each for each in code):
            raise ResolverError(f"{field} never calls {call}…): whose is what it gives?")


def function_code(name: str, resolvers: Path = RESOLVERS) -> str:
    """The code of one step of a pipeline: the pipeline's resolver has asked who is calling, the step may use
    the rest of the shared page."""
    path = resolvers / f"{name}.js"
    return _checked(_with_guard(path.read_text(), (resolvers / GUARD).read_text(), path.name), path.name)


def hand_on_code(resolvers: Path = RESOLVERS) -> str:
    """The code of the resolver of a field whose own code is a step of its pipeline."""
    return _checked((resolvers / HAND_ON).read_text(), HAND_ON)


def _with_guard(text: str, guard: str, name: str) -> str:
    code = _code_of(text)
    for guarded in _DECLARED.findall(guard):
        # Inside a function it would hide the guard's without an error.
        if re.search(rf"(?:function|const|let|var)\s+{guarded}\b|\b{guarded}\s*(?:=>|=[^=]|[,)}}])", code):
            raise ResolverError(f"{name} declares or hands on {guarded} of {GUARD}, which may only be called")
    # Imports come first, once: the resolver names what both of them use.
    imports = _IMPORT.findall(text)
    return "".join(imports) + _IMPORT.sub("", guard).strip() + "\n" + _IMPORT.sub("", text)


def _code_of(text: str) -> str:
    """Without comments and texts: what is only said there, nobody does."""
    return _NO_CODE.sub("''", text)


def _checked(text: str, name: str) -> str:
    if len(text.encode()) > _CODE_LIMIT:
        raise ResolverError(f"{name} is longer than the {_CODE_LIMIT} bytes AppSync takes")
    return text
