"""What follows from a status word."""

from __future__ import annotations

import pytest

from statusbeam.model.words import StatusType, StatusWord, qualified_status, status_type

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
}


@pytest.mark.parametrize(("status", "expected"), [*TYPES.items(), ("paving_road", "agent_status")])
def test_type_follows_from_the_status_word(status: str, expected: str) -> None:
    assert status_type(status) is StatusType(expected)


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
