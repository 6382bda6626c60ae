"""The schema of a stage, and the code of each resolver and pipeline function.

`make resolvers` bundles the code of graphql/resolvers. Every field but publishStatus must call the guard
`viewer`, and check its answer against that viewer. Otherwise synth stops. Every
pipeline begins with `LOGIN_CHECK`, which refuses logins that were ended.

A guard is the only export of its module. The bundler leaves out modules whose exports no handler uses, and
the build's lint (graphql/eslint-guards.js) allows one use of a guard: calling it. So a bundle that holds a
guard's module calls the guard.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from graphql import (
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    parse,
)

from statusbeam.assets import ASSETS, RESOLVERS, SCHEMA

SOURCES = ASSETS / "graphql" / "resolvers"
PASS_THROUGH = "passThrough"  # noqa: S105 - no secret
LOGIN_CHECK = "checkLogin"
UNGUARDED = frozenset({"Mutation.publishStatus"})  # only IAM may call it, and it returns its argument
_CODE_LIMIT = 32_000  # AppSync's limit for code is 32 KB
_GUARD = "shared/viewer.js"
# The modules that check an answer or a subscription against the viewer, by root type. A mutation has rules of
# its own.
_HELD_BY = {
    "Query": ("shared/canView.js", "shared/requireOperator.js"),
    "Mutation": (),
    "Subscription": ("shared/subscriptionFilters.js",),
}


class ResolverError(Exception):
    """The resolvers are not built, do not fit the schema, or one lacks its guard. Synth stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldName:
    """One field of one root type."""

    type_name: str
    field_name: str

    def __str__(self) -> str:
        return f"{self.type_name}.{self.field_name}"


def schema_text(*, api_key: bool, oidc: bool = False) -> str:
    """The schema for a stage. On AWS, a directive of a mode that the API lacks is an error.

    `oidc`: readers sign in with an OpenID Connect provider, in Cognito's place.
    """
    text = SCHEMA.read_text()
    if oidc:
        text = re.sub(r"@aws_cognito_user_pools\b", "@aws_oidc", text)
    return text if api_key else re.sub(r"\s*@aws_api_key\b", "", text)


def root_fields(schema: str) -> tuple[FieldName, ...]:
    """All fields of the schema's root types, in order. Raises ResolverError."""
    nodes = parse(schema).definitions
    roots = {
        operation.type.name.value: operation.operation.value.capitalize()
        for node in nodes
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode)
        for operation in node.operation_types
    } or {name: name for name in _HELD_BY}
    found = []
    for node in nodes:
        if not isinstance(node, ObjectTypeDefinitionNode | ObjectTypeExtensionNode):
            continue
        name = node.name.value
        if roots.get(name, name) != name:
            raise ResolverError(f"the schema calls its {roots[name]} {name}: name it {roots[name].title()}")
        if name in roots:
            found += [FieldName(type_name=name, field_name=field.name.value) for field in node.fields]
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverBundles:
    """The built code. `modules` are those that each bundle uses, by the bundle's name."""

    folder: Path
    modules: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, folder: Path = RESOLVERS, sources: Path = SOURCES) -> Self:
        """The bundles in `folder`, built from `sources` as they are now; a wheel has no sources.

        Raises ResolverError.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
        except FileNotFoundError:
            raise ResolverError("the resolvers are not built: run `make resolvers`") from None
        if sources.is_dir() and manifest["sources"] != _digests(sources):
            raise ResolverError("the resolvers changed since they were built: run `make resolvers`")
        modules = {name: frozenset(used) for name, used in manifest["modules"].items()}
        return cls(folder=folder, modules=modules)

    def resolver(self, field: FieldName) -> str:
        """The code of a field's resolver. Raises ResolverError, also when it does not call the guard."""
        name = str(field)
        if name not in self.modules:
            raise ResolverError(f"{name} has no resolver: add graphql/resolvers/{name}.js")
        if name not in UNGUARDED and _GUARD not in self.modules[name]:
            raise ResolverError(f"{name}.js does not call viewer(ctx), which identifies the caller")
        return self._code(name)

    def function(self, name: str) -> str:
        """The code of one function of a pipeline, whose resolver calls the guard. Raises ResolverError."""
        if name not in self.modules:
            raise ResolverError(f"the pipeline function {name} has no code: add graphql/resolvers/{name}.js")
        return self._code(name)

    def check_held(self, field: FieldName, functions: Sequence[str]) -> None:
        """Whether a field's resolver or one of its `functions` checks its answer against the viewer.

        Raises ResolverError.
        """
        guards = frozenset(_HELD_BY[field.type_name])
        if guards and not any(guards & self.modules[name] for name in (str(field), *functions)):
            names = " or ".join(sorted(Path(guard).stem for guard in guards))
            raise ResolverError(f"{field} does not call {names}: it could return other users' jobs")

    def _code(self, name: str) -> str:
        text = (self.folder / f"{name}.js").read_text()
        if len(text.encode()) > _CODE_LIMIT:
            raise ResolverError(f"{name}.js has more than the {_CODE_LIMIT} bytes that AppSync allows")
        return text


def _digests(sources: Path) -> dict[str, str]:
    return {
        path.relative_to(sources).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sources.rglob("*.js")
    }
