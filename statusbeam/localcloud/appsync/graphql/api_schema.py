"""The SDL of an AppSync API as a graphql-core schema; AppSync's own scalars and directives are known."""

from __future__ import annotations

from functools import lru_cache

from graphql import (
    DirectiveDefinitionNode,
    DocumentNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    ScalarTypeDefinitionNode,
    build_ast_schema,
    parse,
    validate_schema,
)

from ..control_plane.definition import DefinitionError
from . import scalars

_DIRECTIVES = """
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
directive @aws_publish(subscriptions: [String]) on FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]!) on FIELD_DEFINITION | OBJECT | INTERFACE
directive @aws_api_key on FIELD_DEFINITION | OBJECT | INTERFACE
directive @aws_iam on FIELD_DEFINITION | OBJECT | INTERFACE
directive @aws_oidc on FIELD_DEFINITION | OBJECT | INTERFACE
directive @aws_lambda on FIELD_DEFINITION | OBJECT | INTERFACE
directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT | INTERFACE
"""


@lru_cache(maxsize=1)
def _prelude() -> DocumentNode:
    return parse(_DIRECTIVES + "".join(f"scalar {name}\n" for name in scalars.SCALAR_NAMES), no_location=True)


def build_api_schema(sdl: str) -> GraphQLSchema:
    """The schema of the API. Raises DefinitionError."""
    try:
        document = parse(sdl)
        declared = {node.name.value for node in document.definitions if hasattr(node, "name") and node.name}
        known = (DirectiveDefinitionNode, ScalarTypeDefinitionNode)
        added = [
            node
            for node in _prelude().definitions
            if isinstance(node, known) and node.name.value not in declared
        ]
        schema = build_ast_schema(DocumentNode(definitions=(*document.definitions, *added)))
    except (GraphQLError, TypeError) as error:
        raise DefinitionError(f"the schema is not valid: {error}") from error
    problems = validate_schema(schema)
    if problems:
        raise DefinitionError(f"the schema is not valid: {problems[0].message}")
    for named in schema.type_map.values():
        if isinstance(named, GraphQLScalarType):
            scalars.install(named)
    return schema
