"""The words that places are written with, and the text cut into such words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from examples.civic_complaints.wording import words

_WORD = re.compile(r"\d+(?:st|nd|rd|th)\b|[^\W_]+(?:['\u2019][^\W_]+)*|[&/@,.;!?()]", re.UNICODE)
SUFFIXES = {
    "st": "street",
    "str": "street",
    "stret": "street",
    "streeet": "street",
    "ave": "avenue",
    "av": "avenue",
    "avenu": "avenue",
    "aveneu": "avenue",
    "blvd": "boulevard",
    "dr": "drive",
    "rd": "road",
    "hwy": "highway",
    "ln": "lane",
    "pkwy": "parkway",
}
STREET_WORDS = words("street avenue boulevard drive way road lane highway alley court")
_TO_TENTH = "first second third fourth fifth sixth seventh eighth ninth tenth"
_TO_TWENTIETH = (
    "eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
ORDINALS = {
    word: f"{number}{_ENDINGS.get(number, 'th')}"
    for number, word in enumerate(f"{_TO_TENTH} {_TO_TWENTIETH}".split(), start=1)
}
CUES = words(
    "on at near in of by from along off outside opposite behind beside around between and to toward "
    "towards corner "
    "past over under inside across down up"
)
DATE_WORDS = words(
    "january february march april may june july august september october november december floor "
    "day time night "
    "week year month row person grade"
)
LINKS = words(
    "and|&|/|at|@|x|near|by|close to|corner of|corner|just off|off|between|crossing|meets|"
    "at corner of|corner with|"
    "at corner with|intersection with|near corner of|before|just before|past|just past|in front of|"
    "across from|opposite|"
    "next to|beside|behind|outside|around|along|from|to|on",
    "|",
)
RELATIONS = (
    ("in front of", ("in", "front", "of")),
    ("across from", ("across", "from")),
    ("across from", ("across", "the", "street", "from")),
    ("next to", ("next", "to")),
    ("close to", ("close", "to")),
    ("near", ("near",)),
    ("opposite", ("opposite",)),
    ("behind", ("behind",)),
    ("outside", ("outside",)),
    ("inside", ("inside",)),
    ("beside", ("beside",)),
    ("around", ("around",)),
    ("by", ("by",)),
)
CROSSING_LINKS = words(
    "and|&|/|at|@|x|near|by|close to|corner of|corner|just off|off|crossing|meets|at corner of|"
    "corner with|at corner with|"
    "intersection with|near corner of|before|just before|past|just past|on",
    "|",
)
BESIDE_LINKS = words(
    "near|by|close to|in front of|across from|opposite|next to|beside|behind|outside|around|along|"
    "at|past|just past",
    "|",
)
GENERIC = {
    "library": "library",
    "school": "school",
    "hospital": "hospital",
    "park": "park",
    "playground": "playground",
    "station": "station",
    "museum": "museum",
}
NOT_STREET_NAMES = words(
    "one two three four five six several some the a an my our your their this that every no any dark main "
    "side whole fire by in on right wrong"
)
STREET_THINGS = words(
    "light lights lamp lamps lighting sign signs fair sweeper sweeping furniture tree trees"
)
ARTICLES = frozenset({"the", "our", "my", "a", "local"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word in its normal form and where it stands in the text."""

    norm: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Words and punctuation in lower case, suffixes written out, ordinal words as numbers."""
    tokens = []
    for match in _WORD.finditer(text):
        word = re.sub(r"['\u2019]", "", match.group().lower())
        tokens.append(Token(ORDINALS.get(word, SUFFIXES.get(word, word)), match.start(), match.end()))
    return tokens
