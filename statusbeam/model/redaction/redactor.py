"""Takes secrets out of statuses, before they leave a process and again before they are committed.

    >>> Redactor().text("curl -H 'Authorization: Bearer 9f86d081884c7d659a2feaa0'")
    "curl -H 'Authorization: Bearer [redacted: bearer token]'"
    >>> Redactor(("metadata.customer.email",)).entry(entry)["metadata"]["customer"]["email"]
    '[redacted: configured field]'

Redacting a redacted status changes nothing, so that the same status may pass here twice. The ids of jobs,
users and invocations stay unchanged: a status without its job would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ..errors import SettingError
from ..limits import (
    ID_LENGTH,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    OWN_PATTERNS,
    QUALIFIED_STATUS_LENGTH,
)
from ..texts import one_line, printable, without_open_isolates
from .marks import mark, marked, redactions
from .own_patterns import SETTING, own_pattern
from .secret_search import find_secrets
from .service_tokens import AWS_KEY
from .split import split_redacted
from .walk import Walk

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    import re
    from typing import Any, Final

__all__ = ["Redactor", "split_redacted"]

REDACTED_WORD: Final = "redacted"
"""The word of a status whose own word held a secret: a mark is not a valid word."""

_IDS: Final = frozenset(
    ("jobId", "userId", "tenantId", "eventId", "invocationId", "parentInvocationId", "batchId", "timestamp")
)
_LENGTHS: Final = {
    "message": MESSAGE_LENGTH,
    "agentName": NAME_LENGTH,
    "toolName": NAME_LENGTH,
    "qualifiedStatus": QUALIFIED_STATUS_LENGTH,
}
"""Fields that may be as long as their limit, and longer with a mark in them."""
_ON_ONE_LINE: Final = ("agentName", "toolName", "qualifiedStatus")


class Redactor:
    """Redacts by shape, by name and, for `fields`, by place: `metadata.customer.email`; `*` is any key, and
    lists are walked through. `redactable` are patterns of one's own. Raises SettingError."""

    def __init__(self, fields: Iterable[str] = (), redactable: Iterable[str] = ()) -> None:
        self._fields: dict[str, Any] = {}
        for path in fields:
            self._add(path)
        patterns = tuple(redactable)
        if len(patterns) > OWN_PATTERNS:
            raise SettingError(SETTING, f"has {len(patterns)} patterns; at most {OWN_PATTERNS}")
        self._own: tuple[re.Pattern[str], ...] = tuple(map(own_pattern, patterns))

    def _add(self, path: str) -> None:
        root, *keys = path.split(".")
        if (root not in ("message", "agentName", "toolName") or keys) and (root != "metadata" or "" in keys):
            known = "message, agentName, toolName or metadata.<key>.<key>…"
            raise SettingError("REDACTED_FIELDS", f"names {path!r}, which is not one of {known}")
        at = self._fields
        for key in (root, *keys)[:-1]:
            if at.setdefault(key, {}) is None:  # all of it is configured already
                return
            at = at[key]
        at[(root, *keys)[-1]] = None

    def text(self, text: str) -> str:
        """The text with a mark in the place of each secret."""
        return Walk(self._own).text(text)

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """A status as callers give it (wire names, metadata as an object), without secrets.

        If a name in `qualifiedStatus` changed, it is made anew. A field within its limit stays within it. The
        process's logs have the number of redactions, never a secret.
        """
        clean = self._entry(entry, near=False)
        if clean == entry:
            return clean
        if mark(AWS_KEY) in str(clean):
            clean = self._entry(entry, near=True)
        for field in _ON_ONE_LINE:
            if clean.get(field) != entry.get(field) and isinstance(clean[field], str):
                clean[field] = one_line(clean[field])
        if isinstance(clean.get("message"), str):  # a mark may hide one end of an isolate
            clean["message"] = without_open_isolates(clean["message"])
        if clean.get("status") != entry.get("status"):
            clean["status"] = REDACTED_WORD
        if any(clean.get(name) != entry.get(name) for name in ("status", "agentName", "toolName")):
            clean.pop("qualifiedStatus", None)
            clean.pop("type", None)
        _report(entry, clean)
        return clean

    def _entry(self, entry: Mapping[str, Any], *, near: bool) -> dict[str, Any]:
        walk = Walk(self._own, near_aws_key=near)
        return {
            _name_of(field): value if field in _IDS else self._bounded(walk, field, value)
            for field, value in entry.items()
        }

    def _bounded(self, walk: Walk, field: Any, value: Any) -> Any:
        clean = walk.value(value, self._fields.get(field, {}))
        longest = _LENGTHS.get(field)
        if longest is None or not isinstance(value, str) or len(value) > longest or len(clean) <= longest:
            return clean
        return walk.within(clean, longest)


def _report(given: Mapping[str, Any], clean: Mapping[str, Any]) -> None:
    before, after = redactions(given), redactions(clean)
    kinds = [
        f"{kind} {count - before.get(kind, 0)}"
        for kind, count in after.items()
        if count > before.get(kind, 0)
    ]
    if kinds:
        import logging  # noqa: PLC0415 - for statuses with secrets only

        job = " ".join(printable(str(given.get("jobId"))[:ID_LENGTH]).split())
        logging.getLogger(__name__).info(
            "job_id=<%s>, redacted=<%s> | secrets redacted", job, ", ".join(kinds)
        )


@lru_cache(maxsize=256)
def _name_of(field: Any) -> Any:
    """A field's name; an unknown one appears in a refusal, and may hold a secret."""
    return marked(field, find_secrets(field[:ID_LENGTH])) if isinstance(field, str) else field
