"""The benchmark of the bridge's reads counts as AWS documents it."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.bridge_reads import TABLE, MeteredReads, watched_for_an_hour
from tests.soak.table import MemoryTable


def table(**lengths: int) -> MemoryTable:
    """Items of one partition, by sort key and length."""
    found = MemoryTable()
    for key, length in lengths.items():
        found.put_item(Item={"pk": {"S": "p"}, "sk": {"S": key}, "text": {"S": "x" * length}})
    return found


def keys(*names: str) -> list[dict[str, Any]]:
    return [{"pk": {"S": "p"}, "sk": {"S": name}} for name in names]


@pytest.mark.parametrize(("consistent", "units"), [(False, 2.0), (True, 4.0)])
def test_each_item_of_a_batch_is_rounded_up_by_itself(consistent: bool, units: float) -> None:
    reads = MeteredReads(table(a=10, b=5_000))
    request = {TABLE: {"Keys": keys("a", "b", "none"), "ConsistentRead": consistent}}
    found = reads.batch_get_item(RequestItems=request)["Responses"][TABLE]
    assert [item["sk"]["S"] for item in found] == ["a", "b"]
    assert (reads.positions, reads.others) == (units, 0)


def test_a_query_is_rounded_up_as_a_whole() -> None:
    reads = MeteredReads(table(a=2_000, b=2_000, c=2_000))
    reads.query(
        ConsistentRead=True,
        ScanIndexForward=True,
        KeyConditionExpression="#pk = :pk AND #sk BETWEEN :first AND :last",
        ExpressionAttributeValues={":pk": {"S": "p"}, ":first": {"S": "a"}, ":last": {"S": "c"}},
    )
    assert (reads.positions, reads.others) == (0, 2)


def test_a_job_with_fewer_statuses_takes_fewer_reads_and_a_quiet_one_about_one_a_second() -> None:
    busy, quiet = watched_for_an_hour(300.0), watched_for_an_hour(3_000.0)
    assert quiet.positions < busy.positions
    assert 1_800 <= quiet.positions < 2_300
    assert quiet.others < busy.others
