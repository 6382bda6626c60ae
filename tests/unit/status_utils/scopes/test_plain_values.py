"""Callers' values are sent as people expect them, within the limits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import attrs
import numpy as np
import pydantic
import pytest

from status_utils.scopes.plain_numbers import to_count
from status_utils.scopes.plain_texts import to_id
from status_utils.scopes.plain_values import plain_object
from statusbeam.model import limits


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Place:
    street: str
    tags: set[str] = field(default_factory=set)


class Model(pydantic.BaseModel):
    street: str
    key: str = pydantic.Field(default="k", exclude=True)


@attrs.define
class Point:
    x: int


VALUES: list[tuple[object, object]] = [
    (Place("Elm", {"b", "a"}), {"street": "Elm", "tags": ["a", "b"]}),
    (Model(street="Elm"), {"street": "Elm"}),
    (Point(3), {"x": 3}),
    (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (timedelta(minutes=2), 120.0),
    (Decimal("1.5"), 1.5),
    (Decimal(7), 7),
    (Decimal("3.14159265358979323846264338"), "3.14159265358979323846264338"),
    (np.int64(7), 7),
    (np.float64(0.5), 0.5),
    (np.bool_(True), True),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.zeros((1000, 1000)), "<ndarray 1000x1000 float64>"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (b"Elm", "Elm"),
    (b"\xff\xfe", "<2 bytes>"),
    ((1, 2), [1, 2]),
    ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}),
    (2**53, "9007199254740992"),
    (float("nan"), "<nan>"),
    (-float("inf"), "<-inf>"),
    (Decimal("NaN"), "<NaN>"),
    (object(), "<object>"),
    ((text for text in "ab"), "<generator>"),
    (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ("a\x00b\ud800", "a\ufffdb\ufffd"),
]


@pytest.mark.parametrize(("value", "told"), VALUES)
def test_a_value_is_sent_as_people_expect(value: object, told: object) -> None:
    assert json.loads(plain_object({"value": value, "street": "Elm"}).text) == {
        "value": told,
        "street": "Elm",
    }


def test_an_exception_is_its_class_and_the_id_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    found = plain_object({"why": ValueError("hunter2 is wrong")})["why"]
    assert found["error"] == "ValueError"
    assert found["errorId"] in caplog.text
    assert "hunter2" not in str(found)


def test_an_integer_of_more_digits_than_python_writes_is_a_mark() -> None:
    assert plain_object({"value": 10**5000})["value"] == "<int>"


def test_an_object_may_be_all_of_the_metadata() -> None:
    assert plain_object(Place("Elm")) == {"street": "Elm", "tags": []}


HUGE: dict[str, Any] = {
    "text": "x" * 1_000_000,
    "text of several bytes": "漢" * 1_000_000,
    "text to escape": '"' * 1_000_000,
    "numbers": list(range(200_000)),
    "fractions": [number / 7 for number in range(200_000)],
    "objects": [{"a": number} for number in range(100_000)],
    "keys": {str(number): number for number in range(100_000)},
    "texts": ["y" * 1_000] * 10_000,
    "set": set(range(100_000)),
    "bytes": b"z" * 1_000_000,
}


@pytest.mark.parametrize("kind", HUGE)
def test_oversized_values_are_cut_with_a_mark_and_leave_room_for_the_rest(kind: str) -> None:
    found = plain_object({"huge": HUGE[kind], "street": "Elm", "leaseSeconds": 600})
    assert found.size <= limits.DETAIL_BYTES
    assert (found["street"], found["leaseSeconds"]) == ("Elm", 600)
    assert any(mark in found.text for mark in (" more]", " characters]", " bytes>"))


def test_at_most_the_limit_of_values_is_read() -> None:
    rows = ["Elm"] * limits.METADATA_VALUES
    assert plain_object({"rows": rows[2:]})["rows"] == rows[2:]
    *kept, mark = plain_object({"rows": rows})["rows"]
    assert set(kept) == {"Elm"}
    assert mark == f"… [{len(rows) - len(kept)} more]"


def test_nesting_ends_at_the_limit() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = {"in": [deep]}
    assert plain_object({"deep": deep}).depth == limits.METADATA_DEPTH


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (Decimal("7"), "7"),
        (Decimal("7.50"), "7.5"),
        (np.int64(7), "7"),
        (Colour.RED, "red"),
        (b"job-7", "job-7"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ],
)
def test_an_id_is_sent_as_people_would_write_it(given: object, told: str) -> None:
    assert to_id(given, "job_id") == told


@pytest.mark.parametrize(
    "given", [True, float("nan"), [], {}, object(), b"\xff", ValueError("7"), Place("Elm")]
)
def test_an_invalid_id_is_named_with_its_argument(given: object, caplog: pytest.LogCaptureFixture) -> None:
    assert to_id(given, "job_id") is None
    assert "argument=<job_id>" in caplog.text


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (7, 7),
        (Decimal(7), 7),
        (np.int64(7), 7),
        ("7", 7),
        (7.0, 7),
        (-1, None),
        ("x", None),
        (float("nan"), None),
        (float("inf"), None),
        (None, None),
        (True, None),
    ],
)
def test_a_count_of_tokens_is_any_whole_number(given: object, count: int | None) -> None:
    assert to_count(given) == count
