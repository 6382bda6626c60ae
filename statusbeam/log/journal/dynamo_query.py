"""Queries of any length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from .dynamo_items import Item


def pages(client: DynamoDBClient, query: dict[str, Any]) -> Iterator[list[Item]]:
    """The items that a Query finds. It reads each page when the caller needs it.

    botocore's paginator does the same, after loading a description of every list of DynamoDB's.
    """
    while True:
        answer = client.query(**query)
        yield list(answer["Items"])
        if not answer.get("LastEvaluatedKey"):
            return
        query = query | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
