"""The logins that `endSessions` has ended: the port, and its adapters in the sessions table and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.log.journal.dynamo_errors import session_error
from statusbeam.log.journal.dynamo_items import from_item, to_item
from statusbeam.model.chunked import chunked
from statusbeam.model.errors import SessionStoreError
from statusbeam.model.settings import SessionsTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UserKey = tuple[str, str]
"""Tenant and user."""

_USERS_PER_READ: Final = 100


class EndedLogins(Protocol):
    """When the logins of users were ended."""

    async def ended_at(self, users: Sequence[UserKey]) -> Mapping[UserKey, float]:
        """For each user with ended logins, the time of the end in epoch seconds. Raises SessionStoreError."""
        ...


class MemoryEndedLogins:
    """EndedLogins in the memory of this process."""

    def __init__(self) -> None:
        self._ended: dict[UserKey, float] = {}

    def end(self, tenant_id: str, user_id: str, *, at: float) -> None:
        """End the user's logins up to `at`, in epoch seconds."""
        self._ended[tenant_id, user_id] = at

    async def ended_at(self, users: Sequence[UserKey]) -> Mapping[UserKey, float]:
        """See EndedLogins.ended_at."""
        return {user: self._ended[user] for user in users if user in self._ended}


class DynamoEndedLogins:
    """EndedLogins in the user sessions table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    async def ended_at(self, users: Sequence[UserKey]) -> Mapping[UserKey, float]:
        """See EndedLogins.ended_at."""
        found: dict[UserKey, float] = {}
        for some in chunked(list(dict.fromkeys(users)), _USERS_PER_READ):
            found |= await asyncio.to_thread(self._read, some)
        return found

    def _read(self, users: Sequence[UserKey]) -> dict[UserKey, float]:
        keys = [_key(*user) for user in users]
        request: Any = {self._table: {"Keys": [to_item(key) for key in keys], "ConsistentRead": True}}
        try:
            answer = self._client.batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise session_error(error) from error
        if answer.get("UnprocessedKeys"):
            # without this, a missing user would look like one without ended logins
            raise SessionStoreError(
                "the sessions table returned no answer for some users", code="throttled", retriable=True
            )
        items = map(from_item, answer["Responses"].get(self._table, []))
        return {_user_of(item): float(item[SessionsTable.ENDED_AT]) for item in items}


def _key(tenant_id: str, user_id: str) -> dict[str, str]:
    return {
        SessionsTable.PARTITION_KEY: tenant_id,
        SessionsTable.SORT_KEY: f"{SessionsTable.ENDED_PREFIX}{user_id}",
    }


def _user_of(item: Mapping[str, Any]) -> UserKey:
    return item[SessionsTable.PARTITION_KEY], item[SessionsTable.SORT_KEY].removeprefix(
        SessionsTable.ENDED_PREFIX
    )
