"""What secrets look like in a text, and where in it they are.

    >>> find_secrets("key AKIAIOSFODNN7EXAMPLE")
    [Found(start=4, end=24, kind='aws key', begins=4)]

Linear in the length of the text: every pattern begins at a literal or at the edge of a word, repeats
possessively or within a small bound, and a search begins only when one of its literals is in the text at all.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One secret: `text[start:end]`, of what kind it is, and where what gives it away begins."""

    start: int
    end: int
    kind: str
    begins: int


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    literals: tuple[str, ...]  # in lower case; without any of them the pattern cannot match
    pattern: re.Pattern[str]  # what is to be hidden is its group 1, or all of it when it has none
    check: Check | None = None


def find_secrets(text: str, *, near_aws_key: bool = False, split: bool = False) -> list[Found]:
    """The secrets in `text`, in their order and apart from each other.

    `near_aws_key`: an AWS key id stands close by, so what has the shape of a secret access key is one.
    `split`: the text was put together from messages, so that a private key without its end reaches no further
    than it looks like one.
    """
    if _is_plain(text):
        return []
    lowered = text.lower()
    found = [one for shape in _SHAPES if _may_match(shape, lowered) for one in _matches(shape, text)]
    if "-----begin" in lowered or (split and _OPEN_MARK in lowered):
        found += _key_blocks(text, split=split)
    if near_aws_key or (found and any(one.kind == AWS_KEY for one in found)):
        found += _matches(_AWS_SECRET, text)
    return _apart(found) if found else found


def _is_plain(text: str) -> bool:
    """Short words and nothing that names a value: most messages, told without looking at a single pattern."""
    if "=" in text or ":" in text or "assw" in text or "assp" in text or _DIGITS.search(text):
        return False
    return max(map(len, text.split()), default=0) < _SHORTEST_SECRET


def is_card(number: int) -> bool:
    """Whether a number is one of a payment card, as far as a number can tell."""
    return 10**13 <= number < 10**19 and _is_card(str(number))


def _may_match(shape: _Shape, lowered: str) -> bool:
    for literal in shape.literals:  # no generator: this is most of the work there is for most texts
        if literal in lowered:
            return True
    return not shape.literals


def _matches(shape: _Shape, text: str) -> Iterator[Found]:
    group = 1 if shape.pattern.groups else 0
    for match in shape.pattern.finditer(text):
        if shape.check is None or shape.check(match[group]):
            yield Found(match.start(group), match.end(group), shape.kind, match.start())


def _apart(found: list[Found]) -> list[Found]:
    """Without overlaps: what overlaps is one secret of the kind that begins first."""
    apart: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if apart and one.start < apart[-1].end:
            last = apart[-1]
            apart[-1] = Found(last.start, max(last.end, one.end), last.kind, min(last.begins, one.begins))
        else:
            apart.append(one)
    return apart


def _key_blocks(text: str, *, split: bool) -> Iterator[Found]:
    """Private keys with their frames. One without an end reaches to the end of the text: it was cut.

    In a text put together from messages, the mark in the place of one may be that of its beginning.
    """
    ends = [match.end() for match in _KEY_END.finditer(text)]
    done, at = 0, 0
    for begin in (_KEY_BEGIN_OR_MARK if split else _KEY_BEGIN).finditer(text):
        if begin.start() < done:
            continue
        while at < len(ends) and ends[at] < begin.end():
            at += 1
        if at < len(ends):
            done = ends[at]
        else:
            body = _KEY_BODY.match(text, begin.end()) if split else None
            done = body.end() if body else len(text)
        yield Found(begin.start(), done, PRIVATE_KEY, begin.start())


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

_DIGITS = re.compile(r"\d{4}", re.ASCII)  # the least that a card is written in
_SHORTEST_SECRET: Final = 10  # characters without a space: "-----BEGIN"

_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_OPEN_MARK: Final = f"[redacted: {PRIVATE_KEY}]"
_KEY_BEGIN_OR_MARK = re.compile(f"{_KEY_BEGIN.pattern}|{re.escape(_OPEN_MARK)}")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{20,}+)*+")

_CARD_BRANDS = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|(?:6011\d\d|65\d{4}|64[4-9]\d{3})\d{10}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)

_NAME = (
    r"(?:pass(?:word|wd|phrase)|pwd|(?:secret[_-]?)?access[_-]?key|secret[_-]?key|client[_-]?secret|api[_-]?key"
    r"|account[_-]?key|private[_-]?key|signing[_-]?key"
    r"|(?:access|auth|refresh|session|id|bearer|security)[_-]?token)"
)
_QUOTE = r"(?:\\?[\"'])"


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def _exact(pattern: str) -> re.Pattern[str]:
    # Where a secret begins there is no letter or digit before it: words have other things in the middle.
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.ASCII)


_AWS_SECRET = _Shape(
    AWS_KEY,
    (),
    re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.ASCII),
    _is_mixed,
)

