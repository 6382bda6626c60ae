"""One walk over one status: its texts, its structures, and the steps for searching them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from unicodedata import normalize
from urllib.parse import unquote

from ..lazy import Lazy
from ..limits import REDACTED_LENGTH, REDACTION_DEPTH
from ..texts import printable, without_terminal_sequences
from .budget import A_TEXT, Budget, OutOfStepsError
from .json_texts import Number, find_json, with_values
from .marks import FILL, UNSEARCHED, is_mark, mark, marked, shortened
from .names import CODE, COOKIE, PASSWORD, WEAK, kind_of_name
from .payment import CARD, is_card
from .secret_search import find_secrets
from .split import split_redacted
from .values import is_secret_value, is_uuid

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

    from .found import Found

    Fields = Mapping[str, "Fields | None"]  # None: the field itself is configured

CONFIGURED: Final = "configured field"
NAMED: Final = "named like a secret"

_NO_FIELDS: Final[dict[str, Any]] = {}
_SHORTEST: Final = 14
"""Letters and digits alone are a secret from this length on."""
_ID: Final = 36
_ROUNDS: Final = 6
_TEXTS_IN_TEXTS: Final = 6
"""The depth of JSON within JSON texts."""
_ENCODINGS: Final = 3
"""The depth of addresses within addresses."""
_NAME: Final = Lazy(r"[\w .:/$@-]{1,80}")
"""The form of a key that names its value."""
_ENCODED: Final = Lazy("%[0-9a-fA-F]{2}")
_PAIRS: Final = {"value": ("name", "key"), "Value": ("Name", "Key")}
"""The keys of an object that describes a container variable, a header or a tag: its name and its value."""
_HELD: Final = ("value", "current", "new", "old", "plaintext", "text")
"""Under these, an object that is named like a secret holds it."""
_LONG_NUMBER: Final = {PASSWORD: 1_000, CODE: 100}
"""Numbers from here on are secrets under such names."""
_INVISIBLE: Final = Lazy(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Invisible characters within a secret that people copy along: Unicode calls them ignorable."""


