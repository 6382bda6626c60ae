"""The sender: how it groups statuses, how it waits, and the unsent statuses."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from status_utils.sending.sender import FLUSH_SECONDS, PREPARE_SECONDS, TRIES, Sender
from statusbeam.model import limits
from statusbeam.model.clock import Clock
from statusbeam.model.errors import TransportError
from statusbeam.model.limits import HEARTBEAT_SECONDS
from tests.unit.status_utils.virtual_sender import (
    DEAD,
    REFUSED,
    THROTTLED,
    FakeTransport,
    World,
    undelivered,
    untimed,
)

BOUND_ONCE = 0.25
BOUND_THEN = 0.005


def words_of(payloads: list[dict[str, Any]]) -> list[list[str]]:
    return [[status["status"] for status in payload["updates"]] for payload in payloads]


def test_statuses_queued_during_a_send_are_sent_together() -> None:
    transport = FakeTransport()
    world = World(transport)

    def say() -> None:
        for word in ("one", "two", "three"):
            job.status(word, "…")

    def said_meanwhile() -> None:
        transport.fails = lambda: None
        caller = threading.Thread(target=say)
        caller.start()
        caller.join()

    transport.fails = said_meanwhile
    job = world.job().start()
    world.run(0)
    assert words_of(transport.taken) == [["loading_agents"], ["one", "two", "three"]]


def test_an_idle_sender_sends_at_once() -> None:
    transport = FakeTransport()
    world = World(transport)
    job = world.job().start()
    world.run(0)
    job.progress(0.1, "…")
    world.run(1)
    job.progress(0.2, "…")
    world.run(0)
    assert words_of(transport.taken) == [["loading_agents"], ["progress"], ["progress"]]


def test_a_thousand_progress_calls_in_a_second_are_a_handful_of_sends() -> None:
    transport = FakeTransport()
    world = World(transport)
    with world.job() as job, job.agent("Geo Agent") as agent:
        for number in range(1_000):
            agent.progress(number / 1000, f"{number}")
            world.run(0.001)
    assert len(transport.taken) <= 10
    assert [s["message"] for s in transport.statuses() if s["status"] == "progress"][-1] == "999"


def test_progress_of_each_invocation_and_tool_is_kept_apart() -> None:
    transport = FakeTransport()
    with World(transport).job() as job, job.agent("A") as a, job.agent("B") as b, b.tool("t") as tool:
        for scope in (a, b, tool, a, b, tool):
            scope.progress(0.5, scope.label)
    told = [(s["agentName"], s.get("toolName")) for s in transport.statuses() if s["status"] == "progress"]
    assert told == [("A", None), ("B", None), ("B", "t")]


def test_beginnings_and_ends_are_never_coalesced() -> None:
    transport = FakeTransport()
    with World(transport).job() as job:
        for _ in range(50):
            with job.agent("Geo Agent") as agent:
                agent.status("paving_road", "…")
    assert len(transport.statuses()) == 1 + 50 * 3 + 1


def test_a_payload_that_was_not_accepted_is_sent_again_unchanged() -> None:
    failures = [DEAD, THROTTLED, None]
    transport = FakeTransport(lambda: failures.pop(0) if failures else None)
    world = World(transport)
    with world.job() as job:
        world.run(0)
        job.status("more", "said while the first one waits")
        world.run(1)
    first, second, third = transport.tried[:3]
    assert untimed(first) == untimed(second) == untimed(third) == untimed(transport.taken[0])
    assert third == json.loads(json.dumps(transport.taken[0]))
    assert first["sentAt"] < second["sentAt"] < third["sentAt"]
    assert words_of(transport.taken) == [["loading_agents"], ["more"], ["complete"]]


@pytest.mark.parametrize(("error", "tries"), [(DEAD, TRIES), (THROTTLED, TRIES), (REFUSED, 1)])
def test_undeliverable_statuses_are_logged_completely_after_a_few_attempts(
    caplog: pytest.LogCaptureFixture, error: TransportError, tries: int
) -> None:
    transport = FakeTransport(lambda: error)
    world = World(transport)
    with world.job():
        world.run(60)
    assert [payload["batchId"] for payload in transport.tried[:tries]] == [
        transport.tried[0]["batchId"]
    ] * tries
    assert undelivered(caplog.records)[0] == untimed(transport.tried[0])


def handler(world: World) -> float:
    """The time that a handler waits for its statuses."""
    before = world.waited
    with world.job() as job, job.agent("Geo Agent") as agent:
        agent.tool("location")
    return world.waited - before


@pytest.mark.parametrize("error", [DEAD, THROTTLED, REFUSED])
def test_a_dead_backend_costs_a_handler_little_once_and_then_next_to_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, error: TransportError
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "agent")
    world = World(FakeTransport(lambda: error))
    assert handler(world) <= BOUND_ONCE
    for _ in range(20):
        assert handler(world) <= BOUND_THEN
        world.run(0.5)
    ends = [s for p in undelivered(caplog.records) for s in p["updates"] if s["status"] == "complete"]
    assert len(ends) == 21
    assert len({json.dumps(payload["batchId"]) for payload in undelivered(caplog.records)}) == len(
        undelivered(caplog.records)
    )


class HangingTransport(FakeTransport):
    """Answers when it is allowed to, however long that takes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.answer = threading.Event()

    def send(self, payload: Mapping[str, Any]) -> None:
        self.asked.set()
        assert self.answer.wait(60)
        super().send(payload)


