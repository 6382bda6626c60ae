"""The publisher's admission: redaction, tenant, clock and limits; operators' details are stored
separately."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from statusbeam.log.journal.batch import Batch
from statusbeam.log.journal.commits import Commit
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.admission import Admission
from statusbeam.log.publishing.memory import (
    MemoryBroadcaster,
    MemoryDetailStore,
    MemorySessionStore,
)
from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
from statusbeam.log.publishing.tenant_limits import TenantLimits, UnreportedSheds
from statusbeam.model import limits
from statusbeam.model.chunked import chunked
from statusbeam.model.errors import DetailStoreError, JournalError
from statusbeam.model.redaction.redactor import Redactor
from statusbeam.model.texts import is_printable
from tests.unit.samples import NOW, StoppedClock, batch, entry, head_of, job_key
from tests.unit.statusbeam.model.redaction.secret_corpus import secrets_of

CORPUS = [(name, *found) for name, found in secrets_of(3).items()]
KEY = secrets_of(3)["aws key id"][0]
BIG = {"text": "m" * limits.METADATA_BYTES}


class World:
    """A pipeline on memory with an admission of a test's choice, watched by ana of city."""

    def __init__(self, journal: type[MemoryJournal] = MemoryJournal, **rules: Any) -> None:
        self.time = StoppedClock()
        self.journal = journal(clock=self.time.clock())
        self.details = MemoryDetailStore()
        self.broadcaster = MemoryBroadcaster()
        sessions = MemorySessionStore()
        sessions.open("city", "ana", "c1", until=NOW + 1_000_000)
        self.pipeline = Pipeline(
            journal=self.journal,
            sessions=sessions,
            broadcaster=self.broadcaster,
            clock=self.time.clock(),
            admission=Admission(**{"details": self.details, **rules}),
        )

    def publish(self, *entries: dict[str, Any], batch_id: str = "b1") -> PublishResult:
        payload = {"batchId": batch_id, "updates": list(entries)}
        return self.pipeline.publish(payload, batch_id="r", deadline=self.time.time + 20)

    def log(self) -> list[dict[str, Any]]:
        return [u.to_wire() for u in self.journal.updates(job_key(), first=1, last=10_000)]

    def metadata(self, sequence: int = 1) -> Any:
        return json.loads(self.log()[sequence - 1]["metadata"])


# secrets


@pytest.mark.parametrize(("name", "text", "secret"), CORPUS)
def test_a_secret_is_in_no_log_no_snapshot_and_no_push(name: str, text: str, secret: str) -> None:
    world = World()
    said = entry(
        message=text, toolName=text[:128], metadata={text: [{"x": text}], "operator": {"cause": text}}
    )
    half = len(text) // 2
    pieces = [entry(message=part, invocationId="pieces") for part in (text[:half], text[half:])]
    assert world.publish(said, *pieces)["committed"] == 3
    snapshot = world.journal.snapshot(job_key())
    assert snapshot is not None
    seen = [
        world.log(),
        [push.to_wire() for push in world.broadcaster.pushed],
        snapshot.head.to_item(),
        [agent.to_item() for agent in snapshot.agents.values()],
        dict(world.journal.attributes(job_key(), 1)),
    ]
    assert json.dumps(secret)[1:-1] not in json.dumps(seen).replace("\\\\", "\\")


def test_a_secret_in_pieces_is_hidden_in_all_of_one_payloads_messages() -> None:
    world = World()
    other = entry(message="between", agentName="Other")
    world.publish(entry(message=f"key {KEY[:9]}"), other, entry(message=f"{KEY[9:]} ok"))
    assert [u["message"] for u in world.log()] == [
        "key [redacted: aws key]",
        "between",
        "[redacted: aws key] ok",
    ]


def test_a_secret_in_the_place_of_a_field_is_not_in_the_rejection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = World().publish({**entry(), f"x={KEY}\nforged": 1})
    assert [r["code"] for r in result["rejected"]] == ["unknown_field"]
    assert KEY not in json.dumps(result) + caplog.text
    assert "\nforged" not in result["rejected"][0]["field"]
    assert "\nforged" not in caplog.messages[-1]