class Walk:
    """Redacts one status within a number of steps: a step is one character that is searched once.

    Text beyond the steps is neither searched nor shown: a mark replaces it.
    """

    def __init__(
        self,
        own: Sequence[re.Pattern[str]] = (),
        *,
        near_aws_key: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._own = own
        self._near_aws_key = near_aws_key
        self._budget = budget or Budget()
        self._within_texts = 0

    def text(self, text: str) -> str:
        """The text with a mark in the place of each secret; only the beginning of a text that is too long."""
        if not self._own and _is_harmless(text):
            return text
        try:
            if len(text) <= REDACTED_LENGTH:
                return self._redacted(text)
            rest = f" {mark(UNSEARCHED)}"
            longest = REDACTED_LENGTH - len(rest)
            return self._within(self._redacted(text[:longest]), longest) + rest
        except OutOfStepsError:
            return mark(UNSEARCHED)

    def within(self, text: str, longest: int) -> str:
        """A redacted text that its marks made too long, cut without showing a secret."""
        try:
            return self._within(text, longest)
        except OutOfStepsError:
            return mark(UNSEARCHED)[:longest]

    def _within(self, text: str, longest: int) -> str:
        for _ in range(_ROUNDS):
            cut = shortened(text, longest)
            text = self._redacted(cut)
            if text == cut:
                return text
        return mark(UNSEARCHED)[:longest]

    def value(self, value: Any, fields: Fields | None = _NO_FIELDS, depth: int = 0) -> Any:
        """Any JSON value without secrets; `fields` are the configured ones below it."""
        if fields is None:
            return value if value is None else mark(CONFIGURED)
        if isinstance(value, str) and not isinstance(value, Number):
            return self.text(value)
        if isinstance(value, Mapping | list | tuple):
            return self._structure(value, fields, depth)
        return mark(CARD) if _number(value) is not None and is_card(_number(value) or 0) else value

    def _structure(self, value: Any, fields: Fields, depth: int) -> Any:
        try:
            self._budget.spend(A_TEXT)
        except OutOfStepsError:
            return mark(UNSEARCHED)
        if depth >= REDACTION_DEPTH:
            return mark(UNSEARCHED)
        if isinstance(value, Mapping):
            return self._object(value, fields, depth + 1)
        return self._list(value, fields, depth + 1)

    def _redacted(self, text: str) -> str:
        if '"' in text and ("{" in text or "[" in text) and self._within_texts < _TEXTS_IN_TEXTS:
            return self._with_json(text)
        return self._searched(text, text)

    def _with_json(self, text: str) -> str:
        """The text with its JSON redacted value by value, so that it stays JSON."""
        self._budget.spend(len(text))
        real: list[str] = []
        searched: list[str] = []
        at = 0
        for found in find_json(text):
            clean = self._json(text[found.start : found.end], found.value)
            between = self._beside_json(text[at : found.start])
            real += (between, clean)
            searched += (between, FILL * len(clean))
            at = found.end
        rest = self._beside_json(text[at:]) if real else text[at:]
        if rest or len(real) > 2 or (real and real[0]):
            return self._searched("".join((*real, rest)), "".join((*searched, rest)))
        return real[1]

    def _beside_json(self, text: str) -> str:
        """Text next to JSON, redacted where only its decoded form shows a secret; JSON must not be
        decoded."""
        return text if text.isascii() and not _ENCODED.search(text) else self._searched(text, text)

    def _json(self, text: str, given: Any) -> str:
        self._within_texts += 1
        clean = self.value(given)
        self._within_texts -= 1
        return text if clean == given else with_values(text, given, clean)

    def _searched(self, text: str, searched: str) -> str:
        """The text redacted as `searched` is, which is filled where the text is redacted already."""
        for _ in range(_ROUNDS):  # a second secret may be found after the first one next to it is replaced
            found = self._find(searched)
            meant = self._meant(text, len(found)) if text == searched else None
            if meant is not None:
                text = searched = meant
            elif found:
                text, searched = marked(text, found), marked(searched, found)
            else:
                return text
        return mark(UNSEARCHED)

    def _find(self, text: str) -> list[Found]:
        return find_secrets(text, near_aws_key=self._near_aws_key, own=self._own, budget=self._budget)

    def _meant(self, text: str, found: int) -> str | None:
        """The text in its visible or decoded form, if that shows more secrets."""
        if not text.isascii() or "\x1b" in text:
            seen = normalize("NFKC", _INVISIBLE.sub("", without_terminal_sequences(text)))
            if seen != text and len(self._find(seen)) > found:
                return seen
        if found or not _ENCODED.search(text):
            return None
        decoded = text
        for _ in range(_ENCODINGS):
            decoded = unquote(decoded)
        decoded = normalize("NFKC", _INVISIBLE.sub("", printable(decoded)))
        return decoded if decoded != text and self._find(decoded) else None

    def _list(self, found: Sequence[Any], fields: Fields, depth: int) -> list[Any]:
        clean = [self.value(item, fields, depth) for item in self._without_key_lines(found)]
        for place, given in enumerate(found):
            if (
                place and isinstance(found[place - 1], str) and found[place - 1].startswith("-")
            ):  # ["--password", "…"]
                clean[place] = _named(found[place - 1], given, clean[place])
            # Headers, as many libraries have them. A pair alone is as likely two steps of a plan.
            if isinstance(given, list | tuple) and len(given) == 2 and isinstance(given[0], str):
                shown = clean[place]
                if isinstance(shown, list):
                    shown[1] = _named(given[0], given[1], shown[1])
        return clean

    def _without_key_lines(self, found: Sequence[Any]) -> Sequence[Any]:
        """A list without the private key that its texts are the lines of."""
        texts = [item for item in found if isinstance(item, str)]
        if not any("PRIVATE KEY" in text for text in texts):
            return found
        clean = iter(split_redacted([f"{text}\n" for text in texts]))
        return [next(clean).removesuffix("\n") if isinstance(item, str) else item for item in found]

    def _object(self, found: Mapping[Any, Any], fields: Fields, depth: int) -> dict[Any, Any]:
        clean: dict[Any, Any] = {}
        times: dict[str, int] = {}
        for key, value in found.items():
            inner = fields[key] if key in fields else fields.get("*", _NO_FIELDS)
            shown = self.value(value, inner, depth)
            if not isinstance(key, str):
                clean[key] = shown
                continue
            kept = self.text(key)
            if kept in clean:  # two secrets of one kind
                kept = _numbered(kept, clean, times)
            clean[kept] = _named(key, value, shown)
        for value, names in _PAIRS.items():
            if value in found and value in clean:
                for name in names:
                    if isinstance(found.get(name), str):
                        clean[value] = _named(found[name], found[value], clean[value])
        return clean


def _is_harmless(text: str) -> bool:
    """A short word or number, a UUID: most values of metadata."""
    return (len(text) < _SHORTEST and text.isalnum()) or (len(text) == _ID and is_uuid(text))


def _numbered(key: str, taken: Mapping[Any, Any], times: dict[str, int]) -> str:
    """A key that is free: each number is tried once for each key, so that many keys take no longer."""
    while True:
        times[key] = times.get(key, 1) + 1
        numbered = f"{key} ({times[key]})"
        if numbered not in taken:
            return numbered


def _number(value: Any) -> float | None:
    """A number, also one that a text writes."""
    if isinstance(value, Number):
        return int(value) if len(value) < 20 and value.isdigit() else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _named(key: str, value: Any, clean: Any) -> Any:
    """The shown form of a value under its key, `clean` by its shape; a header may have several values."""
    kind = kind_of_name(key) if _NAME.fullmatch(key) and "::" not in key else None
    if kind is None:
        return clean
    if isinstance(value, list | tuple) and isinstance(clean, list):
        return [_held(kind, one, shown) for one, shown in zip(value, clean, strict=True)]
    return _held(kind, value, clean)


def _held(kind: str, value: Any, clean: Any) -> Any:
    """The shown form of a value of that kind, or of an object that holds one."""
    if not (isinstance(value, Mapping) and isinstance(clean, dict)):
        return _of_kind(kind, value, clean)
    for key in value if kind == COOKIE else _HELD:
        if key in value and key in clean:
            clean[key] = _of_kind(WEAK if kind == COOKIE else kind, value[key], clean[key])
    return clean


def _of_kind(kind: str, value: Any, clean: Any) -> Any:
    number = _number(value)
    if number is not None:
        return mark(NAMED) if number >= _LONG_NUMBER.get(kind, float("inf")) else clean
    if not isinstance(value, str) or (isinstance(clean, str) and is_mark(clean)):
        return clean
    return mark(NAMED) if is_secret_value(kind, value) else clean
