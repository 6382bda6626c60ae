"""The two tables in moto, with the keys that the stack gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from statusbeam.model.chunked import chunked
from statusbeam.model.settings import SessionsTable, StatusTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STATUS_TABLE = "StatusTable"
SESSIONS_TABLE = "UserSessionsTable"
WRITES_PER_REQUEST = 25


@contextmanager
def dynamo_tables() -> Iterator[DynamoDBClient]:
    """A client on empty tables."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        one_request_at_a_time(client)
        _create(client, STATUS_TABLE, StatusTable.PARTITION_KEY, StatusTable.SORT_KEY)
        names = StatusTable
        _add_index(client, names.BY_USER, names.BY_USER_PARTITION_KEY, names.BY_USER_SORT_KEY)
        _add_index(client, names.BY_TENANT, names.BY_TENANT_PARTITION_KEY, names.BY_TENANT_SORT_KEY)
        _create(client, SESSIONS_TABLE, SessionsTable.PARTITION_KEY, SessionsTable.SORT_KEY)
        yield client


def one_request_at_a_time(client: DynamoDBClient) -> None:
    """As the service does for an item: moto's threads can come between the reads and writes of a request."""
    turn = Lock()
    whole = client._make_api_call  # type: ignore[attr-defined]

    def call(*request: Any) -> Any:
        with turn:
            return whole(*request)

    client._make_api_call = call  # type: ignore[attr-defined]


def _create(client: DynamoDBClient, name: str, partition_key: str, sort_key: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": partition_key, "AttributeType": "S"},
            {"AttributeName": sort_key, "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": partition_key, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
    )


def _add_index(client: DynamoDBClient, name: str, partition_key: str, sort_key: str) -> None:
    # moto forgets the definitions that a call leaves out.
    defined = client.describe_table(TableName=STATUS_TABLE)["Table"]["AttributeDefinitions"]
    keys = {*(definition["AttributeName"] for definition in defined), partition_key, sort_key}
    client.update_table(
        TableName=STATUS_TABLE,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": name,
                    "KeySchema": [
                        {"AttributeName": partition_key, "KeyType": "HASH"},
                        {"AttributeName": sort_key, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )


def put_session(
    client: DynamoDBClient, tenant_id: str, sk: str, ttl: int, *, joined: bool | None = None
) -> None:
    """A session as the subscription's resolver writes it; None: without a note of the kind."""
    note: dict[str, Any] = {} if joined is None else {"joined": {"BOOL": joined}}
    client.put_item(
        TableName=SESSIONS_TABLE,
        Item={"tenant_id": {"S": tenant_id}, "sk": {"S": sk}, "ttl": {"N": str(ttl)}, **note},
    )


def all_items(client: DynamoDBClient) -> dict[tuple[str, str], dict[str, Any]]:
    """Every item of the status table by its key, with DynamoDB's types."""
    items = client.scan(TableName=STATUS_TABLE)["Items"]
    return {(item["pk"]["S"], item["sk"]["S"]): dict(item) for item in items}


def fill(client: DynamoDBClient, items: Iterable[Mapping[str, Any]]) -> None:
    """Let the status table hold these items and no others, in few requests: each costs moto 10 ms of CPU."""
    keys = client.scan(TableName=STATUS_TABLE, ProjectionExpression="pk, sk")["Items"]
    deletes: list[Any] = [{"DeleteRequest": {"Key": key}} for key in keys]
    puts: list[Any] = [{"PutRequest": {"Item": item}} for item in items]
    for some in (*chunked(deletes, WRITES_PER_REQUEST), *chunked(puts, WRITES_PER_REQUEST)):
        client.batch_write_item(RequestItems={STATUS_TABLE: some})
