"""Any JSON gives valid statuses and named rejections, never an exception: from a payload to its pushes.

The statuses of a payload are related: of one job, agent and invocation, with secrets that go from one message
into the next, with marks of redaction, and with what the fold and the publisher read of metadata.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.admission import Admission
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemoryDetailStore, MemorySessionStore
from statusbeam.log.publishing.payload import payload_of_text
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.publishing.ports import Journal
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.clock import Clock
from statusbeam.model.errors import RejectionCode
from statusbeam.model.limits import MESSAGE_LENGTH, METADATA_BYTES
from statusbeam.model.update import FIELDS, StatusUpdate
from statusbeam.model.validation import json_text
from tests.soak.table import MemoryTable
from tests.unit.samples import NOW, StoppedClock, entry, job_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MANY_DIGITS = 31_415_926
"""Stands for a number of 5 000 digits, which Python neither reads nor shows, where a payload is text."""
HUGE = [10**308, -(10**308), 10**4_000, MANY_DIGITS, 1e308, 1e999, -1e999, float("nan"), 2**31, -1, -0.0]
PIECES = ["card 4111 1111", " 1111 1111", "password=", "hunter2 ", "AKIAIOSFODNN7", "EXAMPLE", "x" * 1_990]
PIECES += [
    "[redacted: card]",
    "-----BEGIN PRIVATE ",
    "KEY-----\n",
    "MIIEvQIBADANBg",
    "Bearer ",
    "é\u200b",
    "\t\n",
]
KEYS = [
    "a",
    "a\x01",
    "a\x02",
    "pwd=0",
    "pwd=1",
    "value",
    "name",
    "password",
    "",
    "\ud800",
    "\u202e",
    "k" * 200,
]
FOLDED = [
    "plan",
    "tokenUsage",
    "eta",
    "leaseSeconds",
    "operator",
    "spilled",
    "reportedAt",
    "shed",
    "workflow",
]
INNER = ["name", "weight", "dependsOn", "tools", "inputTokens", "outputTokens", "p50", "p90", "bytes", "keys"]
TIMES = [
    "2026-11-20T08:30:00Z",
    "2026-11-20T08:30:60Z",
    "2026-11-20t08:30:00z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T24:00:01Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:60-14:00",
    "2026-11-20T08:30:00",
    "2026-11-20",
    "2026-W47-5T08:30:00Z",
    "-2026-11-20T08:30:00Z",
    "",
]

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=9), max_size=4).map("".join)
scalars = st.none() | st.booleans() | st.sampled_from(HUGE) | st.integers() | st.floats() | texts
keys = st.sampled_from(KEYS + FOLDED + INNER) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)
big = st.just({"text": "m" * METADATA_BYTES, "plan": ["a"], "operator": {"x": "y" * METADATA_BYTES}})
metadata = (
    st.dictionaries(keys, values, max_size=8)
    | values
    | big
    | values.map(lambda v: json.dumps(v, default=str))
)
words = st.sampled_from(
    ["agent_invoking", "calling_tool", "agent_complete", "progress", "complete", "error", "heartbeat"]
)
related = st.fixed_dictionaries(
    {},
    optional={
        "status": words,
        "message": texts,
        "agentName": st.sampled_from(["Geo Agent", "password=hunter2", "card 4111 1111 1111 1111"]),
        "invocationId": st.sampled_from(["run-1", "run-2"]),
        "attempt": st.integers(0, 3) | st.sampled_from(HUGE),
        "progress": st.integers(0, 100) | st.sampled_from(HUGE),
        "timestamp": st.sampled_from(TIMES) | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "metadata": metadata,
        "jobId": st.sampled_from(["job-1", "job-2"]),
        "userId": st.sampled_from(["ana", "ben"]),
    },
).map(lambda changes: entry(**changes))
odd = st.builds(
    lambda status, changes: {**status, **changes},
    related,
    st.dictionaries(st.sampled_from(FIELDS) | keys, values),
)
statuses = st.lists(related | odd | values, max_size=6)
payloads = statuses.map(lambda found: {"batchId": "b1", "updates": found}) | values | related


def memory_journal(clock: Clock) -> Journal:
    return MemoryJournal(clock=clock)


def dynamo_journal(clock: Clock) -> Journal:
    client = cast("DynamoDBClient", MemoryTable())
    return DynamoJournal(client, "StatusTable", log_retention_days=7, job_retention_days=90, clock=clock)


def publish(payload: object, new_journal: Callable[[Clock], Journal] = memory_journal) -> None:
    """Publish a payload twice, by new processes, and check the promises for any payload."""
    time = StoppedClock()
    journal = new_journal(time.clock())
    sessions, details = MemorySessionStore(), MemoryDetailStore()
    sessions.open("city", None, "c1", until=NOW + 1_000_000)
    for _ in range(2):
        broadcaster = MemoryBroadcaster()
        pipeline = Pipeline(
            journal=journal,
            sessions=sessions,
            broadcaster=broadcaster,
            clock=time.clock(),
            admission=Admission(details=details),
        )
        result = pipeline.publish(payload, batch_id="r", deadline=NOW + 60)
        listed = payload.get("updates", [payload]) if isinstance(payload, dict) else [payload]
        whole = [rejected for rejected in result["rejected"] if rejected["index"] is None]
        assert all(rejected["code"] in set(RejectionCode) for rejected in result["rejected"])
        if not whole:
            assert result["committed"] + len(result["rejected"]) == len(listed)
        time.time += 30
    for job_id in ("job-1", "job-2"):
        log = journal.updates(job_key(job_id), first=1, last=99)
        assert [StatusUpdate.from_wire(update.to_wire()) for update in log] == list(log)
        snapshot = journal.snapshot(job_key(job_id))
        assert snapshot is None or snapshot == fold(log, epoch=snapshot.head.epoch)
    for push in broadcaster.pushed:
        json.loads(json_text(push.to_wire()))


@given(payload=payloads)
@settings(max_examples=300)
@example([entry(message="card 4111 1111"), entry(message=" 1111 1111" + "x" * (MESSAGE_LENGTH - 10))])
def test_any_json_gives_valid_statuses_and_named_rejections(payload: object) -> None:
    publish(payload)
    publish({"updates": payload} if isinstance(payload, list) else [payload])


@given(payload=payloads)
def test_any_text_gives_valid_statuses_and_named_rejections(payload: object) -> None:
    publish(payload_of_text(json.dumps(payload).replace(str(MANY_DIGITS), "9" * 5_000)), dynamo_journal)


@pytest.mark.parametrize("field", ["progress", "attempt", "jobId", "metadata", "timestamp", "updates"])
def test_a_number_that_python_does_not_show_is_rejected_by_name(field: str) -> None:
    value = {"n": 10**5_000} if field == "metadata" else 10**5_000
    publish({"updates": [entry(), entry(**{field: value})]})


def test_a_mark_that_lengthens_a_message_after_its_check_leaves_both_messages() -> None:
    journal = MemoryJournal()
    pipeline = Pipeline(journal=journal, sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster())
    long = "x" * (MESSAGE_LENGTH - 14) + "card 4111 1111"
    parts = [entry(message=long), entry(message=" 1111 1111, thanks")]
    result = pipeline.publish({"updates": parts}, batch_id="r", deadline=NOW + 60)
    assert (result["committed"], result["rejected"]) == (2, [])
    first, second = journal.updates(job_key(), first=1, last=2)
    assert MESSAGE_LENGTH - 20 < len(first.message) <= MESSAGE_LENGTH
    assert "1111" not in first.message + second.message
