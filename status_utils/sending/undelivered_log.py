"""Reads dead letters from the logs of a process, and ignores text that only looks like one.

>>> list(undelivered_in(log))
[{'batchId': 'b1', 'updates': [...]}]

These logs also hold text of other people: an agent that logs its prompts logs their authors' lines. A line
counts as ours if one of these holds:

1. its signature is valid (UNDELIVERED_KEY);
2. there is no key, and the line is the whole message of a record of our logger. Formats in JSON name the
   logger, or the function, of each record. Formats of text do not show where a record ends: there the line
   must stand alone, after the beginning that the format gives to each of our records.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from .dead_letter import KIND, LINE_KEYS, LOGGER, MARK, sign

_LOGGER_KEYS: Final = ("logger", "name", "logger_name", "loggerName")
_MESSAGE_KEYS: Final = ("message", "msg", "event")
_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_STREAM = r"(?:\d{4}/\d\d/\d\d/\[\S+\]\S*|\S+/\S+/[0-9a-f]{32})"
_GAP = r"[ \t]*[-|:]?[ \t]*"
_NAME = rf"\[?{re.escape(LOGGER)}\]?"
# the prefix of `aws logs tail` before each event
_TAIL: Final = re.compile(rf"{_TIME} (?:{_STREAM} )?(?=[\[{{])")
# the prefix of text formats before each of our records: Lambda's, without the logger, and others with it
_OUR_BEGINNING: Final = re.compile(
    rf"\[ERROR\]\t[^\t]+\t[^\t]*\t|(?:{_TIME}{_GAP})?(?:\[?ERROR\]?{_GAP}{_NAME}|{_NAME}{_GAP}\[?ERROR\]?){_GAP}"
)
# the prefix of such formats before any record; a line without it belongs to the record before
_LEVEL = r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)"
_A_BEGINNING: Final = re.compile(rf"{_TIME}[ \t]|\[{_LEVEL}\]\t|{_LEVEL}:[^\s:]+:|\{{")


class Trust(Enum):
    """The origin of a line that looks like ours."""

    OURS = "ours"
    UNSIGNED = "unsigned"  # at the place of our lines, without the signature or the logger that proves it
    FOREIGN = "foreign"  # inside another logger's record, or with a wrong signature


@dataclass(frozen=True, slots=True)
class Line:
    """A line that looks like ours."""

    payload: dict[str, Any]
    trust: Trust


def undelivered_in(log: str, *, key: str | None = None) -> Iterator[dict[str, Any]]:
    """The payloads of our own lines in log output, in its order."""
    return (line.payload for line in read_undelivered(log, key=key) if line.trust is Trust.OURS)


def read_undelivered(log: str, *, key: str | None = None) -> Iterator[Line]:
    """All lines that look like ours, in the order of the log output.

    The output is lines of text, lines of JSON, or one JSON document such as `aws logs filter-log-events`
    prints. Each line may have the prefix of `aws logs tail`.
    """
    for line, place in _found_in(log):
        yield Line(line["payload"], _judged(line, place, key))


def _found_in(log: str) -> Iterator[_Found]:
    document = _parse(log)
    events = document.get("events") if isinstance(document, dict) else document
    if isinstance(events, list):
        for event in events:
            yield from _of_event(event)
        return
    # Only a newline ends a line in every log output: a text may hold other separators, and a carriage return.
    texts = [text.removesuffix("\r") for text in log.split("\n")]
    has_beginnings = any(_A_BEGINNING.match(text) and not _is_line(_parse(text)) for text in texts)
    for text in texts:
        yield from _of_text(text, Trust.UNSIGNED if has_beginnings else Trust.OURS)


_Found = tuple[Mapping[str, Any], Trust]


def _judged(line: Mapping[str, Any], place: Trust, key: str | None) -> Trust:
    signature = line.get("signature")
    if key is None:
        return place
    if signature is None:
        return Trust.UNSIGNED if place is Trust.OURS else place
    valid = hmac.compare_digest(str(signature).encode(), sign(line["payload"], key).encode())
    return Trust.OURS if valid else Trust.FOREIGN


def _of_event(event: Any) -> Iterator[_Found]:
    """The lines in one event of CloudWatch: it shows where a record ends."""
    if isinstance(event, dict) and isinstance(event.get("message"), str):
        yield from _of_text(event["message"].removesuffix("\n"), Trust.OURS)
    else:
        yield from _nested(event)


def _of_text(text: str, bare: Trust) -> Iterator[_Found]:
    """The lines in one record's text; `bare` is the origin of a line without a prefix."""
    if MARK not in text:
        return
    tail = _TAIL.match(text)
    rest = text[tail.end() :] if tail else text
    beginning = _OUR_BEGINNING.match(rest)
    value = _parse(rest[beginning.end() :] if beginning else rest)
    if value is None:
        yield from _inside(text)
    elif _is_line(value):
        yield value, Trust.OURS if beginning or tail else bare
    else:
        yield from _of_record(value)


def _of_record(record: Any) -> Iterator[_Found]:
    """The lines in a record of JSON."""
    if not isinstance(record, dict):
        yield from _nested(record)
        return
    for name, value in record.items():
        line = _parse(value) if isinstance(value, str) else value
        if name in _MESSAGE_KEYS and _is_line(line):
            yield line, _trust_in_message(record)
        else:
            yield from _nested(value)


def _nested(value: Any) -> Iterator[_Found]:
    """The lines anywhere inside a value of a record: text of other code."""
    if _is_line(value):
        yield value, Trust.FOREIGN
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _nested(inner)
    elif isinstance(value, str) and MARK in value:
        parsed = _parse(value)
        yield from _inside(value) if parsed is None else _nested(parsed)


def _trust_in_message(record: Mapping[str, Any]) -> Trust:
    """Whether our logger wrote the record. Powertools names the function in place of the logger."""
    named = [record[name] for name in _LOGGER_KEYS if name in record]
    if named:
        return Trust.OURS if named[0] == LOGGER else Trust.FOREIGN
    if "location" in record:
        return Trust.OURS if str(record["location"]).startswith("log_undelivered:") else Trust.FOREIGN
    return Trust.UNSIGNED


def _inside(text: str) -> Iterator[_Found]:
    """The lines that stand in the middle of a text."""
    decoder = json.JSONDecoder()
    for match in _LINE_START.finditer(text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue  # the log output cut it off, so it can't be sent
        if _is_line(value):
            yield value, Trust.FOREIGN


_LINE_START: Final = re.compile(rf'\{{"{MARK}": ?"{KIND}"')


def _is_line(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get(MARK) == KIND
        and isinstance(value.get("payload"), dict)
        and value.keys() <= LINE_KEYS
    )


def _parse(text: str) -> Any:
    """The JSON object or list that the whole text is; None if it is neither."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return None
