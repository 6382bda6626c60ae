"""Reads the definition of a deployed API from AppSync's control plane and from its stack's template.

The emulator stores no code of `AWS::AppSync::FunctionConfiguration`. The template of the stack has the code
of those pipeline functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from graphql import GraphQLError, ObjectTypeDefinitionNode, ObjectTypeExtensionNode, parse

from .definition import (
    ApiDefinition,
    ApiKey,
    AuthProvider,
    DataSourceDefinition,
    DefinitionError,
    FunctionDefinition,
    ResolverDefinition,
)

if TYPE_CHECKING:
    from mypy_boto3_appsync import AppSyncClient
    from mypy_boto3_cloudformation import CloudFormationClient

_AUTH_CONFIGS = ("userPoolConfig", "openIDConnectConfig", "lambdaAuthorizerConfig")
_SOURCE_CONFIGS = ("dynamodbConfig", "lambdaConfig", "httpConfig")
_FUNCTION_TYPE = "AWS::AppSync::FunctionConfiguration"


def load_definition(appsync: AppSyncClient, stacks: CloudFormationClient, api_id: str) -> ApiDefinition:
    """The API as deployed now. Raises DefinitionError."""
    try:
        return _Reader(appsync, stacks, api_id).read()
    except (BotoCoreError, ClientError) as error:
        raise DefinitionError(f"the API {api_id} can't be read: {error}") from error


class _Reader:
    def __init__(self, appsync: AppSyncClient, stacks: CloudFormationClient, api_id: str) -> None:
        self._appsync = appsync
        self._stacks = stacks
        self._api_id = api_id

    def read(self) -> ApiDefinition:
        api: Mapping[str, Any] = self._appsync.get_graphql_api(apiId=self._api_id)["graphqlApi"]
        sdl = self._sdl()
        resolvers = tuple(self._resolvers(sdl))
        return ApiDefinition(
            api_id=self._api_id,
            name=str(api.get("name", "")),
            sdl=sdl,
            default_auth=_auth_provider(api),
            additional_auth=tuple(
                _auth_provider(one) for one in api.get("additionalAuthenticationProviders") or ()
            ),
            api_keys=tuple(
                ApiKey(key=str(key["id"]), expires_at=float(key.get("expires", 0)))
                for key in self._pages(self._appsync.list_api_keys, "apiKeys")
            ),
            data_sources=tuple(
                _data_source(source) for source in self._pages(self._appsync.list_data_sources, "dataSources")
            ),
            functions=tuple(self._functions(resolvers)),
            resolvers=resolvers,
            environment=self._environment(),
            introspection=api.get("introspectionConfig", "ENABLED") == "ENABLED",
            query_depth_limit=int(api.get("queryDepthLimit") or 0),
            resolver_count_limit=int(api.get("resolverCountLimit") or 0),
        )

    def _sdl(self) -> str:
        schema = self._appsync.get_introspection_schema(
            apiId=self._api_id, format="SDL", includeDirectives=True
        )["schema"]
        return schema.read().decode("utf-8")

    def _environment(self) -> dict[str, str]:
        answer = self._appsync.get_graphql_api_environment_variables(apiId=self._api_id)
        return dict(answer.get("environmentVariables") or {})

    def _resolvers(self, sdl: str) -> Iterator[ResolverDefinition]:
        for type_name in _object_types(sdl):
            for resolver in self._pages(self._appsync.list_resolvers, "resolvers", typeName=type_name):
                yield ResolverDefinition(
                    type_name=type_name,
                    field_name=str(resolver["fieldName"]),
                    code=str(resolver.get("code") or ""),
                    kind=str(resolver.get("kind") or "UNIT"),
                    data_source=resolver.get("dataSourceName"),
                    functions=tuple((resolver.get("pipelineConfig") or {}).get("functions") or ()),
                )

    def _functions(self, resolvers: tuple[ResolverDefinition, ...]) -> Iterator[FunctionDefinition]:
        needed = {function for resolver in resolvers for function in resolver.functions}
        for one in self._pages(self._appsync.list_functions, "functions"):
            if one.get("code"):
                needed.discard(str(one["functionId"]))
                yield FunctionDefinition(
                    function_id=str(one["functionId"]),
                    name=str(one.get("name", "")),
                    data_source=str(one.get("dataSourceName", "")),
                    code=str(one["code"]),
                )
        if needed:
            yield from self._functions_of_stack(needed)

    def _functions_of_stack(self, needed: set[str]) -> Iterator[FunctionDefinition]:
        for stack in self._pages_of_stacks():
            resources = self._stacks.describe_stack_resources(StackName=stack)["StackResources"]
            functions = {
                one["LogicalResourceId"]: one["PhysicalResourceId"].rsplit("/", 1)[-1]
                for one in resources
                if one["ResourceType"] == _FUNCTION_TYPE
            }
            if needed & set(functions.values()):
                template = _template(self._stacks.get_template(StackName=stack)["TemplateBody"])
                for logical_id, function_id in functions.items():
                    yield _function(template, logical_id, function_id)

    def _pages_of_stacks(self) -> Iterator[str]:
        for page in self._stacks.get_paginator("describe_stacks").paginate():
            yield from (stack["StackName"] for stack in page["Stacks"])

    def _pages(self, call: Callable[..., Any], name: str, **parameters: str) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            more = {} if token is None else {"nextToken": token}
            answer = call(apiId=self._api_id, **parameters, **more)
            yield from answer.get(name, ())
            token = answer.get("nextToken")
            if not token:
                return


def _auth_provider(given: Mapping[str, Any]) -> AuthProvider:
    config: Mapping[str, Any] = next((given[name] for name in _AUTH_CONFIGS if given.get(name)), {})
    return AuthProvider(mode=str(given["authenticationType"]), config=config)


def _data_source(given: Mapping[str, Any]) -> DataSourceDefinition:
    config: Mapping[str, Any] = next((given[name] for name in _SOURCE_CONFIGS if given.get(name)), {})
    return DataSourceDefinition(
        name=str(given["name"]),
        type=str(given["type"]),
        config=config,
        service_role_arn=given.get("serviceRoleArn"),
    )


def _object_types(sdl: str) -> list[str]:
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as error:
        raise DefinitionError(f"the schema is not valid: {error}") from error
    wanted = (ObjectTypeDefinitionNode, ObjectTypeExtensionNode)
    return list(dict.fromkeys(node.name.value for node in document.definitions if isinstance(node, wanted)))


def _template(body: Any) -> Mapping[str, Any]:
    """The SDK gives JSON templates as objects; CDK writes no others."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError as error:
            raise DefinitionError("the stack's template is not JSON") from error
    resources = body.get("Resources") if isinstance(body, Mapping) else None
    if not isinstance(resources, Mapping):
        raise DefinitionError("the stack's template has no resources")
    return resources


def _function(template: Mapping[str, Any], logical_id: str, function_id: str) -> FunctionDefinition:
    properties = template.get(logical_id, {}).get("Properties", {})
    name, code = properties.get("Name", logical_id), properties.get("Code")
    if not isinstance(code, str):
        raise DefinitionError(f"the function {name} has no inline code in its stack's template")
    return FunctionDefinition(
        function_id=function_id,
        name=str(name),
        data_source=_data_source_name(template, properties.get("DataSourceName"), str(name)),
        code=code,
    )


def _data_source_name(template: Mapping[str, Any], value: Any, function: str) -> str:
    """A name, or `Fn::GetAtt` of the data source in the same template."""
    if isinstance(value, str):
        return value
    attribute = value.get("Fn::GetAtt") if isinstance(value, Mapping) else None
    if isinstance(attribute, str):
        attribute = attribute.split(".", 1)
    if isinstance(attribute, list) and len(attribute) == 2 and attribute[1] == "Name":
        name = template.get(attribute[0], {}).get("Properties", {}).get("Name")
        if isinstance(name, str):
            return name
    raise DefinitionError(
        f"the data source of the function {function} can't be found in its stack's template"
    )
