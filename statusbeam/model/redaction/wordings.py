"""Secrets in sentences: `the password for ana is …`, `use password …`, `enter … as password`."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .names import CODE, CREDENTIALS, KEY, PASSWORD, SECRET, TOKEN, WEAK
from .readings import CLOSE, OPEN, bare_at, ends_clause, quoted_at, whole
from .values import (
    has_digit,
    is_chosen,
    is_code,
    is_made,
    is_no_secret,
    is_plain_word,
    is_secret_value,
    is_wordy,
    units_follow,
)
from .vocabulary import words

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

    from .readings import Span

_OF: Final = (
    r"(?:[ \t]{1,2}(?:\([^()\n]{1,40}\)"
    r"|(?:for|of|on|in|to|at|we|you|i|they|that|which|used|f\u00fcr|von|vom|der|des|dem|de|du|pour|para|del"
    r"|della|dello|di|per|do|da)[ \t]\S{1,40}(?:[ \t][\w.@'-]{1,24}){0,3}?))"
)
"""The owner or the purpose: `for the staging server`, `we use`."""
_VERB: Final = (
    r"(?:(?:(?:is|was|has been|have been|got|will be|wurde)[ \t])?"
    r"(?:set|changed|updated|reset|rotated|ge\u00e4ndert)(?:[ \t]from)?(?:[ \t](?:to|auf|in))?"
    r"(?=[ \t]\S{0,64}[\d!@#$%^&*])|wurde auf|is|was|are|were|will be|should be|to be|to|ist|lautet|war"
    r"|est|es|\u00e9|\u00e8|era|sera|ser\u00e1|equals|reads|[\u2019']s)"
)
_STATING: Final = frozenset(("is", "was", "are", "were", "will be", "ist", "lautet", "\u2019s", "'s"))
"""After these, an ordinary word may be the password."""
_IS = Lazy(
    rf"[\"'`*]{{0,3}}{_OF}?[ \t]{{0,2}}(?<=[^:=])(?P<verb>{_VERB})"
    r"(?:[ \t](?:now|currently|still|just|simply|always|probably|jetzt|maintenant|ahora|agora|ora))?"
    rf"(?:[ \t]{{0,2}}:)?[ \t\n]{{1,4}}{OPEN}",
    re.IGNORECASE,
)
_FOR = Lazy(rf"[\"'`*]{{0,3}}{_OF}[ \t]?[:=][ \t]{{1,4}}{OPEN}", re.IGNORECASE)
_IN_BRACKETS = Lazy(
    r"[\"'`*]{0,2}[ \t]\((?:(?:which|it)[ \t])?(?:(?:is|was|ist)[ \t]|[=:][ \t]?)?"
    r"[\"'`*]{0,2}(?P<secret>[^\s()\"'`]{4,64})[\"'`*]{0,2}\)"
)
_NEXT = Lazy(rf"[\"'`*]{{0,2}}[ \t]{{1,4}}{OPEN}")
_USE = Lazy(r"(?:use|using|with|try|,)\s{1,2}(?:the |my )?$", re.IGNORECASE)
_LINE_BREAK = Lazy(
    r"[\"'*_`]{0,3}[ \t]{0,3}:?[ \t]{0,3}[*_]{0,2}(?P<block>[|>][+-]?)?[ \t]{0,3}(?:\r?\n|\\n){1,2}"
    r"[ \t]{0,32}(?:```\w{0,8}\n|[`*]{0,3})"
)
_LINE = Lazy(r"(?P<secret>[^\s\"'`\\<>|]{1,256})[`*]{0,3}[ \t]{0,3}(?:\r?\n|\\n|$)")
_SEED = Lazy(
    rf"{CLOSE}{_OF}?(?:[ \t]{{0,2}}(?:[:=]|is|was)){{0,2}}{CLOSE}\s{{0,4}}"
    r"(?P<secret>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23}+)",
    re.IGNORECASE,
)
_AS: Final = frozenset(("is", "as", "ist", "als", "est", "es", "como", "comme", "\u00e8", "\u00e9"))
_DETERMINERS: Final = words(
    """
    the my your our a an its his her their das mein la le mi ma mon root admin user new current temporary
    """
)
_MARKUP: Final = "\"'`*\u201c\u201d"


def seed_phrase(text: str, end: int) -> Span | None:
    """The twelve to 24 words behind `seed phrase`."""
    seed = _SEED.match(text, end)
    return seed.span("secret") if seed else None


def stated(kind: str, text: str, end: int) -> Span | None:
    """`the password for ana is hunter2`, `password (staging): hunter2`, `password (hunter2)`."""
    for pattern in (_IS, _FOR):
        match = pattern.match(text, end)
        if match:
            states = pattern is _FOR or match["verb"].lower() in _STATING
            span = _stated_at(kind, text, match.end(), states=states)
            if span:
                return span
    inside = _IN_BRACKETS.match(text, end)
    if inside and _is_stated(kind, text, inside["secret"], inside.end("secret"), states=False):
        return inside.span("secret")
    return None


def _stated_at(kind: str, text: str, at: int, *, states: bool) -> Span | None:
    quoted = quoted_at(text, at)
    if quoted:
        span, value = quoted
        return span if is_secret_value(kind, value) and (" " not in value or kind == PASSWORD) else None
    bare = bare_at(text, at, prose=True)
    if bare is None or not _is_stated(kind, text, bare[1], bare[0][1], states=states):
        return None
    return whole(text, bare[0])


def _is_stated(kind: str, text: str, value: str, end: int, *, states: bool) -> bool:
    """Whether a word of a sentence is the secret that the sentence is about."""
    if is_no_secret(value) or is_code(value) or units_follow(value, text, end):
        return False
    if kind == CODE:
        return is_secret_value(kind, value)
    if kind in (KEY, TOKEN, WEAK):
        return is_made(value) or (kind == KEY and len(value) >= 6 and is_chosen(value))
    if is_chosen(value):
        return kind == PASSWORD or (
            kind in (SECRET, CREDENTIALS) and (has_digit(value) or not is_wordy(value))
        )
    return states and kind == PASSWORD and is_plain_word(value) and ends_clause(text, end)


def next_line(kind: str, text: str, end: int) -> Span | None:
    """A heading, and the value below it; a block of YAML."""
    broken = _LINE_BREAK.match(text, end)
    line = _LINE.match(text, broken.end()) if broken else None
    if broken is None or line is None:
        return None
    value = line["secret"]
    if is_no_secret(value) or is_code(value) or value.endswith(":") or "=" in value[1:-3]:
        return None
    good = is_chosen(value) or (kind == PASSWORD and broken["block"] is not None)
    return line.span("secret") if good and is_secret_value(kind, value) else None


def adjacent(kind: str, text: str, start: int, end: int) -> Span | None:
    """`use password hunter2`, `--password hunter2`, `ENV DB_PASSWORD hunter2`."""
    gap = _NEXT.match(text, end)
    if gap is None:
        return None
    flag = text[start : start + 1] == "-" and text[max(0, start - 1) : start] in ("", *" \t\n\"'`")
    quoted = quoted_at(text, gap.end())
    if quoted:
        span, value = quoted
        good = (flag or kind == PASSWORD) and " " not in value and is_secret_value(kind, value)
        return span if good else None
    bare = bare_at(text, gap.end(), prose=True)
    if bare is None:
        return None
    span, value = bare
    if value[0] in "-|=:" or is_no_secret(value) or is_code(value) or units_follow(value, text, span[1]):
        return None
    return whole(text, span) if _is_adjacent(kind, text, value, start, span[1], flag=flag) else None


def _is_adjacent(kind: str, text: str, value: str, start: int, end: int, *, flag: bool) -> bool:
    if kind == CODE:
        return value.isdigit() and 4 <= len(value) <= 8
    if kind in (KEY, TOKEN, WEAK, SECRET):
        return is_made(value) or (flag and has_digit(value) and is_chosen(value) and not value.isdigit())
    if kind != PASSWORD:
        return False
    if is_chosen(value):
        year = value.isdigit() and len(value) == 4 and value[:2] in ("19", "20")
        return flag or not (year or "=" in value)
    if flag or not is_plain_word(value):
        return flag and is_plain_word(value)
    return _USE.search(text[max(0, start - 48) : start]) is not None and ends_clause(text, end)


def backwards(kind: str, text: str, start: int) -> Span | None:
    """`hunter2 is the password`, `enter hunter2 as password`."""
    begin = max(0, start - 96)
    before = text[begin:start].split(" ")
    if kind not in (PASSWORD, KEY, SECRET, CODE) or before.pop():  # the name's own beginning
        return None
    while len(before) > 2 and before[-1].lower() in _DETERMINERS:
        before.pop()
    if len(before) < 2 or before[-1] not in _AS:
        return None
    word = before[-2]
    value = word.strip(_MARKUP)
    good = is_chosen(value) and not value.isdigit() and not is_no_secret(value) and not is_code(value)
    if not good or (is_wordy(value) and kind != PASSWORD):
        return None
    end = begin + len(" ".join(before[:-1])) - (len(word) - len(word.rstrip(_MARKUP)))
    return end - len(value), end
