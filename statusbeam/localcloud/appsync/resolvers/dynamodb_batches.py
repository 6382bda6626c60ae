"""AppSync's DynamoDB operations over several items: batches and transactions, which name their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .attribute_values import AttributeMap, from_sdk_map, to_sdk_map
from .resolver import DataSourceError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Request = Mapping[str, Any]


def _tables(request: Request) -> Mapping[str, Any]:
    tables = request.get("tables")
    if not isinstance(tables, Mapping) or not tables:
        raise DataSourceError("tables is missing", "DynamoDB:ValidationException")
    return tables


def _batch_get(client: DynamoDBClient, request: Request) -> Any:
    asked: dict[str, Any] = {}
    for table, wanted in _tables(request).items():
        asked[table] = {"Keys": [to_sdk_map(key) for key in wanted["keys"]]}
        if wanted.get("consistentRead"):
            asked[table]["ConsistentRead"] = True
        asked[table] |= _projection(wanted.get("projection"))
    answer = client.batch_get_item(RequestItems=asked)
    found = answer.get("Responses", {})
    return {
        # in the order of the keys; null for a missing item
        "data": {
            table: [_matching(found.get(table, ()), key) for key in wanted["Keys"]]
            for table, wanted in asked.items()
        },
        "unprocessedKeys": {
            table: [from_sdk_map(key) for key in left["Keys"]]
            for table, left in answer.get("UnprocessedKeys", {}).items()
        },
    }


def _projection(projection: Mapping[str, Any] | None) -> dict[str, Any]:
    if not projection:
        return {}
    given: dict[str, Any] = {"ProjectionExpression": projection["expression"]}
    if projection.get("expressionNames"):
        given["ExpressionAttributeNames"] = projection["expressionNames"]
    return given


def _matching(items: Sequence[Mapping[str, Any]], key: AttributeMap) -> dict[str, Any] | None:
    wanted = from_sdk_map(key)
    for item in items:
        plain = from_sdk_map(item)
        if all(plain.get(name) == value for name, value in wanted.items()):
            return plain
    return None


def _batch_put(client: DynamoDBClient, request: Request) -> Any:
    return _batch_write(client, request, "PutRequest", "Item", "unprocessedItems")


def _batch_delete(client: DynamoDBClient, request: Request) -> Any:
    return _batch_write(client, request, "DeleteRequest", "Key", "unprocessedKeys")


def _batch_write(client: DynamoDBClient, request: Request, kind: str, part: str, left_over: str) -> Any:
    asked = {table: [to_sdk_map(one) for one in given] for table, given in _tables(request).items()}
    writes: Any = {table: [{kind: {part: one}} for one in given] for table, given in asked.items()}
    answer = client.batch_write_item(RequestItems=writes)
    left: Mapping[str, Any] = answer.get("UnprocessedItems", {})
    return {
        "data": {table: [from_sdk_map(one) for one in given] for table, given in asked.items()},
        left_over: {table: [from_sdk_map(one[kind][part]) for one in given] for table, given in left.items()},
    }


def _transact_get(client: DynamoDBClient, request: Request) -> Any:
    gets: Any = [
        {
            "Get": {
                "TableName": one["table"],
                "Key": to_sdk_map(one["key"]),
                **_projection(one.get("projection")),
            }
        }
        for one in request.get("transactItems") or ()
    ]
    answer = _transaction(lambda: client.transact_get_items(TransactItems=gets), empty={"items": None})
    found = [from_sdk_map(one["Item"]) if "Item" in one else None for one in answer["Responses"]]
    return {"items": found, "cancellationReasons": None}


_WRITES = {
    "PutItem": "Put",
    "UpdateItem": "Update",
    "DeleteItem": "Delete",
    "ConditionCheck": "ConditionCheck",
}


def _transact_write(client: DynamoDBClient, request: Request) -> Any:
    asked = request.get("transactItems") or ()
    writes: Any = [_write(one) for one in asked]
    _transaction(lambda: client.transact_write_items(TransactItems=writes), empty={"keys": None})
    return {"keys": [from_sdk_map(to_sdk_map(one["key"])) for one in asked], "cancellationReasons": None}


def _write(one: Mapping[str, Any]) -> dict[str, Any]:
    operation = str(one.get("operation"))
    if operation not in _WRITES:
        raise DataSourceError(f"{operation} can't be part of a transaction", "DynamoDB:ValidationException")
    key = to_sdk_map(one.get("key"))
    write: dict[str, Any] = {"TableName": one["table"]}
    if operation == "PutItem":
        write["Item"] = {**to_sdk_map(one.get("attributeValues") or {}), **key}
    else:
        write["Key"] = key
    names: dict[str, str] = {}
    values: AttributeMap = {}
    condition = one.get("condition")
    for parameter, part in (("ConditionExpression", condition), ("UpdateExpression", one.get("update"))):
        if part:
            write[parameter] = part["expression"]
            names |= part.get("expressionNames") or {}
            values |= to_sdk_map(part.get("expressionValues") or {})
    if names:
        write["ExpressionAttributeNames"] = names
    if values:
        write["ExpressionAttributeValues"] = values
    if condition and condition.get("returnValuesOnConditionCheckFailure", True):
        write["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return {_WRITES[operation]: write}


def _transaction(run: Callable[[], Any], *, empty: Mapping[str, Any]) -> Any:
    try:
        return run()
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        reasons = error.response.get("CancellationReasons", ())
        cancellation_reasons = [
            {
                "type": reason.get("Code"),
                "message": reason.get("Message"),
                "item": from_sdk_map(reason["Item"]) if reason.get("Item") else None,
            }
            for reason in reasons
        ]
        message = str(error.response["Error"].get("Message", ""))
        result = {**empty, "cancellationReasons": cancellation_reasons}
        raise DataSourceError(message, "DynamoDB:TransactionCanceledException", result=result) from error


BATCHES: dict[str, Callable[[DynamoDBClient, Request], Any]] = {
    "BatchGetItem": _batch_get,
    "BatchPutItem": _batch_put,
    "BatchDeleteItem": _batch_delete,
    "TransactGetItems": _transact_get,
    "TransactWriteItems": _transact_write,
}
