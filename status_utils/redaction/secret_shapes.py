"""What secrets look like in a text.

Every pattern begins at a literal or at the edge of a word, and repeats possessively or within a small bound.
"""

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
    pattern: re.Pattern[str]  # what is to be hidden is its group 1, or all of it when it has none
    check: Check | None = None


def is_card(number: int) -> bool:
    """Whether a number is one of a payment card, as far as a number can tell."""
    return 10**13 <= number < 10**19 and _is_card(str(number))


def _is_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not _CARD_BRANDS.fullmatch("".join(map(str, digits))):
        return False
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in digits[-2::-2])  # Luhn's sum
    return (sum(digits[::-2]) + doubled) % 10 == 0


def _is_mixed(text: str) -> bool:
    """Upper and lower case letters and digits: no path, no hash, no word."""
    return (
        any(c.isdigit() for c in text) and any(c.isupper() for c in text) and any(c.islower() for c in text)
    )


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_random(text: str) -> bool:
    """Not words with hyphens: mixed letters and digits, or one long run of both."""
    return _has_digit(text) and (_is_mixed(text) or max(map(len, re.split("[_-]", text))) >= 20)


def _is_login(text: str) -> bool:
    """Base64 of `user:password`."""
    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False


def _is_value(text: str) -> bool:
    """Neither a mark of ours nor a word that stands where a secret is not."""
    return (
        not text.startswith(("[redacted", "***", "<", "$", "{", "/"))
        and text.lower().strip(".") not in _NO_SECRETS
    )


def _looks_secret(text: str) -> bool:
    """A value after `password: `, where an ordinary sentence may stand as well."""
    return _is_value(text) and len(text) >= 6 and not text.rstrip(".!?)").replace("-", "").isalpha()


_NO_SECRETS = frozenset(
    ("none", "null", "true", "false", "undefined", "missing", "required", "expired", "invalid")
)

AWS_KEY: Final = "aws key"
PRIVATE_KEY: Final = "private key"


KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
OPEN_MARK: Final = f"[redacted: {PRIVATE_KEY}]"
KEY_BEGIN_OR_MARK = re.compile(f"{KEY_BEGIN.pattern}|{re.escape(OPEN_MARK)}")
KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_BODY = re.compile(r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{20,}+)*+")

_CARD_BRANDS = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|(?:6011\d\d|65\d{4}|64[4-9]\d{3})\d{10}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)

_NAME = (
    r"(?:pass(?:wor[dt]|wd|phrase)|(?:db|user|admin|root|smtp|mail|ftp|mysql|pg)_pass(?![a-z])|(?<=_)secret|pwd|(?:secret[_-]?)?access[_-]?key|secret[_-]?key|client[_-]?secret|api[_-]?key"
    r"|account[_-]?key|private[_-]?key|signing[_-]?key"
    r"|(?:access|auth|refresh|session|id|bearer|security)[_-]?token)"
)
_QUOTE = r"(?:\\{0,7}[\"'])"  # JSON within JSON within JSON
_GIVES = r"(?:=>?|:|%3[ad])"


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def _exact(pattern: str) -> re.Pattern[str]:
    # Where a secret begins there is no letter or digit before it: words have other things in the middle.
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.ASCII)


AWS_SECRET = Shape(
    AWS_KEY,
    (),
    re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.ASCII),
    _is_mixed,
)

_NAMED = ("pass", "pwd", "secret", "key", "token")

