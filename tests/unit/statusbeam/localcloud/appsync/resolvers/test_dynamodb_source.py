"""The DynamoDB source in AppSync's formats on a table of moto's; the Lambda source on a recorded client."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from statusbeam.localcloud.appsync.control_plane.data_sources import AwsDataSources, LambdaSource
from statusbeam.localcloud.appsync.control_plane.definition import DataSourceDefinition
from statusbeam.localcloud.appsync.resolvers.dynamodb_source import DynamoDBSource
from statusbeam.localcloud.appsync.resolvers.resolver import DataSourceError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "notes"


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


@pytest.fixture
def client(dynamodb: DynamoDBClient) -> Iterator[DynamoDBClient]:
    """DynamoDB with one table of five items."""
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "kind")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byKind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(1, 6):
        kind = "odd" if number % 2 else "even"
        item: Any = {
            "pk": {"S": "a"},
            "sk": {"S": f"n{number}"},
            "kind": {"S": kind},
            "n": {"N": str(number)},
        }
        dynamodb.put_item(TableName=TABLE, Item=item)
    yield dynamodb
    dynamodb.delete_table(TableName=TABLE)


@pytest.fixture
def source(client: DynamoDBClient, executor: ThreadPoolExecutor) -> DynamoDBSource:
    return DynamoDBSource(client, TABLE, executor)


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"S": sk}}


def plain(number: int) -> dict[str, Any]:
    return {"pk": "a", "sk": f"n{number}", "kind": "odd" if number % 2 else "even", "n": number}


def refused(source: DynamoDBSource, **request: Any) -> DataSourceError:
    with pytest.raises(DataSourceError) as caught:
        source.run(request)
    return caught.value


# ---- one item --------------------------------------------------------------------------------------


def test_get_item_answers_with_the_item_or_null(source: DynamoDBSource) -> None:
    assert source.run({"operation": "GetItem", "key": key("n1"), "consistentRead": True}) == plain(1)
    assert source.run({"operation": "GetItem", "key": key("none")}) is None


def test_get_item_takes_a_projection(source: DynamoDBSource) -> None:
    projection = {"expression": "#n", "expressionNames": {"#n": "n"}}
    assert source.run({"operation": "GetItem", "key": key("n2"), "projection": projection}) == {"n": 2}


def test_put_item_returns_the_complete_item_of_all_types(source: DynamoDBSource) -> None:
    values = {
        "text": {"S": "é"},
        "whole": {"N": 3},
        "part": {"N": 1.5},
        "big": {"N": "12345678901234567890"},
        "yes": {"BOOL": True},
        "no": {"NULL": None},
        "bytes": {"B": "aGk="},
        "names": {"SS": ["b", "a"]},
        "numbers": {"NS": [1]},
        "list": {"L": [{"S": "x"}, {"M": {"y": {"N": 1}}}]},
    }
    expected = {
        "pk": "a",
        "sk": "new",
        "text": "é",
        "whole": 3,
        "part": 1.5,
        "big": 12345678901234567890,
        "yes": True,
        "no": None,
        "bytes": "aGk=",
        "names": ["a", "b"],
        "numbers": [1],
        "list": ["x", {"y": 1}],
    }
    assert source.run({"operation": "PutItem", "key": key("new"), "attributeValues": values}) == expected
    assert source.run({"operation": "GetItem", "key": key("new")}) == expected


def test_update_item_answers_with_the_new_item(source: DynamoDBSource) -> None:
    update = {
        "expression": "SET #n = #n + :by",
        "expressionNames": {"#n": "n"},
        "expressionValues": {":by": {"N": 10}},
    }
    assert source.run({"operation": "UpdateItem", "key": key("n1"), "update": update}) == {
        **plain(1),
        "n": 11,
    }


def test_delete_item_answers_with_the_old_item_or_null(source: DynamoDBSource) -> None:
    assert source.run({"operation": "DeleteItem", "key": key("n1")}) == plain(1)
    assert source.run({"operation": "DeleteItem", "key": key("n1")}) is None


ABSENT = {"expression": "attribute_not_exists(pk)"}
NINE = {"expression": "n = :n", "expressionValues": {":n": {"N": 9}}}
SET_N = {"expression": "SET n = :m", "expressionValues": {":m": {"N": 1}}}


@pytest.mark.parametrize(
    "request_",
    [
        {"operation": "PutItem", "attributeValues": {"n": {"N": 7}}, "condition": ABSENT},
        {"operation": "UpdateItem", "update": SET_N, "condition": NINE},
        {"operation": "DeleteItem", "condition": NINE},
    ],
    ids=lambda request: str(request["operation"]),
)
def test_a_failed_condition_is_an_error_with_the_current_item(
    source: DynamoDBSource, request_: dict[str, Any]
) -> None:
    error = refused(source, key=key("n1"), **request_)
    assert error.error_type == "DynamoDB:ConditionalCheckFailedException"
    assert "(Service: DynamoDb, Status Code: 400" in error.message
    assert error.result == plain(1)


def test_a_failed_condition_on_an_item_that_is_already_as_wanted_is_success(source: DynamoDBSource) -> None:
    same = {"n": {"N": 1}, "kind": {"S": "odd"}}
    put = {"operation": "PutItem", "key": key("n1"), "condition": ABSENT}
    assert source.run({**put, "attributeValues": same}) == plain(1)
    other_time = {**put, "attributeValues": {**same, "n": {"N": 2}}}
    assert source.run({**other_time, "condition": {**ABSENT, "equalsIgnore": ["n"]}}) == plain(1)
    gone = {"operation": "DeleteItem", "key": key("none"), "condition": NINE}
    assert source.run(gone) is None


# ---- pages -----------------------------------------------------------------------------------------

BETWEEN = {
    "expression": "pk = :pk AND sk BETWEEN :from AND :to",
    "expressionValues": {":pk": {"S": "a"}, ":from": {"S": "n2"}, ":to": {"S": "n4"}},
}


def test_query_answers_with_items_in_order(source: DynamoDBSource) -> None:
    answer = source.run({"operation": "Query", "query": BETWEEN, "scanIndexForward": False})
    assert answer == {"items": [plain(4), plain(3), plain(2)], "nextToken": None, "scannedCount": 3}


def test_query_filters_what_it_has_read(source: DynamoDBSource) -> None:
    odd = {
        "expression": "#k = :k",
        "expressionNames": {"#k": "kind"},
        "expressionValues": {":k": {"S": "odd"}},
    }
    answer = source.run({"operation": "Query", "query": BETWEEN, "filter": odd})
    assert (answer["items"], answer["scannedCount"]) == ([plain(3)], 3)


def test_query_reads_an_index(source: DynamoDBSource) -> None:
    even = {"expression": "kind = :k", "expressionValues": {":k": {"S": "even"}}}
    answer = source.run({"operation": "Query", "index": "byKind", "query": even})
    assert sorted(item["n"] for item in answer["items"]) == [2, 4]


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_pages_follow_each_other_by_token(source: DynamoDBSource, operation: str) -> None:
    request: dict[str, Any] = {"operation": operation, "limit": 2}
    if operation == "Query":
        request["query"] = {"expression": "pk = :pk", "expressionValues": {":pk": {"S": "a"}}}
    found: list[int] = []
    for _ in range(4):
        answer = source.run(request)
        found += [item["n"] for item in answer["items"]]
        request["nextToken"] = answer["nextToken"]
        if not answer["nextToken"]:
            break
    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "token", ["nonsense", "Ⅷ", "\x00", "e30=", "eyJwayI6eyJTIjoieCJ9fQ==", "A" * 100_000]
)
def test_a_token_that_is_none_is_refused(source: DynamoDBSource, token: str) -> None:
    error = refused(source, operation="Scan", nextToken=token)
    assert error.message == "Invalid pagination token given."


def test_a_page_token_reveals_nothing_of_its_key(source: DynamoDBSource) -> None:
    token = source.run({"operation": "Scan", "limit": 1})["nextToken"]
    shown = base64.urlsafe_b64decode(token)
    assert b'{"pk"' not in shown
    assert source.run({"operation": "Scan", "limit": 1})["nextToken"] != token


# ---- batches and transactions ----------------------------------------------------------------------


def test_batch_get_answers_in_the_order_of_the_keys_with_null_for_none(source: DynamoDBSource) -> None:
    keys = [key("n3"), key("none"), key("n1")]
    answer = source.run(
        {"operation": "BatchGetItem", "tables": {TABLE: {"keys": keys, "consistentRead": True}}}
    )
    assert answer == {"data": {TABLE: [plain(3), None, plain(1)]}, "unprocessedKeys": {}}


def test_batches_put_and_delete(source: DynamoDBSource) -> None:
    items = [{**key("x"), "n": {"N": 1}}, {**key("y"), "n": {"N": 2}}]
    put = source.run({"operation": "BatchPutItem", "tables": {TABLE: items}})
    assert put["data"][TABLE][1] == {"pk": "a", "sk": "y", "n": 2}
    assert put["unprocessedItems"] == {}
    gone = source.run({"operation": "BatchDeleteItem", "tables": {TABLE: [key("x")]}})
    assert gone == {"data": {TABLE: [{"pk": "a", "sk": "x"}]}, "unprocessedKeys": {}}
    assert source.run({"operation": "GetItem", "key": key("x")}) is None


def test_a_transaction_writes_all_its_items(source: DynamoDBSource) -> None:
    writes = [
        {"table": TABLE, "operation": "PutItem", "key": key("x"), "attributeValues": {"n": {"N": 1}}},
        {"table": TABLE, "operation": "UpdateItem", "key": key("n1"), "update": SET_N},
        {"table": TABLE, "operation": "DeleteItem", "key": key("n2")},
        {
            "table": TABLE,
            "operation": "ConditionCheck",
            "key": key("n3"),
            "condition": {"expression": "attribute_exists(pk)"},
        },
    ]
    answer = source.run({"operation": "TransactWriteItems", "transactItems": writes})
    keys = [{"pk": "a", "sk": sk} for sk in ("x", "n1", "n2", "n3")]
    assert answer == {"keys": keys, "cancellationReasons": None}
    gets = [{"table": TABLE, "key": key(sk)} for sk in ("x", "n2")]
    found = source.run({"operation": "TransactGetItems", "transactItems": gets})
    assert found == {"items": [{"pk": "a", "sk": "x", "n": 1}, None], "cancellationReasons": None}


def test_a_cancelled_transaction_returns_the_reason_for_each_item(source: DynamoDBSource) -> None:
    writes = [
        {"table": TABLE, "operation": "PutItem", "key": key("x"), "attributeValues": {}},
        {"table": TABLE, "operation": "DeleteItem", "key": key("n1"), "condition": NINE},
    ]
    error = refused(source, operation="TransactWriteItems", transactItems=writes)
    assert error.error_type == "DynamoDB:TransactionCanceledException"
    assert [one["type"] for one in error.result["cancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert error.result["keys"] is None


# ---- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "error_type"),
    [
        ({"operation": "Sync"}, "Unsupported"),
        ({}, "Unsupported"),
        ({"operation": "GetItem"}, "DynamoDB:ValidationException"),
        ({"operation": "GetItem", "key": {"pk": "a"}}, "DynamoDB:ValidationException"),
        ({"operation": "GetItem", "key": {"pk": {"X": "a"}}}, "DynamoDB:ValidationException"),
        ({"operation": "GetItem", "key": {"pk": {"S": "a"}}}, "DynamoDB:ValidationException"),
        ({"operation": "PutItem", "key": key("x"), "attributeValues": {"b": {"B": "%"}}},
         "DynamoDB:ValidationException"),
        ({"operation": "BatchGetItem"}, "DynamoDB:ValidationException"),
    ],
    ids=["unknown", "none", "no key", "untyped", "unknown type", "half a key", "no base64", "no tables"],
)  # fmt: skip
def test_an_impossible_operation_is_a_data_source_error(
    source: DynamoDBSource, request_: dict[str, Any], error_type: str
) -> None:
    assert refused(source, **request_).error_type == error_type


def test_a_missing_table_is_dynamodbs_own_error(client: DynamoDBClient, executor: ThreadPoolExecutor) -> None:
    error = refused(DynamoDBSource(client, "gone", executor), operation="GetItem", key=key("n1"))
    assert error.error_type == "DynamoDB:ResourceNotFoundException"


async def test_a_request_runs_beside_the_event_loop(source: DynamoDBSource) -> None:
    assert await source.invoke({"operation": "GetItem", "key": key("n1")}) == plain(1)


# ---- opening sources -------------------------------------------------------------------------------


def test_each_service_role_is_asked_for_its_credentials_once(executor: ThreadPoolExecutor) -> None:
    asked: list[str] = []

    def credentials_of(role: str) -> dict[str, str]:
        asked.append(role)
        return {"aws_access_key_id": role, "aws_secret_access_key": "secret", "aws_session_token": "token"}

    sources = AwsDataSources("http://127.0.0.1:1", credentials_of=credentials_of, executor=executor)
    for name, role in (("one", "arn:a"), ("two", "arn:b"), ("three", "arn:a"), ("four", None)):
        sources(
            DataSourceDefinition(
                name=name, type="AMAZON_DYNAMODB", config={"tableName": name}, service_role_arn=role
            )
        )
    assert asked == ["arn:a", "arn:b"]


async def test_a_source_that_does_not_answer_is_a_data_source_error(executor: ThreadPoolExecutor) -> None:
    sources = AwsDataSources("http://127.0.0.1:1", executor=executor)
    source = sources(DataSourceDefinition(name="n", type="AMAZON_DYNAMODB", config={"tableName": "t"}))
    with pytest.raises(DataSourceError) as failed:
        await source.invoke({"operation": "GetItem", "key": key("n1")})
    assert failed.value.error_type == "DynamoDB:EndpointConnectionError"


async def test_a_source_of_an_unknown_type_fails_with_the_reason_when_used(
    executor: ThreadPoolExecutor,
) -> None:
    source = AwsDataSources(executor=executor)(DataSourceDefinition(name="web", type="HTTP"))
    with pytest.raises(DataSourceError, match="web has the type HTTP"):
        await source.invoke({})


# ---- Lambda ----------------------------------------------------------------------------------------


class RecordedFunctions:
    """A Lambda client with one recorded answer."""

    def __init__(self, payload: bytes = b"", *, error: str | None = None) -> None:
        self.asked: dict[str, Any] = {}
        self._payload = payload
        self._error = error

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        if self._error == "refused":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "Invoke")
        answer: dict[str, Any] = {"Payload": io.BytesIO(self._payload)}
        return answer if self._error is None else {**answer, "FunctionError": self._error}


async def test_a_function_is_invoked_with_the_payload_and_answers(executor: ThreadPoolExecutor) -> None:
    functions: Any = RecordedFunctions(b'{"a": 1}')
    answer = await LambdaSource(functions, "arn:f", executor).invoke(
        {"operation": "Invoke", "payload": {"b": 2}}
    )
    assert answer == {"a": 1}
    assert functions.asked == {
        "FunctionName": "arn:f",
        "InvocationType": "RequestResponse",
        "Payload": b'{"b": 2}',
    }


async def test_an_event_invocation_answers_null(executor: ThreadPoolExecutor) -> None:
    functions: Any = RecordedFunctions()
    assert await LambdaSource(functions, "arn:f", executor).invoke({"invocationType": "Event"}) is None
    assert functions.asked["InvocationType"] == "Event"


@pytest.mark.parametrize(
    ("payload", "error", "error_type", "message"),
    [
        (b'{"errorType": "KeyError", "errorMessage": "x"}', "Unhandled", "Lambda:KeyError", "x"),
        (b"null", "Unhandled", "Lambda:Unhandled", "None"),
        (b"", "refused", "Lambda:ResourceNotFoundException", "gone"),
    ],
)
async def test_a_function_that_fails_is_a_data_source_error(
    executor: ThreadPoolExecutor, payload: bytes, error: str, error_type: str, message: str
) -> None:
    functions: Any = RecordedFunctions(payload, error=error)
    with pytest.raises(DataSourceError) as failed:
        await LambdaSource(functions, "arn:f", executor).invoke({"payload": {}})
    assert failed.value.error_type == error_type
    assert message in failed.value.message


async def test_a_batch_invocation_is_not_implemented(executor: ThreadPoolExecutor) -> None:
    functions: Any = RecordedFunctions()
    with pytest.raises(DataSourceError, match="BatchInvoke is not implemented"):
        await LambdaSource(functions, "arn:f", executor).invoke({"operation": "BatchInvoke"})
