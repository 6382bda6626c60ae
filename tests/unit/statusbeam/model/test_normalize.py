"""Words and texts from outside: a status in the words of the contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model.limits import MESSAGE_LENGTH, STATUS_LENGTH
from statusbeam.model.normalize import normalized, with_plan_names
from statusbeam.model.parse import parse_status
from tests.unit.samples import NOW

IDS = {"jobId": "job-1", "userId": "ana", "tenantId": "city"}

TEXTS: list[tuple[dict[str, Any], str, str]] = [
    # what is sent, the word, the message
    ({"status": "Running forecast"}, "progress", "Running forecast"),
    ({"status": "Running forecast", "message": "Running forecast"}, "progress", "Running forecast"),
    ({"status": "Running forecast", "message": "Elm Street"}, "progress", "Running forecast: Elm Street"),
    ({"status": "Ready.", "message": "Go"}, "progress", "Ready. Go"),
    ({"status": "Forecast", "message": "Forecast of today"}, "Forecast", "Forecast of today"),  # one word
    ({"status": "Working..."}, "progress", "Working..."),
    ({"status": "Läuft"}, "progress", "Läuft"),
    ({"status": "完了"}, "progress", "完了"),
    ({"status": "Done!", "type": "complete"}, "complete", "Done!"),
    ({"status": "No answer came", "type": "error"}, "error", "No answer came"),
    ({"status": "Still there?", "type": "heartbeat"}, "heartbeat", "Still there?"),
    ({"status": "Running forecast", "type": "agent_status"}, "progress", "Running forecast"),
    ({"status": "two\nlines"}, "progress", "two\nlines"),
    ({"status": "s" * (STATUS_LENGTH + 1)}, "progress", "s" * (STATUS_LENGTH + 1)),
    ({"status": " complete\n", "message": "Sent"}, "complete", "Sent"),
    ({"status": "\x1b[32mRunning\x1b[0m it"}, "progress", "Running it"),
    ({"status": "a" + " b" * 2_000}, "progress", ("a" + " b" * 2_000)[:1980] + " … [4001 characters]"),
]


@pytest.mark.parametrize(("sent", "word", "message"), TEXTS)
def test_a_status_that_is_a_text_for_people_is_the_message_of_a_progress(
    sent: dict[str, Any], word: str, message: str
) -> None:
    update = parse_status(normalized({**IDS, **sent}), event_id="e", now=NOW)
    assert (update.status, update.message) == (word, message)


def test_a_qualified_status_names_who_the_status_is_about() -> None:
    update = parse_status(normalized({**IDS, "status": "invoking_geo_agent"}), event_id="e", now=NOW)
    assert (update.status, update.agent_name, update.qualified_status) == (
        "agent_invoking",
        "Geo Agent",
        "invoking_geo_agent",
    )


@pytest.mark.parametrize("status", [None, "", " \n", 7, ["complete"]])
def test_an_empty_status_is_left_to_the_validation(status: object) -> None:
    assert normalized({"status": status})["status"] == status


def test_a_plan_that_is_no_plan_stays_unchanged() -> None:
    for plan in (
        "Geo\u202e",
        None,
        {"name": "Geo\u202e"},
        [7, None, {"name": 7, "tools": "x"}],
        ["Geo Agent"],
    ):
        metadata = {"plan": plan}
        assert with_plan_names(metadata) is metadata


statuses = st.text(min_size=1, max_size=90) | st.sampled_from(
    ["Running forecast", "invoking_geo_agent", "\x1b[m"]
)


@given(
    status=statuses,
    message=st.none() | st.text(max_size=MESSAGE_LENGTH),
    name=st.none() | st.text(min_size=1),
)
def test_no_text_costs_a_status(status: str, message: str | None, name: str | None) -> None:
    sent = {**IDS, "status": status, "message": message, "agentName": name and name[:10]}
    if status.strip():
        once = normalized(sent)
        assert normalized(once) == once
        parse_status(once, event_id="e", now=NOW)
