"""The hub: holds all subscriptions and puts each published result into the outboxes of its subscribers.

    subscriber = hub.add(subscription, "1", receiver)       # receives from now on
    hub.publish(Published(mutation_field="publishStatus", value={...}))
    hub.remove(subscriber)

`publish` visits only the groups whose index matches, and calls `matches` and `encode` once a group. It puts
three references into each outbox: frame header, the subscription's prefix, the shared payload. No method
waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any, Final, Protocol

from ..contract import Invalidation, JsonObject, Published, Subscription
from ..counters import Counters, Dropped
from ..limits import Limits
from .faults import Faults
from .protocol import SubscriptionId, data_prefix
from .websocket import text_head

log = logging.getLogger(__name__)

GroupKey = tuple[str, Hashable]
CallLater = Callable[[float, Callable[[], None]], object]

REORDER_SECONDS: Final = 0.25  # a push that is held back for a reorder is sent alone after this wait


class Receiver(Protocol):
    """One connection, as the hub uses it."""

    outbox: list[bytes]
    """Bytes that the connection writes at the end of the event loop's tick."""

    def schedule_flush(self) -> None:
        """Write `outbox` at the end of this tick. Called while `outbox` is still empty."""
        ...

    def revoke(self, subscribers: list[Subscriber]) -> None:
        """End these subscriptions and close the connection."""
        ...


class Subscriber:
    """One subscription of one connection."""

    __slots__ = ("group", "held", "invalidated_by", "open", "outbox", "prefix", "receiver", "to_drop")

    def __init__(self, group: Group, receiver: Receiver, prefix: bytes, to_drop: int) -> None:
        self.group = group
        self.receiver = receiver
        self.outbox = receiver.outbox  # the same list: saves an attribute look-up per delivery
        self.prefix = prefix
        self.invalidated_by: Callable[[JsonObject], bool] | None = None
        self.open = True
        self.to_drop = to_drop
        self.held: list[bytes] | None = None

    def send(self, frame: bytes) -> None:
        """Put one frame into the outbox."""
        if not self.outbox:
            self.receiver.schedule_flush()
        self.outbox.append(frame)


class Group:
    """Subscriptions with equal filters and selections.

    `subscribers` holds them by the length of their prefix: those of one length share a frame header.
    """

    __slots__ = ("key", "size", "subscribers", "subscription")

    def __init__(self, key: GroupKey, subscription: Subscription) -> None:
        self.key = key
        self.subscription = subscription
        self.subscribers: dict[int, dict[Subscriber, None]] = {}
        self.size = 0

    def __iter__(self) -> Iterator[Subscriber]:
        for subscribers in self.subscribers.values():
            yield from subscribers


class _GroupIndex:
    """The groups of one mutation, by the value of the field that they filter on."""

    __slots__ = ("indexed", "unindexed")

    def __init__(self) -> None:
        self.unindexed: dict[GroupKey, Group] = {}
        self.indexed: dict[str, dict[Hashable, dict[GroupKey, Group]]] = {}

    def __bool__(self) -> bool:
        return bool(self.unindexed or self.indexed)

    def add(self, group: Group) -> None:
        index = group.subscription.index
        if index is None:
            self.unindexed[group.key] = group
        else:
            name, value = index
            self.indexed.setdefault(name, {}).setdefault(value, {})[group.key] = group

    def remove(self, group: Group) -> None:
        index = group.subscription.index
        if index is None:
            del self.unindexed[group.key]
            return
        name, value = index
        by_value = self.indexed[name]
        del by_value[value][group.key]
        if not by_value[value]:
            del by_value[value]
        if not by_value:
            del self.indexed[name]

    def candidates(self, value: JsonObject) -> list[Group]:
        found = list(self.unindexed.values())
        for name, by_value in self.indexed.items():
            wanted = value.get(name)
            if isinstance(wanted, Hashable):  # a list or an object equals no index
                found.extend(by_value.get(wanted, {}).values())
        return found


