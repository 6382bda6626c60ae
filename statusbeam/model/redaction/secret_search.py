"""Finds the secrets in a text.

    >>> find_secrets("key AKIAIOSFODNN7EXAMPLE")
    [Found(start=4, end=24, kind='aws key', begins=4)]

Linear in the length of the text: so is each rule, and a rule begins only when one of its literals is in the
text at all.
"""

from __future__ import annotations

import base64
import re

from ..lazy import Lazy
from .budget import A_TEXT, Budget
from .found import Found
from .logins import HINTS, logins
from .marks import masked
from .named_secrets import named_secrets
from .names import SHORT_STEMS, STEMS
from .payment import payments
from .private_keys import private_keys
from .service_tokens import AWS_KEY, service_tokens
from .tables import columns
from .values import is_mixed

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

OWN: Final = "own pattern"

_AWS_SECRET = Lazy(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.ASCII)
_DIGITS = Lazy(r"\d{4}|\d\d?[ .-]\d\d?[ .-]\d", re.ASCII)  # the shortest form of a card's number
_SHORTEST_SECRET: Final = 10  # characters without a space: "-----BEGIN"
_BASE64 = Lazy(r"(?<![\w+/=-])[\w+/-]{24,}+={0,2}", re.ASCII)
_AWS_SECRET_LENGTH: Final = 40
_BASE64_LEAST: Final = 24
_BASE64_LENGTH: Final = 8_192
_HINTS: Final = ("=", ":", "|", " -", *HINTS, *STEMS, *SHORT_STEMS)


def find_secrets(
    text: str,
    *,
    near_aws_key: bool = False,
    split: bool = False,
    own: Sequence[re.Pattern[str]] = (),
    budget: Budget | None = None,
) -> list[Found]:
    """The secrets in `text`, in their order and apart from each other.

    `near_aws_key`: an AWS key id stands close by, so a text in the shape of a secret access key is one.
    `split`: the text was put together from messages, so that a private key without its end reaches no further
    than it looks like one. `own`: a deployment's own patterns. Raises OutOfStepsError.
    """
    budget = budget or Budget()
    budget.spend(A_TEXT + len(text))
    searched = masked(text)
    lowered = _folded(searched)
    longest = max(map(len, searched.split()), default=0)
    if not own and longest < _SHORTEST_SECRET and _is_plain(searched, lowered):
        return []
    found = [Found(*one) for one in _rules(searched, lowered, longest, budget)]
    found += [Found(*one) for one in private_keys(text if split else searched, lowered, split=split)]
    if longest >= _BASE64_LEAST:
        found += [Found(*one) for one in _encoded(searched, budget)]
    found += [Found(*match.span(), OWN, match.start()) for rule in own for match in rule.finditer(searched)]
    near_aws_key = near_aws_key or any(one.kind == AWS_KEY for one in found)
    if longest >= _AWS_SECRET_LENGTH and (near_aws_key or ("aws" in lowered and "secret" in lowered)):
        found += [
            Found(*match.span(), AWS_KEY, match.start())
            for match in _AWS_SECRET.finditer(searched)
            if is_mixed(match[0])
        ]
    return _apart(found) if found else found


def _rules(text: str, lowered: str, longest: int, budget: Budget) -> Iterator[tuple[int, int, str, int]]:
    yield from service_tokens(text, lowered, longest, budget)
    yield from named_secrets(text, lowered, budget)
    yield from logins(text, lowered, budget)
    yield from payments(text)
    yield from columns(text)


def _folded(text: str) -> str:
    """The text in lower case, each character at its place."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _is_plain(text: str, lowered: str) -> bool:
    """Short words without the name of a value. Most messages are; they need no look at a rule."""
    for hint in _HINTS:
        if hint in lowered:
            return False
    return not _DIGITS.search(text)


def _encoded(text: str, budget: Budget) -> Iterator[tuple[int, int, str, int]]:
    """Base64 of a text that holds a secret."""
    for match in _BASE64.finditer(text):
        decoded = _decoded(match[0][:_BASE64_LENGTH])
        if decoded is not None:
            budget.spend(A_TEXT + len(decoded))
            lowered = decoded.lower()
            inner = next(_rules(decoded, lowered, len(decoded), budget), None) or next(
                private_keys(decoded, lowered, split=False), None
            )
            if inner:
                yield match.start(), match.end(), inner[2], match.start()


def _decoded(text: str) -> str | None:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        head = base64.b64decode(plain[:16])
        if not head.isascii() or not head.decode("ascii").replace("\n", "").isprintable():
            return None
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("ascii")
    except ValueError:
        return None
    return decoded if decoded.replace("\n", "").replace("\r", "").isprintable() else None


def _apart(found: list[Found]) -> list[Found]:
    """Without overlaps: overlapping finds become one secret of the kind that begins first."""
    apart: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if apart and one.start < apart[-1].end:
            last = apart[-1]
            apart[-1] = Found(last.start, max(last.end, one.end), last.kind, min(last.begins, one.begins))
        elif one.start < one.end:
            apart.append(one)
    return apart
