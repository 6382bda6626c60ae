"""Texts as people write them: the kept and the removed characters, so that no text misleads a reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model.texts import (
    cut,
    distinct,
    is_one_line,
    is_printable,
    one_line,
    printable,
    without_open_isolates,
)

FSI, PDI, LRI, RLI = "\u2068", "\u2069", "\u2066", "\u2067"

NAMES = [
    "می‌خواهم",  # Persian: a zero-width non-joiner within a word
    "ශ්‍රී ලංකා",  # Sinhala: a joiner makes a conjunct
    "ক্‍ষ",
    "र्‍य",
    "മലയാളം ന്‍",
    "\u0647‍",  # an Arabic letter in its joined form
    "👨‍💻 Coder",
    "👩🏽‍⚕️",
    "🏳️‍🌈",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Agent",  # the flag of England
    "東京エージェント",
    "Straßen-Prüfer",
    "سوره \u06dd",  # a sign of the category of invisible ones that is seen
    "\uf8ff",  # private use: an icon
    "\U0001fae9",  # newer than the Unicode of some Python
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_stays_unchanged(name: str) -> None:
    assert one_line(name) == name
    assert printable(name) == name
    assert is_one_line(name)


SHOWN = [
    # given, shown
    ("\ufeffGeo Agent", "Geo Agent"),  # from the beginning of a file
    ("Geo\u00a0Agent", "Geo Agent"),
    ("Geo\tAgent\n", "Geo Agent "),
    ("Geo\u2028Agent", "Geo Agent"),
    ("Geo\u200bAgent", "GeoAgent"),
    ("Geo\u200dAgent", "GeoAgent"),  # joins nothing in Latin
    ("\u200cGeo", "Geo"),
    ("می‌ خواهم", "می خواهم"),  # before a space it joins nothing
    ("می‌‌‍خواهم", "می‌خواهم"),
    (f"{FSI}Geo{PDI} Agent", "Geo Agent"),
    ("\x1b[1;31mGeo\x1b[0m Agent", "Geo Agent"),
    ("Geo\U000e0041\U000e0042", "Geo"),  # letters that nobody sees
    ("Geo\u202eAgent", "Geo\\u202eAgent"),
    ("Geo\u202dAgent", "Geo\\u202dAgent"),
    ("Geo\x00Agent", "Geo\\u0000Agent"),
    ("Geo\x01Agent", "Geo\\u0001Agent"),
    ("\u200b", "\\u200b"),  # of a name something stays
    ("", ""),
]


@pytest.mark.parametrize(("name", "shown"), SHOWN)
def test_a_name_is_shown_on_one_line_without_what_nobody_sees(name: str, shown: str) -> None:
    assert one_line(name) == shown


def test_names_that_differ_in_characters_that_turn_or_break_a_line_stay_different() -> None:
    given_names = [f"Geo{character}Agent" for character in "\x00\x01\x07\x1b\x7f\x9f\u202a\u202b\u202d\u202e"]
    assert len({one_line(name) for name in given_names}) == len(given_names)


SEQUENCES = [
    "\x1b[31m",
    "\x1b[38;2;255;0;0m",
    "\x1b[0m",
    "\x1b[m",
    "\x1b[2J",
    "\x1b[?25l",
    "\x1b[1;1H",
    "\x9b31m",
    "\x1b]0;a title\x07",
    "\x1b]8;;https://example.com\x1b\\",
    "\x9d2;title\x9c",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b(B",
    "\x1b7",
    "\x1b=",
    "\x1bc",
    "\x1bM",
]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_terminal_sequence_is_taken_out_whole(sequence: str) -> None:
    assert printable(f"one{sequence}two") == "onetwo"
    assert one_line(f"one{sequence}two") == "onetwo"


def test_a_sequence_that_was_cut_off_is_taken_out_too() -> None:
    assert printable("red\x1b[38;5") == "red"


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x08", "\x1b", "\x7f", "\x85", "\u202e", "\u202a", "\ud800"]
)
def test_forbidden_characters_of_a_message_are_replaced(character: str) -> None:
    assert printable(f"a{character}b") == "a\ufffdb"


ISOLATES = [
    # given, kept
    (f"Hello {FSI}Ana{PDI}!", f"Hello {FSI}Ana{PDI}!"),
    (f"{RLI}a{LRI}b{PDI}c{PDI}", f"{RLI}a{LRI}b{PDI}c{PDI}"),
    (f"{FSI}a", "\ufffda"),
    (f"a{PDI}", "a\ufffd"),
    (f"{FSI}a\nb{PDI}", "\ufffda\nb\ufffd"),  # a paragraph ends all that is open
    (f"{FSI}a\u2029b{PDI}", "\ufffda\u2029b\ufffd"),
    (f"{FSI}{RLI}a{PDI}", f"\ufffd{RLI}a{PDI}"),
    (f"{FSI}a{PDI}\n{FSI}b{PDI}", f"{FSI}a{PDI}\n{FSI}b{PDI}"),
]


@pytest.mark.parametrize(("text", "kept"), ISOLATES)
def test_isolates_stay_in_a_message_where_each_ends_in_its_paragraph(text: str, kept: str) -> None:
    assert printable(text) == kept
    assert is_printable(text) is (text == kept)


def test_a_cut_leaves_no_isolate_open() -> None:
    assert cut(f"Hello {FSI}Ana{PDI}", 8) == "Hello A"
    assert cut(f"Hello {FSI}Ana{PDI}", 99) == f"Hello {FSI}Ana{PDI}"


def test_keys_that_look_alike_are_numbered() -> None:
    taken: dict[str, int] = {}
    for value, name in enumerate(("a", "b", "a", "a")):
        taken[distinct(name, taken)] = value
    assert taken == {"a": 0, "b": 1, "a (3)": 2, "a (4)": 3}
    assert distinct("a", ["a", "b", "a (4)"]) == "a (8)"


ODD = [
    *(
        *SEQUENCES,
        *NAMES,
        FSI,
        PDI,
        LRI,
        RLI,
        "\u202e",
        "\u200c",
        "\u200d",
        "\u200b",
        "\ufeff",
        "\x1b",
        "\x9b",
    ),
    *("[", "\n", "\u0627", "\u0645", "\u2029", "\ud800", " "),
    *("👨", "\ufe0f", "\U0001f3f4", "\U000e0067", "\U000e007f"),
]
texts = st.lists(st.sampled_from(ODD) | st.characters() | st.text(max_size=4), max_size=12).map("".join)

OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e")


@given(text=texts)
def test_any_text_becomes_a_message_that_stays_unchanged_and_drives_nothing(text: str) -> None:
    shown = printable(text)
    assert is_printable(shown)
    assert printable(shown) == shown
    controls = {c for c in shown if unicodedata.category(c) in ("Cc", "Cs")}
    assert controls <= set("\t\n\r")
    assert not OVERRIDES & set(shown)


@given(text=texts)
def test_any_text_becomes_a_name_that_stays_unchanged_and_turns_no_line(text: str) -> None:
    shown = one_line(text)
    assert is_one_line(shown)
    assert one_line(shown) == shown
    assert bool(shown) is bool(text)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")}
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not {c for c in shown if unicodedata.bidirectional(c) in turning}


@given(text=texts, length=st.integers(0, 12))
def test_a_printable_text_stays_printable_wherever_it_is_cut(text: str, length: int) -> None:
    assert is_printable(cut(printable(text), length))
    assert is_printable(without_open_isolates(printable(text)[length:]))
