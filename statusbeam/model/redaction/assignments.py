"""Values that are assigned to a name: `password=…`, `"apiKey": "…"`, `Authorization: Bearer …`."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .names import CODE, COOKIE, HEADER, PASSWORD, SECRET
from .readings import CLOSE, OPEN, bare_at, ends_clause, quoted_at, whole
from .values import (
    is_chosen,
    is_code,
    is_cookie,
    is_hash_of_password,
    is_no_secret,
    is_plain_word,
    is_random,
    is_secret_value,
    units_follow,
)
from .vocabulary import DESCRIBING

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from .readings import Span

_GIVEN = Lazy(
    rf"{CLOSE}(?:(?P<typed>:\s{{0,2}}[A-Za-z_][\w.\[\], |]{{0,40}}=(?!=)\s{{0,2}}(?=b?[\"']))"
    r"|(?P<compared>===?|->)|(?P<equal>:=|=>|=|%3[dD]|\?\?|\|\||\bor\b(?=\s[\"']))"
    r"|(?P<colon>:(?!:)|%3[aA]|\uff1a|\u2192|[-\u2013\u2014]{1,2}(?=[ \t])))"
    rf"{OPEN}",
    re.IGNORECASE,
)
_PHRASE = Lazy(r"[a-z]{3,12}(?:[ -][a-z]{3,12}){3,7}+(?=[.,;]?\s{0,3}(?:$|\n|\\n))")
"""Words of a passphrase, to the end of their line."""
_MORE_ON_LINE = Lazy(r"\s{1,4}(?:\w{1,32}\s?[=:]|--?\w|#|//|&&|\|)")
_LINE = Lazy(r"[^\n\r\"'\\`]{1,1024}")
_SCHEME = Lazy(r"[A-Za-z][\w-]{1,30}[ \t]{1,3}(?P<secret>[\w.~+/=:|-]{6,}+)")


def assigned(kind: str, text: str, start: int, end: int) -> Span | None:
    """The place of the value that follows the name at `start:end`, if it is a secret."""
    given = _GIVEN.match(text, end)
    if given is None:
        return None
    quoted = quoted_at(text, given.end())
    if quoted:
        span, value = quoted
        return span if is_secret_value(kind, value) or _is_hash(kind, value) else None
    if kind in (HEADER, COOKIE):
        return _header(kind, text, given.end())
    return _bare(kind, text, start, given)


def _bare(kind: str, text: str, start: int, given: re.Match[str]) -> Span | None:
    """A value without quotes."""
    at = given.end()
    phrase = _PHRASE.match(text, at) if kind == PASSWORD else None
    if phrase and not DESCRIBING.intersection(phrase[0].split()):
        return phrase.span()
    tight = given["equal"] is not None
    bare = bare_at(text, at, prose=not tight)
    if bare is None or is_code(bare[1]) or is_no_secret(bare[1]):
        return None
    within = given["colon"] == ":" and not text[at - 1].isspace() and text[start - 1 : start] == ":"
    if within or text[start - 2 : start] == "::":  # arn:…:secret:name, AWS::SecretsManager::Secret
        return None
    span, value = bare
    if kind == PASSWORD:
        found = _is_password(text, value, start, span[1], tight=tight) or _is_hash(kind, value)
    else:
        found = _is_other(kind, text, value, start, span[1], tight=tight)
    return whole(text, span) if found else None


def _is_hash(kind: str, value: str) -> bool:
    """A password's hash under its name."""
    return kind == PASSWORD and is_hash_of_password(value)


def _is_password(text: str, value: str, start: int, end: int, *, tight: bool) -> bool:
    """Whether the bare text after `password:` or `password=` is a password, not the next words."""
    variable = "_" in value or "]" in text[start:end] or not (tight or value.islower())
    if variable and value.replace("_", "").isalpha():  # or a type
        return False
    if tight:
        word = text[end : end + 1] == " " and text[end + 1 : end + 2].isalpha() and not is_chosen(value)
        return not word or _MORE_ON_LINE.match(text, end) is not None
    if is_chosen(value):
        return not units_follow(value, text, end)
    return is_plain_word(value) and ends_clause(text, end)


def _is_other(kind: str, text: str, value: str, start: int, end: int, *, tight: bool) -> bool:
    if kind == SECRET and tight and "pass" in text[start:end].lower():  # DB_PASS=…
        return is_chosen(value)
    if len(value) < 3 or value.isalpha() or (kind == CODE and units_follow(value, text, end)):
        return False
    return is_secret_value(kind, value)


def _header(kind: str, text: str, at: int) -> Span | None:
    """The value of a header to the end of its line: a cookie, or a scheme and a random text."""
    line = _LINE.match(text, at)
    if line is None:
        return None
    if kind == COOKIE:
        return line.span() if is_cookie(line[0]) else None
    scheme = _SCHEME.match(text, at)
    if scheme and is_random(scheme["secret"]):
        return scheme.span("secret")
    first = bare_at(text, at, prose=True)
    if first is None:
        return None
    span, value = first
    return whole(text, span) if len(value) >= 12 and is_random(value) and not is_no_secret(value) else None
