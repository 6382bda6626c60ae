"""Text for a terminal: on one line, without characters that could control it or reverse the line.

All output of the command goes through here: agents, users and other machines wrote its texts.
"""

from __future__ import annotations

import re
import sys
from typing import TextIO

from statusbeam.model.texts import is_printable, without_terminal_sequences

# Control characters of C0 and C1, line and paragraph separators, bidi controls, halves of characters.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_ISOLATES = re.compile(r"[\u2066-\u2069]")


def plain_text(text: object) -> str:
    """The text on one line, without terminal sequences, control and bidi characters."""
    shown = without_terminal_sequences(str(text), instead=" ")
    if is_printable(shown):  # its isolates are in pairs around a word, where a space would part it
        shown = _ISOLATES.sub("", shown)
    return _UNSAFE.sub(" ", shown).strip()


def print_line(*columns: object, file: TextIO | None = None) -> None:
    """Print one line, and flush it: readers of a pipe wait for it. None: to stdout."""
    print(" ".join(plain_text(column) for column in columns).rstrip(), file=file, flush=True)


def print_notice(text: object) -> None:
    """Print a line to stderr: stdout is for results."""
    print_line(text, file=sys.stderr)
