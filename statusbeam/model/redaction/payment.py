"""Cards with their check digit, bank accounts with theirs, and the check value next to a card.

>>> list(payments("card 4111 1111 1111 1111"))
[(5, 24, 'card', 5)]
"""

from __future__ import annotations

import re

from ..lazy import Lazy

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

CARD: Final = "card"

_BETWEEN: Final = r"(?:\W|_){1,3}"
_MANY_DIGITS = Lazy(r"[0-9](?:(?:\W|_){0,3}[0-9]){13}")
"""As many digits as any card has; found fast."""
_NUMBER = Lazy(
    r"[0-9](?<![A-Za-z0-9.#/_-][0-9])(?:[0-9]{13,18}"
    rf"|[0-9]{{3}}(?:{_BETWEEN}[0-9]{{4}}){{3}}(?:{_BETWEEN}[0-9]{{3}})?"
    rf"|[0-9]{{3}}{_BETWEEN}[0-9]{{6}}{_BETWEEN}[0-9]{{4,5}}"
    r"|(?:[ .-][0-9]){13,18}|[0-9](?:[ .-][0-9]{2}){7})(?![A-Za-z0-9]|[.\-_/][0-9])"
)
_CHECK_VALUE = Lazy(
    r"[^0-9\n]{1,24}(?:[0-9]{1,2}\s?/\s?[0-9]{2,4}[^0-9\n]{1,24})?"
    r"(?P<secret>[0-9]{3,4})(?![0-9/.:%]|[ -][0-9])"
)
"""Behind a card: its month, and the three or four digits on its back."""
_CHECK_WORD = Lazy(r"cv[vc2]|csc|security|/")
_COUNTRY = Lazy(r"[0-9]{2}(?<=[A-Za-z]{2}[0-9]{2})[ .-]?[A-Za-z0-9]{4}")
_IBAN = Lazy(
    r"[A-Z]{2}[0-9]{2}(?<![A-Za-z0-9].{4})(?:[ \u00a0.-]?[A-Z0-9]{4}){2,7}(?:[ \u00a0.-]?[A-Z0-9]{1,3})?"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_IBAN_LENGTHS: Final = {
    **{
        "AT": 20,
        "BE": 16,
        "BG": 22,
        "CH": 21,
        "CY": 28,
        "CZ": 24,
        "DE": 22,
        "DK": 18,
        "EE": 20,
        "ES": 24,
        "FI": 18,
    },
    **{
        "FR": 27,
        "GB": 22,
        "GR": 27,
        "HR": 21,
        "HU": 28,
        "IE": 22,
        "IS": 26,
        "IT": 27,
        "LI": 21,
        "LT": 20,
        "LU": 20,
    },
    **{
        "LV": 21,
        "MC": 27,
        "MT": 31,
        "NL": 18,
        "NO": 15,
        "PL": 28,
        "PT": 25,
        "RO": 24,
        "RS": 22,
        "SE": 24,
        "SI": 19,
    },
    **{"SK": 24, "SM": 27, "TR": 26, "UA": 29, "AE": 23, "SA": 24, "IL": 23, "BR": 29, "QA": 29, "KW": 30},
}


def is_card(number: float) -> bool:
    """Whether a number can be that of a payment card."""
    return 10**13 <= number < 10**19 and number == int(number) and is_card_text(str(int(number)))


def is_card_text(text: str) -> bool:
    """Whether the digits in a text are a card's: a brand's length and beginning, and Luhn's sum."""
    digits = [int(character) for character in text if "0" <= character <= "9"]
    if not _is_of_a_brand("".join(map(str, digits))):
        return False
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in digits[-2::-2])
    return (sum(digits[::-2]) + doubled) % 10 == 0


def _is_of_a_brand(digits: str) -> bool:
    """Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay: by first digits and length."""
    length, first, two, four = len(digits), digits[:1], int(digits[:2] or 0), int(digits[:4] or 0)
    if first == "4":
        return length in (16, 19)
    if two in (34, 37):
        return length == 15
    if length == 14:
        return 300 <= int(digits[:3]) <= 305 or two in (36, 38)
    if two == 62:
        return 16 <= length <= 19
    mastercard = 51 <= two <= 55 or 2221 <= four <= 2720
    return length == 16 and (mastercard or four == 6011 or 644 <= four // 10 <= 659 or 3528 <= four <= 3589)


def is_iban(text: str) -> bool:
    """Whether a text is an account number: its country's length, and 1 as the remainder of 97."""
    plain = "".join(filter(str.isalnum, text)).upper()
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def payments(text: str) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of cards, check values next to them, and accounts."""
    for match in _NUMBER.finditer(text) if _MANY_DIGITS.search(text) else ():
        if is_card_text(match[0]):
            yield match.start(), match.end(), CARD, match.start()
            beside = _CHECK_VALUE.match(text, match.end())
            if beside and _CHECK_WORD.search(beside[0].lower()):
                yield beside.start("secret"), beside.end("secret"), CARD, match.start()
    for match in _IBAN.finditer(text) if _COUNTRY.search(text) else ():
        end = match.end()
        if is_iban(match[0]):
            yield match.start(), end, "account", match.start()
        else:  # a word of capitals may follow it
            shorter = match[0].rsplit(" ", 1)[0]
            if is_iban(shorter):
                yield match.start(), match.start() + len(shorter), "account", match.start()
