"""No character makes a status fail, from hand-written payloads or the library's calls."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_utils import MemoryTransport, publish_agent_status
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.model.texts import is_one_line, is_printable
from tests.unit.samples import NOW, StoppedClock, entry, job_key

ODD = [
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x00",
    "\n",
    "\u202e",
    "\u2066",
    "\u2068",
    "\u2069",
    "\u200b",
    "\u200c",
]
ODD += [
    "\u200d",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\U0001fae9",
    "می‌خواهم",
    "👨‍💻",
    "ශ්‍රී",
    "\u2068Ana\u2069",
    "\u00a0",
]
texts = st.lists(st.sampled_from([*ODD, "Geo", " "]) | st.characters(), min_size=1, max_size=8).map("".join)

ONE_LINE = ["agentName", "toolName", "qualifiedStatus", "eventId", "invocationId", "parentInvocationId"]
FIELDS = [*ONE_LINE, "message", "status", "metadata"]


def published(*statuses: dict[str, Any], **payload: Any) -> list[dict[str, Any]]:
    """The log after a payload of which nothing was rejected."""
    journal = MemoryJournal(clock=StoppedClock().clock())
    pipeline = Pipeline(
        journal=journal,
        sessions=MemorySessionStore(),
        broadcaster=MemoryBroadcaster(),
        clock=StoppedClock().clock(),
    )
    result = pipeline.publish({**payload, "updates": list(statuses)}, batch_id="r", deadline=NOW + 20)
    assert result["rejected"] == []
    return [update.to_wire() for update in journal.updates(job_key(), first=1, last=99)]


def assert_harmless(told: dict[str, Any]) -> None:
    assert all(is_one_line(told[field]) for field in ONE_LINE if field in told)
    assert is_printable(told["message"])
    shown = told["message"] + told.get("metadata", "") + "".join(told.get(field, "") for field in ONE_LINE)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cs")} - set("\t\n\r")
    assert not set(shown) & set("\u202a\u202b\u202d\u202e")


@pytest.mark.parametrize("character", ODD)
@pytest.mark.parametrize("field", FIELDS)
def test_a_hand_written_status_survives_an_odd_character_in_any_text(field: str, character: str) -> None:
    text = f"a{character}b"
    (told,) = published(entry(**{field: {text: [text]} if field == "metadata" else text}))
    assert_harmless(told)


def test_a_payload_survives_an_odd_character_in_its_id() -> None:
    assert len(published(entry(), batchId="b\u202e1\n")) == 1


@given(data=st.fixed_dictionaries(dict.fromkeys((*ONE_LINE, "message"), texts)), key=texts, value=texts)
def test_no_text_costs_a_hand_written_status(data: dict[str, str], key: str, value: str) -> None:
    (told,) = published(
        entry(**data, metadata={key: value, "plan": [value, {"name": key, "tools": [value]}]})
    )
    assert_harmless(told)


@given(name=texts, status=texts.filter(lambda text: bool(text.strip())), message=texts, key=texts)
def test_no_text_costs_a_status_of_the_library(name: str, status: str, message: str, key: str) -> None:
    transport = MemoryTransport()
    more: Any = {"metadata": {key: message}, "timestamp": "2026-11-20T08:30:00Z", "transport": transport}
    assert publish_agent_status("job-1", "ana", "city", name, status, message, **more)
    (sent,) = transport.sent[0]["updates"]
    assert_harmless(sent)
    (told,) = published(sent)
    assert {**sent, "sequence": 1} == told, "the publisher has nothing left to replace"


def test_a_message_as_fluent_writes_it_reaches_its_readers_unchanged() -> None:
    message = "\u2068Ana\u2069 wants \u2068می‌خواهم\u2069 by 👨‍💻"
    (told,) = published(entry(message=message, agentName="می‌خواهم", metadata={"said": message}))
    assert (told["message"], told["agentName"], json.loads(told["metadata"])) == (
        message,
        "می‌خواهم",
        {"said": message},
    )
