"""Passwords and signatures by where they stand: addresses, connection strings, commands, forms, sentences.

Each pattern begins at a literal that the text must hold, and every repetition is possessive or bounded.
"""

from __future__ import annotations

import re

from ..lazy import Lazy
from .anchors import Anchor, anchored, by_literal
from .budget import A_PLACE
from .command_lines import (
    COMMANDS,
    START,
    any_case,
    is_good,
    is_password,
    is_signature,
    is_strong,
    is_value,
)
from .values import is_made, is_random

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .budget import Budget


_PLACES: Final = (
    Anchor(
        "password",
        ("//",),
        any_case(
            r"(?<![\w/])//[^\s/:@\"'<>]{0,128}:(?!\d{1,5}(?:[/?#,]|$))"
            r"(?P<secret>(?:[^\s\"'<>/]|'(?![\s,;:)\]}])){1,256}|[^\s\"'<>@]{1,256})@"
        ),
        is_value,
        sign="//",
    ),
    Anchor("token", ("://",), any_case(r"://(?P<secret>[\w.~-]{16,256}+)@"), is_random, sign="//"),
    Anchor(  # Oracle's: user/password@host
        "password",
        ("thin:", "oci:", "sqlplus ", "rman target "),
        any_case(
            r"(?:thin:|oci:|sqlplus[ \t]{1,3}(?:-\w{1,2}[ \t]){0,2}|rman[ \t]target[ \t])[\w.$#@-]{1,64}/"
            r"(?P<secret>[^\s\"'/@]{1,128})@"
        ),
        is_value,
        sign="@",
    ),
    Anchor(
        "url signature",
        ("signature=", "sig=", "hmac=", "x-amz-security-token="),
        any_case(
            r"(?<=[?&;,\s6-])(?:signature|sig|hmac|x-amz-security-token)=(?P<secret>[^\s&#\"'<>\\]{8,}+)"
        ),
        is_signature,
        sign="=",
    ),
    Anchor(
        "secret",
        ("key=", "auth=", "code=", "jwt=", "token=", "ticket="),
        any_case(r"(?<=[?&#_-])(?:key|auth|code|jwt|token|ticket)=(?P<secret>[\w.~+/%-]{12,}+=*+)"),
        is_made,
        sign="=",
    ),
    Anchor(
        "secret",
        ("pass=",),
        any_case(r"(?<=[?&])pass=(?P<secret>[^\s&#\"'<>\\]{1,256})"),
        is_password,
        sign="=",
    ),
    Anchor(
        "cookie",
        ("session=", "sessionid=", "sessid=", "sid="),
        any_case(r"(?:session|sessionid|sessid|sid)=(?P<secret>[\w.~%+/:-]{16,}+=*+)"),
        is_made,
        sign="=",
    ),
    Anchor(
        "login", ("response=",), any_case(r"response\s?=\s?[\"']?(?P<secret>\w{12,}+)"), is_random, sign="="
    ),
    Anchor("login", ("ssws ",), any_case(r"ssws\s{1,4}(?P<secret>[\w.-]{20,}+)"), is_random),
    Anchor(  # requests' and others': a tuple, or a helper of two texts
        "login",
        ("auth=(", "auth = (", "auth(", "login(", "credentials(", "connect("),
        any_case(
            r"(?:auth\s?=\s?|auth|login|credentials|connect)\(\s{0,4}b?[\"'][^\"'\n]{1,64}[\"'],\s{0,4}"
            r"(?:\w{1,16}=)?b?[\"'](?P<secret>[^\"'\n]{1,128})"
        ),
        is_good,
    ),
    Anchor(
        "login",
        (
            *("log in", "logged in", "logging in", "log on", "log into", "login"),
            *("logon", "sign in", "signin", "anmeld", "einlogg", "connect"),
        ),
        any_case(
            rf"{START}(?:(?:log|sign)(?:ged|ging|ed|ing)?[ -]?(?:into|in|on)"
            r"|connect(?:ed|ing)?|anmeld\w{1,6}|einlogg\w{1,4})\b[ \t]{0,2}:?[ \t]{1,2}"
            r"(?:\w{1,12}[ \t]){0,3}?(?:(?:with|as|using|mit|als)[ \t]{1,2})?(?:user(?:name)?[ \t]{1,2})?"
            r"[\"'`]?[\w.@+-]{1,64}[\"'`]?"
            r"(?:[ \t]{0,2}[/:|][ \t]{0,2}|[ \t](?:with|and|mit|und)[ \t])"
            r"[\"'`]?(?P<secret>[^\s\"'`,;<>]{4,128})"
        ),
        is_good,
    ),
    Anchor(
        "login",
        (
            *("user/", "user /", "username/", "username /", "user and ", "creds"),
            *("credentials", "account", "zugangsdaten"),
        ),
        any_case(
            rf"{START}(?:user(?:name)?[ \t]?(?:/|and|&|\+)[ \t]?pass(?:word)?|creds|credentials|account"
            r"|zugangsdaten)[ \t]{0,2}(?::|=|are|is|were|-|sind|lauten)?[ \t]{1,2}"
            r"[\"'`]?[\w.@+-]{1,64}[\"'`]?[ \t]{0,2}(?:[/:|]|and)[ \t]{0,2}"
            r"[\"'`]?(?P<secret>[^\s\"'`,;<>]{4,128})"
        ),
        is_good,
    ),
    Anchor(
        "login",
        ("use ", "try ", "with "),
        any_case(
            rf"{START}(?:use|try|with)[ \t]{{1,2}}[\"'`]?[\w.@+-]{{1,64}}[:/]"
            r"(?P<secret>[^\s\"'`,;<>/:]{6,128})"
        ),
        is_strong,
    ),
    Anchor(  # a form's field, whose value is before or after its type
        "secret",
        ("<input",),
        any_case(
            r"<input\b(?=[^<>]{0,400}?\btype\s?=\s?[\"']?password)[^<>]{0,400}?\bvalue\s?=\s?"
            r"[\"'](?P<secret>[^\"'<>\n]{1,256})"
        ),
        is_value,
        sign="=",
    ),
    Anchor(
        "private key",
        ("private-lines:",),
        any_case(r"private-lines:\s{0,3}\d{1,4}\s{0,3}(?P<secret>[A-Za-z0-9+/=\s]{20,}+)"),
        is_value,
        sign=":",
    ),
)