def test_in_several_payloads_only_complete_secrets_are_found() -> None:
    """The publisher does not cache the last messages, as the library does."""
    world = World()
    world.publish(entry(message=KEY[:9]))
    world.publish(entry(message=KEY[9:]), batch_id="b2")
    assert [u["message"] for u in world.log()] == [KEY[:9], KEY[9:]]


def test_a_secret_is_redelivered_as_what_it_became() -> None:
    world = World()
    world.publish(entry(message=KEY))
    assert world.publish(entry(message=KEY)) == {"committed": 1, "rejected": [], "pushed": 1}
    assert len(world.log()) == 1


def test_configured_fields_are_hidden_here_too() -> None:
    world = World(redactor=Redactor(("metadata.customer.email",)))
    world.publish(entry(metadata=json.dumps({"customer": {"email": "ana@example.com"}})))
    assert world.metadata() == {"customer": {"email": "[redacted: configured field]"}}


def test_metadata_that_marks_make_too_big_is_spilled() -> None:
    world = World()
    cards = {"cards": [4111111111111111] * 480}  # 17 bytes each, and 18 as a mark
    assert len(json.dumps(cards, separators=(",", ":"))) <= limits.METADATA_BYTES
    world.publish(entry(metadata=cards))
    assert world.metadata()["spilled"]["keys"] == ["cards"]


# one tenant


def test_a_publisher_of_one_tenant_refuses_all_others_and_keeps_the_evidence() -> None:
    world = World(tenant="city")
    result = world.publish(entry(message="ours"), entry(jobId="job-2", tenantId="village", message="theirs"))
    assert result["committed"] == 1
    assert [(r["index"], r["code"], r["field"]) for r in result["rejected"]] == [
        (1, "foreign_tenant", "tenantId")
    ]
    assert [update.message for update in world.journal.refused] == ["theirs"]
    assert head_of(world.journal, "job-2") is None


class EvidenceLosingJournal(MemoryJournal):
    def keep_refused(self, batch: Batch) -> None:
        raise JournalError("no answer", code="ReadTimeoutError", retriable=True)


def test_a_payload_whose_evidence_is_not_kept_is_committed_and_delivered_again() -> None:
    world = World(EvidenceLosingJournal, tenant="city")
    with pytest.raises(JournalError):
        world.publish(entry(message="ours"), entry(jobId="job-2", tenantId="village"))
    assert [status["message"] for status in world.log()] == ["ours"]


# operators


def test_details_for_operators_are_beside_the_log_and_nowhere_else() -> None:
    world = World()
    world.publish(entry(metadata={"street": "Elm", "operator": {"cause": "the model timed out"}}))
    assert world.metadata() == {"street": "Elm"}
    assert json.loads(world.journal.attributes(job_key(), 1)["operatorDetail"]) == {
        "cause": "the model timed out"
    }
    assert "timed out" not in json.dumps([push.to_wire() for push in world.broadcaster.pushed])


def test_metadata_for_operators_alone_leaves_none() -> None:
    world = World()
    world.publish(entry(metadata={"operator": {"a": 1}}))
    assert "metadata" not in world.log()[0]


@pytest.mark.parametrize("said", ["a word", 7, ["a"], True])
def test_any_value_under_operator_is_for_operators_only(said: object) -> None:
    world = World()
    world.publish(entry(metadata={"operator": said}))
    assert "metadata" not in world.log()[0]
    assert json.loads(world.journal.attributes(job_key(), 1)["operatorDetail"]) == {"value": said}


# spilled


