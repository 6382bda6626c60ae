"""Takes secrets out of statuses, before they leave a process and again before they are committed.

    >>> Redactor().text("curl -H 'Authorization: Bearer 9f86d081884c7d659a2feaa0'")
    "curl -H 'Authorization: Bearer [redacted: bearer token]'"
    >>> Redactor(("metadata.customer.email",)).entry(entry)["metadata"]["customer"]["email"]
    '[redacted: configured field]'

Redacting what is redacted changes nothing, so that the same status may pass here twice. Ids (of jobs, users,
invocations …) are left as they are: a status that lost its job would be lost itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import unquote

from ..errors import SettingError
from ..limits import MESSAGE_LENGTH, NAME_LENGTH, QUALIFIED_STATUS_LENGTH
from ..validation import printable
from .secret_search import Found, find_secrets
from .secret_shapes import AWS_KEY
from .shape import is_card

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Any, Final

    Fields = Mapping[str, "Fields | None"]  # None: the field itself is configured

_ROUNDS: Final = 8

CONFIGURED: Final = "configured field"
NAMED: Final = "named like a secret"
REDACTED_WORD: Final = "redacted"
"""What a status is called whose word held a secret: a mark would be no word."""

_IDS: Final = frozenset(
    ("jobId", "userId", "tenantId", "eventId", "invocationId", "parentInvocationId", "batchId", "timestamp")
)
_SECRET_KEYS: Final = re.compile(
    r"(?:.*(?:passwor[dt]|passwd|passphrase|passcode|secrets?|apikey|secretkey|accesskey|privatekey|signingkey"
    r"|accountkey|credentials?)|.*(?:access|auth|refresh|session|bearer|security|id)token|(?:db)?pass|pwd|cvv|cvc"
    r"|(?:proxy)?authorization|(?:set)?cookies?|connectionstring)",
)
"""Keys whose text is a secret whatever it looks like; in lower case, without what parts their words."""
_PARTING: Final = str.maketrans("", "", "_-. ")
_PAIRS: Final = {"value": ("name", "key"), "Value": ("Name", "Key")}
"""How containers, headers and tags are described: an object for each, with its value and its name."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What people don't see within a secret, and take along when they copy it: Unicode calls it ignorable."""
_ENCODED: Final = re.compile("%[0-9a-fA-F]{2}")
_ENCODINGS: Final = 3
"""As deep as addresses stand within addresses."""
_LENGTHS: Final = {
    "message": MESSAGE_LENGTH,
    "agentName": NAME_LENGTH,
    "toolName": NAME_LENGTH,
    "qualifiedStatus": QUALIFIED_STATUS_LENGTH,
}
"""What may be as long as its limit, and longer once a mark stands in it."""
_NO_FIELDS: Final[dict[str, Any]] = {}
_TOKEN_LENGTH: Final = 16
"""A text under `token` that is shorter is a word of a language model's."""


class Redactor:
    """Redacts by shape and, for `fields`, by place: `metadata.customer.email`; `*` is any key, and lists are
    walked through. Raises
    SettingError."""

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self._fields: dict[str, Any] = {}
        for path in fields:
            self._add(path)

    def _add(self, path: str) -> None:
        root, *keys = path.split(".")
        if (root not in ("message", "agentName", "toolName") or keys) and (root != "metadata" or "" in keys):
            known = "message, agentName, toolName or metadata.<key>.<key>…"
            raise SettingError("REDACTED_FIELDS", f"names {path!r}, which is no field to redact: {known}")
        at = self._fields
        for key in (root, *keys)[:-1]:
            if at.setdefault(key, {}) is None:  # all of it is configured already
                return
            at = at[key]
        at[(root, *keys)[-1]] = None

    def text(self, text: str, *, near_aws_key: bool = False) -> str:
        """The text with a mark in the place of each secret."""
        seen = _seen(text)
        if seen is not text and find_secrets(seen, near_aws_key=near_aws_key):
            text = seen
        for _ in range(_ROUNDS):  # what was grown together with a secret shows once that is gone
            clean = marked(text, find_secrets(text, near_aws_key=near_aws_key))
            if clean is text:
                decoded = _decoded(text)
                if decoded is text or not find_secrets(decoded, near_aws_key=near_aws_key):
                    break
                clean = decoded
            text = clean
        return text

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """A status as callers give it (wire names, metadata as an object), without secrets.

        What is left out is made anew from what is left: `qualifiedStatus`, when a name in it changed.
        """
        clean = self._entry(entry, near=False)
        if clean != entry and _mark(AWS_KEY) in str(clean):
            clean = self._entry(entry, near=True)
        for field, longest in _LENGTHS.items():
            given, kept = entry.get(field), clean.get(field)
            if isinstance(given, str) and isinstance(kept, str) and len(given) <= longest:
                clean[field] = kept[:longest]
        if clean.get("status") != entry.get("status"):
            clean["status"] = REDACTED_WORD
        if any(clean.get(name) != entry.get(name) for name in ("status", "agentName", "toolName")):
            clean.pop("qualifiedStatus", None)
            clean.pop("type", None)
        return clean

    def _entry(self, entry: Mapping[str, Any], *, near: bool) -> dict[str, Any]:
        return {
            _name_of(field): value
            if field in _IDS
            else self._value(value, self._fields.get(field, _NO_FIELDS), near)
            for field, value in entry.items()
        }

    def _value(self, value: Any, fields: Fields | None, near: bool) -> Any:
        if fields is None:
            return value if value is None else _mark(CONFIGURED)
        if isinstance(value, str):
            return self.text(value, near_aws_key=near)
        if isinstance(value, Mapping):
            return self._object(value, fields, near)
        if isinstance(value, list | tuple):
            return self._list(value, fields, near)
        return _mark("card") if isinstance(value, int | float) and is_card(value) else value

    def _list(self, found: Sequence[Any], fields: Fields, near: bool) -> list[Any]:
        clean = [self._value(item, fields, near) for item in _without_key_lines(found)]
        for given, shown in zip(found, clean, strict=True):
            # Headers, as many libraries have them. A pair alone is as likely two steps of a plan.
            if isinstance(given, list | tuple) and len(given) == 2 and isinstance(given[0], str):
                shown[1] = _named(given[0], given[1], shown[1])
        return clean

    def _object(self, found: Mapping[Any, Any], fields: Fields, near: bool) -> dict[Any, Any]:
        clean: dict[Any, Any] = {}
        for key, value in found.items():
            kept = self.text(key, near_aws_key=near) if isinstance(key, str) else key
            while kept in clean:  # two secrets of one kind
                kept = f"{kept} "
            inner = fields[key] if key in fields else fields.get("*", _NO_FIELDS)
            clean[kept] = self._value(value, inner, near)
            if isinstance(key, str):
                clean[kept] = _named(key, value, clean[kept])
        for value in _PAIRS.keys() & clean.keys():
            for name in _PAIRS[value]:
                if isinstance(found.get(name), str):
                    clean[value] = _named(found[name], found[value], clean[value])
        return clean


