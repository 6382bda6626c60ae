"""Builds the resolvers of a definition: loads code, opens data sources, assembles pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLSchema

from ..resolvers.javascript import JsModule, JsRuntime, JsSourceError
from ..resolvers.resolver import (
    DataSource,
    PipelineResolver,
    Resolver,
    UnitResolver,
    UnsupportedResolver,
)
from .definition import (
    PIPELINE,
    ApiDefinition,
    DataSourceDefinition,
    DefinitionError,
    ResolverDefinition,
)

NONE = "NONE"

DataSources = Callable[[DataSourceDefinition], DataSource]
"""Opens the source of a definition. Not called for NONE."""


def load_resolvers(
    definition: ApiDefinition, schema: GraphQLSchema, js: JsRuntime, data_sources: DataSources
) -> Mapping[tuple[str, str], Resolver]:
    """The resolvers by (type name, field name). Raises DefinitionError."""
    return _Loader(definition, schema, js, data_sources).resolvers()


class _Loader:
    def __init__(
        self, definition: ApiDefinition, schema: GraphQLSchema, js: JsRuntime, data_sources: DataSources
    ) -> None:
        self._definition = definition
        self._schema = schema
        self._js = js
        self._sources = {
            source.name: None if source.type == NONE else data_sources(source)
            for source in definition.data_sources
        }
        self._functions = {function.function_id: function for function in definition.functions}

    def resolvers(self) -> dict[tuple[str, str], Resolver]:
        found: dict[tuple[str, str], Resolver] = {}
        for resolver in self._definition.resolvers:
            name = f"{resolver.type_name}.{resolver.field_name}"
            fields: Mapping[str, Any] = getattr(self._schema.get_type(resolver.type_name), "fields", {})
            if resolver.field_name not in fields:
                raise DefinitionError(f"there is a resolver for {name}, but the schema has no such field")
            found[resolver.type_name, resolver.field_name] = self._resolver(resolver, name)
        return found

    def _resolver(self, resolver: ResolverDefinition, name: str) -> Resolver:
        if not resolver.code:
            return UnsupportedResolver(f"{name} has no APPSYNC_JS code; localcloud runs no other resolvers")
        module = self._module(resolver.code, name)
        if resolver.kind != PIPELINE:
            return UnitResolver(module, self._source(resolver.data_source, name))
        return PipelineResolver(
            module, [self._function(function_id, name) for function_id in resolver.functions]
        )

    def _function(self, function_id: str, resolver: str) -> tuple[JsModule, DataSource | None]:
        function = self._functions.get(function_id)
        if function is None:
            raise DefinitionError(f"{resolver} uses the function {function_id}, which isn't there")
        return self._module(function.code, function.name), self._source(function.data_source, function.name)

    def _source(self, name: str | None, user: str) -> DataSource | None:
        if name is None or name not in self._sources:
            raise DefinitionError(f"{user} uses the data source {name}, which isn't there")
        return self._sources[name]

    def _module(self, code: str, name: str) -> JsModule:
        try:
            return self._js.load(code, name)
        except JsSourceError as error:
            raise DefinitionError(f"{name}: {error}") from error
