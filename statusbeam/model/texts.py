r"""Texts as people write them, without the characters that deceive other readers or drive their terminals.

    >>> printable("\x1b[31mred\x1b[0m alert\x07")
    'red alert\ufffd'
    >>> one_line("\ufeffGeo\tAgent")
    'Geo Agent'

Terminal sequences are taken out whole. Joiners stay, because Persian, Sinhala and emoji need them. Isolates
stay in messages where they are balanced: they keep a name from turning the text around it.
"""

from __future__ import annotations

import re

from .lazy import Lazy

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Final

REPLACEMENT: Final = "\ufffd"

_TERMINAL_SEQUENCE: Final = Lazy(
    # CSI: colours, the cursor. The last one may be cut off. In one byte it needs a number: a text in another
    # encoding would lose a letter.
    r"(?:\x1b\[[0-?]*|\x9b[0-?]+)[ -/]*(?:[@-~]|\Z)"
    # OSC, DCS and other strings: titles, links
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]+(?:[0-~]|\Z)"  # character sets
    r"|\x1b[@-OQ-WYZ\\78=>c]"  # two characters: reset, save, restore
)
"""Of ECMA-48 and xterm. Linear: no part of a sequence holds the beginning of another one."""

_UNSAFE_IN_TEXT: Final = Lazy(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
"""Characters that control a terminal, reverse the direction of the following text, or are half a
character."""

_ISOLATES: Final = Lazy(r"[\u2066-\u2069]")
_PARAGRAPHS: Final = Lazy(r"[\n\r\u2029\u2066-\u2069]")
"""Isolates, and the paragraph separators that end them."""
_POP_ISOLATE: Final = "\u2069"

_SPACES: Final = Lazy(r"[^\S ]")
_INVISIBLE: Final = Lazy(
    "(\U0001f3f4[\U000e0030-\U000e007a]{1,8}\U000e007f)"  # the flag of a region
    "|[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Invisible characters of a name: two names that differ in them only look the same."""
_JOINERS: Final = Lazy("[\u200c\u200d]+")
_JOINED: Final = Lazy(
    "[\u0590-\u109f\u1700-\u1cff\u203c\u2049\u2190-\u2bff\u3030\u303d\u3297\u3299\ua800-\uabff\ufb1d-\ufdff"
    "\ufe0f\ufe70-\ufefc\U00010800-\U00011fff\U0001e800-\U0001efff\U0001f000-\U0001faff]"
)
"""Characters that a joiner can follow: letters of scripts that join or form conjuncts, and emoji."""
_UNSAFE_IN_NAME: Final = Lazy(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def printable(text: str) -> str:
    """`text` without terminal sequences, with U+FFFD in the place of characters that `is_printable`
    refuses."""
    if is_printable(text):
        return text
    return _balanced(_UNSAFE_IN_TEXT.sub(REPLACEMENT, without_terminal_sequences(text)), instead=REPLACEMENT)


def without_terminal_sequences(text: str, *, instead: str = "") -> str:
    """`text` without the sequences that control a terminal, such as colours and titles."""
    return _TERMINAL_SEQUENCE.sub(instead, text)


def is_printable(text: str) -> bool:
    """Whether every reader can show `text`, lines and tabs included, in the order that it has.

    It has no control characters but line breaks and tabs, no characters that embed or override a direction,
    no half characters, and each isolate ends in its paragraph.
    """
    if text.isascii() and text.isprintable():
        return True
    return not _UNSAFE_IN_TEXT.search(text) and (
        not _ISOLATES.search(text) or _balanced(text, instead="") == text
    )


def distinct(name: str, taken: Collection[str]) -> str:
    """`name`, with a number if `taken` has it: names may differ only in characters that no client can
    show."""
    number, found = len(taken) + 1, name
    while found in taken:
        found = f"{name} ({number})"
        number *= 2  # names that have such numbers already cost few tries each
    return found


def cut(text: str, length: int) -> str:
    """The first characters of a printable text, without the isolates that the cut left open."""
    return text if len(text) <= length else without_open_isolates(text[:length])


def without_open_isolates(text: str) -> str:
    """A text that was printable before something in it was cut or replaced, printable again."""
    return _balanced(text, instead="") if _ISOLATES.search(text) else text


def _balanced(text: str, *, instead: str) -> str:
    characters = list(text)
    opened: list[int] = []
    for found in _PARAGRAPHS.finditer(text):
        place = found.start()
        if found[0] == _POP_ISOLATE and opened:
            opened.pop()
        elif found[0] == _POP_ISOLATE:
            characters[place] = instead
        elif _ISOLATES.match(found[0]):
            opened.append(place)
        else:
            _replace(characters, opened, instead)
            opened = []
    _replace(characters, opened, instead)
    return "".join(characters)


def _replace(characters: list[str], places: list[int], instead: str) -> None:
    for place in places:
        characters[place] = instead


def one_line(name: str) -> str:
    """`name` as readers see it: on one line, without terminal sequences and invisible characters.

    A joiner stays where it can join characters. A character that could reverse or break the line becomes its
    number (`\\u202e`), so that names which differ only in it stay different.
    """
    if name.isprintable():
        return name
    text = _SPACES.sub(" ", without_terminal_sequences(name))
    text = _INVISIBLE.sub(lambda found: found[1] or "", text)
    text = _JOINERS.sub(_joiner, text)
    return _UNSAFE_IN_NAME.sub(_number, text) or "".join(map(_number_of, name))


def is_one_line(name: str) -> bool:
    """Whether `one_line` leaves `name` unchanged."""
    return name.isprintable() or one_line(name) == name


def _joiner(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    joins = _JOINED.match(before) and (found[0][0] == "\u200d" or after.strip())
    return found[0][0] if joins else ""


def _number(found: re.Match[str]) -> str:
    return _number_of(found[0])


def _number_of(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