HINTS: Final = ("log", "sign", "connect", "account", "machine", "anmeld")
"""Literals that also stand in texts of short words; other plain texts have none."""

_SIGNS: Final = ("=", "//", " -", ":", "@", "")
_BY_SIGN: Final = {
    sign: by_literal(*(place for place in (*_PLACES, *COMMANDS) if place.sign == sign)) for sign in _SIGNS
}

_BEFORE_HOST = Lazy(r"(?P<secret>[^\s\"'<>/:@?=&]{3,128})[:/][\w.$#-]{1,64}(?![\w./@-])", re.ASCII)
"""A user and a password before the `@` of Go's and Oracle's connections, read backwards."""
_HOST = Lazy(r"@(?:tcp\(|unix\(|/|(?!sha256:)[A-Za-z]|\d{1,3}(?:\.\d{1,3}){3})")


def logins(text: str, lowered: str, budget: Budget) -> Iterator[tuple[int, int, str, int]]:
    """(start, end, kind, where it begins to show) of each secret that its place gives away."""
    for sign, places in _BY_SIGN.items():
        if sign in text:
            for start, end, kind, begins in anchored(places, text, lowered, budget):
                value = text[start:end].rstrip(".,)")
                yield start, start + max(1, len(value)), kind, begins
    at = text.find("@")
    while at >= 0:
        budget.spend(A_PLACE)
        match = _BEFORE_HOST.match(text[max(0, at - 200) : at][::-1]) if _HOST.match(text, at) else None
        sure = text.startswith(("@tcp(", "@unix("), at)
        if match and (is_value if sure else is_strong)(match["secret"][::-1]):
            yield at - match.end("secret"), at, "password", at - match.end()
        at = text.find("@", at + 1)