def test_a_backend_that_answers_after_ten_seconds_holds_a_handler_up_as_little(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "agent")
    transport = HangingTransport()
    waits: list[float] = []

    def wait(event: threading.Event, seconds: float) -> bool:
        transport.asked.wait(60)  # the request is out, no answer comes
        if not event.is_set():
            waits.append(seconds)
        return event.is_set()

    sender = Sender(transport, wait=wait)
    world = World(transport)
    world.sender = sender
    assert handler(world) == 0
    assert sum(waits) <= BOUND_ONCE
    handler(world)
    assert sum(waits) <= BOUND_ONCE, "the second one does not wait"
    lost = undelivered(caplog.records)
    gone = threading.Event()
    sender._outbox.call_when_drained(gone.set)
    transport.answer.set()
    assert gone.wait(60)
    # Everything is in the log and has arrived as well, under the same batch ids: a redrive is harmless.
    assert [payload["batchId"] for payload in lost] == [payload["batchId"] for payload in transport.taken]
    assert sender.breaker.responsive


def test_an_open_breaker_writes_to_the_log_at_once_and_tries_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures: list[Exception] = [REFUSED]
    transport = FakeTransport(lambda: failures.pop() if failures else None)
    world = World(transport)
    job = world.job().start()
    world.run(0)
    job.status("one", "…")
    job.progress(0.5, "not worth a line")
    world.run(1)
    assert len(transport.tried) == 1
    assert words_of(undelivered(caplog.records)) == [["loading_agents"], ["one"]]
    world.run(5)
    job.status("two", "…")
    world.run(0)
    assert transport.status_words() == ["one", "two"], "the refused one would be refused again"
    assert world.sender.breaker.responsive


@pytest.mark.parametrize("outage", [8, 30, 300])
def test_statuses_of_an_outage_arrive_in_order_when_the_backend_recovers(
    caplog: pytest.LogCaptureFixture, outage: float
) -> None:
    transport = FakeTransport()
    world = World(transport)
    over_at = world.time + outage
    transport.fails = lambda: DEAD if world.time < over_at else None
    words = [f"word{number}" for number in range(400)]
    with world.job() as job:
        for word in words:
            job.status(word, "…")
            world.run(1)
    world.run(60)
    assert [word for word in transport.status_words() if word != "heartbeat"] == [
        "loading_agents",
        *words,
        "complete",
    ]
    in_the_log = {payload["batchId"]: payload for payload in undelivered(caplog.records)}
    assert len(in_the_log) == len(caplog.records), "once each"
    taken = [untimed(payload) for payload in transport.taken[: len(in_the_log)]]
    assert list(in_the_log.values()) == taken, "a redrive is harmless"


