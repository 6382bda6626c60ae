"""The event model: the valid forms of a status, and its wire format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
)

from statusbeam.model import limits
from statusbeam.model.errors import InvalidStatusError
from statusbeam.model.update import FIELDS, StatusUpdate
from statusbeam.model.words import StatusType
from tests.unit.samples import update
from tests.unit.wire_schema import SCHEMA

WHOLE: dict[str, Any] = {
    "jobId": "job-1",
    "userId": "ana",
    "tenantId": "city",
    "eventId": "b1.0",
    "sequence": 7,
    "type": "agent_status",
    "status": "calling_tool",
    "qualifiedStatus": "calling_amazon_location",
    "message": "Where is Elm Street?",
    "agentName": "Geo Agent",
    "invocationId": "geo-1",
    "parentInvocationId": "root",
    "attempt": 2,
    "toolName": "amazon_location",
    "progress": 40.0,
    "etaSeconds": 12.5,
    "executionTimeMs": 840,
    "timestamp": "2026-11-20T08:30:00.000Z",
    "metadata": '{"street":"Elm Street"}',
}


def test_a_status_has_the_fields_of_the_schemas_input_in_its_order() -> None:
    status_input = SCHEMA.type_map["StatusInput"]
    assert isinstance(status_input, GraphQLInputObjectType)
    assert tuple(status_input.fields) == FIELDS


def test_the_schemas_update_has_the_same_fields() -> None:
    status_update = SCHEMA.type_map["StatusUpdate"]
    assert isinstance(status_update, GraphQLObjectType)
    assert tuple(status_update.fields) == FIELDS


def test_the_schemas_types_of_status_are_ours() -> None:
    status_type = SCHEMA.type_map["StatusType"]
    assert isinstance(status_type, GraphQLEnumType)
    assert list(status_type.values) == list(StatusType)


def test_required_fields_are_always_on_the_wire() -> None:
    status_input = SCHEMA.type_map["StatusInput"]
    assert isinstance(status_input, GraphQLInputObjectType)
    required = {name for name, f in status_input.fields.items() if isinstance(f.type, GraphQLNonNull)}
    assert required <= set(update().numbered(1).to_wire())


def test_a_complete_status_survives_the_wire_unchanged() -> None:
    assert StatusUpdate.from_wire(WHOLE).to_wire() == WHOLE


def test_a_push_carries_its_earlier_statuses_both_ways() -> None:
    first = {**WHOLE, "sequence": 6}
    push = StatusUpdate.from_wire({**WHOLE, "earlier": [first]})
    assert push.earlier is not None
    assert [u.sequence for u in push.earlier] == [6]
    assert push.to_wire() == {**WHOLE, "earlier": [first]}


def test_absent_and_null_fields_are_not_on_the_wire() -> None:
    wire = update(toolName=None).to_wire()
    assert "toolName" not in wire
    assert "sequence" not in wire


def test_a_status_does_not_change_when_its_maker_changes_the_metadata_it_gave() -> None:
    metadata = {"street": "Elm Street"}
    made = update(metadata=metadata)
    metadata["street"] = "Oak Street"
    assert made.metadata == {"street": "Elm Street"}


ACCEPTED = [
    # field, given, kept
    ("progress", 0, 0.0),
    ("progress", limits.PROGRESS_MAX, 100.0),
    ("progress", 100 / 3, round(100 / 3, limits.NUMBER_DIGITS)),
    ("attempt", limits.ATTEMPT_MIN, 1),
    ("attempt", limits.WHOLE_NUMBER_MAX, 2**31 - 1),
    ("etaSeconds", limits.SECONDS_MAX, 31_536_000.0),
    ("qualifiedStatus", "q" * limits.QUALIFIED_STATUS_LENGTH, "q" * limits.QUALIFIED_STATUS_LENGTH),
    ("message", "m" * limits.MESSAGE_LENGTH, "m" * limits.MESSAGE_LENGTH),
    ("toolName", "t" * limits.NAME_LENGTH, "t" * limits.NAME_LENGTH),
    ("attempt", 2.0, 2),  # callers without integers
    ("executionTimeMs", 0, 0),
    ("message", "", ""),
    ("message", "two\nlines\tand a tab", "two\nlines\tand a tab"),
    ("timestamp", "2026-11-20T09:30:00+01:00", "2026-11-20T08:30:00.000Z"),
    ("timestamp", "2026-11-20T08:30:00.123456Z", "2026-11-20T08:30:00.123Z"),
    ("timestamp", "2026-11-20t08:30:00z", "2026-11-20T08:30:00.000Z"),
    ("timestamp", "2026-11-20T24:00:00Z", "2026-11-21T00:00:00.000Z"),
    ("timestamp", "2026-12-31T24:00+01:00", "2026-12-31T23:00:00.000Z"),
    ("timestamp", "2026-11-20 240000.000Z", "2026-11-21T00:00:00.000Z"),
    ("timestamp", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ("timestamp", "2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500Z"),
    ("timestamp", "20161231T235960Z", "2017-01-01T00:00:00.000Z"),
    ("metadata", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ("metadata", '{"a": 1}', {"a": 1}),
    ("status", "paving-road.v2", "paving-road.v2"),
    ("jobId", "j" * limits.ID_LENGTH, "j" * limits.ID_LENGTH),
    ("jobId", "a job #7, näher", "a job #7, näher"),
]


@pytest.mark.parametrize(("field", "given", "kept"), ACCEPTED)
def test_a_field_within_its_limits_is_kept(field: str, given: object, kept: object) -> None:
    made = StatusUpdate.from_wire({**WHOLE, field: given})
    assert made.to_wire()[field] == (json.dumps(kept, separators=(",", ":")) if field == "metadata" else kept)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


IDS = ("userId", "tenantId", "eventId", "invocationId", "parentInvocationId")
REFUSED = [
    # field, given, code, what the message names
    ("jobId", "", "bad_characters", "empty"),
    ("jobId", "j" * (limits.ID_LENGTH + 1), "too_long", "128"),
    ("jobId", "one\ntwo", "bad_characters", "printable"),
    ("jobId", 7, "wrong_type", "int"),
    ("userId", "ana#1", "bad_characters", "#"),
    ("tenantId", "city#1", "bad_characters", "#"),
    ("eventId", "\ud800", "bad_characters", "printable"),
    ("status", "two words", "bad_characters", "one word"),
    ("status", "", "bad_characters", "one word"),
    ("status", "s" * (limits.STATUS_LENGTH + 1), "too_long", "64"),
    ("type", "agent", "wrong_type", "agent_status, progress"),
    ("type", "complete", "contradiction", "agent_status"),
    ("type", ["complete"], "wrong_type", "agent_status, progress"),
    ("message", None, "missing", "missing"),
    ("message", "m" * (limits.MESSAGE_LENGTH + 1), "too_long", "2000"),
    ("message", "\x1b[31mred", "bad_characters", "control"),
    ("message", "half of a \ud83d", "bad_characters", "control"),
    *((field, "i" * (limits.ID_LENGTH + 1), "too_long", "128") for field in IDS),
    *((field, "\u202e", "bad_characters", "printable") for field in (*IDS, "agentName", "toolName")),
    ("qualifiedStatus", "q" * (limits.QUALIFIED_STATUS_LENGTH + 1), "too_long", "256"),
    ("toolName", "t" * (limits.NAME_LENGTH + 1), "too_long", "128"),
    ("agentName", "a" * (limits.NAME_LENGTH + 1), "too_long", "128"),
    ("attempt", limits.ATTEMPT_MIN - 1, "out_of_range", "from 1"),
    ("attempt", 1.5, "wrong_type", "whole number"),
    ("attempt", True, "wrong_type", "whole number"),
    ("attempt", limits.WHOLE_NUMBER_MAX + 1, "out_of_range", "2147483647"),
    ("executionTimeMs", limits.WHOLE_NUMBER_MAX + 1, "out_of_range", "2147483647"),
    ("progress", -0.1, "out_of_range", "0 to 100"),
    ("progress", 100.5, "out_of_range", "0 to 100"),
    ("progress", float("nan"), "out_of_range", "0 to 100"),
    ("progress", "40", "wrong_type", "str"),
    ("etaSeconds", limits.SECONDS_MAX + 1, "out_of_range", "31536000"),
    ("etaSeconds", float("inf"), "out_of_range", "31536000"),
    ("executionTimeMs", -1, "out_of_range", "from 0"),
    ("sequence", 0, "out_of_range", "from 1"),
    ("timestamp", "yesterday", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T08:30:00", "bad_time", "offset"),
    ("timestamp", "0001-01-01T00:00:00+23:59", "bad_time", "ISO 8601"),
    ("timestamp", "9999-12-31T24:00:00Z", "bad_time", "ISO 8601"),
    ("timestamp", "9999-12-31T23:59:60Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T24:00:01Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T24:01:00Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T25:00:00Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T08:60:00Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T08:30:61Z", "bad_time", "ISO 8601"),
    ("timestamp", "2026-11-20T24:00:00", "bad_time", "offset"),
    ("timestamp", "2026-11-20T08:30:00\N{MATHEMATICAL BOLD CAPITAL Z}", "bad_time", "ISO 8601"),
    ("metadata", {"n": 10**limits.INTEGER_DIGITS}, "bad_json", "JSON"),
    ("metadata", '{"n": %s}' % ("9" * 5_000), "bad_json", "JSON"),
    ("timestamp", 1795163400, "wrong_type", "int"),
    ("metadata", "[1]", "bad_json", "object"),
    ("metadata", "{", "bad_json", "JSON"),
    ("metadata", '{"a": NaN}', "bad_json", "JSON"),
    ("metadata", '{"a": 1e999}', "bad_json", "JSON"),
    ("metadata", '{"a": ' + "9" * 5000 + "}", "bad_json", "JSON"),
    ("metadata", "[" * 100_000, "bad_json", "JSON"),
    ("metadata", {"a": "\ud800"}, "bad_json", "JSON"),
    ("metadata", {"a": {1, 2}}, "bad_json", "JSON"),
    ("metadata", {"a": "m" * limits.DETAIL_BYTES}, "too_long", "100000"),
    ("metadata", {"a": "ä" * (limits.DETAIL_BYTES // 2)}, "too_long", "100000"),  # bytes, not characters
    ("metadata", deep(limits.METADATA_DEPTH + 1), "too_deep", "16"),
    ("earlier", "b1.0", "wrong_type", "list"),
    ("earlier", ["b1.0"], "wrong_type", "list"),
    ("agentname", "Geo Agent", "unknown_field", "not a field"),
]


@pytest.mark.parametrize(("field", "given", "code", "named"), REFUSED)
def test_a_field_beyond_its_limits_is_refused_by_name(
    field: str, given: object, code: str, named: str
) -> None:
    with pytest.raises(InvalidStatusError) as refused:
        StatusUpdate.from_wire({**WHOLE, field: given})
    assert (refused.value.field, refused.value.code) == (field, code)
    assert field in refused.value.message
    assert named in refused.value.message


def test_metadata_may_be_as_deep_as_its_limit() -> None:
    assert update(metadata=deep(limits.METADATA_DEPTH)).metadata == deep(limits.METADATA_DEPTH)


def test_a_status_in_python_is_checked_like_one_from_the_wire() -> None:
    with pytest.raises(InvalidStatusError, match="progress"):
        StatusUpdate(
            job_id="job-1",
            user_id="ana",
            tenant_id="city",
            event_id="e",
            type=StatusType.PROGRESS,
            status="progress",
            message="",
            timestamp="2026-11-20T08:30:00Z",
            progress=101,
        )


def test_the_wire_form_is_json() -> None:
    assert json.loads(json.dumps(update().to_wire())) == update().to_wire()
