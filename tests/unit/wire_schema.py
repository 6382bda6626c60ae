"""graphql/schema.graphql, built with AppSync's own scalars and directives."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from graphql import GraphQLSchema, build_schema

_APPSYNCS_OWN = """
scalar AWSDateTime
scalar AWSJSON
scalar AWSTimestamp
directive @aws_iam on OBJECT | FIELD_DEFINITION
directive @aws_cognito_user_pools on OBJECT | FIELD_DEFINITION
directive @aws_lambda on OBJECT | FIELD_DEFINITION
directive @aws_api_key on OBJECT | FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]) on FIELD_DEFINITION
"""


def _build() -> GraphQLSchema:
    own = Path(__file__).parents[2].joinpath("graphql", "schema.graphql").read_text()
    return build_schema(_APPSYNCS_OWN + own)


SCHEMA: Final = _build()
