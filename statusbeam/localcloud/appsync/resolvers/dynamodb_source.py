"""The AMAZON_DYNAMODB data source: requests and answers in AppSync's formats, over the SDK's client.

https://docs.aws.amazon.com/appsync/latest/devguide/js-resolver-reference-dynamodb.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .attribute_values import AttributeMap, from_sdk_map, from_token, to_sdk_map, to_token
from .dynamodb_batches import BATCHES
from .resolver import DataSourceError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Request = Mapping[str, Any]

_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoDBSource:
    """One table; batches and transactions name their tables themselves."""

    def __init__(self, client: DynamoDBClient, table: str, executor: Executor) -> None:
        """The client's blocking calls run on `executor`."""
        self._client = client
        self._table = table
        self._executor = executor

    async def invoke(self, request: Request) -> Any:
        """See resolvers.DataSource."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self.run, request)

    def run(self, request: Request) -> Any:
        """Like `invoke`, blocking."""
        name = str(request.get("operation"))
        operation, batch = _OPERATIONS.get(name), BATCHES.get(name)
        try:
            if operation is not None:
                return operation(self._client, self._table, request)
            if batch is not None:
                return batch(self._client, request)
        except ClientError as error:
            raise service_error(error) from error
        except BotoCoreError as error:
            raise DataSourceError(str(error), f"DynamoDB:{type(error).__name__}") from error
        raise DataSourceError(
            f"The DynamoDB operation {name} is not implemented by localcloud", "Unsupported"
        )


def service_error(error: ClientError, *, result: Any = None) -> DataSourceError:
    """DynamoDB's error in AppSync's form."""
    details = error.response["Error"]
    answer = error.response.get("ResponseMetadata", {})
    status, request_id = answer.get("HTTPStatusCode", 400), answer.get("RequestId", "unknown")
    message = (
        f"{details.get('Message', '')} (Service: DynamoDb, Status Code: {status}, Request ID: {request_id})"
    )
    return DataSourceError(message, f"DynamoDB:{details['Code']}", result=result)


def _expressions(**parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """SDK parameters of the given expressions, such as FilterExpression, with merged names and values."""
    given: dict[str, Any] = {}
    names: dict[str, str] = {}
    values: AttributeMap = {}
    for parameter, part in parts.items():
        if part:
            given[parameter] = part["expression"]
            names |= part.get("expressionNames") or {}
            values |= to_sdk_map(part.get("expressionValues") or {})
    if names:
        given["ExpressionAttributeNames"] = names
    if values:
        given["ExpressionAttributeValues"] = values
    return given


def _get(client: DynamoDBClient, table: str, request: Request) -> Any:
    answer = client.get_item(
        TableName=table,
        Key=to_sdk_map(request.get("key")),
        ConsistentRead=bool(request.get("consistentRead")),
        **_expressions(ProjectionExpression=request.get("projection")),
    )
    return from_sdk_map(answer["Item"]) if "Item" in answer else None


def _put(client: DynamoDBClient, table: str, request: Request) -> Any:
    key = to_sdk_map(request.get("key"))
    item = {**to_sdk_map(request.get("attributeValues") or {}), **key}
    condition = request.get("condition")
    wanted = from_sdk_map(item)
    try:
        client.put_item(TableName=table, Item=item, **_expressions(ConditionExpression=condition))
    except ClientError as error:
        return _unless_already(client, table, key, condition, error, wanted=wanted)
    return wanted


def _update(client: DynamoDBClient, table: str, request: Request) -> Any:
    key = to_sdk_map(request.get("key"))
    condition = request.get("condition")
    try:
        answer = client.update_item(
            TableName=table,
            Key=key,
            ReturnValues="ALL_NEW",
            **_expressions(UpdateExpression=request.get("update"), ConditionExpression=condition),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _CONDITION_FAILED:
            raise
        raise service_error(error, result=_current(client, table, key)) from error
    return from_sdk_map(answer["Attributes"])


def _delete(client: DynamoDBClient, table: str, request: Request) -> Any:
    key = to_sdk_map(request.get("key"))
    condition = request.get("condition")
    try:
        answer = client.delete_item(
            TableName=table,
            Key=key,
            ReturnValues="ALL_OLD",
            **_expressions(ConditionExpression=condition),
        )
    except ClientError as error:
        return _unless_already(client, table, key, condition, error, wanted=None)
    return from_sdk_map(answer["Attributes"]) if answer.get("Attributes") else None


def _current(client: DynamoDBClient, table: str, key: AttributeMap) -> Any:
    answer = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return from_sdk_map(answer["Item"]) if "Item" in answer else None


def _unless_already(
    client: DynamoDBClient,
    table: str,
    key: AttributeMap,
    condition: Mapping[str, Any] | None,
    error: ClientError,
    *,
    wanted: Any,
) -> Any:
    """AppSync takes a failed condition for success when the item is already as wanted (None: gone)."""
    if error.response["Error"]["Code"] != _CONDITION_FAILED:
        raise error
    current = _current(client, table, key)
    ignored = set((condition or {}).get("equalsIgnore") or ())
    if _without(current, ignored) == _without(wanted, ignored):
        return current
    raise service_error(error, result=current) from error


def _without(item: Any, names: set[str]) -> Any:
    return {name: value for name, value in item.items() if name not in names} if item is not None else None


def _page_parameters(table: str, request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "TableName": table,
        "IndexName": request.get("index"),
        "Limit": request.get("limit"),
        "Select": request.get("select"),
        "ConsistentRead": request.get("consistentRead"),
    }
    if request.get("nextToken"):
        parameters["ExclusiveStartKey"] = from_token(request["nextToken"])
    return parameters


def _page(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "items": [from_sdk_map(item) for item in answer.get("Items", ())],
        "nextToken": to_token(answer.get("LastEvaluatedKey")),
        "scannedCount": answer.get("ScannedCount", 0),
    }


def _query(client: DynamoDBClient, table: str, request: Request) -> Any:
    parameters = _page_parameters(table, request) | {"ScanIndexForward": request.get("scanIndexForward")}
    parameters |= _expressions(
        KeyConditionExpression=request.get("query"),
        FilterExpression=request.get("filter"),
        ProjectionExpression=request.get("projection"),
    )
    return _page(client.query(**_given(parameters)))


def _scan(client: DynamoDBClient, table: str, request: Request) -> Any:
    parameters = _page_parameters(table, request)
    parameters |= {"TotalSegments": request.get("totalSegments"), "Segment": request.get("segment")}
    parameters |= _expressions(
        FilterExpression=request.get("filter"), ProjectionExpression=request.get("projection")
    )
    return _page(client.scan(**_given(parameters)))


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


_OPERATIONS: dict[str, Callable[[DynamoDBClient, str, Request], Any]] = {
    "GetItem": _get,
    "PutItem": _put,
    "UpdateItem": _update,
    "DeleteItem": _delete,
    "Query": _query,
    "Scan": _scan,
}
