"""The used tokens of each attempt, settled so that no token counts twice.

A report is the running total of its attempt, so of several the largest counts and a redelivered or late one
changes nothing. A retry is paid again, so a ledger's total is the sum over all attempts, dead ones included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from statusbeam.model.limits import WHOLE_NUMBER_MAX
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.numbers import clamped_count

ATTEMPTS_KEPT: Final = 8
"""Attempts whose usage can still grow; older ones are settled into one sum, so that a ledger stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Tokens of one invocation, or of the job's own work. Two integers an attempt."""

    attempts: tuple[tuple[int, int, int], ...] = ()  # (attempt, input, output), ascending by attempt
    settled_through: int = 0  # reports of this attempt and of older ones come too late to count
    settled: tuple[int, int] = (0, 0)  # (input, output) of those

    @property
    def total(self) -> tuple[int, int]:
        """(input, output) over all attempts."""
        tokens_in, tokens_out = self.settled
        for _, attempt_in, attempt_out in self.attempts:
            tokens_in += attempt_in
            tokens_out += attempt_out
        return tokens_in, tokens_out

    def reported(self, attempt: int, usage: tuple[int, int]) -> Ledger:
        """With `usage` (input, output) as a running total of `attempt`."""
        if attempt <= self.settled_through:
            return self
        known = {number: (i, o) for number, i, o in self.attempts}
        before = known.get(attempt, (0, 0))
        known[attempt] = (max(before[0], usage[0]), max(before[1], usage[1]))
        settled_through, (paid_in, paid_out) = self.settled_through, self.settled
        if len(known) > ATTEMPTS_KEPT:
            settled_through = min(known)
            oldest = known.pop(settled_through)
            paid_in, paid_out = paid_in + oldest[0], paid_out + oldest[1]
        return Ledger(
            attempts=tuple((number, *known[number]) for number in sorted(known)),
            settled_through=settled_through,
            settled=(paid_in, paid_out),
        )

    def to_item(self) -> list[list[int]]:
        """Rows of three integers, the settled sum first: `[[3, 900, 80], [4, 310, 22]]`. Empty: no usage."""
        rows = [list(row) for row in self.attempts]
        return [[self.settled_through, *self.settled], *rows] if rows else []

    @classmethod
    def from_item(cls, rows: Any) -> Self:
        """The usage in an item of `to_item`; numbers may be Decimals."""
        if not rows:
            return cls()
        settled, *attempts = ((int(a), int(i), int(o)) for a, i, o in rows)
        return cls(attempts=tuple(attempts), settled_through=settled[0], settled=(settled[1], settled[2]))


def usage_in(metadata: Mapping[str, Any]) -> tuple[int, int] | None:
    """(input, output) of `{"tokenUsage": {"inputTokens": 12, "outputTokens": 3}}`; None if nothing usable.

    One of the two may be absent. Numbers are held between 0 and 2^31 - 1; other values are ignored.
    """
    found = metadata.get(MetadataKey.TOKEN_USAGE)
    if not isinstance(found, Mapping):
        return None
    tokens_in, tokens_out = (
        clamped_count(found.get(name), WHOLE_NUMBER_MAX) for name in ("inputTokens", "outputTokens")
    )
    if tokens_in is None and tokens_out is None:
        return None
    return tokens_in or 0, tokens_out or 0


def usage_view(total: tuple[int, int]) -> dict[str, int] | None:
    """The schema's TokenUsage; None when no tokens were used. Held below GraphQL's largest Int."""
    if total == (0, 0):
        return None
    tokens_in, tokens_out = total
    return {
        "inputTokens": min(tokens_in, WHOLE_NUMBER_MAX),
        "outputTokens": min(tokens_out, WHOLE_NUMBER_MAX),
        "totalTokens": min(tokens_in + tokens_out, WHOLE_NUMBER_MAX),
    }
