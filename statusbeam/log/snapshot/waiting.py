"""The waits of a job and its agents. A wait has no lease, so days of waiting are neither stale nor lost.

>>> waiting = waiting_after(None, update)       # status "waiting", metadata {"waiting": {"for": "approval"}}
>>> waiting.what, waiting.since_ms
('approval', 1795167000000)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from statusbeam.model.limits import WAITING_FOR_LENGTH, WAITING_PROMPT_LENGTH
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.replace import replace
from statusbeam.model.update import StatusUpdate
from statusbeam.model.words import StatusType, StatusWord

from .texts import cut
from .times import ms_in, ms_of, time_of

WAITERS_KEPT: Final = 16
"""The most waiting agents that the head has by name; it has the number of the others."""

HEAD_PROMPT_LENGTH: Final = 300
"""Characters of an agent's prompt that the head keeps; the agent has all of it."""

_UNKNOWN: Final = "unknown"
_MANY: Final = "agents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The wait of one scope."""

    what: str
    prompt: str | None = None
    since_ms: int
    until_ms: int | None = None
    answerable: bool = False
    """Whether people answer it with `answerWaiting`."""

    def view(self, invocation_id: str | None = None) -> dict[str, Any]:
        """The schema's Waiting."""
        return {
            "for": self.what,
            "prompt": self.prompt,
            "since": time_of(self.since_ms),
            "until": time_of(self.until_ms),
            "answerable": self.answerable,
            "invocationId": invocation_id,
        }

    def to_item(self) -> list[Any]:
        """Five values."""
        return [self.what, self.prompt, self.since_ms, self.until_ms, self.answerable]

    @classmethod
    def from_item(cls, values: Any) -> Self | None:
        """What `to_item` wrote; numbers may come back as Decimal."""
        if not values:
            return None
        what, prompt, since_ms, until_ms, answerable = values
        until_ms = None if until_ms is None else int(until_ms)
        return cls(what=what, prompt=prompt, since_ms=int(since_ms), until_ms=until_ms, answerable=answerable)


def waiting_after(before: Waiting | None, update: StatusUpdate) -> Waiting | None:
    """The wait of a scope after a current status of its own.

    A status ends the wait unless it is a heartbeat, or was reported before the wait began.
    """
    at_ms = ms_of(update.timestamp) or 0
    if before is not None and (update.type is StatusType.HEARTBEAT or at_ms < before.since_ms):
        return before
    if update.status != StatusWord.WAITING:
        return None
    found = (update.metadata or {}).get(MetadataKey.WAITING)
    asked = found if isinstance(found, Mapping) else {}
    what = cut(asked.get("for"), WAITING_FOR_LENGTH) or _UNKNOWN
    return Waiting(
        what=what,
        prompt=cut(asked.get("prompt"), WAITING_PROMPT_LENGTH),
        since_ms=before.since_ms if before is not None and before.what == what else at_ms,
        until_ms=ms_in(asked.get("until")),
        answerable=asked.get("answerable") is True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiters:
    """The agents of a job that wait, kept up to date from those that change without reading the others."""

    known: tuple[tuple[str, Waiting], ...] = ()  # by invocation, WAITERS_KEPT at most
    others: int = 0
    others_since_ms: int | None = None  # the earliest beginning among the others

    @property
    def any(self) -> bool:
        """Whether an agent waits."""
        return bool(self.known) or self.others > 0

    def moved(self, invocation_id: str, before: Waiting | None, now: Waiting | None) -> Waiters:
        """After an agent went from waiting for `before` to waiting for `now` (None: it doesn't wait)."""
        if before == now:
            return self
        known = dict(self.known)
        was_other = before is not None and known.pop(invocation_id, None) is None
        others = self.others - 1 if was_other else self.others
        others_since_ms = self.others_since_ms if others > 0 else None
        if now is not None and len(known) < WAITERS_KEPT:
            known[invocation_id] = replace(now, prompt=cut(now.prompt, HEAD_PROMPT_LENGTH))
        elif now is not None:
            others += 1
            earliest = others_since_ms if others_since_ms is not None else now.since_ms
            others_since_ms = min(earliest, now.since_ms)
        return Waiters(known=tuple(known.items()), others=max(0, others), others_since_ms=others_since_ms)

    def view(self) -> dict[str, Any] | None:
        """The schema's Waiting of the agent that has waited longest; None when none waits."""
        if self.known:
            invocation_id, longest = min(self.known, key=lambda one: (one[1].since_ms, one[0]))
            return longest.view(invocation_id)
        if self.others_since_ms is None:
            return None
        return Waiting(what=_MANY, since_ms=self.others_since_ms).view()

    def to_item(self) -> dict[str, Any] | None:
        """Plain JSON types; None when no agent waits."""
        if not self.any:
            return None
        known = [[invocation_id, *waiting.to_item()] for invocation_id, waiting in self.known]
        return {"known": known, "others": self.others, "othersSince": self.others_since_ms}

    @classmethod
    def from_item(cls, item: Any) -> Self:
        """What `to_item` wrote; numbers may come back as Decimal."""
        if not item:
            return cls()
        since_ms = item["othersSince"]
        rows = ((row[0], Waiting.from_item(row[1:])) for row in item["known"])
        return cls(
            known=tuple((invocation_id, waiting) for invocation_id, waiting in rows if waiting),
            others=int(item["others"]),
            others_since_ms=None if since_ms is None else int(since_ms),
        )
