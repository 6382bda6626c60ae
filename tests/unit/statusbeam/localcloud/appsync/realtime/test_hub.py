"""The receivers of a publish."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.contract import Invalidation, JsonObject, Published, Subscription
from statusbeam.localcloud.appsync.counters import Counters
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.realtime.faults import Faults, Switches
from statusbeam.localcloud.appsync.realtime.hub import Hub, Subscriber
from statusbeam.localcloud.appsync.realtime.websocket import text_frame


class Mailbox:
    """An outbox that records its frames."""

    def __init__(self) -> None:
        self.outbox: list[bytes] = []
        self.woken = 0
        self.revoked: list[Subscriber] = []

    def schedule_flush(self) -> None:
        self.woken += 1

    def revoke(self, subscribers: list[Subscriber]) -> None:
        self.revoked += subscribers

    def messages(self) -> list[Any]:
        """The frames since the last call."""
        data, messages = b"".join(self.outbox), []
        self.outbox.clear()
        while data:
            start, length = 2, data[1]
            if length >= 126:
                size = 2 if length == 126 else 8
                start, length = 2 + size, int.from_bytes(data[2 : 2 + size], "big")
            assert data[: start + length] == text_frame(data[start : start + length])
            messages.append(json.loads(data[start : start + length]))
            data = data[start + length :]
        return messages


class Scene:
    """A hub with everything around it visible."""

    def __init__(self, limits: Limits | None = None, switches: Switches | None = None) -> None:
        self.counters = Counters()
        self.faults = Faults(random.Random(3), switches)  # noqa: S311 - a test's dice
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.hub = Hub(limits or Limits(), self.counters, self.faults, self.call_later)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self.waiting.append((seconds, call))

    def let_time_pass(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, call in waiting:
            call()

    def publish(self, value: dict[str, Any] | None = None, field: str = "publishStatus") -> None:
        self.hub.publish(Published(mutation_field=field, value=value))


def subscription(
    user: str | None = "ann", *, indexed: bool = True, calls: list[str] | None = None, **changes: Any
) -> Subscription:
    def matches(value: JsonObject) -> bool:
        if calls is not None:
            calls.append(f"matches {user}")
        return user is None or value.get("userId") == user

    def encode(value: JsonObject) -> bytes:
        if calls is not None:
            calls.append(f"encode {user}")
        return json.dumps({"data": {"onStatusUpdate": value}}).encode()

    arguments: dict[str, Any] = {
        "field": "onStatusUpdate",
        "mutations": ("publishStatus",),
        "group_key": user,
        "matches": matches,
        "encode": encode,
        "index": ("userId", user) if indexed and user is not None else None,
    }
    return Subscription(**arguments | changes)


def data(subscription_id: Any, value: Any) -> dict[str, Any]:
    return {"type": "data", "id": subscription_id, "payload": {"data": {"onStatusUpdate": value}}}


ANN = {"userId": "ann", "n": 1}
BOB = {"userId": "bob", "n": 2}


def test_subscriber_receives_what_matches_under_its_own_id() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(), "5b8e", box)
    scene.publish(ANN)
    scene.publish(BOB)
    assert box.messages() == [data("5b8e", ANN)]


def test_two_subscriptions_of_one_connection_both_receive() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(), "1", box)
    scene.hub.add(subscription(), "a-longer-id", box)
    scene.publish(ANN)
    assert sorted(message["id"] for message in box.messages()) == ["1", "a-longer-id"]


def test_outbox_is_woken_once_for_all_that_gathers_in_it() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(), "1", box)
    for _ in range(3):
        scene.publish(ANN)
    assert box.woken == 1
    assert len(box.messages()) == 3


def test_group_is_asked_once_however_many_subscribe() -> None:
    calls: list[str] = []
    scene = Scene()
    for number in range(5):
        scene.hub.add(subscription(calls=calls), str(number), Mailbox())
    scene.publish(ANN)
    assert calls == ["matches ann", "encode ann"]


def test_group_whose_index_does_not_fit_is_not_asked() -> None:
    calls: list[str] = []
    scene = Scene()
    scene.hub.add(subscription("ann", calls=calls), "1", Mailbox())
    scene.hub.add(subscription("bob", calls=calls), "1", Mailbox())
    scene.hub.add(subscription(None, calls=calls), "1", Mailbox())
    scene.publish(ANN)
    assert sorted(calls) == ["encode None", "encode ann", "matches None", "matches ann"]


def test_index_is_only_a_hint_and_the_filter_decides() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(matches=lambda _: False), "1", box)
    scene.publish(ANN)
    assert box.messages() == []


@pytest.mark.parametrize("value", [["ann"], {"ann": 1}])
def test_result_whose_indexed_field_is_no_scalar_matches_no_index(value: Any) -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(), "1", box)
    scene.publish({"userId": value})
    assert box.messages() == []


def test_only_the_named_mutations_feed_a_subscription() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(mutations=("publishStatus", "retract")), "1", box)
    scene.publish(ANN, field="retract")
    scene.publish(ANN, field="syncSession")
    assert len(box.messages()) == 1


def test_equal_keys_of_different_fields_are_different_groups() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(), "1", box)
    scene.hub.add(subscription(field="onTenantStatus", encode=lambda _: b'"tenant"'), "2", box)
    scene.publish(ANN)
    assert {message["id"]: message["payload"] for message in box.messages()}["2"] == "tenant"


def test_mutation_that_returned_null_publishes_nothing() -> None:
    scene, box = Scene(), Mailbox()
    scene.hub.add(subscription(None), "1", box)
    scene.publish(None)
    assert box.messages() == []


def test_values_published_before_the_subscription_are_not_received() -> None:
    scene, box = Scene(), Mailbox()
    scene.publish(ANN)
    scene.hub.add(subscription(), "1", box)
    assert box.messages() == []


def test_removed_subscription_receives_nothing_and_leaves_nothing_behind() -> None:
    scene, box = Scene(), Mailbox()
    subscribers = [scene.hub.add(subscription(user), "1", box) for user in ("ann", "ann", "bob", None)]
    for subscriber in subscribers:
        scene.hub.remove(subscriber)
        scene.hub.remove(subscriber)
    scene.publish(ANN)
    assert box.messages() == []
    assert scene.hub.to_dict() == {"groups": 0}
    assert scene.hub._by_mutation == {}
    assert (scene.counters.subscriptions, scene.counters.subscriptions_opened) == (0, 4)


def test_failing_group_does_not_cost_the_others_their_push() -> None:
    def fail(_: JsonObject) -> bool:
        raise RuntimeError("bad filter")

    scene, good, bad = Scene(), Mailbox(), Mailbox()
    scene.hub.add(subscription(None, group_key="bad", matches=fail), "1", bad)
    scene.hub.add(subscription(), "1", good)
    scene.publish(ANN)
    assert good.messages() == [data("1", ANN)]
    assert bad.messages() == []
    assert scene.counters.dropped == {"failed": 1}


def test_payload_over_the_limit_is_dropped_silently_and_counted_for_each_receiver() -> None:
    scene, box = Scene(limits=Limits(payload_bytes=100)), Mailbox()
    scene.hub.add(subscription(), "1", box)
    scene.hub.add(subscription(), "2", box)
    scene.publish({"userId": "ann", "text": "x" * 100})
    scene.publish(ANN)
    assert len(box.messages()) == 2
    assert scene.counters.dropped == {"oversize": 2}


def test_payload_of_exactly_240_kilobytes_is_delivered() -> None:
    scene, box = Scene(), Mailbox()
    payload = b'"' + b"x" * (240 * 1024 - 2) + b'"'
    scene.hub.add(subscription(encode=lambda _: payload), "1", box)
    scene.publish(ANN)
    assert len(box.messages()) == 1


def test_counters_count_published_and_delivered() -> None:
    scene = Scene()
    for number in range(3):
        scene.hub.add(subscription(), str(number), Mailbox())
    scene.publish(ANN)
    scene.publish(BOB)
    assert (scene.counters.published, scene.counters.delivered) == (2, 3)


def test_invalidation_revokes_the_matching_subscriptions_of_the_field() -> None:
    def of_ann(payload: JsonObject) -> bool:
        return bool(payload["userId"] == "ann")

    def broken(payload: JsonObject) -> bool:
        return bool(payload["missing"])

    scene, hit, spared = Scene(), Mailbox(), Mailbox()
    subscriber = scene.hub.add(subscription(invalidated_by=of_ann), "1", hit)
    scene.hub.add(subscription(), "1", spared)
    scene.hub.add(subscription(invalidated_by=broken), "2", spared)
    scene.hub.add(subscription(field="onTenantStatus", invalidated_by=of_ann), "3", spared)
    scene.hub.invalidate(Invalidation(subscription_field="onStatusUpdate", payload={"userId": "ann"}))
    assert hit.revoked == [subscriber]
    assert spared.revoked == []


# Faults.


def test_first_pushes_after_start_ack_are_lost_when_switched_so() -> None:
    scene, box = Scene(switches=Switches(drop_after_start_ack=2)), Mailbox()
    scene.hub.add(subscription(), "1", box)
    for n in range(4):
        scene.publish({"userId": "ann", "n": n})
    assert [message["payload"]["data"]["onStatusUpdate"]["n"] for message in box.messages()] == [2, 3]
    assert scene.counters.dropped == {"fault": 2}
    assert scene.counters.delivered == 2


def numbers(box: Mailbox) -> list[int]:
    return [message["payload"]["data"]["onStatusUpdate"]["n"] for message in box.messages()]


@pytest.mark.parametrize(
    ("switches", "received"),
    [
        (Switches(drop=1.0), []),
        (Switches(duplicate=1.0), [0, 0, 1, 1, 2, 2, 3, 3]),
        (Switches(reorder=1.0), [1, 0, 3, 2]),
        (Switches(reorder=1.0, duplicate=1.0), [1, 1, 0, 0, 3, 3, 2, 2]),
        (Switches(oversize_bytes=1), []),
    ],
)
def test_switch_disturbs_the_pushes(switches: Switches, received: list[int]) -> None:
    scene, box = Scene(switches=switches), Mailbox()
    scene.hub.add(subscription(), "1", box)
    for n in range(4):
        scene.publish({"userId": "ann", "n": n})
    assert numbers(box) == received


def test_push_held_back_for_reordering_goes_out_alone_when_no_other_comes() -> None:
    scene, box = Scene(switches=Switches(reorder=1.0)), Mailbox()
    scene.hub.add(subscription(), "1", box)
    for n in range(3):
        scene.publish({"userId": "ann", "n": n})
    assert numbers(box) == [1, 0]
    scene.let_time_pass()
    assert numbers(box) == [2]
    scene.let_time_pass()
    assert numbers(box) == []


def test_delayed_push_comes_later_but_not_to_a_subscription_that_has_ended() -> None:
    scene, box, gone = Scene(switches=Switches(delay_seconds=0.2)), Mailbox(), Mailbox()
    scene.hub.add(subscription(), "1", box)
    subscriber = scene.hub.add(subscription(), "2", gone)
    scene.publish(ANN)
    assert [seconds for seconds, _ in scene.waiting] == [0.2, 0.2]
    assert box.messages() == []
    scene.hub.remove(subscriber)
    scene.let_time_pass()
    assert box.messages() == [data("1", ANN)]
    assert gone.messages() == []


def test_same_seed_gives_the_same_faults() -> None:
    def run() -> list[int]:
        scene, box = Scene(switches=Switches(drop=0.3, duplicate=0.3, reorder=0.3)), Mailbox()
        scene.hub.add(subscription(), "1", box)
        for n in range(50):
            scene.publish({"userId": "ann", "n": n})
        return numbers(box)

    assert run() == run()
    assert run() != list(range(50))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "remove", "publish"]), st.sampled_from(["ann", "bob"]), st.booleans()
        )
    )
)
def test_deliveries_equal_those_of_a_list_of_everybody(steps: list[tuple[str, str, bool]]) -> None:
    """The groups and indexes are an optimisation: a plain list must receive the same."""
    scene = Scene()
    open_subscribers: list[tuple[str, Subscriber, Mailbox]] = []
    for number, (step, user, indexed) in enumerate(steps):
        if step == "add":
            box = Mailbox()
            wanted = subscription(user, indexed=indexed, group_key=(user, indexed))
            open_subscribers.append((user, scene.hub.add(wanted, number, box), box))
        elif step == "remove" and open_subscribers:
            _, subscriber, _ = open_subscribers.pop(number % len(open_subscribers))
            scene.hub.remove(subscriber)
        elif step == "publish":
            scene.publish({"userId": user, "n": number})
            for of, _, box in open_subscribers:
                assert len(box.messages()) == (of == user)
