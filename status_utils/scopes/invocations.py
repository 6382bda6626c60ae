"""The invocation ids and attempts of the scopes.

>>> Invocations("job-1", attempt=2).next("Geo Agent", None, None).invocation_id
'job-1-geo_agent'
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count

from statusbeam.model.limits import ATTEMPT_MIN, ID_LENGTH, WHOLE_NUMBER_MAX

from ..sending.own_work import warn
from .plain_numbers import to_count
from .plain_texts import to_id, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_WORD = re.compile(r"[\W_]+")
_TOKEN_LENGTH = 40


class Invocation:
    """One invocation of an agent. `counted_attempt` is None if the caller doesn't count attempts."""

    def __init__(self, invocation_id: str, counted_attempt: int | None) -> None:
        self.invocation_id = invocation_id
        self.attempt = 1 if counted_attempt is None else counted_attempt
        self.counted_attempt = counted_attempt  # agents below it inherit this


class Invocations:
    """Makes the ids of the invocations under one job or agent, whose own id is `parent_id`."""

    def __init__(self, parent_id: str, attempt: int | None) -> None:
        self._parent_id = parent_id
        self.attempt = to_attempt(attempt)
        """None if the caller doesn't count attempts."""
        self._counters: dict[str, Iterator[int]] = {}

    @property
    def are_counted(self) -> bool:
        """Whether the attempts are counted."""
        return self.attempt is not None

    def next(self, agent_name: str, attempt: int | None, invocation_id: str | None) -> Invocation:
        """The invocation that begins now.

        If attempts are counted, an agent's n-th invocation has the same id in each attempt, in any process.
        """
        counted = self.attempt if attempt is None else to_attempt(attempt)
        invocation_id = to_id(invocation_id, "invocation_id")
        if invocation_id is None:
            token = _NOT_WORD.sub("_", agent_name.lower()).strip("_")[:_TOKEN_LENGTH] or "agent"
            invocation_id = self._random_id(token) if counted is None else self._numbered_id(token, counted)
        return Invocation(invocation_id, counted)

    @staticmethod
    def _random_id(token: str) -> str:
        return f"{token}-{os.urandom(6).hex()}"

    def _numbered_id(self, token: str, attempt: int) -> str:
        number = next(self._counters.setdefault(f"{token}/{attempt}", count(1)))
        name = f"{self._parent_id}-{token}" if number == 1 else f"{self._parent_id}-{token}-{number}"
        return name if len(name) <= ID_LENGTH else _digest(name)


def to_attempt(attempt: Any) -> int | None:
    """An attempt from 1 on, also as a text, as the environment has it; None, with a warning, for other values
    such as a count from 0."""
    if attempt is None:
        return None
    number = None if isinstance(attempt, float) else to_count(attempt)
    if number is not None and ATTEMPT_MIN <= number <= WHOLE_NUMBER_MAX:
        return number
    warn(__name__, "attempt=<%s> | ignored: not a number from 1 on", to_text(attempt)[:20])
    return None


def _digest(name: str) -> str:
    import hashlib  # noqa: PLC0415 - loading it costs as much as the rest of this library

    return hashlib.sha256(name.encode()).hexdigest()
