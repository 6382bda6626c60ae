"""The table of sessions in DynamoDB: one item a session, changed by several processes at once.

    >>> SessionTable("Sessions").change("session-7", lambda item: {**(item or {}), "seen": True})

A change is made to what the table holds and written if nobody changed it meanwhile; otherwise it is made
again. The partition key of the table is `sessionId`, and its TTL attribute is `expiresAt`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.clock import Clock
from statusbeam.model.errors import TransportError

from .aws_clients import aws_errors_of, dynamodb_client
from .process_local import ProcessLocal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    Item = Mapping[str, Any]
    Change = Callable[[Item | None], Item]

KEY: Final = "sessionId"
TTL: Final = "expiresAt"
_VERSION: Final = "version"
"""Counts the writes of an item: a write is conditional on the one before."""
_TRIES: Final = 20
_CONFLICT: Final = "ConditionalCheckFailedException"


class SessionTable:
    """One client serves all threads. It caches no item: every change begins with a read."""

    def __init__(
        self,
        name: str,
        *,
        new_client: Callable[[], DynamoDBClient] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._client = ProcessLocal(new_client or dynamodb_client)
        self._clock = clock or Clock()

    def change(self, session_id: str, change: Change) -> None:
        """Write the item that `change` returns for the session's item, or for None if there is none.

        `change` may be called several times. Its exceptions reach the caller. Raises TransportError.
        """
        for number in range(_TRIES):
            with aws_errors_of(self._client):
                before, version = self._read(session_id)
            after = {**change(before), KEY: session_id, _VERSION: version + 1}
            try:
                with aws_errors_of(self._client):
                    self._write(after, version)
            except TransportError as error:
                if error.code != _CONFLICT:
                    raise
                # The more tries, the more writers there are: they spread out.
                self._clock.sleep(0.01 * 2 ** min(number, 5) * self._clock.chance())
            else:
                return
        raise TransportError(f"{_TRIES} writes met others", code="contended", retriable=True)

    def _read(self, session_id: str) -> tuple[Item | None, int]:
        """The item and its version. An expired item counts as absent, but has a version."""
        key = {KEY: {"S": session_id}}
        answer = self._client.get().get_item(TableName=self._name, Key=key, ConsistentRead=True)
        if "Item" not in answer:
            return None, 0
        item = _plain({"M": answer["Item"]})
        version = item.pop(_VERSION, 0)
        return (None if item.get(TTL, 0) <= self._clock.now() else item), version

    def _write(self, item: Item, version: int) -> None:
        self._client.get().put_item(
            TableName=self._name,
            Item=_typed(item)["M"],
            ConditionExpression="attribute_not_exists(#key) OR #version = :version",
            ExpressionAttributeNames={"#key": KEY, "#version": _VERSION},
            ExpressionAttributeValues={":version": {"N": str(version)}},
        )


def _typed(value: Any) -> Any:
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415 - loads boto3

    return TypeSerializer().serialize(_with_decimals(value))


def _with_decimals(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_decimals(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_with_decimals(item) for item in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def _plain(typed: Any) -> Any:
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 - loads boto3

    return _with_numbers(TypeDeserializer().deserialize(typed))


def _with_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