_NAMED = ("pass", "pwd", "secret", "key", "token")

_SHAPES: Final = (
    _Shape(
        AWS_KEY, ("akia", "asia", "abia", "acca"), _exact(r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])")
    ),
    _Shape(
        AWS_KEY,
        ("fwogzxivyxdz", "fqogzxivyxdz", "iqojb3jpz2lu", "absk"),
        _exact(r"(?:F[wQ]oGZXIvYXdz|IQoJb3JpZ2lu|ABSK)[A-Za-z0-9/+]{50,}+={0,2}"),
    ),
    _Shape(
        "google key",
        ("aiza", "ya29.", "gocspx-"),
        _exact(r"AIza[\w-]{35}|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+"),
    ),
    _Shape("azure key", ("7q~", "8q~"), re.compile(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}", re.ASCII)),
    _Shape(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        _exact(r"gh[pousr]_[A-Za-z0-9]{36,}+|github_pat_\w{22,}+"),
    ),
    _Shape("gitlab token", ("glpat-", "gldt-", "glrt-"), _exact(r"gl(?:pat|dt|rt)-[\w-]{20,}+")),
    _Shape("slack token", ("xox", "xapp-"), _exact(r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}+")),
    _Shape(
        "slack webhook", ("hooks.slack.com/",), _any_case(r"hooks\.slack\.com/[a-z]{1,12}/([\w/+-]{20,}+)")
    ),
    _Shape(
        "stripe key",
        ("k_live_", "k_test_", "whsec_"),
        _exact(r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{20,}+"),
    ),
    _Shape("model key", ("sk-",), _exact(r"sk-[\w-]{20,}+"), _is_random),
    _Shape(
        "model key",
        ("gsk_", "hf_", "xai-", "pplx-"),
        _exact(r"(?:gsk_|xai-|pplx-)[A-Za-z0-9]{40,}+|hf_[A-Za-z0-9]{30,}+"),
    ),
    _Shape(
        "access token",
        ("npm_", "pypi-", "sg.", "dop_v1_", "hvs.", "shp", "dapi"),
        _exact(
            r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}+|SG\.[\w-]{16,32}\.[\w-]{16,64}|dop_v1_[0-9a-f]{64}"
            r"|hvs\.[\w-]{24,}+|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}"
        ),
    ),
    _Shape("view token", ("sbv1.",), _exact(r"sbv1\.[\w.-]{8,}+")),
    _Shape("jwt", ("eyj",), re.compile(r"(?<![\w-])eyJ[\w-]{8,}+(?:\.[\w-]*+){1,4}", re.ASCII)),
    _Shape("bearer token", ("bearer",), _any_case(r"\bbearer\s{1,4}([\w.~+/-]{16,}+=*+)"), _has_digit),
    _Shape("basic login", ("basic",), _any_case(r"\bbasic\s{1,4}([A-Za-z0-9+/]{6,}+={0,2})"), _is_login),
    _Shape(
        "url signature",
        ("sig", "x-amz-", "hmac"),
        _any_case(
            r"(?:[?&;]|\\u0026)(?:x-amz-signature|x-amz-security-token|x-goog-signature|signature|sig|hmac)"
            r"=([^\s&#\"'<>\\]{8,}+)"
        ),
        _is_value,
    ),
    _Shape(
        "password",
        ("://",),
        _any_case(
            r"://[^\s/:@\"'<>]{0,256}:(?!\d{1,5}(?:[/?#]|$))((?:[^\s\"'<>/]{1,256}|[^\s\"'<>@]{1,256}))@",
        ),
        _is_value,
    ),
    _Shape(
        "secret",
        _NAMED,
        _any_case(rf"(?:{_NAME}|(?<![a-z])secret){_QUOTE}?\s{{0,3}}[=:]\s{{0,3}}{_QUOTE}([^\"'\\\n]++)"),
        _is_value,
    ),
    _Shape(
        "secret",
        _NAMED,
        _any_case(
            rf"(?:{_NAME}{_QUOTE}?(?:\s{{0,3}}=\s{{0,3}}|:)|(?<![a-z])secret\s{{0,3}}=\s{{0,3}})"
            r"([^\s\"'\\,;&<>]++)"
        ),
        _is_value,
    ),
    _Shape(
        "secret",
        _NAMED,
        _any_case(rf"(?:{_NAME}\s{{0,3}}:|pass(?:word|wd|phrase)\s{{1,3}}is)\s{{1,3}}([^\s\"'\\,;&<>]++)"),
        _looks_secret,
    ),
    _Shape(
        "card",
        (),
        re.compile(
            r"(?<![\w.#-])(?:\d{14,19}|\d{4} \d{4} \d{4} \d{4}(?: \d{3})?|\d{4}-\d{4}-\d{4}-\d{4}(?:-\d{3})?"
            r"|\d{4}[ -]\d{6}[ -]\d{4,5})(?!\w|[.-]\d)",
            re.ASCII,
        ),
        _is_card,
    ),
)
