"""Who has subscribed to what, and what a publish puts into their outboxes.

    link = hub.add(subscription, "1", outbox)       # from now on it receives
    hub.publish(Published(mutation_field="publishStatus", value={...}))
    hub.remove(link)

A publish looks only at groups whose index fits, asks `matches` and `encode` once a group, and puts three
references into each outbox: frame header, the subscription's own prefix, the shared payload. Nothing here
waits for anyone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any, Final, Protocol

from ..contract import Invalidation, JsonObject, Published, Subscription
from ..limits import Limits
from .counters import Counters, Dropped
from .faults import Faults
from .protocol import SubscriptionId, data_prefix
from .websocket import text_head

log = logging.getLogger(__name__)

GroupKey = tuple[str, Hashable]
Later = Callable[[float, Callable[[], None]], object]

HOLD_SECONDS: Final = 0.25  # a push held back to change places goes out alone when no other comes


class Outbox(Protocol):
    """Where the frames for one connection gather until the end of the loop's tick."""

    parts: list[bytes]

    def wake(self) -> None:
        """`parts` was empty and is about to be filled."""
        ...

    def revoke(self, links: list[Link]) -> None:
        """End these subscriptions and close the connection."""
        ...


class Link:
    """One subscription of one connection."""

    __slots__ = ("group", "held", "invalidated_by", "open", "outbox", "parts", "prefix", "to_drop")

    def __init__(self, group: Group, outbox: Outbox, prefix: bytes, to_drop: int) -> None:
        self.group = group
        self.outbox = outbox
        self.parts = outbox.parts  # the very list: saves a look-up per delivery
        self.prefix = prefix
        self.invalidated_by: Callable[[JsonObject], bool] | None = None
        self.open = True
        self.to_drop = to_drop
        self.held: list[bytes] | None = None

    def send(self, *parts: bytes) -> None:
        """Put one frame into the outbox."""
        if not self.parts:
            self.outbox.wake()
        self.parts += parts


class Group:
    """Subscriptions that want the same results in the same form.

    `links` are kept by the length of their prefix.
    """

    __slots__ = ("key", "links", "size", "subscription")

    def __init__(self, key: GroupKey, subscription: Subscription) -> None:
        self.key = key
        self.subscription = subscription
        self.links: dict[int, dict[Link, None]] = {}
        self.size = 0

    def __iter__(self) -> Iterator[Link]:
        for links in self.links.values():
            yield from links


class _Feed:
    """The groups fed by one mutation: by the value they look for in one field, or everywhere."""

    __slots__ = ("everywhere", "indexed")

    def __init__(self) -> None:
        self.everywhere: dict[GroupKey, Group] = {}
        self.indexed: dict[str, dict[Hashable, dict[GroupKey, Group]]] = {}

    def __bool__(self) -> bool:
        return bool(self.everywhere or self.indexed)

    def add(self, group: Group) -> None:
        index = group.subscription.index
        if index is None:
            self.everywhere[group.key] = group
        else:
            name, value = index
            self.indexed.setdefault(name, {}).setdefault(value, {})[group.key] = group

    def remove(self, group: Group) -> None:
        index = group.subscription.index
        if index is None:
            del self.everywhere[group.key]
            return
        name, value = index
        by_value = self.indexed[name]
        del by_value[value][group.key]
        if not by_value[value]:
            del by_value[value]
        if not by_value:
            del self.indexed[name]

    def candidates(self, value: JsonObject) -> list[Group]:
        found = list(self.everywhere.values())
        for name, by_value in self.indexed.items():
            wanted = value.get(name)
            if isinstance(wanted, Hashable):  # a list or an object equals no index
                found.extend(by_value.get(wanted, {}).values())
        return found