def test_metadata_too_big_for_the_log_goes_to_the_store_and_a_mark_stays() -> None:
    world = World()
    usage = {"inputTokens": 7, "outputTokens": 1}
    world.publish(entry(metadata={**BIG, "tokenUsage": usage, "plan": ["Geo Agent"]}))
    size = len(json.dumps({**BIG, "tokenUsage": usage, "plan": ["Geo Agent"]}, separators=(",", ":")))
    assert world.metadata() == {
        "spilled": {"bytes": size, "keys": ["text", "tokenUsage", "plan"]},
        "tokenUsage": usage,
        "plan": ["Geo Agent"],
    }
    ((key, body),) = world.details.objects.items()
    assert world.journal.attributes(job_key(), 1) == {"detailKey": key}
    assert json.loads(body)["detail"]["text"] == BIG["text"]
    snapshot = world.journal.snapshot(job_key())
    assert snapshot is not None
    assert snapshot.head.tokens == (7, 1)  # what the fold reads was kept


def test_the_first_of_many_spilled_keys_are_named_and_cut() -> None:
    world = World()
    keys = [f"{n} {'k' * limits.NAME_LENGTH}" for n in range(limits.SPILLED_KEYS + 1)]
    world.publish(entry(metadata=dict.fromkeys(keys, "m" * 500)))
    assert world.metadata()["spilled"]["keys"] == [
        key[: limits.NAME_LENGTH] for key in keys[: limits.SPILLED_KEYS]
    ]


def test_the_folds_small_values_are_kept_when_not_all_fit() -> None:
    world = World()
    plan = [{"name": f"{'step' * 30} {n}"} for n in range(200)]
    world.publish(entry(metadata={"plan": plan, "sessionId": "s1"}))
    assert world.metadata().keys() == {"spilled", "sessionId"}
    assert len(world.log()[0]["metadata"].encode()) <= limits.METADATA_BYTES


def test_spilling_again_writes_the_same_object() -> None:
    world = World()
    world.publish(entry(metadata=BIG))
    before = dict(world.details.objects)
    world.publish(entry(metadata=BIG))
    assert world.details.objects == before
    assert len(world.log()) == 1


def test_the_place_of_a_detail_differs_by_owner_job_status_and_content() -> None:
    keys: set[str] = set()
    changes: list[dict[str, Any]] = [{}, {"tenantId": "village"}, {"userId": "ben"}, {"jobId": "job-2"}]
    for change in [*changes, {"eventId": "e"}, {"metadata": {**BIG, "more": 1}}]:
        world = World()
        world.publish(entry(**{"metadata": BIG, **change}))
        keys.update(world.details.objects)
    assert len(keys) == 6
    assert not any(word in key for key in keys for word in ("city", "ana", "job-1"))


def test_operators_detail_too_big_for_the_log_is_spilled_with_a_mark() -> None:
    world = World()
    world.publish(entry(metadata={"operator": {"trace": "t" * limits.OPERATOR_BYTES}}))
    beside = world.journal.attributes(job_key(), 1)
    assert json.loads(beside["operatorDetail"])["spilled"]["keys"] == ["trace"]
    body = json.loads(world.details.objects[beside["detailKey"]])
    assert body["detail"] is None
    assert body["operatorDetail"]["trace"].startswith("ttt")


class FullStore:
    def __init__(self) -> None:
        self.tried = 0

    def put(self, key: str, body: bytes) -> None:
        self.tried += 1
        raise DetailStoreError("slow down", code="SlowDown", retriable=True)


