"""Gaps of the emulator that localcloud fills.

Each test holds one gap as it is today. One that fails after an upgrade says: look whether our replacement is
still needed, or whether the gap grew.
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.e2e.bare_emulator import REGION, Emulator, emulator_process
from tests.e2e.waiting import DEADLINE_SECONDS

SCHEMA = """
schema { query: Query mutation: Mutation subscription: Subscription }
type Query { items(group: ID!): [Item] secret: String @aws_iam }
type Mutation { publish(text: String!): Item }
type Subscription { onPublish: Item @aws_subscribe(mutations: ["publish"]) }
type Item { group: ID number: Int }
"""
QUERY_ONE_GROUP = """
export function request(ctx) {
  return {
    operation: 'Query',
    query: {
      expression: '#group = :group',
      expressionNames: { '#group': 'group' },
      expressionValues: { ':group': { S: ctx.args.group } },
    },
  };
}
export function response(ctx) {
  return ctx.result.items;
}
"""
TELL_A_SECRET = """
export function request() { return { payload: null }; }
export function response() { return 'told'; }
"""
FILTER_SUBSCRIBERS = """
import { extensions, util } from '@aws-appsync/utils';
export function request() { return { payload: null }; }
export function response() {
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter({ group: { eq: 'a' } }));
  return null;
}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One process of it, on a free port."""
    with emulator_process(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@dataclass(frozen=True, kw_only=True)
class Api:
    """One GraphQL API in the emulator, with an API key."""

    api_id: str
    key: str


@pytest.fixture(scope="module")
def api(emulator: Emulator) -> Api:
    """The schema above; its default mode is an API key, IAM and Cognito are on as well."""
    appsync = emulator.client("appsync")
    pool_id = emulator.client("cognito-idp").create_user_pool(PoolName="gaps")["UserPool"]["Id"]
    created = appsync.create_graphql_api(
        name="gaps",
        authenticationType="API_KEY",
        additionalAuthenticationProviders=[
            {"authenticationType": "AWS_IAM"},
            {
                "authenticationType": "AMAZON_COGNITO_USER_POOLS",
                "userPoolConfig": {"userPoolId": pool_id, "awsRegion": REGION},
            },
        ],
    )["graphqlApi"]
    api_id = created["apiId"]
    appsync.start_schema_creation(apiId=api_id, definition=SCHEMA.encode())
    appsync.create_data_source(apiId=api_id, name="none", type="NONE")
    _resolve(emulator, api_id, "Query.secret", TELL_A_SECRET)
    return Api(api_id=api_id, key=appsync.create_api_key(apiId=api_id)["apiKey"]["id"])


def _resolve(emulator: Emulator, api_id: str, field: str, code: str, *, source: str = "none") -> None:
    type_name, field_name = field.split(".")
    emulator.client("appsync").create_resolver(
        apiId=api_id,
        typeName=type_name,
        fieldName=field_name,
        dataSourceName=source,
        kind="UNIT",
        runtime={"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"},
        code=code,
    )


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.1", id="the local endpoint"),
        pytest.param("{api_id}.appsync-realtime-api.us-east-1.amazonaws.com", id="AppSync's own host name"),
    ],
)
def test_a_graphql_subscription_is_never_acknowledged(emulator: Emulator, api: Api, host: str) -> None:
    authority = f"{host.format(api_id=api.api_id)}:{emulator.port}"
    authorization = {"host": authority, "x-api-key": api.key}
    header = base64.urlsafe_b64encode(json.dumps(authorization).encode()).decode().rstrip("=")
    start = {"query": "subscription { onPublish { number } }", "variables": {}}
    frames: list[dict[str, Any]] = []
    with (
        pytest.raises((InvalidStatus, ConnectionClosed, TimeoutError)),
        socket.create_connection(("127.0.0.1", emulator.port)) as connection,
        connect(
            f"ws://{authority}/graphql/realtime",
            sock=connection,
            subprotocols=[Subprotocol("graphql-ws"), Subprotocol(f"header-{header}")],
        ) as websocket,
    ):
        websocket.send(json.dumps({"type": "connection_init"}))
        payload = {"data": json.dumps(start), "extensions": {"authorization": authorization}}
        websocket.send(json.dumps({"id": "1", "type": "start", "payload": payload}))
        while True:
            frames.append(json.loads(websocket.recv(timeout=2)))
    assert "start_ack" not in [frame["type"] for frame in frames]


def test_a_query_of_a_resolver_reads_the_whole_table(emulator: Emulator, api: Api) -> None:
    dynamodb = emulator.client("dynamodb")
    dynamodb.create_table(
        TableName="gaps",
        KeySchema=[
            {"AttributeName": "group", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "group", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for group, number in (("a", "1"), ("b", "2")):
        dynamodb.put_item(TableName="gaps", Item={"group": {"S": group}, "number": {"N": number}})
    emulator.client("appsync").create_data_source(
        apiId=api.api_id,
        name="table",
        type="AMAZON_DYNAMODB",
        dynamodbConfig={"tableName": "gaps", "awsRegion": REGION},
    )
    _resolve(emulator, api.api_id, "Query.items", QUERY_ONE_GROUP, source="table")
    body = emulator.graphql(api.api_id, '{ items(group: "a") { group } }', {"x-api-key": api.key})
    assert sorted(item["group"] for item in body["data"]["items"]) == ["a", "b"]


def test_a_token_that_nobody_signed_is_let_in(emulator: Emulator, api: Api) -> None:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'RS256', 'kid': 'none'})}.{part({'sub': 'anybody', 'exp': 1})}.c2lnbmVk"
    body = emulator.graphql(api.api_id, "{ secret }", {"authorization": token})
    assert body["data"] == {"secret": "told"}


def test_a_field_for_iam_only_answers_an_api_key(emulator: Emulator, api: Api) -> None:
    body = emulator.graphql(api.api_id, "{ secret }", {"x-api-key": api.key})
    assert body["data"] == {"secret": "told"}


def test_a_subscription_filter_cannot_be_made(emulator: Emulator) -> None:
    answer = emulator.client("appsync").evaluate_code(
        runtime={"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"},
        code=FILTER_SUBSCRIBERS,
        context="{}",
        function="response",
    )
    assert "toSubscriptionFilter" in answer["error"]["message"]


@pytest.fixture(scope="module")
def stack_api_id(emulator: Emulator) -> str:
    """An API made by CloudFormation: a function with its code inline, a resolver with its code in S3."""
    runtime = {"Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0"}
    api_id = {"Fn::GetAtt": ["Api", "ApiId"]}
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="gaps")
    s3.put_object(Bucket="gaps", Key="resolver.js", Body=TELL_A_SECRET.encode())
    template = {
        "Resources": {
            "Api": {
                "Type": "AWS::AppSync::GraphQLApi",
                "Properties": {"Name": "stack", "AuthenticationType": "API_KEY"},
            },
            "None": {
                "Type": "AWS::AppSync::DataSource",
                "Properties": {"ApiId": api_id, "Name": "none", "Type": "NONE"},
            },
            "Step": {
                "Type": "AWS::AppSync::FunctionConfiguration",
                "Properties": {
                    "ApiId": api_id,
                    "Name": "step",
                    "DataSourceName": "none",
                    "Runtime": runtime,
                    "Code": TELL_A_SECRET,
                },
            },
            "Resolver": {
                "Type": "AWS::AppSync::Resolver",
                "Properties": {
                    "ApiId": api_id,
                    "TypeName": "Query",
                    "FieldName": "secret",
                    "DataSourceName": "none",
                    "Runtime": runtime,
                    "CodeS3Location": "s3://gaps/resolver.js",
                },
            },
        },
        "Outputs": {"ApiId": {"Value": api_id}},
    }
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="gaps", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="gaps", WaiterConfig={"Delay": 1, "MaxAttempts": round(DEADLINE_SECONDS)}
    )
    stack = cloudformation.describe_stacks(StackName="gaps")["Stacks"][0]
    return str(stack["Outputs"][0]["OutputValue"])


def test_the_code_of_a_pipeline_function_is_dropped_at_deployment(
    emulator: Emulator, stack_api_id: str
) -> None:
    assert emulator.client("appsync").list_functions(apiId=stack_api_id)["functions"] == []


def test_the_code_of_a_resolver_in_s3_is_ignored(emulator: Emulator, stack_api_id: str) -> None:
    resolver = emulator.client("appsync").get_resolver(
        apiId=stack_api_id, typeName="Query", fieldName="secret"
    )["resolver"]
    assert not resolver.get("code")