def _seen(text: str) -> str:
    """The text as people read it: without what nobody sees, and each letter in its plain form."""
    return text if text.isascii() else normalize("NFKC", _INVISIBLE.sub("", text))


def _decoded(text: str) -> str:
    """The text as an address or a form means it; the same object when it is neither."""
    decoded = text
    for _ in range(_ENCODINGS):
        if not _ENCODED.search(decoded):
            break
        decoded = unquote(decoded)
    return text if decoded is text else _seen(printable(decoded))


def _without_key_lines(found: Sequence[Any]) -> Sequence[Any]:
    """A list without the private key that its texts are the lines of."""
    texts = [item for item in found if isinstance(item, str)]
    if not any("PRIVATE KEY" in text for text in texts):
        return found
    clean = iter(split_redacted([f"{text}\n" for text in texts]))
    return [next(clean).removesuffix("\n") if isinstance(item, str) else item for item in found]


def split_redacted(texts: Sequence[str]) -> list[str]:
    """Texts that followed each other, without the secrets that go from one into the next.

    >>> split_redacted(["card 4111 1111", " 1111 1111, thanks"])
    ['card [redacted: card]', '[redacted: card], thanks']
    """
    edges = [0]
    for text in texts:
        edges.append(edges[-1] + len(text))
    inner = frozenset(edges[1:-1])
    found = [
        one
        for one in find_secrets("".join(texts), split=True)
        if any(edge in inner for edge in range(one.begins + 1, one.end))
    ]
    return (
        [_part(text, start, found) for text, start in zip(texts, edges, strict=False)]
        if found
        else list(texts)
    )


def _part(text: str, start: int, found: Iterable[Found]) -> str:
    end = start + len(text)
    own = (
        Found(max(one.start, start) - start, min(one.end, end) - start, one.kind, 0)
        for one in found
        if one.start < end and start < one.end
    )
    return marked(text, own)


def marked(text: str, found: Iterable[Found]) -> str:
    """The text with marks in the places of what was found; the same object when nothing was."""
    parts: list[str] = []
    at = 0
    for one in found:
        parts += (text[at : one.start], _mark(one.kind))
        at = one.end
    return "".join((*parts, text[at:])) if parts else text


def _mark(kind: str) -> str:
    return f"[redacted: {kind}]"


def _named(key: str, value: Any, clean: Any) -> Any:
    """What is shown of a value under its key, `clean` by its shape; a header may have several values."""
    if isinstance(value, list | tuple) and isinstance(clean, list):
        return [_named(key, one, shown) for one, shown in zip(value, clean, strict=True)]
    if not (isinstance(value, str) and value and _is_secret_under(key, value)):
        return clean
    return clean if clean.startswith("[redacted: ") else _mark(NAMED)


def _is_secret_under(key: str, value: str) -> bool:
    kind = _kind_of_key(key[-64:])
    return kind == NAMED or (kind == "token" and len(value) >= _TOKEN_LENGTH and " " not in value)


@lru_cache(maxsize=256)
def _name_of(field: Any) -> Any:
    """A field's name; one that a status doesn't have is told in a refusal, and may be anything."""
    return marked(field, find_secrets(field)) if isinstance(field, str) else field


@lru_cache(maxsize=1_024)
def _kind_of_key(key: str) -> str | None:
    name = key.translate(_PARTING).lower()
    if name == "token":
        return "token"
    return NAMED if _SECRET_KEYS.fullmatch(name) else None