class Hub:
    """All subscriptions of a data plane. `later(seconds, call)` is needed only for faults that take time."""

    def __init__(self, limits: Limits, counters: Counters, faults: Faults, later: Later) -> None:
        self._limits = limits
        self._counters = counters
        self._faults = faults
        self._later = later
        self._groups: dict[GroupKey, Group] = {}
        self._feeds: dict[str, _Feed] = {}

    def add(self, subscription: Subscription, subscription_id: SubscriptionId, outbox: Outbox) -> Link:
        """Let a subscription receive from now on."""
        key = (subscription.field, subscription.group_key)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, subscription)
            for mutation in subscription.mutations:
                self._feeds.setdefault(mutation, _Feed()).add(group)
        link = Link(group, outbox, data_prefix(subscription_id), self._faults.switches.drop_after_start_ack)
        link.invalidated_by = subscription.invalidated_by
        group.links.setdefault(len(link.prefix), {})[link] = None
        group.size += 1
        self._counters.subscriptions += 1
        self._counters.subscriptions_opened += 1
        return link

    def remove(self, link: Link) -> None:
        """Let a subscription receive no more; removing it twice is harmless."""
        if not link.open:
            return
        link.open = False
        link.held = None
        group = link.group
        width = len(link.prefix)
        del group.links[width][link]
        if not group.links[width]:
            del group.links[width]
        group.size -= 1
        self._counters.subscriptions -= 1
        if not group.size:
            self._discard(group)

    def _discard(self, group: Group) -> None:
        del self._groups[group.key]
        for mutation in group.subscription.mutations:
            feed = self._feeds[mutation]
            feed.remove(group)
            if not feed:
                del self._feeds[mutation]

    def publish(self, published: Published) -> None:
        """Put the result of a mutation field into the outboxes of everyone who wants it."""
        self._counters.published += 1
        feed = self._feeds.get(published.mutation_field)
        value = published.value
        if feed is None or value is None:
            return
        for group in feed.candidates(value):
            payload = self._payload(group, value)
            if payload is not None:
                self._deliver(group, payload)

    def _payload(self, group: Group, value: JsonObject) -> bytes | None:
        """What the group's subscribers get; None when the result is not for them or does not fit."""
        subscription = group.subscription
        try:
            if not subscription.matches(value):
                return None
            payload = subscription.encode(value)
        except Exception:  # one group's filter or selection must not cost the others their push
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
        for width, links in group.links.items():
            head = text_head(width + len(tail))
            if disturbed:
                for link in links:
                    self._deliver_disturbed(link, b"".join((head, link.prefix, tail)))
                continue
            for link in links:  # the hot loop: nothing in it may raise, wait or look anything up
                parts = link.parts
                if not parts:
                    link.outbox.wake()
                parts += (head, link.prefix, tail)
        if not disturbed:
            self._counters.delivered += group.size

    def _deliver_disturbed(self, link: Link, frame: bytes) -> None:
        frames = self._faults.disturb(link, frame)
        if frames is None:
            self._later(HOLD_SECONDS, partial(self._release, link, link.held))
            return
        if not frames:
            self._counters.dropped[Dropped.FAULT] += 1
        delay = self._faults.switches.delay_seconds
        for each in frames:
            if delay:
                self._later(delay, partial(self._send, link, each))
            else:
                self._send(link, each)

    def _release(self, link: Link, held: list[bytes] | None) -> None:
        if held is not None and link.held is held:
            link.held = None
            for frame in held:
                self._send(link, frame)

    def _send(self, link: Link, frame: bytes) -> None:
        if link.open:
            link.send(frame)
            self._counters.delivered += 1

    def invalidate(self, invalidation: Invalidation) -> None:
        """End the subscriptions whose invalidation filter fits and, as AppSync does, close their sockets."""
        hit: dict[Outbox, list[Link]] = {}
        for (field, _), group in self._groups.items():
            if field != invalidation.subscription_field:
                continue
            for link in group:
                if self._is_invalidated(link, invalidation.payload):
                    hit.setdefault(link.outbox, []).append(link)
        for outbox, links in hit.items():
            outbox.revoke(links)

    def _is_invalidated(self, link: Link, payload: JsonObject) -> bool:
        if link.invalidated_by is None:
            return False
        try:
            return link.invalidated_by(payload)
        except Exception:  # a filter that cannot tell must not keep the others subscribed
            log.exception("field=<%s> | invalidation filter failed", link.group.subscription.field)
            return False

    def to_dict(self) -> dict[str, Any]:
        """How the subscriptions are spread: `{"groups": n}`."""
        return {"groups": len(self._groups)}