SHAPES: Final = (
    Shape(AWS_KEY, ("akia", "asia", "abia", "acca"), _exact(r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])")),
    Shape(
        AWS_KEY,
        ("fwogzxivyxdz", "fqogzxivyxdz", "iqojb3jpz2lu", "absk"),
        _exact(r"(?:F[wQ]oGZXIvYXdz|IQoJb3JpZ2lu|ABSK)[A-Za-z0-9/+]{50,}+={0,2}"),
    ),
    Shape(
        "google key",
        ("aiza", "ya29.", "gocspx-"),
        _exact(r"AIza[\w-]{35}|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+"),
    ),
    Shape("azure key", ("7q~", "8q~"), re.compile(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}", re.ASCII)),
    Shape(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        _exact(r"gh[pousr]_[A-Za-z0-9]{36,}+|github_pat_\w{22,}+"),
    ),
    Shape("gitlab token", ("glpat-", "gldt-", "glrt-"), _exact(r"gl(?:pat|dt|rt)-[\w-]{20,}+")),
    Shape("slack token", ("xox", "xapp-"), _exact(r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}+")),
    Shape(
        "webhook",
        ("hooks.slack.com/", "/api/webhooks/"),
        _any_case(r"(?:hooks\.slack\.com/[a-z]{1,12}|discord(?:app)?\.com/api/webhooks)/([\w/+-]{20,}+)"),
    ),
    Shape(
        "stripe key",
        ("k_live_", "k_test_", "whsec_"),
        _exact(r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{20,}+"),
    ),
    Shape("model key", ("sk-",), _exact(r"sk-[\w-]{20,}+"), _is_random),
    Shape(
        "model key",
        ("gsk_", "hf_", "xai-", "pplx-"),
        _exact(r"(?:gsk_|xai-|pplx-)[A-Za-z0-9]{40,}+|hf_[A-Za-z0-9]{30,}+"),
    ),
    Shape(
        "access token",
        ("npm_", "pypi-", "sg.", "dop_v1_", "hvs.", "shp", "dapi", "da2-", "age-secret-key-", ":aa"),
        _exact(
            r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}+|SG\.[\w-]{16,32}\.[\w-]{16,64}|dop_v1_[0-9a-f]{64}"
            r"|hvs\.[\w-]{24,}+|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}"
            r"|da2-[a-z0-9]{26}|AGE-SECRET-KEY-1[A-Z0-9]{40,}+|(?:bot)?\d{8,10}:AA[\w-]{33}"
        ),
    ),
    Shape("view token", ("sbv1.",), _exact(r"sbv1\.[\w.-]{8,}+")),
    Shape(PRIVATE_KEY, ("ls0tls1crudjti",), _exact(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}+={0,2}")),
    Shape("jwt", ("eyj",), re.compile(r"(?<![\w-])eyJ[\w-]{8,}+(?:\.[\w-]*+){1,4}", re.ASCII)),
    Shape("bearer token", ("bearer",), _any_case(r"\bbearer\s{1,4}([\w.~+/-]{16,}+=*+)"), _has_digit),
    Shape("basic login", ("basic",), _any_case(r"\bbasic\s{1,4}([A-Za-z0-9+/]{6,}+={0,2})"), _is_login),
    Shape(
        "url signature",
        ("sig", "x-amz-", "hmac"),
        _any_case(
            r"(?:[?&;]|\\u0026|,\s?)(?:x-amz-signature|x-amz-security-token|x-goog-signature|signature|sig|hmac)"
            r"=([^\s&#\"'<>\\]{8,}+)"
        ),
        _is_value,
    ),
    Shape(
        "password",
        ("://",),
        _any_case(
            r"://[^\s/:@\"'<>]{0,256}:(?!\d{1,5}(?:[/?#]|$))((?:[^\s\"'<>/]{1,256}|[^\s\"'<>@]{1,256}))@",
        ),
        _is_value,
    ),
    Shape("token", ("://",), _any_case(r"://([\w.~-]{16,}+)@"), _is_random),
    Shape(
        "secret",
        _NAMED,
        _any_case(
            rf"(?:{_NAME}|(?<![a-z])secret){_QUOTE}?\s{{0,3}}{_GIVES}\s{{0,3}}b?{_QUOTE}([^\"'\\\n]++)"
        ),
        _is_value,
    ),
    Shape(
        "secret",
        _NAMED,
        _any_case(
            rf"(?:{_NAME}{_QUOTE}?(?:\s{{0,3}}=\s{{0,3}}|:|%3[ad])|(?<![a-z])secret\s{{0,3}}=\s{{0,3}})"
            r"([^\s\"'\\,;&<>]++)"
        ),
        _is_value,
    ),
    Shape(
        "secret",
        _NAMED,
        _any_case(
            rf"(?:(?:{_NAME}\s{{0,3}}:|pass(?:word|wd|phrase)\s{{1,3}}is|--[\w-]{{0,40}}{_NAME})\s{{1,3}}"
            rf"|{_NAME}\s{{0,3}}=>\s{{0,3}})([^\s\"'\\,;&<>]++)"
        ),
        _looks_secret,
    ),
    Shape("secret", _NAMED, _any_case(rf"<[\w:-]{{0,40}}{_NAME}>([^<\n]++)</"), _is_value),
    Shape(
        "token",
        ("token",),
        _any_case(
            rf"(?<![a-z])token{_QUOTE}?\s{{0,3}}{_GIVES}\s{{0,3}}{_QUOTE}?([\w.~+/-]{{16,}}+={{0,2}})",
        ),
        _is_random,
    ),
    Shape(
        "login",
        ("authorization",),
        _any_case(
            rf"authorization{_QUOTE}?\s{{0,3}}{_GIVES}\s{{0,3}}{_QUOTE}?(?:token|api-?key)"
            r"\s{1,3}([\w.~+/-]{16,}+={0,2})"
        ),
        _has_digit,
    ),
    Shape(
        "login",
        ("curl",),
        _any_case(
            rf"\bcurl\b[^\n]{{0,200}}?\s(?:-u|--user)\s{{1,3}}{_QUOTE}?[^\s:\"']{{1,64}}:([^\s\"'\\]++)"
        ),
        _is_value,
    ),
    Shape(
        "cookie",
        ("cookie:",),
        _any_case(r"\b(?:set-)?cookie:\s{0,3}([\w.-]{1,64}=[^\s\"'\\;]{8,}+[^\"'\\\n]*+)"),
    ),
    Shape(
        "card",
        (),
        re.compile(
            r"(?<![\w.#-])(?:\d{14,19}|\d{4}(?:[ \u00a0\u202f]\d{4}){3}(?:[ \u00a0\u202f]\d{3})?"
            r"|\d{4}-\d{4}-\d{4}-\d{4}(?:-\d{3})?"
            r"|\d{4}[ \u00a0\u202f-]\d{6}[ \u00a0\u202f-]\d{4,5})(?!\w|[.-]\d)",
            re.ASCII,
        ),
        _is_card,
    ),
)
