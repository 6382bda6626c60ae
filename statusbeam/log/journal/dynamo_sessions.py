"""Who is connected, in the user sessions table, with a botocore client handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import SessionStoreError
from statusbeam.model.settings import SessionsTable

from .dynamo_errors import code_of, may_pass
from .dynamo_items import to_item
from .dynamo_query import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SESSIONS_PER_PAGE = 25
"""One live session is enough; expired ones may come first until TTL deletes them."""


class DynamoSessionStore:
    """The SessionStore in the user sessions table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def is_watched(self, tenant_id: str, user_id: str, *, now: float) -> bool:
        """See SessionStore.is_watched."""
        beginnings = (f"{user_id}#", SessionsTable.TENANT_PREFIX)
        return any(self._has_live(tenant_id, beginning, now) for beginning in beginnings)

    def _has_live(self, tenant_id: str, beginning: str, now: float) -> bool:
        query = {
            "TableName": self._table,
            "ConsistentRead": True,  # a user who has just subscribed must not miss the next status
            "Limit": _SESSIONS_PER_PAGE,
            "KeyConditionExpression": "#tenant = :tenant AND begins_with(#sk, :beginning)",
            "FilterExpression": "#ttl > :now",
            "ExpressionAttributeNames": {
                "#tenant": SessionsTable.PARTITION_KEY,
                "#sk": SessionsTable.SORT_KEY,
                "#ttl": SessionsTable.TTL,
            },
            "ExpressionAttributeValues": to_item(
                {":tenant": tenant_id, ":beginning": beginning, ":now": int(now)}
            ),
        }
        try:
            return any(pages(self._client, query))
        except (ClientError, BotoCoreError) as error:
            raise SessionStoreError(str(error), code=code_of(error), retriable=may_pass(error)) from error
