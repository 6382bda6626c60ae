"""Passwords in command lines and the files of such tools: `mysql -p…`, `curl -u ana:…`, `sshpass -p …`."""

from __future__ import annotations

import re

from ..lazy import Lazy
from .anchors import Anchor
from .values import is_chosen, is_code, is_no_secret, is_random

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final


def any_case(pattern: str) -> Lazy:
    return Lazy(pattern, re.ASCII | re.IGNORECASE)


def is_value(text: str) -> bool:
    return not is_no_secret(text)


def is_password(text: str) -> bool:
    return not is_no_secret(text) and not is_code(text)


def is_good(text: str) -> bool:
    return is_chosen(text) and not is_no_secret(text) and not is_code(text) and not text.isdigit()


def is_strong(text: str) -> bool:
    mixed = any(map(str.isupper, text)) or any(sign in text for sign in "!#$%^&*+=~?")
    return mixed and "." not in text and is_good(text)


def is_signature(text: str) -> bool:
    return len(text) >= 8 and is_password(text)


def is_long(text: str) -> bool:
    return is_random(text) and len(text) >= 16 and not is_no_secret(text)


_Q: Final = r"(?:\\{0,7}[\"'])"
_WORD: Final = r"[\"']?(?P<secret>[^\s\"'\\]{1,256})"

START: Final = r"(?<![a-z0-9])"

COMMANDS: Final = (
    Anchor(
        "secret",
        ("ssh-keygen ",),
        any_case(rf"ssh-keygen\s[^\n]{{0,120}}?(?<=\s)-[NP]\s{{1,3}}{_Q}?(?P<secret>[^\s\"'-][^\s\"']++)"),
        is_password,
        sign=" -",
    ),
    Anchor(
        "login",
        ("curl ", "http ", "https ", "wget "),
        any_case(
            rf"{START}(?:curl|https?|wget)\s[^\n]{{0,200}}?(?<=\s)(?:-u|--user|-a|--auth)[= \t]{{0,3}}{_Q}?"
            r"[^\s:\"'$]{1,64}:(?P<secret>[^\s\"'\\]++)"
        ),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("mysql", "mariadb"),
        any_case(
            rf"{START}(?:mysql|mariadb)[\w-]{{0,12}}\s[^\n]{{0,120}}?(?<=\s)-p{_Q}?(?P<secret>[^\s\"'\\]++)"
        ),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("sshpass ",),
        any_case(rf"sshpass\s{{1,3}}-p\s{{0,3}}{_Q}?(?P<secret>[^\s\"']++)"),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        (
            *(
                "docker login",
                "podman login",
                "helm registry",
                "az login",
                "mongosh ",
                "mongo ",
                "mongodump ",
            ),
            *("cqlsh ", "sqlcmd ", "psexec ", "mosquitto_"),
        ),
        any_case(
            rf"{START}(?:docker login|podman login|helm registry login|az login|mongosh|mongo|mongodump|cqlsh"
            rf"|sqlcmd|psexec|mosquitto_\w{{3}})\s[^\n]{{0,120}}?(?<=\s)-P?p?\s{{0,3}}{_Q}?"
            r"(?P<secret>[^\s\"'-][^\s\"'\\]++)"
        ),
        is_good,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("redis-cli",),
        any_case(rf"redis-cli\s[^\n]{{0,120}}?(?<=\s)-a\s{{1,3}}{_Q}?(?P<secret>[^\s\"']++)"),
        is_password,
        sign=" -",
    ),
    Anchor("secret", ("requirepass ",), any_case(r"requirepass[ \t]{1,3}(?P<secret>\S{4,128})"), is_good),
    Anchor(
        "secret",
        ("zip ", "7z ", "7za ", "rar "),
        any_case(
            rf"{START}(?:zip\s[^\n]{{0,80}}?(?<=\s)-P\s{{1,3}}|7za?\s[^\n]{{0,80}}?(?<=\s)-p"
            rf"|rar\s[^\n]{{0,80}}?(?<=\s)-h?p){_Q}?(?P<secret>[^\s\"'-][^\s\"']++)"
        ),
        is_password,
        sign=" -",
    ),
    Anchor("secret", ("pass:",), any_case(rf"(?<=[\s\"'])pass:{_WORD}"), is_good, sign=":"),
    Anchor(
        "secret",
        ("-u ", "-u'", '-u"'),
        any_case(r"(?<=\s)-u\s{0,3}[\"']?[\w.\\/-]{1,64}%(?P<secret>[^\s\"']{1,128})"),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("ldap",),
        any_case(rf"ldap\w{{3,8}}\s[^\n]{{0,160}}?(?<=\s)-w\s{{1,3}}{_WORD}"),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("net use",),
        any_case(rf"net use\s[^\n]{{0,120}}?/user:\S{{1,64}}\s{{1,3}}{_WORD}"),
        is_good,
    ),
    Anchor(
        "secret",
        ("echo ",),
        any_case(
            r"echo\s{1,3}[\"']?(?:[\w.@-]{1,64}:)?(?P<secret>[^\s\"'|:]{1,128})[\"']?\s{0,3}\|\s{0,3}"
            r"(?:sudo\b|chpasswd\b)"
        ),
        is_password,
    ),
    Anchor(
        "secret",
        ("htpasswd ",),
        any_case(
            r"htpasswd\s{1,3}(?:-\w{1,4}\s{1,3}){1,3}\S{1,64}\s{1,3}\S{1,64}\s{1,3}"
            r"[\"']?(?P<secret>[^\s\"']{1,128})"
        ),
        is_password,
        sign=" -",
    ),
    Anchor(
        "secret",
        ("vault login", "--with-token"),
        any_case(rf"(?:vault login|--with-token)\s{{1,3}}{_WORD}"),
        is_long,
    ),
    Anchor(
        "secret",
        ("identified by", "identified with"),
        any_case(
            r"identified\s(?:by|with\s\w{1,32}\sby)\s{1,3}(?:values\s)?[\"'](?P<secret>[^\"'\n]{1,128})"
        ),
        is_value,
    ),
    Anchor(  # netrc's
        "login",
        ("machine ",),
        any_case(
            r"machine\s{1,3}\S{1,128}\s{1,4}login\s{1,3}\S{1,64}\s{1,4}password\s{1,3}(?P<secret>\S{1,128})"
        ),
        is_value,
    ),
)
