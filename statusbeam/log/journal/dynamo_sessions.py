"""The connected clients, in the user sessions table, with a botocore client handed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.settings import SessionsTable

from .audience import Audience
from .dynamo_errors import session_error
from .dynamo_items import from_item, to_item
from .dynamo_query import pages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FIRST_SESSIONS = 25
"""Read at once where one live session is enough. Expired ones may come first until TTL deletes them."""


class DynamoSessionStore:
    """The SessionStore in the user sessions table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def audience(self, tenant_id: str, user_id: str, *, now: float, of_several: bool) -> Audience:
        """See SessionStore.audience."""
        found = Audience.NOBODY
        for beginning in (f"{user_id}#", SessionsTable.TENANT_PREFIX):
            for live in self._live(tenant_id, beginning, now, None if of_several else _FIRST_SESSIONS):
                if not all(session.get(SessionsTable.JOINED) is True for session in live):
                    return Audience.PLAIN
                found = Audience.JOINED if live else found
                if live and not of_several:
                    return found
        return found

    def _live(
        self, tenant_id: str, beginning: str, now: float, at_once: int | None
    ) -> Iterator[list[dict[str, Any]]]:
        """The live sessions with this sort key prefix, page by page."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,  # a user who has just subscribed must not miss the next status
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
        if at_once is not None:
            query["Limit"] = at_once
        try:
            for page in pages(self._client, query):
                yield [from_item(item) for item in page]
        except (ClientError, BotoCoreError) as error:
            raise session_error(error) from error
