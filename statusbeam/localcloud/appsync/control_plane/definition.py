"""A deployed AppSync API as data: everything that the data plane needs to serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNIT = "UNIT"
PIPELINE = "PIPELINE"

# AppSync's limit when an API sets no resolverCountLimit.
MAX_RESOLVERS = 10_000


class DefinitionError(Exception):
    """The deployed API can't be served. The message names the part and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthProvider:
    """One mode; `config` is AWS's userPoolConfig, openIDConnectConfig or lambdaAuthorizerConfig."""

    mode: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`expires_at` is in epoch seconds."""

    key: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSourceDefinition:
    """`type` is AWS's, such as AMAZON_DYNAMODB; `config` is its dynamodbConfig or lambdaConfig."""

    name: str
    type: str
    config: Mapping[str, Any] = field(default_factory=dict)
    service_role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDefinition:
    """One step of a pipeline: its code and the data source between its two handlers."""

    function_id: str
    name: str
    data_source: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverDefinition:
    """A field's resolver: UNIT with a data source, or PIPELINE with functions (by id)."""

    type_name: str
    field_name: str
    code: str
    kind: str = UNIT
    data_source: str | None = None
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDefinition:
    """A deployed API. `sdl` has its directives. Limits of 0 mean AppSync's defaults: none, MAX_RESOLVERS."""

    api_id: str
    name: str
    sdl: str
    default_auth: AuthProvider
    additional_auth: tuple[AuthProvider, ...] = ()
    api_keys: tuple[ApiKey, ...] = ()
    data_sources: tuple[DataSourceDefinition, ...] = ()
    functions: tuple[FunctionDefinition, ...] = ()
    resolvers: tuple[ResolverDefinition, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    introspection: bool = True
    query_depth_limit: int = 0
    resolver_count_limit: int = 0

    @property
    def auth_providers(self) -> tuple[AuthProvider, ...]:
        """All modes, the default first."""
        return (self.default_auth, *self.additional_auth)
