"""Reading a deployed API, from answers in the form of AppSync's and CloudFormation's control planes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from statusbeam.localcloud.appsync.control_plane.definition import (
    ApiDefinition,
    ApiKey,
    AuthProvider,
    DataSourceDefinition,
    DefinitionError,
    FunctionDefinition,
    ResolverDefinition,
)
from statusbeam.localcloud.appsync.control_plane.definition_loader import load_definition

API = "abcdefghijklmnopqrstuvwxyz"
SDL = """
type Query { note: String @aws_iam  notes: [String] }
type Mutation { addNote: String }
input NoteInput { id: ID }
"""
CODE = "export function request(ctx) {}"
FUNCTION_ARN = f"arn:aws:appsync:us-east-1:000000000000:apis/{API}/functions/"


class RecordedAppSync:
    """AppSync's control plane with recorded answers; lists come one entry a page."""

    def __init__(self, **changes: Any) -> None:
        self.api = {
            "apiId": API,
            "name": "notes",
            "authenticationType": "AMAZON_COGNITO_USER_POOLS",
            "userPoolConfig": {"userPoolId": "pool", "awsRegion": "us-east-1", "defaultAction": "ALLOW"},
            "additionalAuthenticationProviders": [
                {"authenticationType": "AWS_IAM"},
                {"authenticationType": "AWS_LAMBDA", "lambdaAuthorizerConfig": {"authorizerUri": "arn:f"}},
            ],
            "introspectionConfig": "DISABLED",
            "queryDepthLimit": 10,
            "resolverCountLimit": 50,
            "xrayEnabled": True,
            **changes.pop("api", {}),
        }
        unit = {
            "typeName": "Query",
            "fieldName": "note",
            "kind": "UNIT",
            "dataSourceName": "None",
            "code": CODE,
        }
        steps = {"kind": "PIPELINE", "pipelineConfig": {"functions": ["f1", "f2"]}, "code": CODE}
        self.lists: dict[str, Any] = {
            "apiKeys": [{"id": "da2-key", "expires": 1_800_000_000}],
            "dataSources": [
                {"name": "None", "type": "NONE"},
                {
                    "name": "Table",
                    "type": "AMAZON_DYNAMODB",
                    "dynamodbConfig": {"tableName": "notes", "awsRegion": "us-east-1"},
                    "serviceRoleArn": "arn:role",
                },
            ],
            "functions": [],
            "Query": [unit, {"typeName": "Query", "fieldName": "notes", **steps}],
            "Mutation": [],
            **changes,
        }

    def get_graphql_api(self, *, apiId: str) -> Any:  # noqa: N803 - the SDK's name
        if apiId != API:
            raise ClientError({"Error": {"Code": "NotFoundException", "Message": "gone"}}, "GetGraphqlApi")
        return {"graphqlApi": self.api}

    def get_introspection_schema(self, **asked: Any) -> Any:
        assert asked == {"apiId": API, "format": "SDL", "includeDirectives": True}
        return {"schema": io.BytesIO(SDL.encode())}

    def get_graphql_api_environment_variables(self, **asked: Any) -> Any:
        return {"environmentVariables": {"STATUS_TABLE": "t"}}

    def _page(self, name: str, answer_name: str, token: str | None) -> Any:
        at = int(token or 0)
        page = {answer_name: self.lists[name][at : at + 1]}
        return {**page, "nextToken": str(at + 1)} if at + 1 < len(self.lists[name]) else page

    def list_api_keys(self, *, nextToken: str | None = None, **asked: Any) -> Any:  # noqa: N803
        return self._page("apiKeys", "apiKeys", nextToken)

    def list_data_sources(self, *, nextToken: str | None = None, **asked: Any) -> Any:  # noqa: N803
        return self._page("dataSources", "dataSources", nextToken)

    def list_functions(self, *, nextToken: str | None = None, **asked: Any) -> Any:  # noqa: N803
        return self._page("functions", "functions", nextToken)

    def list_resolvers(self, *, typeName: str, nextToken: str | None = None, **asked: Any) -> Any:  # noqa: N803
        return self._page(typeName, "resolvers", nextToken)


class RecordedStacks:
    """CloudFormation with two stacks, of which the second has the functions."""

    def __init__(self, body: Any = None) -> None:
        self.body = TEMPLATE if body is None else body
        self.templates_read: list[str] = []

    def get_paginator(self, operation: str) -> RecordedStacks:
        assert operation == "describe_stacks"
        return self

    def paginate(self) -> Iterator[Any]:
        yield {"Stacks": [{"StackName": "other"}]}
        yield {"Stacks": [{"StackName": "notes"}]}

    def describe_stack_resources(self, *, StackName: str) -> Any:  # noqa: N803 - the SDK's name
        found = [("Table", "AWS::DynamoDB::Table", "notes")]
        if StackName == "notes":
            kind = "AWS::AppSync::FunctionConfiguration"
            found += [("StepOne", kind, f"{FUNCTION_ARN}f1"), ("StepTwo", kind, f"{FUNCTION_ARN}f2")]
        names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
        return {"StackResources": [dict(zip(names, one, strict=True)) for one in found]}

    def get_template(self, *, StackName: str) -> Any:  # noqa: N803 - the SDK's name
        self.templates_read.append(StackName)
        return {"TemplateBody": self.body}


