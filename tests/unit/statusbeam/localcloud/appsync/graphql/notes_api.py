"""An API of notes for tests of the engine: its schema, its resolvers' code, and callers of three modes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from statusbeam.localcloud.appsync.contract import (
    AuthMode,
    ExecutionResult,
    GraphQLRequest,
    Identity,
    Subscription,
)
from statusbeam.localcloud.appsync.control_plane.definition import (
    ApiDefinition,
    AuthProvider,
    DataSourceDefinition,
    ResolverDefinition,
)
from statusbeam.localcloud.appsync.graphql.engine import AppSyncApi
from statusbeam.localcloud.appsync.resolvers.javascript import JsRuntime
from statusbeam.localcloud.appsync.resolvers.resolver import DataSource, DataSourceError

SDL = """
enum Colour { RED BLUE }
type Note @aws_iam @aws_cognito_user_pools {
  id: ID!
  userId: ID
  text: String
  count: Int
  colour: Colour
  when: AWSDateTime
  data: AWSJSON
  secret: String @aws_iam
  earlier: [Note!]
  author: Author
}
type Author @aws_iam @aws_cognito_user_pools { name: String! notes: [Note!] }
input NoteInput {
  id: ID!
  userId: ID
  text: String = "empty"
  count: Int
  colour: Colour
  when: AWSDateTime
  data: AWSJSON
  tags: [String!]
  earlier: [NoteInput!]
}
type Query {
  note(id: ID!, colour: Colour = RED): Note @aws_iam @aws_cognito_user_pools
  steps: [String] @aws_iam
  stored(id: ID!): Note @aws_iam
  open: String @aws_api_key
  nowhere: String
}
type Mutation {
  addNote(input: NoteInput!): Note @aws_iam
  revoke(userId: ID!): Boolean @aws_iam
  fail(kind: String): Note @aws_iam
}
type Subscription {
  onNote(userId: ID, text: String): Note @aws_subscribe(mutations: ["addNote"]) @aws_cognito_user_pools
  onMine(userId: ID!): Note @aws_subscribe(mutations: ["addNote"]) @aws_cognito_user_pools
  onIam: Note @aws_subscribe(mutations: ["addNote"]) @aws_iam
}
"""
UTILS = "import { util, extensions, runtime } from '@aws-appsync/utils';\n"
RESULT = "\nexport function response(ctx) { return ctx.result; }"


def payload(expression: str) -> str:
    return f"{UTILS}export function request(ctx) {{ return {{ payload: {expression} }}; }}{RESULT}"


CODE = {
    ("Query", "note"): payload(
        "{ id: ctx.args.id, colour: ctx.args.colour, text: ctx.info.selectionSetList.join(' '), secret: 's' }"
    ),
    ("Query", "open"): payload("util.authType()"),
    ("Mutation", "addNote"): payload("ctx.args.input"),
    ("Mutation", "revoke"): (
        f"{UTILS}export function request(ctx) {{ return {{ payload: true }}; }}\n"
        "export function response(ctx) {\n"
        "  extensions.invalidateSubscriptions("
        "{ subscriptionField: 'onMine', payload: { userId: ctx.args.userId } });\n"
        "  return ctx.result;\n}"
    ),
    ("Mutation", "fail"): (
        f"{UTILS}export function request(ctx) {{\n"
        "  if (ctx.args.kind === 'error') util.error('no', 'Forbidden', { a: 1 }, { b: 2 });\n"
        "  if (ctx.args.kind === 'unauthorized') util.unauthorized();\n"
        "  if (ctx.args.kind === 'appended') util.appendError('late', 'Slow');\n"
        "  return { payload: { id: '1' } };\n"
        f"}}{RESULT}"
    ),
    ("Subscription", "onMine"): (
        f"{UTILS}export function request(ctx) {{ return {{ payload: null }}; }}\n"
        "export function response(ctx) {\n"
        "  const sub = ctx.identity.claims.sub;\n"
        "  if (ctx.args.userId !== sub) util.error('Only your own.', 'Forbidden');\n"
        "  const mine = util.transform.toSubscriptionFilter({ userId: { eq: sub } });\n"
        "  extensions.setSubscriptionFilter(mine);\n"
        "  extensions.setSubscriptionInvalidationFilter(mine);\n"
        "  return null;\n}"
    ),
}
AUTHOR = payload("{ name: `author of ${ctx.source.id}` }")

IAM = Identity(mode=AuthMode.IAM, principal="arn:publisher", access_key_id="AKIA", context={"accountId": "1"})
ANN = Identity(mode=AuthMode.COGNITO, principal="ann", context={"claims": {"sub": "ann"}, "groups": None})
KEY = Identity(mode=AuthMode.API_KEY, principal="key")


class FakeTable:
    """A data source that answers from a dictionary and records its requests."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {"1": {"id": "1", "text": "kept"}}
        self.asked: list[Mapping[str, Any]] = []

    async def invoke(self, request: Mapping[str, Any]) -> Any:
        self.asked.append(request)
        if request.get("operation") != "GetItem":
            raise DataSourceError("refused", "DynamoDB:ValidationException", result={"left": "over"})
        return self.items.get(request["key"])


