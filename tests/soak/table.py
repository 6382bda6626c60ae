"""A table in memory that answers DynamoJournal as DynamoDB does: transactions, conditions, sorted ranges.

It knows the few forms of expression that the journal uses; another one is an error, not a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

Item = Mapping[str, Mapping[str, Any]]
Request = Mapping[str, Any]

_FAILED: Final = "ConditionalCheckFailed"


class MemoryTable:
    """As much of a DynamoDB client, and of one table, as a DynamoJournal asks for."""

    def __init__(self) -> None:
        self._partitions: dict[str, dict[str, Item]] = {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        """One item by its key."""
        found = self._at(request["Key"])
        return {"Item": found} if found else {}

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Put one item, without a condition."""
        return self.transact_write_items(TransactItems=[{"Put": request}])

    def transact_get_items(self, **request: Any) -> dict[str, Any]:
        """Items by their keys, as they are at one moment."""
        return {"Responses": [self.get_item(Key=one["Get"]["Key"]) for one in request["TransactItems"]]}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Puts, all or none of them."""
        puts = [action["Put"] for action in request["TransactItems"]]
        holds = [_holds(put, self._at(put["Item"])) for put in puts]
        if not all(holds):
            raise cancelled(["None" if held else _FAILED for held in holds])
        for put in puts:
            item = put["Item"]
            self._partitions.setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        """The items of one partition between two sort keys."""
        if request["KeyConditionExpression"] != "#pk = :pk AND #sk BETWEEN :first AND :last":
            raise ValueError(request["KeyConditionExpression"])
        values = request["ExpressionAttributeValues"]
        partition = self._partitions.get(values[":pk"]["S"], {})
        first, last = values[":first"]["S"], values[":last"]["S"]
        keys = sorted(key for key in partition if first <= key <= last)
        if not request["ScanIndexForward"]:
            keys.reverse()
        return {"Items": [partition[key] for key in keys]}

    def _at(self, key: Item) -> Item | None:
        return self._partitions.get(key["pk"]["S"], {}).get(key["sk"]["S"])


def _holds(put: Request, found: Item | None) -> bool:
    """Whether a put's condition, alternatives of terms that all must hold, is true of what is there."""
    condition: str = put.get("ConditionExpression", "")
    if not condition:
        return True
    alternatives = (alternative.split(" AND ") for alternative in condition.split(" OR "))
    return any(all(_term(term, put, found) for term in terms) for terms in alternatives)


def _term(term: str, put: Request, found: Item | None) -> bool:
    names = put["ExpressionAttributeNames"]
    if term.startswith("attribute_not_exists("):
        return found is None or names[term[len("attribute_not_exists(") : -1]] not in found
    name, operator, value = term.split(" ")
    there, wanted = (found or {}).get(names[name]), put["ExpressionAttributeValues"][value]
    if there is None:
        return False
    if operator == "<=":
        return int(there["N"]) <= int(wanted["N"])
    if operator == "=":
        return bool(there == wanted)
    raise ValueError(term)


def cancelled(reasons: list[str]) -> ClientError:
    """DynamoDB's error for a rejected transaction, with the reason for each action."""
    error = ClientError(
        {"Error": {"Code": "TransactionCanceledException", "Message": "not taken"}}, "TransactWriteItems"
    )
    error.response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return error