@pytest.mark.parametrize("details", [None, FullStore()])
def test_a_status_whose_detail_cannot_be_stored_is_committed_with_a_mark(
    details: FullStore | None, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(details=details)
    assert world.publish(entry(metadata={**BIG, "sessionId": "s1"}))["committed"] == 1
    assert world.metadata()["spilled"]["stored"] is False
    assert world.metadata()["sessionId"] == "s1"
    assert world.journal.attributes(job_key(), 1) == {}
    assert ("code=<SlowDown> | detail not stored" in caplog.text) is (details is not None)


def test_a_store_that_fails_gets_no_calls_for_a_while() -> None:
    details = FullStore()
    world = World(details=details)
    for number in range(3):
        world.publish(entry(metadata=BIG), batch_id=f"b{number}")
    assert details.tried == 1
    world.time.time += 30
    world.publish(entry(metadata=BIG), batch_id="b9")
    assert details.tried == 2


# texts


def test_control_and_bidi_characters_in_metadata_are_replaced() -> None:
    world = World()
    world.publish(entry(metadata={"a\x1b[2J": ["x\u202ey", "tab\tand\nline"]}))
    assert world.metadata() == {"a": ["x\ufffdy", "tab\tand\nline"]}


def test_keys_that_differ_in_control_characters_only_stay_apart() -> None:
    world = World()
    world.publish(entry(metadata={"a\x01": 1, "a\x02": 2, "a\ufffd": 3, "b": 4}))
    assert world.metadata() == {"a\ufffd": 1, "a\ufffd (2)": 2, "a\ufffd (3)": 3, "b": 4}


class UnusedRedactor(Redactor):
    """Fails when it is given a status."""

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError(f"a status with {sorted(entry)} was searched for secrets")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("message", "pwd=1 " * limits.MESSAGE_LENGTH, "too_long"),
        ("agentName", "a" * (limits.MESSAGE_LENGTH + 1), "too_long"),
        ("metadata", {"text": "m" * limits.DETAIL_BYTES}, "too_long"),
        ("metadata", json.dumps({"text": "m" * limits.DETAIL_BYTES}), "too_long"),
        ("unheardOf", "pwd=1 " * limits.MESSAGE_LENGTH, "unknown_field"),
    ],
)
def test_an_oversized_status_is_refused_before_the_search_for_secrets(
    field: str, value: Any, code: str
) -> None:
    result = World(redactor=UnusedRedactor()).publish(entry(**{field: value}))
    assert [(r["field"], r["code"]) for r in result["rejected"]] == [(field, code)]


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x85", "\u202e", "\u2066", "\ud800"])
def test_in_a_message_they_are_replaced(character: str) -> None:
    world = World()
    result = world.publish(entry(message=f"a{character}b"))
    assert (result["committed"], result["rejected"]) == (1, [])
    assert world.log()[0]["message"] == "a\ufffdb"


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\u202e", "\u2028", "\ud800"])
def test_in_a_name_they_are_shown_as_something_else(character: str) -> None:
    world = World()
    names = {
        "agentName": f"Geo{character}Agent",
        "toolName": f"map{character}",
        "qualifiedStatus": f"q{character}",
    }
    assert world.publish(entry(**names))["rejected"] == []
    (told,) = world.log()
    assert all(told[field].isprintable() for field in names)


def test_a_secret_with_a_colour_in_its_middle_is_redacted() -> None:
    world = World()
    world.publish(
        entry(message=f"key {KEY[:9]}\x1b[31m{KEY[9:]}\x1b[0m", agentName=f"{KEY[:9]}\u200b{KEY[9:]}")
    )
    (told,) = world.log()
    assert (told["message"], told["agentName"]) == ("key [redacted: aws key]", "[redacted: aws key]")


def test_a_mark_that_hides_one_end_of_an_isolate_leaves_no_other() -> None:
    world = World()
    world.publish(entry(message=f"\u2068the password is hunter2{'x' * 9}\u2069 ok"))
    assert is_printable(world.log()[0]["message"])
    assert "hunter2" not in world.log()[0]["message"]


def test_a_plan_names_its_agents_as_their_own_statuses_do() -> None:
    world = World()
    name = "Geo\u00a0Agent\u202e"
    plan = [name, {"name": "Triage\n", "dependsOn": [name], "tools": [{"name": "map\ufeff"}]}]
    world.publish(
        entry(status="loading_agents", agentName=None, metadata={"plan": plan}), entry(agentName=name)
    )
    assert world.metadata()["plan"] == [
        "Geo Agent\\u202e",
        {"name": "Triage ", "dependsOn": ["Geo Agent\\u202e"], "tools": [{"name": "map"}]},
    ]
    snapshot = world.journal.snapshot(job_key())
    assert snapshot is not None
    assert set(snapshot.agents) == {"Geo Agent\\u202e", "Triage "}


