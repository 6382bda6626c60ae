"""Judges the form of a value: chosen by a person, made by a machine, or no secret at all."""

from __future__ import annotations

import base64
import re

from ..lazy import Lazy
from .names import (
    CODE,
    COOKIE,
    CREDENTIALS,
    HEADER,
    KEY,
    PASSWORD,
    SECRET,
    SEED,
    TOKEN,
    kind_of_name,
    words_of,
)
from .vocabulary import DESCRIBING, NO_PLAIN_ENDS, STOPS

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

JUDGED: Final = 128
"""The number of characters of a value that decide."""

_UUID = Lazy(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_PLACEHOLDER = Lazy(
    r"[*\u2022x.X\u2026_#-]{2,}+|<[^>]*+>|\[[^\]]*+\]|\(\w*+\)|\?|!\w++|arn:.*+"
    r"|\$[A-Za-z_]++|(?-i:\$[A-Z_][A-Z0-9_]*+)|\$?\{{1,2}[^}]*+\}{1,2}|\$?\{\{.*+|\$[({].*+"
    r"|%[A-Z_]++%|%\(?\w*+\)?s|[@:]{1,2}[A-Za-z_]++|(?:\\[nrtx0]\w{0,2})++"
    r"|(?:\.{0,2}/[\w.@-]++){2,}+/?|/[a-z]++|~/.*+|[A-Za-z]:\\.*+"
    r"|(?:your|insert|enter|example|sample|placeholder|change|replace|dummy|fake)[-_ ].*+",
    re.ASCII | re.IGNORECASE,
)
"""`$NAME`, `${NAME}`, `<name>`, `{{ name }}`, `/run/secrets/name`, `your-key`: where a secret comes from."""
_TEMPLATE = Lazy(
    r"\{[A-Za-z_][\w.()\[\]'\" ]{0,64}\}|\$\{|\{\{|<[a-z][\w -]{0,32}>|%s|%\(\w{1,32}\)s", re.ASCII
)
"""A placeholder that a program fills."""
_CODE = Lazy(
    r"[\w.$!]*+[\[({].*+|!?[A-Za-z_$][\w$]*+(?:(?:\?\.|\.|->|::)[A-Za-z_$][\w$]*+)++[,;)\]}]*+|(?:[^=]|=(?!>))*+=>.*+",
    re.ASCII,
)
_MEASURE = Lazy(
    r"v?\d++(?:[.,:/-]\d++)*+(?:st|nd|rd|th|ms|s|m|h|d|k|kb|mb|gb|b|px|em|x|%|bits?|bytes?|days?|mins?"
    r"|-?(?:characters?|chars?|digits?|letters?|words?|days?|hours?|minutes?|months?|weeks?|bits?|bytes?|years?"
    r"|times?|factor|step|way|part|time)(?:-\w++)?)?",
    re.ASCII | re.IGNORECASE,
)
"""Numbers, dates, times, sizes."""
_ALGORITHM = Lazy(
    r"(?:sha|md|aes|rsa|utf|hs|rs|es|ps|pbkdf|argon|bcrypt|scrypt|base|oauth|saml|tls|ssl|x|ed|secp|p|kms|http"
    r"|ascii|totp|fido|ipv|iso|rfc|s|ec|python|node|win)-?_?\d{1,5}\w{0,2}(?:[-_/].*+)?",
    re.ASCII | re.IGNORECASE,
)
_WITHOUT_CASE = Lazy("[\u2e80-\ud7ff]")
"""Chinese, Japanese, Korean: a sentence there has no spaces."""
_MAIL = Lazy(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){0,4}\.[a-z]{2,10}", re.ASCII | re.IGNORECASE)
_UNITS_AFTER = Lazy(
    r"\s{1,3}(?:more|(?:or|to|and)\s(?:\d|more|less)|characters?|chars?|digits?|letters?|words?|symbols?"
    r"|bytes?|bits?|days?|hours?|minutes?|seconds?|months?|weeks?|years?|times?|attempts?|tokens?|users?|of|long"
    r"|percent|%|zeichen|caract\w++|caratteri)\b",
    re.ASCII | re.IGNORECASE,
)
_HASH = Lazy(
    r"\$(?:2[aby]?|argon2\w{0,2}|5|6|1|y|scrypt|pbkdf2[\w-]*+)\$.++|pbkdf2_\w++\$.++|\{S?SHA\d*+\}.++",
    re.ASCII,
)
_SEED_WORDS = Lazy(r"[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23}+", re.ASCII)
_LOGIN = Lazy(r"[\w.@+-]{1,64}\s{0,2}[:/]\s{0,2}(?!/)(\S{3,128})", re.ASCII)


def has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def is_mixed(text: str) -> bool:
    """Upper and lower case letters and digits: no path, no hash, no word."""
    return has_digit(text) and any(map(str.isupper, text)) and any(map(str.islower, text))


def is_wordy(text: str) -> bool:
    """Words put together, with capitals or digits between them: `BedrockSigV4Auth`."""
    judged = text[:JUDGED]
    parts = [part for part in words_of(judged) if part.isalpha()]
    letters = sum(map(len, parts))
    return bool(parts) and letters >= 3.2 * len(parts) and letters >= 0.7 * len(judged)


def is_random(text: str) -> bool:
    """Not words with hyphens: mixed letters and digits, or one long run of both."""
    return has_digit(text) and (is_mixed(text) or max(map(len, re.split("[_-]", text))) >= 20)


def is_login(text: str) -> bool:
    """Base64 of `user:password`."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return b":" in decoded


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_no_secret(text: str) -> bool:
    """A mark of ours, a word for a state, or the source of a secret: not a secret itself."""
    bare = text.strip(" .:!?,;\"'`*()")
    return (
        not bare
        or text.isspace()
        or STOPS.issuperset(bare.lower().split())
        or _PLACEHOLDER.fullmatch(text.rstrip(" .:!?,;)")) is not None
        or _PLACEHOLDER.fullmatch(text) is not None
        or _TEMPLATE.search(text) is not None
    )


def is_code(text: str) -> bool:
    """An expression of a program: a call, an attribute, a variable that is named like a secret."""
    if _CODE.fullmatch(text):
        return True
    bare = text.rstrip(",;)]}")
    camel = any(map(str.islower, bare[:-1])) and any(map(str.isupper, bare[1:]))
    return (
        bare.isidentifier()
        and sum(map(str.isdigit, bare)) <= 1
        and ("_" in bare or camel)
        and kind_of_name(bare) is not None
    )


def is_description(text: str) -> bool:
    """A sentence about a secret. A passphrase has none of its words."""
    given = text.lower().split()
    return len(given) >= 2 and len(DESCRIBING.intersection(word.strip(".,:;'\"()") for word in given)) >= min(
        2, len(given) - 1
    )


def is_chosen(text: str) -> bool:
    """Letters with digits or signs among them, as people choose passwords: no measure, no date, no name."""
    if text.isdigit():
        return len(text) >= 4
    if len(text) < 4 or _MEASURE.fullmatch(text) or _ALGORITHM.fullmatch(text) or _MAIL.fullmatch(text):
        return False
    if not any(map(str.isalpha, text)) or _WITHOUT_CASE.search(text):
        return False
    if has_digit(text):
        return True
    inner = text.strip(".,:;!?()[]{}\"'`*_-")
    return any(sign in inner for sign in "!@#$%^&*+=~?!\u00a7") or (
        inner.isalpha() and not inner.isupper() and any(map(str.isupper, inner[1:])) and len(inner) >= 8
    )


def is_plain_word(text: str) -> bool:
    """A word that does not describe a password, so that it may be one: `swordfish`."""
    parts = text.lower().replace("_", "-").split("-")
    return (
        4 <= len(text) <= 40
        and all(part.isascii() and part.isalpha() for part in parts)
        and len(parts) != 2
        and not (set(parts) & STOPS)
        and not text.lower().endswith(NO_PLAIN_ENDS)
    )


def units_follow(value: str, text: str, end: int) -> bool:
    """Whether a number that ends at `end` is the number of something: `12 characters`."""
    return value.isdigit() and _UNITS_AFTER.match(text, end) is not None


def is_hash_of_password(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def is_secret_value(kind: str, value: str) -> bool:
    """Whether a value that belongs to a name of that kind beyond doubt (in JSON, in quotes) is a secret."""
    if kind == SEED:
        return len(value) <= 2 * JUDGED and _SEED_WORDS.fullmatch(value.strip(" .")) is not None
    text = value[:JUDGED].rstrip(".,;: ")
    if is_no_secret(text) or is_code(text):
        return False
    if kind == PASSWORD:
        return not is_description(text) and not _is_own_name(text)
    return _is_named_value(kind, text)


def _is_own_name(text: str) -> bool:
    """`Password` under `password`: a label."""
    return (
        not has_digit(text)
        and text[:1].isupper()
        and kind_of_name(text) is not None
        and len(words_of(text)) <= 3
    )


def _is_named_value(kind: str, text: str) -> bool:
    if kind in _WITH_SPACES:
        return _WITH_SPACES[kind](text)
    return " " not in text and not text.isdigit() and _OF_KIND.get(kind, is_made)(text)


def _is_code(text: str) -> bool:
    return 3 <= len(text) <= 32 and has_digit(text) and text.replace(" ", "").replace("-", "").isalnum()


def _is_login(text: str) -> bool:
    pair = _LOGIN.match(text)
    return (pair is not None and is_chosen(pair[1])) or (
        " " not in text and (is_chosen(text) or len(text) < 3)
    )


def _is_header(text: str) -> bool:
    if is_no_secret(text.rpartition(" ")[2]):  # Bearer <token>
        return False
    said = all(word.lower().strip(".,:") in STOPS for word in text.split())
    return not said and not is_description(text)


def _is_key(text: str) -> bool:
    return len(text) < 3 or is_mixed_case(text) or not (text.isalpha() or _is_words(text))


def _is_secret(text: str) -> bool:
    return is_chosen(text) and "/" not in text and ":" not in text


def _is_token(text: str) -> bool:
    return len(text) >= 16 and not is_uuid(text) and not _is_words(text)


_WITH_SPACES: Final = {
    CODE: _is_code,
    CREDENTIALS: _is_login,
    COOKIE: lambda text: "=" in text.split(" ", 1)[0].rstrip("="),
    HEADER: _is_header,
}
_OF_KIND: Final = {KEY: _is_key, SECRET: _is_secret, TOKEN: _is_token}


def is_mixed_case(text: str) -> bool:
    """Capitals in the middle, and long: base64 without a digit."""
    return (
        len(text) >= 16
        and text.isalpha()
        and not is_wordy(text)
        and not text.islower()
        and not text.isupper()
    )


def is_made(text: str) -> bool:
    """Random, as machines make keys; no id, no path, no words."""
    if len(text) < 12 or is_uuid(text) or "://" in text or text.count("/") > 3 or ":" in text:
        return False
    return is_random(text) and not _is_words(text) and not is_wordy(text) and not _MEASURE.fullmatch(text)


def _is_words(text: str) -> bool:
    """Words, numbers and dates with signs between them: `order-4711-2026`, `prod/db`, `user:4711:profile`."""
    parts = re.split(r"[-_./:#]", text)
    return len(parts) > 1 and all(
        part.isdigit() or (part.isalpha() and len(part) < 20) or not part for part in parts
    )


def is_cookie(text: str) -> bool:
    """`name=value; name=value`, one of them long enough to be a session's."""
    pairs = [part.partition("=") for part in text[:JUDGED].split(";")[:16]]
    return (
        bool(pairs[0][1])
        and " " not in pairs[0][0]
        and any(len(value.strip(" ,\"'")) >= 8 for _, _, value in pairs)
    )
