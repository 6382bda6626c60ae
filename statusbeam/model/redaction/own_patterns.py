r"""Patterns that a deployment adds: `CUST-\d{6}`, `(?i:patient) \d+`.

A pattern is a regular expression without look-around and back-references. It never goes back: a repetition
takes what it can, up to a bound, and a group keeps what it took first. So each search is linear in the text.

    >>> own_pattern(r"CUST-\d+").pattern
    'CUST-(?:\\d){1,128}+'
"""

from __future__ import annotations

import re

from ..errors import SettingError
from ..limits import OWN_PATTERN_LENGTH, OWN_PATTERN_MATCH, OWN_PATTERN_REPEATS

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

SETTING: Final = "REDACTED_PATTERNS"
_SET = r"\[\^?+\]?+(?:(?!--|&&|\|\||~~)[^\[\]\\\n]|\\.)*+\]"  # no sets within sets: Python reserves them
_ATOM = re.compile(rf"\\[dDwWsSbB]|\\[^\w]|\\[ntr]|{_SET}|[^\\\[\](){{}}*+?|\n]")
_REPEAT = re.compile(r"([*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})[?+]?")
_GROUP = re.compile(r"\((?:\?i?:)?")


def own_pattern(text: str) -> re.Pattern[str]:
    """The pattern, compiled so that it never goes back. Raises SettingError, which names it."""
    if not text or len(text) > OWN_PATTERN_LENGTH:
        raise _refused(text, f"must have 1 to {OWN_PATTERN_LENGTH} characters")
    built, end, longest = _alternatives(text, 0)
    if end < len(text):
        raise _refused(text, f"can't be read at character {end + 1}")
    if longest > OWN_PATTERN_MATCH:
        raise _refused(text, f"may match {longest} characters; at most {OWN_PATTERN_MATCH}")
    try:
        pattern = re.compile(built)
    except re.error as error:
        raise _refused(text, f"is not a regular expression: {error.msg}") from error
    if pattern.search(""):
        raise _refused(text, "matches the empty text")
    return pattern


def _refused(text: str, problem: str) -> SettingError:
    return SettingError(SETTING, f"has the pattern {text[:OWN_PATTERN_LENGTH]!r}, which {problem}")


def _alternatives(text: str, at: int) -> tuple[str, int, int]:
    """The pattern from `at` to the end of its group: rewritten, its end, and its longest match."""
    parts, longest, length = [""], 0, 0
    while at < len(text) and text[at] != ")":
        if text[at] == "|":
            parts.append("")
            longest, length, at = max(longest, length), 0, at + 1
            continue
        piece, at, size = _piece(text, at)
        parts[-1] += piece
        length += size
    return "|".join(parts), at, max(longest, length)


def _piece(text: str, at: int) -> tuple[str, int, int]:
    """One atom or group with its repetition."""
    group = _GROUP.match(text, at)
    if group:
        inner, end, size = _alternatives(text, group.end())
        if text[end : end + 1] != ")":
            raise _refused(text, f"leaves a group open at character {at + 1}")
        piece = f"(?>(?i:{inner}))" if "i" in group[0] else f"(?>{inner})"
        at = end + 1
    else:
        atom = _ATOM.match(text, at)
        if atom is None:
            raise _refused(text, f"can't be read at character {at + 1}")
        piece, at, size = atom[0], atom.end(), 0 if atom[0] in ("\\b", "\\B", "^", "$") else 1
    repeat = _REPEAT.match(text, at)
    if repeat is None:
        return piece, at, size
    least, most = _bounds(repeat)
    if size == 0 or most < least:
        raise _refused(text, f"repeats nothing at character {at + 1}")
    return f"(?:{piece}){{{least},{most}}}+", repeat.end(), size * most


def _bounds(repeat: re.Match[str]) -> tuple[int, int]:
    sign = repeat[1]
    if sign in "*+?":
        return (1 if sign == "+" else 0), (1 if sign == "?" else OWN_PATTERN_REPEATS)
    least = int(repeat[2])
    if repeat[3] is None:
        return least, least
    return least, int(repeat[4]) if repeat[4] else max(least, OWN_PATTERN_REPEATS)
