"""How one kind of secret is known: by a pattern, and by what it must be beside."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of secret, and how it is known."""

    kind: str
    literals: tuple[str, ...]  # in lower case; without any of them the pattern cannot match
    pattern: re.Pattern[str]  # what is to be hidden is its group `secret`, or else 1, or else all of it
    check: Check | None = None


def is_card(number: float) -> bool:
    """Whether a number is one of a payment card, as far as a number can tell."""
    return 10**13 <= number < 10**19 and number == int(number) and is_card_text(str(int(number)))


def is_card_text(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not _CARD_BRANDS.fullmatch("".join(map(str, digits))):
        return False
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in digits[-2::-2])  # Luhn's sum
    return (sum(digits[::-2]) + doubled) % 10 == 0


def is_mixed(text: str) -> bool:
    """Upper and lower case letters and digits: no path, no hash, no word."""
    return (
        any(c.isdigit() for c in text) and any(c.isupper() for c in text) and any(c.islower() for c in text)
    )


def has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def is_random(text: str) -> bool:
    """Not words with hyphens: mixed letters and digits, or one long run of both."""
    return has_digit(text) and (is_mixed(text) or max(map(len, re.split("[_-]", text))) >= 20)


def is_login(text: str) -> bool:
    """Base64 of `user:password`."""
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False


def is_value(text: str) -> bool:
    """Neither a mark of ours nor what stands where a secret is not: a word, a variable, a path."""
    return (
        not text.startswith("[redacted")
        and text.lower().strip(".") not in _NO_SECRETS
        and not _PLACEHOLDER.fullmatch(text.rstrip(".:!?"))
    )


def looks_secret(text: str) -> bool:
    """A value after `password: `, where an ordinary sentence may stand as well."""
    return is_value(text) and len(text) >= 6 and not text.rstrip(".!?)").replace("-", "").isalpha()


_NO_SECRETS = frozenset(
    ("none", "null", "true", "false", "undefined", "missing", "required", "expired", "invalid")
)
_PLACEHOLDER = re.compile(
    r"\*{3,}+|<[^>]*+>|\$[A-Z_][A-Z0-9_]*+|\$?\{{1,2}[^}]*+\}{1,2}|\{\{|\$\([^)]*+\)?|%[A-Z_]++%"
    r"|(?:/[\w.-]++){2,}+/?",
    re.ASCII,
)
"""`$NAME`, `${NAME}`, `<name>`, `{{ name }}`, `/run/secrets/name`: where a secret comes from, not itself."""

_CARD_BRANDS = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|(?:6011\d\d|65\d{4}|64[4-9]\d{3})\d{10}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)


def any_case(pattern: str) -> re.Pattern[str]:
    """A pattern that takes capitals for small letters."""
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def exact(pattern: str) -> re.Pattern[str]:
    """A pattern for what begins a word: words have other things in the middle."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.ASCII)


QUOTE: Final = r"(?:\\{0,7}[\"'])"  # JSON within JSON within JSON
GIVES: Final = r"(?:=>?|:|%3[ad])"