def test_statuses_share_lines_of_the_log_while_nothing_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    world = World(FakeTransport(lambda: REFUSED))
    job = world.job().start()
    world.run(0)
    for number in range(1_000):
        job.status("one", f"{number}")
        world.run(0.001)
    world.run(2)
    found = undelivered(caplog.records)
    said = [s["message"] for payload in found for s in payload["updates"] if s["status"] == "one"]
    assert said == [f"{number}" for number in range(1_000)]
    assert len(found) <= 10


def test_a_payload_that_a_healthy_backend_never_takes_delays_the_others_for_a_while_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = FakeTransport()
    world = World(transport)
    transport.fails = lambda: DEAD if "poison" in str(transport.tried[-1]) else None
    job = world.job().start()
    world.run(0)
    job.status("poison", "…")
    world.run(0)
    job.status("one", "…")
    world.run(600)
    assert [word for word in transport.status_words() if word != "heartbeat"] == ["loading_agents", "one"]
    assert ["poison"] in words_of(undelivered(caplog.records))


def test_an_endless_outage_fills_no_more_than_the_buffer_and_is_logged_completely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(FakeTransport(lambda: DEAD))
    job = world.job().start()
    rounds, each, message = 60, 100, "m" * 2_000
    assert rounds * each * len(message) > limits.BUFFER_BYTES * 1.2
    for number in range(rounds):
        for _ in range(each):
            job.status(f"word{number}", message)
        world.run(20)
    kept = sum(len(json.dumps(batch.payload)) for batch in world.sender._outbox._batches)
    assert limits.BUFFER_BYTES / 2 < kept < limits.BUFFER_BYTES * 1.1
    assert Counter(s["status"] for p in undelivered(caplog.records) for s in p["updates"]) == {
        "loading_agents": 1,
        **{f"word{number}": each for number in range(rounds)},
    }


def test_a_probe_that_fails_makes_the_next_one_wait_longer() -> None:
    transport = FakeTransport(lambda: DEAD)
    world = World(transport)
    job = world.job().start()
    for number in range(400):
        job.status(f"word{number}", "…")
        world.run(1)
    # 5 tries of the first, then one try each after 5, 10, 20, 40, 60, 60, … seconds
    assert len(transport.tried) <= TRIES + 4 + 400 / 60


