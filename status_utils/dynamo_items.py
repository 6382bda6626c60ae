"""What the items of the status table look like, and what one commit writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .commits import Head
from .events import StatusUpdate
from .limits import DAY_SECONDS, MARKER_SECONDS
from .settings import StatusTable
from .words import OverallStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, TransactWriteItemTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

Attributes = Mapping[str, str | int | float]

PK, SK, TTL = StatusTable.PARTITION_KEY, StatusTable.SORT_KEY, StatusTable.TTL

MARKER_ACTION = 1
"""Where the marker stands among the actions of a commit; the reasons of a refusal come in that order."""


def partition(job_id: str) -> str:
    """The partition key of everything of one job."""
    return f"JOB#{job_id}"


def head_key(job_id: str) -> dict[str, str]:
    """The key of a job's head."""
    return {PK: partition(job_id), SK: "HEAD"}


def update_key(sequence: int) -> str:
    """The sort key of one status; twelve digits, so that text order is the log's order."""
    return f"UPDATE#{sequence:012d}"


def marker_key(job_id: str, batch_id: str) -> dict[str, str]:
    """The key of the marker that makes a redelivered batch a no-op."""
    return {PK: partition(job_id), SK: f"MARKER#{batch_id}"}


def refused_key(update: StatusUpdate) -> dict[str, str]:
    """The key of a refused status: a partition of its own, so that nobody can crowd somebody else's job."""
    return {PK: f"REFUSED#{update.job_id}", SK: update.event_id}


def to_item(values: Attributes) -> dict[str, AttributeValueTypeDef]:
    """Attributes with their DynamoDB types."""
    return {
        # Numbers in the form that DynamoDB gives them back in: 40, not 40.0.
        name: {"S": value} if isinstance(value, str) else {"N": str(value).removesuffix(".0")}
        for name, value in values.items()
    }


def from_item(item: Item) -> dict[str, Any]:
    """The attributes of an item without their DynamoDB types."""
    return {name: value["S"] if "S" in value else _number(value["N"]) for name, value in item.items()}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def read_head(values: Mapping[str, Any]) -> Head:
    """The head that an item's attributes hold."""
    return Head(
        job_id=values["jobId"],
        tenant_id=values["tenantId"],
        user_id=values["userId"],
        sequence=values["sequence"],
        epoch=values["epoch"],
        overall_status=OverallStatus(values["overallStatus"]),
        created_at=values["createdAt"],
        last_updated=values["lastUpdated"],
    )


def read_update(values: Mapping[str, Any]) -> StatusUpdate:
    """The status that an item's attributes hold."""
    return StatusUpdate.from_wire({k: v for k, v in values.items() if k not in (PK, SK, TTL)})


class CommitWriter:
    """Writes down a commit as the actions of one TransactWriteItems; retention is in seconds."""

    def __init__(self, table: str, *, log_seconds: int, job_seconds: int) -> None:
        self._table = table
        self._log_seconds = log_seconds
        self._job_seconds = job_seconds

    def actions(
        self,
        *,
        batch_id: str,
        before: Head | None,
        after: Head,
        updates: tuple[StatusUpdate, ...],
        now: int,
    ) -> list[TransactWriteItemTypeDef]:
        """Everything that is written together: the head, the marker, the log entries."""
        return [
            self._head_moved(before, after, now) if before else self._new_head(after, now),
            self._marker(batch_id, after, len(updates), now),
            *(self._log_entry(update, sequence, now) for sequence, update in _places(after, updates)),
        ]

    def _new_head(self, after: Head, now: int) -> TransactWriteItemTypeDef:
        head: Attributes = {
            **head_key(after.job_id),
            "jobId": after.job_id,
            "tenantId": after.tenant_id,
            "userId": after.user_id,
            "sequence": after.sequence,
            "epoch": after.epoch,
            "overallStatus": after.overall_status.value,
            "createdAt": after.created_at,
            "lastUpdated": after.last_updated,
            StatusTable.BY_USER_PARTITION_KEY: f"USER#{after.tenant_id}#{after.user_id}",
            StatusTable.BY_USER_SORT_KEY: f"{after.created_at}#{after.job_id}",
            TTL: self._head_expiry(now),
        }
        return self._put(head, unless_live_at=now)

    def _head_moved(self, before: Head, after: Head, now: int) -> TransactWriteItemTypeDef:
        moved: Attributes = {
            "sequence": after.sequence,
            "overallStatus": after.overall_status.value,
            "lastUpdated": after.last_updated,
            TTL: self._head_expiry(now),
        }
        still: Attributes = {
            "sequence": before.sequence,
            "tenantId": before.tenant_id,
            "userId": before.user_id,
        }
        values = {f":{name}": value for name, value in moved.items()}
        values |= {f":still_{name}": value for name, value in still.items()}
        return {
            "Update": {
                "TableName": self._table,
                "Key": to_item(head_key(after.job_id)),
                "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in moved),
                "ConditionExpression": " AND ".join(f"#{name} = :still_{name}" for name in still),
                "ExpressionAttributeNames": {f"#{name}": name for name in (*moved, *still)},
                "ExpressionAttributeValues": to_item(values),
            }
        }

    def _head_expiry(self, now: int) -> int:
        # Up to midnight: the index projects it, and a commit that leaves it as it was writes no index entry.
        return (now + self._job_seconds) // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS

    def _marker(self, batch_id: str, after: Head, count: int, now: int) -> TransactWriteItemTypeDef:
        marker: Attributes = {
            **marker_key(after.job_id, batch_id),
            "firstSequence": after.sequence - count + 1,
            "lastSequence": after.sequence,
            TTL: now + MARKER_SECONDS,
        }
        return self._put(marker, unless_live_at=now)

    def _log_entry(self, update: StatusUpdate, sequence: int, now: int) -> TransactWriteItemTypeDef:
        key = {PK: partition(update.job_id), SK: update_key(sequence)}
        return self._put({**key, **update.to_wire(), TTL: now + self._log_seconds})

    def _put(self, values: Attributes, *, unless_live_at: int | None = None) -> TransactWriteItemTypeDef:
        put: PutTypeDef = {"TableName": self._table, "Item": to_item(values)}
        if unless_live_at is not None:
            put["ConditionExpression"] = "attribute_not_exists(#pk) OR #ttl <= :now"
            put["ExpressionAttributeNames"] = {"#pk": PK, "#ttl": TTL}
            put["ExpressionAttributeValues"] = to_item({":now": unless_live_at})
        return {"Put": put}


def _places(after: Head, updates: tuple[StatusUpdate, ...]) -> enumerate[StatusUpdate]:
    return enumerate(updates, after.sequence - len(updates) + 1)
