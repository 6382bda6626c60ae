"""What is a secret because of its name: `password=…`, `"apiKey": "…"`, `the access key is …`.

The patterns are as those of secret_shapes; they are looked for where a text has one of the names at all.
"""

from __future__ import annotations

from .shape import GIVES, QUOTE, Shape, any_case, is_value, looks_secret

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

_NAME = (
    r"(?:pass(?:wor[dt]|wd|phrase|code)|(?:db|user|admin|root|smtp|mail|ftp|mysql|pg)_pass(?![a-z])"
    r"|(?<=_)secret|pwd"
    r"|(?:secret[ _-]?)?access[ _-]?key|secret[ _-]?key|client[ _-]?secret|api[ _-]?key"
    r"|account[ _-]?key|private[ _-]?key|signing[ _-]?key"
    r"|(?:access|auth|refresh|session|id|bearer|security)[ _-]?token)"
)
_HEADER = r"(?:authorization|cookie)"
# To the quote that it began with: what is quoted within has more backslashes before it.
_QUOTED = r"(?P<quote>\\{0,7}[\"'])(?P<secret>(?:(?!(?<!\\)(?P=quote))[^\n])++)"
# A comma or an apostrophe belongs to it, unless a space or the next name follows.
_BARE = r"((?:[^\s\"'\\,;&<>]++|[,'](?![\w.-]{1,64}\s{0,3}[=:])(?=[^\s\"'\\,;&<>]))++)"

NAMES: Final = ("pass", "pwd", "secret", "key", "token", "authorization", "cookie")
"""In lower case: without any of them, nothing in a text is named like a secret."""
NAME: Final = any_case(rf"{_NAME}|(?<![a-z])secret|{_HEADER}|[?&]pass=")

NAMED_SHAPES: Final = (
    Shape(
        "secret",
        (),
        any_case(rf"(?:{_NAME}|(?<![a-z])secret){QUOTE}?\s{{0,3}}{GIVES}\s{{0,3}}b?{_QUOTED}"),
        is_value,
    ),
    Shape(  # {"name": "DB_PASSWORD", "value": "…"}, as containers and headers are described
        "secret",
        ("value",),
        any_case(
            rf"(?:name|key){QUOTE}?\s{{0,3}}[:=]\s{{0,3}}{QUOTE}[\w.-]{{0,64}}?(?:{_NAME}|{_HEADER}){QUOTE}"
            rf"\s{{0,3}},\s{{0,16}}{QUOTE}?value{QUOTE}?\s{{0,3}}[:=]\s{{0,3}}{_QUOTED}"
        ),
        is_value,
    ),
    Shape(
        "secret",
        (),
        any_case(
            rf"(?:{_NAME}{QUOTE}?(?:\s{{0,3}}=\s{{0,3}}|:|%3[ad])|(?<![a-z])secret\s{{0,3}}=\s{{0,3}}"
            rf"|[?&]pass=){_BARE}"
        ),
        is_value,
    ),
    Shape(
        "secret",
        (),
        any_case(
            rf"(?:(?:(?:{_NAME}|(?<![a-z])secret)\s{{0,3}}:|{_NAME}\s{{1,3}}(?:is|was)|--[\w-]{{0,40}}{_NAME})\s{{1,3}}"
            rf"|{_NAME}\s{{0,3}}=>\s{{0,3}}){_BARE}"
        ),
        looks_secret,
    ),
    Shape(
        "secret",
        (),
        any_case(rf"{_NAME}\s{{0,3}}:\s{{0,3}}[|>][+-]?\s{{0,3}}(?:\n|\\n)\s{{0,32}}([^\n\\]++)"),
        is_value,
    ),
    Shape("secret", (), any_case(rf"<[\w:-]{{0,40}}{_NAME}>([^<\n]++)</"), is_value),
)
