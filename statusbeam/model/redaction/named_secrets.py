"""Values that are secrets because of their names: `password=…`, `the access key is …`, `| Password | … |`.

    >>> list(named_secrets("use password hunter2", "use password hunter2", Budget()))
    [(13, 20, 'secret', 4)]

Each name is found once; the search then reads a bounded part of the text after it.
"""

from __future__ import annotations

import re

from ..lazy import Lazy
from .assignments import assigned
from .budget import A_NAME
from .markup import beside, in_markup
from .names import CODE, COOKIE, HEADER, LONGEST, PASSWORD, SEED, SHORT_STEMS, STEMS, kind_of_name
from .vocabulary import words
from .wordings import adjacent, backwards, next_line, seed_phrase, stated

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .budget import Budget
    from .readings import Span

_MARKS: Final = {COOKIE: "cookie", HEADER: "login", SEED: "seed phrase", CODE: "code"}

_HEAD = Lazy(r"[\w.-]{0,40}+")
_TAIL = Lazy(r"[A-Za-z0-9_-]{0,40}(?:\.[A-Za-z]\w{0,20}){0,3}+", re.ASCII)
_TAIL_OF_ANY = Lazy(r"[\w-]{0,40}")
_BEFORE = Lazy(r"[ \t]([\w'\u2019-]{1,20}+)(?:[ \t]([\w'\u2019-]{1,20}+))?")
_OF_TWO_WORDS: Final = words("key keys token secret secrets code codes phrase passe pass")
"""Names that the word before completes: `API key`, `recovery phrase`, `mot de passe`."""
_MORE = Lazy(r" (?:number|value|string|secreta|secreto|segreta|secr\u00e8te)(?![a-z])")
"""`PIN number`, `clave secreta`."""
_WORD_AFTER = Lazy(r" ([a-z]{1,20})(?=[ .,;!?\n]|$)")
_LEADING: Final = words(
    """
    is was are were will should to has have been be set changed updated reset rotated got ist lautet war est
    es era sera wurde equals reads for of on in at we you i they that which used von vom der des dem de du
    pour para del della dello di per do da or when if while because
    """
)
"""Words that lead from a name to its value."""


def named_secrets(text: str, lowered: str, budget: Budget) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each value with the name of a secret."""
    done = 0
    for stem in _stems(lowered):
        if stem[0] < done:
            continue
        budget.spend(A_NAME)
        start, end, kind = _name_at(text, lowered, *stem)
        done = max(done, end)
        span = _value_of(kind, text, lowered, start, end) if kind else None
        if kind and span:
            done = max(done, span[1])
            yield *span, _MARKS.get(kind, "secret"), start


def _stems(lowered: str) -> list[Span]:
    """The possible places of names, in their order."""
    found = []
    for stems, ends_word in ((STEMS, False), (SHORT_STEMS, True)):
        for stem in stems:
            at = lowered.find(stem)
            while at >= 0:
                end = at + len(stem)
                if not (ends_word and lowered[end : end + 1].isalpha()):
                    found.append((at, end))
                at = lowered.find(stem, end)
    found.sort()
    return found


def _name_at(text: str, lowered: str, start: int, end: int) -> tuple[int, int, str | None]:
    """Where the name around a stem begins and ends, and its kind."""
    stem = end
    head = _HEAD.match(text[max(0, start - 40) : start][::-1])
    start -= head.end() if head else 0
    tail = (_TAIL if text[start : end + 1].isascii() else _TAIL_OF_ANY).match(text, end)
    end = tail.end() if tail else end
    while end > stem and text[end - 1] in "-_.":
        end -= 1
    name = text[start:end].strip("-_.")
    more = _MORE.match(lowered, end)
    end = more.end() if more else end
    if name.lower() in _OF_TWO_WORDS:
        before = _BEFORE.match(lowered[max(0, start - 44) : start][::-1])
        if before:
            phrase = " ".join([part[::-1] for part in before.groups() if part][::-1])
            return start - before.end(), end, kind_of_name(f"{phrase} {name.lower()}")
    kind = kind_of_name(name[-LONGEST:])
    if kind is None and "." in text[stem:end]:  # "the password.Then"
        return start, stem, kind_of_name(text[start:stem][-LONGEST:])
    return start, end, kind


def _value_of(kind: str, text: str, lowered: str, start: int, end: int) -> Span | None:
    """The place of the value of the name at `start:end`, if it is a secret."""
    if kind == SEED:
        return seed_phrase(text, end)
    following = text[end : end + 1]
    marked_up = "<" in text or "|" in text or following in "\"'"
    word = _WORD_AFTER.match(lowered, end)
    if word and word[1] not in _LEADING and not marked_up:
        return adjacent(kind, text, start, end) if kind == PASSWORD else None
    return (
        assigned(kind, text, start, end)
        or (in_markup(kind, text, start, end) if marked_up else None)
        or (beside(kind, text, start, end) if following in "\"',)](\r\n\\" else None)
        or stated(kind, text, end)
        or next_line(kind, text, end)
        or adjacent(kind, text, start, end)
        or backwards(kind, text, start)
    )