def definition(**changes: Any) -> ApiDefinition:
    """The API's definition with some fields changed; `resolvers` replace or join those of CODE."""
    resolvers = changes.pop("resolvers", ())
    functions = changes.pop("functions", ())
    units = [
        ResolverDefinition(type_name=type_name, field_name=name, code=code, data_source="none")
        for (type_name, name), code in changes.pop("code", CODE).items()
        if (type_name, name) not in {(one.type_name, one.field_name) for one in resolvers}
    ]
    fields: dict[str, Any] = {
        "api_id": "api",
        "name": "notes",
        "sdl": SDL,
        "default_auth": AuthProvider(mode=AuthMode.COGNITO),
        "additional_auth": (AuthProvider(mode=AuthMode.IAM), AuthProvider(mode=AuthMode.API_KEY)),
        "data_sources": (
            DataSourceDefinition(name="none", type="NONE"),
            DataSourceDefinition(name="table", type="FAKE"),
        ),
        "environment": {"STAGE": "test"},
    }
    return ApiDefinition(**{**fields, "resolvers": (*units, *resolvers), "functions": functions, **changes})


class Served:
    """An API with a fake table and a policy that can be switched."""

    def __init__(self, **changes: Any) -> None:
        self.table = FakeTable()
        self.iam_allows = True
        self.iam_asked: list[tuple[str, str]] = []
        self.clock = [1_700_000_000.0]
        self.api = AppSyncApi(
            definition(**changes),
            data_sources=self._source,
            iam_allows=self._policy,
            js=JsRuntime(now=lambda: self.clock[0]),
            now=lambda: self.clock[0],
        )

    def _source(self, wanted: DataSourceDefinition) -> DataSource:
        return self.table

    def _policy(self, identity: Identity, type_name: str, field_name: str) -> bool:
        self.iam_asked.append((type_name, field_name))
        return self.iam_allows

    async def run(
        self, query: str, identity: Identity = IAM, *, operation: str | None = None, **variables: Any
    ) -> ExecutionResult:
        request = GraphQLRequest(query=query, variables=variables, operation_name=operation)
        return await self.api.execute(request, identity)

    async def ask(self, query: str, identity: Identity = IAM, **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((await self.run(query, identity, **variables)).body)
        return answer

    async def subscribe(self, query: str, identity: Identity = ANN, **variables: Any) -> Subscription:
        return await self.api.subscribe(GraphQLRequest(query=query, variables=variables), identity)


ADD = (
    "mutation($input: NoteInput!) {"
    " addNote(input: $input) { id userId text data secret earlier { id text } } }"
)