def function(name: str, source: Any, code: Any = CODE) -> dict[str, Any]:
    return {
        "Type": "AWS::AppSync::FunctionConfiguration",
        "Properties": {"Name": name, "DataSourceName": source, "Code": code},
    }


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "ApiTable1234": {"Type": "AWS::AppSync::DataSource", "Properties": {"Name": "Table"}},
        "StepOne": function("one", {"Fn::GetAtt": ["ApiTable1234", "Name"]}),
        "StepTwo": function("two", "None"),
    }
}


def load(appsync: Any = None, stacks: Any = None, api_id: str = API) -> ApiDefinition:
    control_plane: Any = appsync or RecordedAppSync()
    formation: Any = stacks or RecordedStacks()
    return load_definition(control_plane, formation, api_id)


def step(function_id: str, name: str, source: str, code: str = CODE) -> FunctionDefinition:
    return FunctionDefinition(function_id=function_id, name=name, data_source=source, code=code)


def test_every_part_of_a_deployed_api_is_read() -> None:
    pool = {"userPoolId": "pool", "awsRegion": "us-east-1", "defaultAction": "ALLOW"}
    assert load() == ApiDefinition(
        api_id=API,
        name="notes",
        sdl=SDL,
        default_auth=AuthProvider(mode="AMAZON_COGNITO_USER_POOLS", config=pool),
        additional_auth=(
            AuthProvider(mode="AWS_IAM"),
            AuthProvider(mode="AWS_LAMBDA", config={"authorizerUri": "arn:f"}),
        ),
        api_keys=(ApiKey(key="da2-key", expires_at=1_800_000_000.0),),
        data_sources=(
            DataSourceDefinition(name="None", type="NONE"),
            DataSourceDefinition(
                name="Table",
                type="AMAZON_DYNAMODB",
                config={"tableName": "notes", "awsRegion": "us-east-1"},
                service_role_arn="arn:role",
            ),
        ),
        functions=(step("f1", "one", "Table"), step("f2", "two", "None")),
        resolvers=(
            ResolverDefinition(type_name="Query", field_name="note", code=CODE, data_source="None"),
            ResolverDefinition(
                type_name="Query", field_name="notes", code=CODE, kind="PIPELINE", functions=("f1", "f2")
            ),
        ),
        environment={"STATUS_TABLE": "t"},
        introspection=False,
        query_depth_limit=10,
        resolver_count_limit=50,
    )


def test_functions_that_appsync_knows_are_not_looked_up_in_a_stack() -> None:
    known = [
        {"functionId": name, "name": f"real {name}", "dataSourceName": "None", "code": CODE}
        for name in ("f1", "f2")
    ]
    stacks = RecordedStacks()
    definition = load(RecordedAppSync(functions=known), stacks)
    assert definition.functions == (step("f1", "real f1", "None"), step("f2", "real f2", "None"))
    assert stacks.templates_read == []


def test_functions_without_their_code_are_looked_up_in_the_stack() -> None:
    listed = [{"functionId": name, "name": name, "dataSourceName": "None"} for name in ("f1", "f2")]
    assert load(RecordedAppSync(functions=listed)).functions[0] == step("f1", "one", "Table")


def test_only_the_stack_with_the_functions_is_read() -> None:
    stacks = RecordedStacks(json.dumps(TEMPLATE))
    assert load(stacks=stacks).functions[0].name == "one"
    assert stacks.templates_read == ["notes"]


def test_limits_and_introspection_have_appsyncs_defaults() -> None:
    api = {"introspectionConfig": "ENABLED", "queryDepthLimit": None, "resolverCountLimit": None}
    definition = load(RecordedAppSync(api=api))
    assert (definition.introspection, definition.query_depth_limit) == (True, 0)
    assert definition.resolver_count_limit == 0


def test_the_definition_shows_no_key_when_it_is_printed() -> None:
    assert "da2-key" not in repr(load())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"Resources": {**TEMPLATE["Resources"], "StepOne": function("one", "T", {"Fn::Sub": "x"})}},
         "the function one has no inline code"),
        ({"Resources": {**TEMPLATE["Resources"], "StepOne": function("one", {"Ref": "X"})}},
         "the data source of the function one can't be found"),
        ("Resources:\n  a: b", "the stack's template is not JSON"),
        ({}, "the stack's template has no resources"),
    ],
    ids=["code elsewhere", "data source elsewhere", "YAML", "empty"],
)  # fmt: skip
def test_a_template_that_cannot_be_read_is_named(template: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        load(stacks=RecordedStacks(template))
    assert message in str(refused.value)


def test_an_api_that_is_not_there_is_named() -> None:
    with pytest.raises(DefinitionError, match="the API gone can't be read"):
        load(api_id="gone")
