"""The publisher's payload: each entry becomes a valid status or a rejection with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.model import limits
from statusbeam.model.update import FIELDS, StatusUpdate
from tests.unit.samples import NOW, entry


def test_a_payload_keeps_its_batch_id_and_its_order() -> None:
    payload = {"batchId": "b1", "updates": [entry(message="one"), entry(message="two")]}
    parsed = parse_payload(payload, batch_id="request-1", now=NOW)
    assert parsed.batch_id == "b1"
    assert [update.message for update in parsed.updates] == ["one", "two"]
    assert parsed.rejected == ()


def test_a_payload_without_batch_id_takes_the_requests() -> None:
    parsed = parse_payload({"updates": [entry()]}, batch_id="request-1", now=NOW)
    assert parsed.batch_id == "request-1"
    assert parsed.updates[0].event_id == "request-1.0"


@pytest.mark.parametrize(("extra", "batch_id"), [({}, "request-1"), ({"batchId": "b1"}, "b1")])
def test_one_bare_status_is_a_payload(extra: dict[str, str], batch_id: str) -> None:
    parsed = parse_payload(entry() | extra, batch_id="request-1", now=NOW)
    assert parsed.batch_id == batch_id
    assert [update.event_id for update in parsed.updates] == [f"{batch_id}.0"]


def test_missing_fields_are_filled_in() -> None:
    (update,) = parse_payload(entry(), batch_id="b1", now=NOW).updates
    assert (update.event_id, update.timestamp) == ("b1.0", "2026-11-20T08:30:00.000Z")
    assert (update.type, update.qualified_status) == ("agent_status", "invoking_geo_agent")


def test_fields_of_the_caller_are_kept() -> None:
    own = {
        "eventId": "mine",
        "timestamp": "2026-11-20T08:00:00Z",
        "qualifiedStatus": "geo_starts",
        "type": "agent_status",
    }
    (update,) = parse_payload(entry(**own), batch_id="b1", now=NOW).updates
    assert (update.event_id, update.timestamp) == ("mine", "2026-11-20T08:00:00.000Z")
    assert update.qualified_status == "geo_starts"


def test_a_redelivery_is_the_same_statuses_whatever_was_rejected() -> None:
    payload = {"batchId": "b1", "updates": [entry(progress=101), entry(), "?", entry()]}
    first = parse_payload(payload, batch_id="request-1", now=NOW)
    again = parse_payload(payload, batch_id="request-2", now=NOW + 60)
    assert [update.event_id for update in first.updates] == ["b1.1", "b1.3"]
    assert [update.event_id for update in again.updates] == ["b1.1", "b1.3"]


def test_invalid_entries_are_rejected_one_by_one_and_valid_ones_are_kept() -> None:
    payload = {"updates": [entry(jobId=None), entry(message="good"), [], entry(sequence=3)]}
    parsed = parse_payload(payload, batch_id="b1", now=NOW)
    assert [update.message for update in parsed.updates] == ["good"]
    assert [each.index for each in parsed.entries] == [1]
    assert [(r.index, r.code, r.field) for r in parsed.rejected] == [
        (0, "missing", "jobId"),
        (2, "wrong_type", None),
        (3, "not_allowed", "sequence"),
    ]


def test_a_rejection_is_json_that_names_entry_code_field_and_reason() -> None:
    (rejection,) = parse_payload(entry(progress=101), batch_id="b1", now=NOW).rejected
    assert rejection.to_wire() == {
        "index": 0,
        "code": "out_of_range",
        "field": "progress",
        "message": "progress must be from 0 to 100",
    }


WHOLLY_REFUSED: list[tuple[object, str, str | None]] = [
    # payload, code, field
    (None, "wrong_type", None),
    ("text", "wrong_type", None),
    ([entry()], "wrong_type", None),
    ({"updates": None}, "wrong_type", "updates"),
    ({"updates": {"0": entry()}}, "wrong_type", "updates"),
    ({"updates": [{}] * (limits.ENTRIES_PER_PAYLOAD + 1)}, "too_many", "updates"),
    ({"batchId": "b#1", "updates": [entry()]}, "bad_characters", "batchId"),
    ({"batchId": 7, "updates": [entry()]}, "wrong_type", "batchId"),
    ({"batchId": "b" * (limits.BATCH_ID_LENGTH + 1), "updates": [entry()]}, "too_long", "batchId"),
]


@pytest.mark.parametrize(("payload", "code", "field"), WHOLLY_REFUSED)
def test_a_payload_without_readable_entries_is_refused_whole(
    payload: object, code: str, field: str | None
) -> None:
    parsed = parse_payload(payload, batch_id="b1", now=NOW)
    assert parsed.updates == ()
    assert [(r.index, r.code, r.field) for r in parsed.rejected] == [(None, code, field)]


def test_a_payload_may_be_empty() -> None:
    parsed = parse_payload({"updates": []}, batch_id="b1", now=NOW)
    assert (parsed.updates, parsed.rejected) == ((), ())


def test_batches_are_cut_by_job_and_owner_and_keep_their_order() -> None:
    payload = {
        "batchId": "b1",
        "updates": [
            entry(message="a1"),
            entry(jobId="job-2", message="b1"),
            entry(message="a2"),
            entry(userId="ben", message="c1"),
        ],
    }
    cut = list(batches(parse_payload(payload, batch_id="r", now=NOW)))
    assert [[u.message for u in batch.updates] for (batch,) in cut] == [["a1", "a2"], ["b1"], ["c1"]]
    assert [[each.index for each in batch.entries] for (batch,) in cut] == [[0, 2], [1], [3]]
    assert {batch.batch_id for (batch,) in cut} == {"b1"}


def test_more_statuses_than_a_commit_takes_become_batches_with_their_own_ids() -> None:
    many = 2 * limits.UPDATES_PER_COMMIT + 1
    payload = {"batchId": "b1", "updates": [entry(message=str(n)) for n in range(many)]}
    (group,) = batches(parse_payload(payload, batch_id="r", now=NOW))
    assert [batch.batch_id for batch in group] == ["b1", "b1#1", "b1#2"]
    assert [len(batch.updates) for batch in group] == [limits.UPDATES_PER_COMMIT] * 2 + [1]
    assert [int(u.message) for batch in group for u in batch.updates] == list(range(many))


def touching(first: int, last: int) -> list[dict[str, Any]]:
    return [entry(agentName="A", invocationId=f"run-{n}", message=str(n)) for n in range(first, last)]


def test_statuses_of_more_agents_than_a_commit_takes_are_cut_as_well() -> None:
    plan = [{"name": f"Agent {n}"} for n in range(30)]
    planning = entry(agentName=None, status="loading_agents", metadata={"plan": plan})
    payload = {"batchId": "b1", "updates": [planning, *touching(0, 40)]}
    (group,) = batches(parse_payload(payload, batch_id="r", now=NOW))
    # the plan's thirty, then one name and as many runs as there is room for
    assert [len(batch.updates) for batch in group] == [1 + (limits.AGENTS_PER_COMMIT - 31), 40 - 18]
    assert [batch.batch_id for batch in group] == ["b1", "b1#1"]


def test_a_commit_is_no_more_actions_than_a_transaction_takes() -> None:
    assert 2 + limits.UPDATES_PER_COMMIT + limits.AGENTS_PER_COMMIT <= 100
    assert max(limits.STEPS_PER_PLAN, 2) <= limits.AGENTS_PER_COMMIT  # a single status always fits


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
likely_values = (
    any_json
    | st.integers(-2, 120)
    | st.sampled_from(["complete", "progress", "a", "2026-11-20T08:30:00Z", '{"a":1}', "2026-W01-1T00Z"])
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
)
fields = st.sampled_from([*FIELDS, "batchId", "updates", "agentname"])
damaged = st.builds(lambda changes: entry() | changes, st.dictionaries(fields, likely_values, max_size=4))
payloads = (
    any_json
    | damaged
    | st.fixed_dictionaries({"updates": st.lists(damaged | any_json, max_size=4) | any_json})
)


@given(payloads)
def test_any_json_is_valid_statuses_and_named_rejections_never_an_exception(payload: Any) -> None:
    parsed = parse_payload(payload, batch_id="request-1", now=NOW)
    assert parsed.updates or parsed.rejected or payload["updates"] == []
    for rejection in parsed.rejected:
        assert rejection.code
        assert json.loads(json.dumps(rejection.to_wire())) == rejection.to_wire()
    for update in parsed.updates:
        assert StatusUpdate.from_wire(json.loads(json.dumps(update.to_wire()))) == update


@given(st.lists(damaged | any_json, max_size=6))
def test_every_entry_is_taken_or_rejected_once(entries: list[Any]) -> None:
    parsed = parse_payload({"updates": entries}, batch_id="b1", now=NOW)
    seen = [*(each.index for each in parsed.entries), *(rejection.index for rejection in parsed.rejected)]
    assert sorted(index for index in seen if index is not None) == list(range(len(entries)))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, False),
        ({"onlyIfOpen": None}, False),
        ({"onlyIfOpen": False}, False),
        ({"onlyIfOpen": True}, True),
    ],
)
@pytest.mark.parametrize("whole", [{"updates": [entry()]}, entry()])
def test_a_payload_can_be_for_open_jobs_only(
    whole: dict[str, Any], stated: dict[str, Any], expected: bool
) -> None:
    parsed = parse_payload({**whole, **stated}, batch_id="request-1", now=NOW)
    assert (parsed.only_if_open, len(parsed.updates), parsed.rejected) == (expected, 1, ())


@pytest.mark.parametrize("name", ["onlyIfOpen", "onlyIfWaiting"])
def test_a_condition_that_is_no_condition_refuses_the_payload(name: str) -> None:
    parsed = parse_payload({name: "yes", "updates": [entry()]}, batch_id="request-1", now=NOW)
    assert parsed.updates == ()
    assert [(r.index, r.code, r.field) for r in parsed.rejected] == [(None, "wrong_type", name)]


def test_each_condition_of_a_payload_is_its_own() -> None:
    parsed = parse_payload({"onlyIfWaiting": True, "updates": [entry()]}, batch_id="request-1", now=NOW)
    assert (parsed.only_if_open, parsed.only_if_waiting) == (False, True)
