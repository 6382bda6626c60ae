"""The consequences of a status word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model.words import (
    StatusType,
    StatusWord,
    qualified_status,
    read_qualified,
    status_type,
    token,
)

TYPES = {
    "complete": "complete",
    "error": "error",
    "progress": "progress",
    "heartbeat": "heartbeat",
    # all that end nothing and measure nothing
    "loading_agents": "agent_status",
    "validating": "agent_status",
    "synthesizing": "agent_status",
    "agent_invoking": "agent_status",
    "agent_complete": "agent_status",
    "agent_error": "agent_status",
    "agent_retrying": "agent_status",
    "calling_tool": "agent_status",
    "tool_complete": "agent_status",
    "tool_error": "agent_status",
    "reopened": "agent_status",
    "waiting": "agent_status",
    "answered": "agent_status",
    "cancelled": "agent_status",
    "cancel_requested": "agent_status",
}


@pytest.mark.parametrize(("status", "expected"), [*TYPES.items(), ("paving_road", "agent_status")])
def test_type_follows_from_the_status_word(status: str, expected: str) -> None:
    assert status_type(status, of_job=False) is StatusType(expected)
    assert status_type(status, of_job=True) is StatusType("error" if status == "cancelled" else expected)


def test_the_table_of_types_knows_every_word() -> None:
    assert set(TYPES) == set(StatusWord)


QUALIFIED = [
    # status, agent, tool, qualified
    ("agent_invoking", "Geo Agent", None, "invoking_geo_agent"),
    ("agent_invoking", "geo_agent", None, "invoking_geo_agent"),
    ("agent_complete", "Geo Agent", None, "agent_complete_geo_agent"),
    ("agent_error", "Geo Agent", None, "agent_error_geo_agent"),
    ("agent_retrying", "Geo Agent", None, "agent_retrying_geo_agent"),
    ("calling_tool", "Geo Agent", "amazon_location", "calling_amazon_location"),
    ("calling_tool", "Geo Agent", "Amazon Location (v2)", "calling_amazon_location_v2"),
    ("calling_tool", "Geo Agent", None, "calling_tool_geo_agent"),  # a tool without a name
    ("tool_complete", "Geo Agent", "amazon_location", "tool_complete_amazon_location"),
    ("tool_error", "Geo Agent", "amazon_location", "tool_error_amazon_location"),
    ("tool_complete", "Geo Agent", None, "tool_complete_geo_agent"),
    ("progress", "Geo Agent", None, "progress_geo_agent"),
    ("heartbeat", "Geo Agent", None, "heartbeat_geo_agent"),
    ("progress", None, None, "progress"),
    ("loading_agents", None, None, "loading_agents"),
    ("validating", None, None, "validating"),
    ("synthesizing", None, None, "synthesizing"),
    ("complete", None, None, "complete"),
    ("error", None, None, "error"),
    ("reopened", None, None, "reopened"),
    ("waiting", "Geo Agent", None, "waiting_geo_agent"),
    ("answered", "Approval", None, "answered_approval"),
    ("cancelled", None, None, "cancelled"),
    ("cancel_requested", None, None, "cancel_requested"),
    # words of a caller's own
    ("paving_road", "Geo Agent", None, "paving_road_geo_agent"),
    ("waking_geo_agent", "Geo Agent", None, "waking_geo_agent"),  # it names the agent already
    ("paving_road", None, "roller", "paving_road"),
    # names of any script, and names without a single letter
    ("agent_invoking", "Straßen-Prüfer", None, "invoking_straßen_prüfer"),
    ("agent_invoking", "地図", None, "invoking_地図"),
    ("agent_invoking", "---", None, "agent_invoking"),
]


@pytest.mark.parametrize(("status", "agent", "tool", "expected"), QUALIFIED)
def test_qualified_status_is_one_token_that_names_agent_or_tool(
    status: str, agent: str | None, tool: str | None, expected: str
) -> None:
    assert qualified_status(status, agent_name=agent, tool_name=tool) == expected


def test_the_table_of_qualified_statuses_knows_every_word() -> None:
    assert {status for status, *_ in QUALIFIED} >= set(StatusWord)


# the inverse

READ = [
    # given, agent given, tool given, what it says
    ("invoking_geo_agent", None, None, ("agent_invoking", "Geo Agent", None)),
    ("invoking_geo_agent", "Geo Agent", None, ("agent_invoking", "Geo Agent", None)),
    ("invoking_geo_agent", "geo-agent", None, ("agent_invoking", "geo-agent", None)),
    ("agent_invoking_geo_agent", None, None, ("agent_invoking", "Geo Agent", None)),
    ("agent_complete_geo_agent", None, None, ("agent_complete", "Geo Agent", None)),
    ("agent_complete_geo_agent", "Geo", None, ("agent_complete", "Geo", None)),
    ("agent_error_geo_agent", None, None, ("agent_error", "Geo Agent", None)),
    ("agent_retrying_geo_agent", None, None, ("agent_retrying", "Geo Agent", None)),
    ("calling_amazon_location", None, None, ("calling_tool", None, "amazon_location")),
    ("calling_amazon_location", "Geo Agent", None, ("calling_tool", "Geo Agent", "amazon_location")),
    ("calling_amazon_location", None, "Amazon Location", ("calling_tool", None, "Amazon Location")),
    ("calling_tool_amazon_location", "Geo Agent", None, ("calling_tool", "Geo Agent", "amazon_location")),
    ("calling_tool_geo_agent", "Geo Agent", None, ("calling_tool", "Geo Agent", None)),
    ("tool_complete_amazon_location", None, None, ("tool_complete", None, "amazon_location")),
    ("tool_error_amazon_location", "Geo Agent", None, ("tool_error", "Geo Agent", "amazon_location")),
    ("progress_geo_agent", "Geo Agent", None, ("progress", "Geo Agent", None)),
    ("heartbeat_geo_agent", "Geo Agent", None, ("heartbeat", "Geo Agent", None)),
    ("complete_geo_agent", "Geo Agent", None, ("agent_complete", "Geo Agent", None)),  # not the job
    ("error_geo_agent", "Geo Agent", None, ("agent_error", "Geo Agent", None)),
    ("invoking_地図", None, None, ("agent_invoking", "地図", None)),
    ("invoking_straßen_prüfer", None, None, ("agent_invoking", "Straßen Prüfer", None)),
]


@pytest.mark.parametrize(("status", "agent", "tool", "said"), READ)
def test_a_qualified_status_has_its_word_and_its_name(
    status: str, agent: str | None, tool: str | None, said: tuple[str, str | None, str | None]
) -> None:
    assert read_qualified(status, agent_name=agent, tool_name=tool) == said


FALSE_FRIENDS = [
    # status, agent given, tool given
    *((word.value, "Geo Agent", "map") for word in StatusWord),
    ("invoking", None, None),
    ("invoking_", None, None),
    ("invoked_geo_agent", None, None),
    ("reinvoking_geo_agent", None, None),
    ("calling", None, None),
    ("calling_geo_agent", "Geo Agent", None),  # an agent is no tool of its own
    ("agent_completed_geo_agent", None, None),
    ("agent_complete_geo_agent", "Orchestrator", None),  # it would end another agent
    ("invoking_geo_agent", "Geology", None),
    ("complete_geo_agent", None, None),
    ("error_rate_high", None, None),
    ("progress_report_sent", None, None),
    ("validating_address", None, None),
    ("validating_address", "Geo Agent", None),
    ("waking_geo_agent", "Geo Agent", None),
    ("paving-road.v2", "Geo Agent", None),
    ("invoking_geo agent", None, None),
]


@pytest.mark.parametrize(("status", "agent", "tool"), FALSE_FRIENDS)
def test_a_word_of_the_callers_own_is_no_qualified_status(
    status: str, agent: str | None, tool: str | None
) -> None:
    assert read_qualified(status, agent_name=agent, tool_name=tool) is None


def test_an_agent_that_only_the_status_names_is_the_one_that_the_caller_knows() -> None:
    known = ["SQL Agent", "GEO-Agent"]
    assert read_qualified("invoking_geo_agent", known=known) == ("agent_invoking", "GEO-Agent", None)
    assert read_qualified("invoking_map_agent", known=known) == ("agent_invoking", "Map Agent", None)


names = st.text(min_size=1, max_size=20) | st.sampled_from(
    ["Geo Agent", "tool", "Tool Box", "complete", "地図", "स्थान", "می‌خواهم", "\u017f"]
)
AGENT_WORDS = ["agent_invoking", "agent_complete", "agent_error", "agent_retrying"]
TOOL_WORDS = ["calling_tool", "tool_complete", "tool_error"]


@given(word=st.sampled_from(StatusWord), agent=st.none() | names, tool=st.none() | names)
def test_the_inverse_undoes_the_qualified_form_of_every_word(
    word: StatusWord, agent: str | None, tool: str | None
) -> None:
    qualified = qualified_status(word, agent_name=agent, tool_name=tool)
    said = {"complete": "agent_complete", "error": "agent_error"}.get(word, word.value)
    assert read_qualified(qualified, agent_name=agent, tool_name=tool) == (
        None if qualified == word else (said, agent, tool)
    )


@given(word=st.sampled_from(AGENT_WORDS), agent=names)
def test_it_finds_the_agent_that_was_left_out(word: str, agent: str) -> None:
    qualified = qualified_status(word, agent_name=agent)
    if qualified != word:
        assert read_qualified(qualified, known=["Other Agent", agent]) == (word, agent, None)
        found = read_qualified(qualified)
        assert found is not None
        assert (found[0], qualified_status(word, agent_name=found[1])) == (word, qualified)


@given(word=st.sampled_from(TOOL_WORDS), agent=st.none() | names, tool=names)
def test_it_finds_the_tool_that_was_left_out(word: str, agent: str | None, tool: str) -> None:
    named = token(tool)
    # `calling_tool_box` is the tool `box`, and `calling_geo_agent` of the Geo Agent a word of its own.
    if named and not f"{named}_".startswith("tool_") and named != token(agent or ""):
        qualified = qualified_status(word, agent_name=agent, tool_name=tool)
        assert read_qualified(qualified, agent_name=agent) == (word, agent, named)


def test_a_name_keeps_the_marks_of_its_script_in_the_qualified_form() -> None:
    assert qualified_status("agent_invoking", agent_name="स्थान एजेंट") == "invoking_स्थान_एजेंट"
    assert qualified_status("agent_invoking", agent_name="ශ්‍රී") == "invoking_ශ්රී"
    assert qualified_status("agent_invoking", agent_name="Cafe\u0301 2") == "invoking_café_2"
