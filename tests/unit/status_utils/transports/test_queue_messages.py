"""The split of a payload into messages of the queue: by job and size, the same each time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_utils.transports.queue_messages import QueueMessage, group_of, messages_of
from statusbeam.log.publishing.payload import parse_payload
from statusbeam.model import limits
from statusbeam.model.errors import TransportError
from statusbeam.model.job_key import JobKey
from tests.unit.samples import NOW, entry, job_key


def reported(message: QueueMessage) -> list[str]:
    return [update["message"] for update in json.loads(message.body)["updates"]]


def test_a_payload_of_one_job_is_one_equal_message() -> None:
    payload = {"batchId": "b1", "updates": [entry(message="one"), entry(message="two", eventId="mine")]}
    (message,) = messages_of(payload)
    assert message.group_id == group_of(job_key())
    sent = parse_payload(json.loads(message.body), batch_id="message-1", now=NOW)
    assert sent == parse_payload(payload, batch_id="request-1", now=NOW)


def test_the_queue_takes_a_payload_sent_again_for_the_same_but_not_other_statuses_of_its_batch_id() -> None:
    (first,) = messages_of({"batchId": "b1", "updates": [entry()]})
    (again,) = messages_of({"batchId": "b1", "updates": [entry()]})
    (other,) = messages_of({"batchId": "b1", "updates": [entry(message="other")]})
    assert first.deduplication_id == again.deduplication_id != other.deduplication_id


def test_a_bare_status_is_a_message_too() -> None:
    (message,) = messages_of(entry() | {"batchId": "b1"})
    assert message.group_id == group_of(job_key())
    (update,) = parse_payload(json.loads(message.body), batch_id="message-1", now=NOW).updates
    assert update.event_id == "b1.0"


def test_the_same_words_twice_are_two_statuses() -> None:
    first, second = messages_of(entry()), messages_of(entry())
    assert first[0].deduplication_id != second[0].deduplication_id


def test_each_job_has_messages_of_its_own_in_its_order() -> None:
    updates = [
        entry(jobId=job, message=text) for job, text in (("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2"))
    ]
    of_a, of_b = messages_of({"batchId": "b", "updates": updates})
    assert (of_a.group_id, reported(of_a)) == (group_of(job_key("a")), ["a1", "a2"])
    assert (of_b.group_id, reported(of_b)) == (group_of(job_key("b")), ["b1", "b2"])
    assert of_a.deduplication_id != of_b.deduplication_id
    events = [update["eventId"] for message in (of_a, of_b) for update in json.loads(message.body)["updates"]]
    assert events == ["b.0", "b.2", "b.1", "b.3"]  # as in the undivided payload


def test_a_job_of_each_tenant_is_a_group_of_its_own() -> None:
    updates = [entry(tenantId=tenant) for tenant in ("city", "village", "city")]
    city, village = messages_of({"batchId": "b", "updates": updates})
    assert city.group_id == group_of(job_key()) != village.group_id
    assert [update["tenantId"] for update in json.loads(city.body)["updates"]] == ["city", "city"]
    assert group_of(JobKey("a", "b#c")) != group_of(JobKey("a#b", "c"))


def test_a_status_without_a_job_is_left_to_the_publisher() -> None:
    (message,) = messages_of({"batchId": "b1", "updates": [entry(jobId=None), "?", entry(tenantId=7)]})
    parsed = parse_payload(json.loads(message.body), batch_id="message-1", now=NOW)
    assert [rejection.code for rejection in parsed.rejected] == ["missing", "wrong_type", "wrong_type"]


@pytest.mark.parametrize("batch_id", ["b1", "b" * limits.BATCH_ID_LENGTH])
def test_a_payload_above_the_limit_is_several_commits_in_order(batch_id: str) -> None:
    payload = {"batchId": batch_id, "updates": [entry(message=str(n)) for n in range(20)]}
    messages = messages_of(payload, max_bytes=1_000)
    assert [text for message in messages for text in reported(message)] == [str(n) for n in range(20)]
    assert all(len(message.body.encode()) <= 1_000 for message in messages)
    parsed = [parse_payload(json.loads(m.body), batch_id="message-1", now=NOW) for m in messages]
    assert all(not p.rejected for p in parsed)
    assert len({p.batch_id for p in parsed} | {batch_id}) == len(messages) + 1
    assert messages == messages_of(payload, max_bytes=1_000)  # sent again, it is the same messages


def test_one_status_above_the_limit_is_refused_before_the_network() -> None:
    with pytest.raises(TransportError) as refused:
        messages_of({"batchId": "b1", "updates": [entry(message="m" * 1_000)]}, max_bytes=1_000)
    assert (refused.value.code, refused.value.retriable) == ("too_large", False)


AWKWARD = ["job 1", "job-ä", "j" * limits.ID_LENGTH, "日本", "a/b:c"]


@pytest.mark.parametrize("job_id", AWKWARD)
def test_any_job_id_and_batch_id_fit_the_queue(job_id: str) -> None:
    (message,) = messages_of(entry(jobId=job_id) | {"batchId": job_id[:50]})
    for id_ in (message.group_id, message.deduplication_id):
        assert id_.isascii()
        assert id_.isprintable()
        assert " " not in id_
        assert 0 < len(id_) <= 128
    assert json.loads(message.body)["updates"][0]["jobId"] == job_id


entries = st.builds(
    lambda job, text, meta: entry(jobId=job, message=text, metadata={"x": meta}),
    st.sampled_from(["a", "b", "c d"]),
    st.text(max_size=80),
    st.text(st.characters(categories=["L", "Cn", "So"]), max_size=80),
)


@given(st.lists(entries, max_size=20), st.integers(2_000, 5_000))
def test_no_status_is_lost_doubled_or_moved_within_its_job(updates: list[dict[str, Any]], limit: int) -> None:
    messages = messages_of({"batchId": "b1", "updates": updates}, max_bytes=limit)
    sent = [update for message in messages for update in json.loads(message.body)["updates"]]
    for job in ("a", "b", "c d"):
        ours = [{k: v for k, v in u.items() if k != "eventId"} for u in sent if u["jobId"] == job]
        assert ours == [update for update in updates if update["jobId"] == job]
    assert all(len(message.body.encode()) <= limit for message in messages)
    assert len({(m.group_id, m.deduplication_id) for m in messages}) == len(messages)
    assert not any(character in message.body for message in messages for character in "\ufffe\uffff")


@pytest.mark.parametrize("stated", [True, False, "what only the publisher can refuse"])
def test_every_message_carries_the_condition_of_its_payload(stated: object) -> None:
    updates = [entry(jobId="a"), entry(jobId="b")]
    messages = messages_of({"batchId": "b", "onlyIfOpen": stated, "updates": updates})
    assert [json.loads(message.body)["onlyIfOpen"] for message in messages] == [stated, stated]
    (bare,) = messages_of(entry() | {"onlyIfOpen": stated})
    assert json.loads(bare.body)["onlyIfOpen"] == stated
    assert "onlyIfOpen" not in json.loads(bare.body)["updates"][0]


def test_each_jobs_messages_have_the_trace_of_that_job() -> None:
    updates = [entry(jobId=job) for job in ("a", "b", "c")]
    messages = messages_of({"batchId": "b", "traceparent": {"a": "of a", "b": "of b"}, "updates": updates})
    assert [json.loads(message.body).get("traceparent") for message in messages] == ["of a", "of b", None]


def test_one_trace_is_that_of_all_messages() -> None:
    updates = [entry(jobId=job) for job in ("a", "b")]
    messages = messages_of({"batchId": "b", "traceparent": "of all", "updates": updates})
    assert [json.loads(message.body)["traceparent"] for message in messages] == ["of all", "of all"]