def test_a_container_keeps_what_a_slow_spell_left_and_sends_it(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[Exception] = [DEAD, DEAD, DEAD]
    transport = FakeTransport(lambda: failures.pop() if failures else None)
    world = World(transport)
    with world.job():
        pass
    assert world.waited == pytest.approx(FLUSH_SECONDS)
    world.run(10)
    assert transport.status_words() == ["loading_agents", "complete"]
    assert undelivered(caplog.records) == []


def test_the_last_chance_leaves_nothing_unwritten(caplog: pytest.LogCaptureFixture) -> None:
    world = World(FakeTransport(lambda: DEAD))
    job = world.job().start()
    job.status("one", "…")
    world.sender.flush(last_chance=True)
    job.status("two", "…")
    world.sender.flush(last_chance=True)
    assert words_of(undelivered(caplog.records)) == [["loading_agents", "one"], ["two"]]


@pytest.mark.parametrize("dead", [False, True])
def test_a_backlog_of_many_payloads_is_sent_or_written_off_once_and_in_order(
    caplog: pytest.LogCaptureFixture, dead: bool
) -> None:
    transport = FakeTransport(lambda: DEAD if dead else None)
    world = World(transport)
    job = world.job().start()
    for number in range(1_200):
        job.status("one", f"{number}")
    if dead:
        world.sender.flush(last_chance=True)
        world.sender.flush(last_chance=True)
    world.run(0)
    found = undelivered(caplog.records) if dead else transport.taken
    said = [s["message"] for payload in found for s in payload["updates"] if s["status"] == "one"]
    assert said == [f"{number}" for number in range(1_200)]
    assert len(found) > 2


def test_several_jobs_share_a_payload_and_each_keeps_its_order() -> None:
    transport = FakeTransport()
    world = World(transport)
    jobs = [world.job(jobId=f"job-{number}").start() for number in range(3)]
    for step in ("one", "two"):
        for job in jobs:
            job.status(step, "…")
    world.run(0)
    assert len(transport.taken) == 1
    for job in jobs:
        of_job = [s["status"] for s in transport.statuses() if s["jobId"] == job.job_id]
        assert of_job == ["loading_agents", "one", "two"]


def test_large_statuses_are_cut_into_payloads_below_the_limit() -> None:
    transport = FakeTransport()
    with World(transport).job() as job:
        for number in range(40):
            job.status("found", "ä" * 1_500, {"text": "x" * 5_000, "number": number})
    sizes = [len(json.dumps(payload, ensure_ascii=False).encode()) for payload in transport.taken]
    assert len(sizes) > 1
    assert max(sizes) < limits.SEND_BYTES + 1_000
    assert max(sizes) < limits.QUEUE_MESSAGE_BYTES
    numbers = [json.loads(s["metadata"])["number"] for s in transport.statuses()[1:-1]]
    assert numbers == list(range(40))


def test_many_small_statuses_stay_below_the_number_that_a_payload_may_have() -> None:
    transport = FakeTransport()
    with World(transport).job() as job:
        for _ in range(2_000):
            job.status("a", "")
    assert max(len(payload["updates"]) for payload in transport.taken) <= limits.ENTRIES_PER_PAYLOAD
    assert len(transport.statuses()) == 2_002


def test_a_text_over_its_limit_is_cut_with_a_mark() -> None:
    transport = FakeTransport()
    with World(transport).job() as job:
        job.status("found", "m" * 10_000, {"text": "x" * 200_000})
    found = transport.statuses()[1]
    assert found["message"].endswith("m … [10000 characters]")
    assert json.loads(found["metadata"])["text"].endswith("x … [200000 characters]")
    assert len(found["metadata"]) <= limits.DETAIL_BYTES


def test_a_status_that_breaks_a_rule_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    transport = FakeTransport()
    with World(transport).job() as job:
        job.status(" ", "…")
    assert transport.status_words() == ["loading_agents", "complete"]
    (line,) = [json.loads(record.getMessage()) for record in caplog.records]
    assert (line["code"], line["payload"]["status"]) == ("bad_characters", " ")


def test_a_full_buffer_drops_progress_first_and_logs_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(FakeTransport(lambda: DEAD))
    job = world.job().start()
    world.run(0)  # the first payload waits for its next try
    for number in range(500):
        job.agent(f"Agent {number}").progress(0.01, "m" * 2_000)
    for number in range(4_000):
        job.status(f"word{number}", "m" * 2_000)
    world.run(0)
    world.sender._outbox.drain_inbox()
    waiting = world.sender._outbox._buffer
    assert waiting._bytes <= limits.BUFFER_BYTES
    assert not waiting._coalescing, "progress went first"
    overflow = [s["status"] for p in undelivered(caplog.records) for s in p["updates"]]
    assert overflow == [f"word{number}" for number in range(4_000 - len(overflow), 4_000)]
    assert len(waiting) + len(overflow) == 4_000


def test_an_open_silent_scope_sends_heartbeats() -> None:
    transport = FakeTransport()
    world = World(transport)
    job = world.job().start()
    agents = [job.agent(f"Agent {number}").start() for number in range(8)]
    world.run(0)
    sends = len(transport.taken)
    world.run(HEARTBEAT_SECONDS + 1)
    beats = transport.statuses()[9:]
    assert {s["invocationId"] for s in beats} == {agent.invocation_id for agent in agents}
    assert {s["status"] for s in beats} == {"heartbeat"}
    assert len(transport.taken) == sends + 1, "all in one payload, and the agents' are the job's"
    for agent in agents:
        agent.end()
    world.run(0)
    before = len(transport.statuses())
    world.run(HEARTBEAT_SECONDS + 1)
    assert transport.status_words()[before:] == ["heartbeat"], "the job's own"
    job.end()
    before = len(transport.statuses())
    world.run(3 * HEARTBEAT_SECONDS)
    assert len(transport.statuses()) == before


@pytest.mark.parametrize("began_at", [1_000.0, 1_004.1, 8_190.3])
def test_a_sign_of_life_is_due_at_the_moment_that_the_sender_wakes_up_for_it(began_at: float) -> None:
    transport = FakeTransport()
    world = World(transport)
    world.time = began_at
    world.job().start()
    wake_at = world.sender.pump()
    assert wake_at is not None
    world.time = wake_at
    assert world.sender.pump() == wake_at + HEARTBEAT_SECONDS
    assert transport.status_words() == ["loading_agents", "heartbeat"]


def test_a_scope_that_reports_sends_no_heartbeat() -> None:
    transport = FakeTransport()
    world = World(transport)
    with world.job() as job, job.agent("Geo Agent") as agent:
        for percent in range(0, 100, 5):
            agent.progress(percent=percent, message="…")
            world.run(HEARTBEAT_SECONDS / 2)
    assert "heartbeat" not in transport.status_words()


def test_after_a_freeze_of_an_hour_there_is_one_sign_of_life_not_hundreds() -> None:
    transport = FakeTransport()
    world = World(transport)
    world.job().start()
    world.run(0)
    world.time += 3_600  # nothing ran meanwhile
    world.run(0)
    assert transport.status_words() == ["loading_agents", "heartbeat"]


def test_a_payload_whose_send_was_cut_by_a_freeze_is_sent_again_after_it() -> None:
    failures: list[Exception] = [DEAD]
    transport = FakeTransport(lambda: failures.pop() if failures else None)
    world = World(transport)
    world.job().start()
    world.run(0)
    world.time += 3_600
    world.run(0)
    assert [payload["batchId"] for payload in transport.tried] == [transport.taken[0]["batchId"]] * 2


def test_the_librarys_random_numbers_do_not_change_the_callers() -> None:
    before = random.getstate()
    Clock().chance()
    assert random.getstate() == before


def test_a_broken_transport_does_not_stop_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[Exception] = [ZeroDivisionError()]
    transport = FakeTransport(lambda: failures.pop() if failures else None)
    world = World(transport)
    job = world.job().start()
    world.run(10)
    job.status("one", "…")
    world.run(0)
    assert transport.status_words() == ["loading_agents", "one"]
    assert undelivered(caplog.records) == [], "only the service's refusal says that it never will"


def test_the_sdk_is_loaded_before_a_backend_is_held_to_its_time() -> None:
    class Preparing(FakeTransport):
        def prepare(self) -> None:
            order.append("prepared")
            raise ModuleNotFoundError  # what is wrong is for `send` to say

    order: list[str] = []
    transport = Preparing()
    with World(transport).job() as job:
        job.status("one", "…")
    assert order == ["prepared"]
    assert transport.status_words() == ["loading_agents", "one", "complete"]


def test_the_end_of_a_job_that_may_take_no_time_waits_for_nothing() -> None:
    waits: list[float] = []

    def wait(event: threading.Event, seconds: float) -> bool:
        waits.append(seconds)
        return False

    transport = FakeTransport()
    world = World(transport)
    world.sender = Sender(transport, start=lambda run: None, wait=wait)
    with world.job() as job:
        job.flush_seconds = 0
    assert waits == []
    with world.job() as job:
        pass
    assert waits == [PREPARE_SECONDS]


def test_the_thread_ends_when_nothing_is_open_and_starts_again_when_something_is() -> None:
    done = threading.Event()
    transport = FakeTransport()
    sender = Sender(transport, on_idle=lambda sender: done.set())
    world = World(transport)
    world.sender = sender
    for _ in range(3):
        with world.job():
            pass
        assert done.wait(60)
        done.clear()
    assert transport.status_words() == ["loading_agents", "complete"] * 3


@pytest.mark.parametrize("threads", [8])
def test_threads_that_report_at_once_lose_no_status(threads: int) -> None:
    transport = FakeTransport()
    sender = Sender(transport)
    world = World(transport)
    world.sender = sender

    def talk(number: int) -> None:
        with world.job(jobId=f"job-{number}") as job:
            for word in range(500):
                job.status(f"w{word}", "…")

    workers = [threading.Thread(target=talk, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sender.flush(60, force_wait=True)
    expected = ["loading_agents", *(f"w{word}" for word in range(500)), "complete"]
    for number in range(threads):
        assert [s["status"] for s in transport.statuses() if s["jobId"] == f"job-{number}"] == expected