@pytest.mark.parametrize("tenant", [None, "city"])
def test_a_status_without_a_tenant_is_of_the_one_that_the_publisher_is_bound_to(tenant: str | None) -> None:
    world = World(tenant=tenant)
    result = world.publish(entry(tenantId=None))
    assert [r["field"] for r in result["rejected"]] == ([] if tenant else ["tenantId"])
    assert [told["tenantId"] for told in world.log()] == ([tenant] if tenant else [])


# clocks


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [
        (limits.CLOCK_TOLERANCE_SECONDS, True),
        (limits.CLOCK_TOLERANCE_SECONDS + 1, False),
        (10**9, False),
        (-limits.CLOCK_BEHIND_SECONDS, True),
        (-limits.CLOCK_BEHIND_SECONDS - 1, False),
    ],
)
def test_a_clock_that_is_far_off_is_replaced_by_ours(seconds: int, kept: bool) -> None:
    from statusbeam.log.snapshot.times import time_of  # noqa: PLC0415 - for this one

    world = World()
    told = time_of(int((NOW + seconds) * 1000))
    world.publish(entry(timestamp=told))
    (status,) = world.log()
    assert status["timestamp"] == (told if kept else "2026-11-20T08:30:00.000Z")
    assert kept or world.metadata() == {"reportedAt": told}


def test_a_status_from_the_future_does_not_keep_its_job_alive() -> None:
    world = World()
    world.publish(entry(timestamp="9999-01-01T00:00:00Z"))
    head = head_of(world.journal, "job-1")
    assert head is not None
    assert head.lease_ms == int(NOW * 1000) + 75_000


# floods


def flood(count: int, *, start: int = 0, status: str = "progress", **more: Any) -> list[dict[str, Any]]:
    return [entry(status=status, message=f"{status} {n}", **more) for n in range(start, start + count)]


def send(world: World, entries: list[dict[str, Any]], at: Callable[[int], str] = "b{}".format) -> int:
    """Publish in batches of 40; how many were left out."""
    parts = enumerate(chunked(entries, 40))
    return sum(world.publish(*part, batch_id=at(n)).get("shed", 0) for n, part in parts)


def told(world: World) -> int:
    return sum(json.loads(u.get("metadata", "{}")).get("shed", 0) for u in world.log())


def test_a_job_may_burst_and_no_more() -> None:
    world = World()
    assert send(world, flood(limits.JOB_BURST)) == 0
    assert send(world, flood(80), at="c{}".format) == 80
    assert len(world.log()) == limits.JOB_BURST


def test_the_next_status_counts_the_dropped_ones() -> None:
    world = World()
    assert send(world, flood(limits.JOB_BURST + 60)) == 60
    world.publish(entry(status="agent_complete"), batch_id="end")
    assert world.metadata(len(world.log()))["shed"] == told(world)
    assert told(world) == 60
    world.publish(entry(status="complete"), batch_id="end2")
    assert told(world) == 60


def test_a_dropped_status_that_is_redelivered_counts_once() -> None:
    world = World()
    send(world, flood(limits.JOB_BURST))
    for _ in range(3):  # as when another part of its payload failed
        assert world.publish(*flood(40, start=500), batch_id="late")["shed"] == 40
    world.publish(*flood(20, start=600), batch_id="later")
    world.time.time += 1
    assert world.publish(*flood(40, start=500), batch_id="late")["shed"] == 20
    assert told(world) == 40
    for n in range(300):
        world.publish(*flood(1, start=n), batch_id=f"c{n}")
    world.publish(entry(status="complete"), batch_id="end")
    assert told(world) == 340


def test_a_batch_above_the_limit_keeps_the_newest_of_each_invocation() -> None:
    world = World()
    send(world, flood(limits.JOB_BURST - 3))
    one, two = flood(5, invocationId="one"), flood(5, invocationId="two")
    mixed = [status for pair in zip(one, two, strict=True) for status in pair]
    assert world.publish(*mixed, batch_id="last")["shed"] == 7
    left = [(u["invocationId"], u["message"]) for u in world.log()[-3:]]
    assert left == [("two", "progress 3"), ("one", "progress 4"), ("two", "progress 4")]


