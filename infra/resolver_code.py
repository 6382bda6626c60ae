"""What AppSync gets to read: the schema for a stage, and each resolver's code with the shared guard in it.

Every field but publishStatus may only be reached through `viewer(ctx)`; one without it stops synth. What a
field does beside that comes after the step `LOGIN_CHECK`, which refuses logins that were ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infra.bundling import ROOT

SCHEMA = ROOT / "graphql" / "schema.graphql"
RESOLVERS = ROOT / "graphql" / "resolvers"
GUARD = "_viewer.js"
HAND_ON = "_handOn.js"
LOGIN_CHECK = "liveLogin"
UNGUARDED = frozenset({"Mutation.publishStatus"})  # IAM alone may call it, and it answers what it was given
_CODE_LIMIT = 32_000  # AppSync takes 32 KB of code
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)
_GUARD_CALL = re.compile(r"\bviewer\(ctx")


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
    """All fields of Query, Mutation and Subscription, in the schema's order."""
    found = []
    for type_name, body in re.findall(
        r"^type (Query|Mutation|Subscription)\b[^{]*{(.*?)^}", schema, re.M | re.S
    ):
        for field in re.findall(r"^  (\w+)\s*[(:]", body, re.M):
            found.append(FieldName(type_name=type_name, field_name=field))
    return tuple(found)


def resolver_code(field: FieldName, resolvers: Path = RESOLVERS) -> str:
    """The code of a field's resolver, guard included. Raises ResolverError."""
    path = resolvers / f"{field}.js"
    if not path.is_file():
        raise ResolverError(f"{field} has no resolver: {path.name} is missing")
    text = path.read_text()
    if str(field) in UNGUARDED:
        return _checked(text, path.name)
    if not _GUARD_CALL.search(_without_comments(text)):
        raise ResolverError(f"{path.name} never asks viewer(ctx …) who is calling")
    return _checked(_with_guard(text, (resolvers / GUARD).read_text()), path.name)


def function_code(name: str, resolvers: Path = RESOLVERS) -> str:
    """The code of one step of a pipeline: the pipeline's resolver has asked who is calling, the step may use
    the rest of the shared page."""
    path = resolvers / f"{name}.js"
    return _checked(_with_guard(path.read_text(), (resolvers / GUARD).read_text()), path.name)


def hand_on_code(resolvers: Path = RESOLVERS) -> str:
    """The code of the resolver of a field whose own code is a step of its pipeline."""
    return _checked((resolvers / HAND_ON).read_text(), HAND_ON)


def _with_guard(text: str, guard: str) -> str:
    # Imports come first, once: the resolver names what both of them use.
    imports = _IMPORT.findall(text)
    return "".join(imports) + _IMPORT.sub("", guard).strip() + "\n" + _IMPORT.sub("", text)


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def _checked(text: str, name: str) -> str:
    if len(text.encode()) > _CODE_LIMIT:
        raise ResolverError(f"{name} is longer than the {_CODE_LIMIT} bytes AppSync takes")
    return text