class Hub:
    """All subscriptions of a data plane. Only faults use `call_later(seconds, callback)`."""

    def __init__(self, limits: Limits, counters: Counters, faults: Faults, call_later: CallLater) -> None:
        self._limits = limits
        self._counters = counters
        self._faults = faults
        self._call_later = call_later
        self._groups: dict[GroupKey, Group] = {}
        self._by_mutation: dict[str, _GroupIndex] = {}

    def add(
        self, subscription: Subscription, subscription_id: SubscriptionId, receiver: Receiver
    ) -> Subscriber:
        """Add a subscription. It receives results that are published after this call."""
        key = (subscription.field, subscription.group_key)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, subscription)
            for mutation in subscription.mutations:
                self._by_mutation.setdefault(mutation, _GroupIndex()).add(group)
        subscriber = Subscriber(
            group, receiver, data_prefix(subscription_id), self._faults.switches.drop_after_start_ack
        )
        subscriber.invalidated_by = subscription.invalidated_by
        group.subscribers.setdefault(len(subscriber.prefix), {})[subscriber] = None
        group.size += 1
        self._counters.subscriptions += 1
        self._counters.subscriptions_opened += 1
        return subscriber

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscription. Does nothing when it is already removed."""
        if not subscriber.open:
            return
        subscriber.open = False
        subscriber.held = None
        group = subscriber.group
        width = len(subscriber.prefix)
        del group.subscribers[width][subscriber]
        if not group.subscribers[width]:
            del group.subscribers[width]
        group.size -= 1
        self._counters.subscriptions -= 1
        if not group.size:
            self._discard(group)

    def _discard(self, group: Group) -> None:
        del self._groups[group.key]
        for mutation in group.subscription.mutations:
            index = self._by_mutation[mutation]
            index.remove(group)
            if not index:
                del self._by_mutation[mutation]

    def publish(self, published: Published) -> None:
        """Put the result of a mutation field into the outboxes of all subscribers that it matches."""
        self._counters.published += 1
        index = self._by_mutation.get(published.mutation_field)
        value = published.value
        if index is None or value is None:
            return
        for group in index.candidates(value):
            payload = self._payload(group, value)
            if payload is not None:
                self._deliver(group, payload)

    def _payload(self, group: Group, value: JsonObject) -> bytes | None:
        """The push for the group's subscribers. None when the filter rejects it or it exceeds the limit."""
        subscription = group.subscription
        try:
            if not subscription.matches(value):
                return None
            payload = subscription.encode(value)
        except Exception:  # one group's broken filter or selection must not stop the other groups' pushes
            log.exception("field=<%s>, receivers=<%d> | push failed", subscription.field, group.size)
            self._counters.dropped[Dropped.FAILED] += group.size
            return None
        limit = self._faults.switches.oversize_bytes or self._limits.payload_bytes
        if len(payload) > limit:
            log.warning(
                "field=<%s>, bytes=<%d>, receivers=<%d> | push over the size limit dropped",
                subscription.field,
                len(payload),
                group.size,
            )
            self._counters.dropped[Dropped.OVERSIZE] += group.size
            return None
        return payload

    def _deliver(self, group: Group, payload: bytes) -> None:
        tail = payload + b"}"
        disturbed = self._faults.switches.disturb_pushes
        for width, subscribers in group.subscribers.items():
            head = text_head(width + len(tail))
            if disturbed:
                for subscriber in subscribers:
                    self._deliver_disturbed(subscriber, b"".join((head, subscriber.prefix, tail)))
                continue
            for subscriber in subscribers:  # runs for each delivery, so it neither waits nor raises
                outbox = subscriber.outbox
                if not outbox:
                    subscriber.receiver.schedule_flush()
                outbox += (head, subscriber.prefix, tail)
        if not disturbed:
            self._counters.delivered += group.size

    def _deliver_disturbed(self, subscriber: Subscriber, frame: bytes) -> None:
        frames = self._faults.disturb(subscriber, frame)
        if frames is None:
            self._call_later(REORDER_SECONDS, partial(self._release, subscriber, subscriber.held))
            return
        if not frames:
            self._counters.dropped[Dropped.FAULT] += 1
        delay = self._faults.switches.delay_seconds
        for each in frames:
            if delay:
                self._call_later(delay, partial(self._send, subscriber, each))
            else:
                self._send(subscriber, each)

    def _release(self, subscriber: Subscriber, held: list[bytes] | None) -> None:
        if held is not None and subscriber.held is held:
            subscriber.held = None
            for frame in held:
                self._send(subscriber, frame)

    def _send(self, subscriber: Subscriber, frame: bytes) -> None:
        if subscriber.open:
            subscriber.send(frame)
            self._counters.delivered += 1

    def invalidate(self, invalidation: Invalidation) -> None:
        """End the subscriptions whose invalidation filter matches, and close their connections."""
        revoked: dict[Receiver, list[Subscriber]] = {}
        for (field, _), group in self._groups.items():
            if field != invalidation.subscription_field:
                continue
            for subscriber in group:
                if self._is_invalidated(subscriber, invalidation.payload):
                    revoked.setdefault(subscriber.receiver, []).append(subscriber)
        for receiver, subscribers in revoked.items():
            receiver.revoke(subscribers)

    def _is_invalidated(self, subscriber: Subscriber, payload: JsonObject) -> bool:
        if subscriber.invalidated_by is None:
            return False
        try:
            return subscriber.invalidated_by(payload)
        except Exception:  # one broken filter must not keep other subscribers connected
            log.exception("field=<%s> | invalidation filter failed", subscriber.group.subscription.field)
            return False

    def to_dict(self) -> dict[str, Any]:
        """The number of groups: `{"groups": n}`."""
        return {"groups": len(self._groups)}