@pytest.mark.parametrize("status", ["agent_invoking", "calling_tool", "complete", "error", "my_word"])
def test_beginnings_and_ends_are_never_dropped(status: str) -> None:
    world = World()
    assert send(world, flood(3 * limits.JOB_BURST, status=status)) == 0
    assert len(world.log()) == 3 * limits.JOB_BURST


def test_heartbeats_are_dropped() -> None:
    world = World()
    assert send(world, flood(limits.JOB_BURST + 40, status="heartbeat")) == 40


def test_time_fills_the_bucket() -> None:
    world = World()
    send(world, flood(limits.JOB_BURST))
    world.time.time += 1
    assert send(world, flood(40), at="c{}".format) == 40 - limits.JOB_STATUSES_PER_SECOND


def test_another_publisher_continues_with_the_same_bucket() -> None:
    world = World()
    send(world, flood(limits.JOB_BURST))
    world.pipeline.admission.limits = TenantLimits()
    assert send(world, flood(40), at="c{}".format) == 40


def test_a_redelivered_batch_of_which_some_was_left_out_is_recognised() -> None:
    world = World()
    send(world, flood(limits.JOB_BURST - 10))
    batch = flood(40, start=1_000)
    first = world.publish(*batch, batch_id="part")
    log = world.log()
    world.time.time += 60
    assert world.publish(*batch, batch_id="part") == first
    assert (first["committed"], first["shed"]) == (10, 30)
    assert world.log() == log


def test_a_redelivered_batch_is_recognised_amid_a_flood() -> None:
    world = World()
    batch = flood(40, start=1_000)
    first = world.publish(*batch, batch_id="early")
    send(world, flood(limits.JOB_BURST))
    assert world.publish(*batch, batch_id="early") == first  # pushed again, not left out


def test_a_batch_id_used_for_other_statuses_is_refused_amid_a_flood_too() -> None:
    world = World()
    world.publish(*flood(40), batch_id="b1")
    result = world.publish(*flood(40, start=7), batch_id="b1")
    assert {r["code"] for r in result["rejected"]} == {"batch_reused"}


def test_a_tenants_jobs_share_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    world = World()
    jobs = limits.TENANT_BURST // 100 + 1
    shed = [
        world.publish(
            *flood(50, jobId=f"job-{n}"), *flood(50, jobId=f"job-{n}", start=50), batch_id=f"b{n}"
        ).get("shed", 0)
        for n in range(jobs)
    ]
    assert shed == [0] * (jobs - 1) + [100]
    other = World().publish(*flood(40, tenantId="village"))
    assert "shed" not in other
    world.time.time += 1
    late = [flood(50, jobId=f"late-{n}") for n in range(limits.TENANT_STATUSES_PER_SECOND // 50 + 1)]
    assert [world.publish(*part, batch_id=f"c{n}").get("shed", 0) for n, part in enumerate(late)] == [
        0
    ] * 4 + [50]


def test_at_most_the_limit_of_tenants_is_cached() -> None:
    tenant_limits = TenantLimits(rate=1, burst=1)
    full = batch(status="heartbeat", tenantId="tenant-0")
    assert not tenant_limits.applied_to(full, now=NOW).entries[0].shed
    assert tenant_limits.applied_to(full, now=NOW).entries[0].shed
    for number in range(1, limits.JOBS_REMEMBERED + 1):
        tenant_limits.applied_to(batch(tenantId=f"tenant-{number}"), now=NOW)
    assert not tenant_limits.applied_to(full, now=NOW).entries[0].shed  # forgotten, so its bucket is full


def test_at_most_the_limit_of_jobs_is_cached() -> None:
    unreported = UnreportedSheds()
    for number in range(limits.JOBS_REMEMBERED + 5):
        unreported.note(batch("b1", jobId=f"job-{number}"), Commit(updates=(), shed=1))
    assert unreported.count(job_key("job-4"), besides="b2") == 0
    assert unreported.count(job_key("job-5"), besides="b2") == 1
    assert unreported.count(job_key("job-5"), besides="b1") == 0
