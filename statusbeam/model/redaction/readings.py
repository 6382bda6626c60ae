"""Reads the value after a name: in quotes, or bare up to its end."""

from __future__ import annotations

from ..lazy import Lazy
from .values import JUDGED

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

    Span = tuple[int, int]

CLOSE: Final = r"(?:\\{0,7}[\"'`]|\*{1,2}|__?|\[\d{0,4}\]|[\])]|</[a-z]{1,10}>|&quot;|[ \t\u00a0]){0,8}+"
"""The characters that close around a name: quotes, Markdown, brackets, an element."""
OPEN: Final = (
    r"(?:\*{1,2}|__?|</[a-z]{1,10}>|<(?:code|b|i|strong|em|tt|kbd|pre|span|td|dd|string)\b[^<>]{0,40}>"
    r"|[ \t\u00a0]){0,6}+"
)
"""The characters that open around a value."""

_QUOTED = Lazy(  # JSON within JSON within JSON has more backslashes before each quote
    r"(?:(?:\w{1,12}\.)?Secret\w{0,10}\()?[bfruBFRU@$]{0,2}(?P<quote>\\{0,7}(?:[\"'`]|&quot;))"
    r"(?P<secret>(?:(?!(?<!\\)(?P=quote))[^\n]){1,4096}+)(?P=quote)?"
)
_CURLY = Lazy(
    r"[\u201c\u201e\u00ab\u2018\u2039]\s?"
    r"(?P<secret>[^\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u203a\n]{1,200}?)"
    r"\s?[\u201c\u201d\u00bb\u2018\u2019\u203a]"
)
_BARE = Lazy(  # a comma, an apostrophe, an ampersand belong to it, unless a space or the next name follows
    r"(?:[^\s\"'\\,;&<>`|]|[,'](?![\w.-]{1,64}\s{0,3}[=:])(?=[^\s\"'\\,;&<>])"
    r"|[&;|](?![\w.-]{1,40}=)(?=[^\s\"'\\,;&<>|])){1,128}+"
)
_REST = Lazy(r"[^\s\"'\\,;&<>`|]*+")
_CLAUSE_END = Lazy(
    r"[.,;:!?)\]]{0,3}(?:\s{0,2}$|\s{0,3}\n|\\n|,\s|;\s|[.!]\s|\s[-\u2013]\s"
    r"|\s(?:and|but|for|so|until|please)\b|\s?<|\s{1,3}\w{1,16}[:=])"
)
_OPENING: Final = {")": "(", "]": "[", "}": "{"}


def quoted_at(text: str, at: int) -> tuple[Span, str] | None:
    """A text in quotes: where it is without them, and itself. Without its end it goes to the line's end."""
    quoted = _QUOTED.match(text, at) or _CURLY.match(text, at)
    return (quoted.span("secret"), quoted["secret"]) if quoted else None


def bare_at(text: str, at: int, *, prose: bool) -> tuple[Span, str] | None:
    """The judged part of a value without quotes; in prose, the end of a sentence is no part of it."""
    bare = _BARE.match(text, at)
    if bare is None or bare[0][0] in "[{(" or bare[0].startswith("[redacted"):
        return None
    end = _trimmed(text, at, bare.end(), ".,:)]}*_`" if prose else ",)]}`*")
    return (at, end), text[at:end]


def whole(text: str, span: Span) -> Span:
    """The span of a bare value, with the rest after the judged part."""
    start, end = span
    rest = _REST.match(text, end) if end - start >= JUDGED else None
    return (start, rest.end()) if rest else span


def _trimmed(text: str, start: int, end: int, signs: str) -> int:
    """The end, without the characters that close a sentence, a bracket or Markdown around the value."""
    while end > start + 1 and text[end - 1] in signs:
        opening = _OPENING.get(text[end - 1])
        if opening and text.count(opening, start, end):
            break
        end -= 1
    return end


def ends_clause(text: str, end: int) -> bool:
    """Whether no text follows the word that would belong to it in a sentence."""
    return _CLAUSE_END.match(text, end) is not None
