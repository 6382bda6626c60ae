"""Rules that begin at a literal: a text is searched for the literal, and the pattern tried there only."""

from __future__ import annotations

from dataclasses import dataclass

from .budget import A_PLACE

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..lazy import Lazy
    from .budget import Budget


@dataclass(frozen=True, slots=True)
class Anchor:
    """One way to give a secret away."""

    kind: str
    literals: tuple[str, ...]
    pattern: Lazy
    """Begins with a literal; the secret is its group `secret`, or the whole match."""
    check: Callable[[str], bool] | None = None
    back: int = 0
    """The number of characters before the literal that belong to the secret; the pattern looks behind for
    them."""
    sign: str = ""
    """A literal that every matching text has; few texts have it."""
    in_word: bool = True
    """Whether a letter or a digit may stand before the literal."""


def by_literal(*anchors: Anchor) -> list[tuple[str, Anchor]]:
    """Each literal with its rule."""
    return [(literal, anchor) for anchor in anchors for literal in anchor.literals]


def anchored(
    anchors: Iterable[tuple[str, Anchor]], text: str, searched: str, budget: Budget
) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each secret; literals are looked for in `searched`."""
    for literal, anchor in anchors:
        if literal in searched:
            yield from _of(anchor, literal, text, searched, budget)


def _of(
    anchor: Anchor, literal: str, text: str, searched: str, budget: Budget
) -> Iterator[tuple[int, int, str, int]]:
    at = searched.find(literal)
    while at >= 0:
        end = at + 1
        if anchor.in_word or at == 0 or not _part_of_word(text[at - 1]):
            budget.spend(A_PLACE)
            match = anchor.pattern.match(text, at)
            if match:
                start, end = match.span("secret" if anchor.pattern.groups else 0)
                if anchor.check is None or anchor.check(
                    match["secret"] if anchor.pattern.groups else match[0]
                ):
                    yield _from(text, start - anchor.back) if anchor.back else start, end, anchor.kind, at
        at = searched.find(literal, end)


def _from(text: str, start: int) -> int:
    """The beginning of a number that starts before `start`."""
    least = max(0, start - 4)
    while start > least and text[start - 1].isdigit():
        start -= 1
    return start


def _part_of_word(before: str) -> bool:
    """Whether a literal that follows `before` is the middle of a longer word."""
    return before.isascii() and before.isalnum()
