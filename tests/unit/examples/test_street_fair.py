"""The street fair's agents: their findings, their statuses, and the argument `pace`."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from examples.street_fair import handlers
from examples.street_fair.call import FairCall, Pace
from examples.street_fair.city import FairError, Way, default_city
from examples.street_fair.handlers import AGENTS, run_agent
from status_utils.testing import recorded

JOB = {"jobId": "job-4711", "userId": "ana", "tenantId": "riverton"}
FAIR = {**JOB, "street": "Castro Street", "month": 5, "visitors": 4_000, "pace": 0}


def event(agent: str, *, attempt: int = 0, job: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"agent": agent, "attempt": attempt, "job": {**FAIR, **(job or {})}, **more}


def found(agent: str, **more: Any) -> dict[str, Any]:
    return handlers.agent(event(agent, **more), None)


def findings(**job: Any) -> list[dict[str, Any]]:
    return [found(agent, job=job) for agent in ("traffic", "weather", "neighbours")]


def statuses(agent: str, **more: Any) -> list[dict[str, Any]]:
    """The statuses of the agent's work, including failures."""
    with recorded() as told, contextlib.suppress(FairError):
        found(agent, **more)
    return [dict(update) for update in told]


def test_traffic_takes_the_quickest_way_around_the_closed_street() -> None:
    finding = found("traffic")
    assert finding["agent"] == "traffic"
    assert finding["detour"] == ["Market Street", "Noe Street", "19th Street"]
    assert (finding["extraMinutes"], finding["blocks"]) == (2, 2)
    assert [line["line"] for line in finding["busLines"]] == ["24", "33"]


def test_the_buses_are_the_work_of_an_agent_within_the_traffic_agent() -> None:
    told = statuses("traffic")
    outer = {update["invocationId"] for update in told if update["agentName"] == "Traffic Agent"}
    buses = [update for update in told if update["agentName"] == "Bus Agent"]
    assert {update["parentInvocationId"] for update in buses} == outer
    assert (buses[0]["status"], buses[-1]["status"]) == ("agent_invoking", "agent_complete")
    tools = [update["toolName"] for update in told if update["status"] == "calling_tool"]
    assert tools == ["street_map", "route_planner", "timetable"]


def test_a_street_without_buses_and_one_that_the_map_lacks() -> None:
    assert found("traffic", job={"street": "Guerrero Street"})["busLines"] == []
    with pytest.raises(FairError, match="no street called Elm Street"):
        found("traffic", job={"street": "Elm Street"})


def test_no_way_is_left_when_everything_is_closed() -> None:
    city = default_city()
    closed = [one for street in ("Castro Street", "Market Street") for one in city.segments_of(street)]
    assert city.way("Market/Castro", "Market/Castro", without=closed) == Way((), 0)
    with pytest.raises(FairError, match="No way is left"):
        city.way("Market/Castro", "19th/Castro", without=closed)


def test_the_weather_service_fails_in_the_given_number_of_attempts() -> None:
    failing = {"weatherFailures": 1}
    told = statuses("weather", job=failing)
    assert [update["status"] for update in told] == [
        "agent_invoking",
        "calling_tool",
        "tool_error",
        "agent_error",
    ]
    assert told[-1]["message"] == "The weather service did not answer."
    again = statuses("weather", attempt=1, job=failing)
    assert (again[-1]["status"], again[-1]["attempt"]) == ("agent_complete", 2)
    assert again[-1]["invocationId"] == told[-1]["invocationId"]


@pytest.mark.parametrize(("month", "chance", "sunset"), [(1, 0.35, "17:15"), (7, 0.0, "20:30")])
def test_the_weather_is_the_months(month: int, chance: float, sunset: str) -> None:
    assert found("weather", job={"month": month}) == {
        "agent": "weather",
        "rainChance": chance,
        "sunset": sunset,
    }


def test_the_neighbours_letters_are_counted_and_their_objections_named() -> None:
    finding = found("neighbours")
    assert (finding["letters"], finding["households"]) == (6, 120)
    assert finding["objections"] == ["access", "noise", "parking"]
    used = json.loads(statuses("neighbours")[-1]["metadata"])["tokenUsage"]
    assert used["inputTokens"] > used["outputTokens"] > 0


def test_the_permit_answers_each_objection_and_asks_one_question() -> None:
    draft = found("permit", findings=findings())
    permit = draft["permit"]
    assert permit["feeDollars"] == 700
    assert permit["conditions"] == [
        "A lane of 4 m stays free for ambulances and fire engines.",
        "Music ends at 21:00.",
        "Residents park free in the school yard.",
        "First-aid posts: 3.",
        "The street is lit from 20:10 on.",
    ]
    assert draft["question"] == (
        "Close Castro Street on a Saturday in May for a fair with 4,000 visitors? "
        "2 bus lines move, cars need 2 min more, and there are 5 conditions."
    )


def test_where_it_rains_the_stands_have_roofs() -> None:
    assert "Stands have roofs." in found("permit", findings=findings(month=12))["permit"]["conditions"]


@pytest.mark.parametrize("approval", [{"approved": True, "by": "olga", "comment": "Have fun"}, {}])
def test_an_issued_permit_has_a_number_and_the_note_of_who_approved(approval: dict[str, Any]) -> None:
    permit = found("permit", findings=findings())
    issued = found("notice", permit=permit, approval=approval)
    assert issued["permitNumber"] == "SF-B-4711"
    assert permit["permit"].items() <= issued.items()
    assert issued.get("note") == approval.get("comment")


def test_the_agents_take_some_half_a_minute_at_their_usual_pace() -> None:
    spent: dict[str, list[float]] = {}
    kept: dict[str, Any] = {"findings": findings(), "permit": found("permit", findings=findings())}
    for key in AGENTS:
        spent[key] = []
        call = FairCall.from_event(event(key, job={"pace": 1}, **kept))
        with recorded():
            run_agent(key, call, Pace(1, spent[key].append))
    total = {key: sum(seconds) for key, seconds in spent.items()}
    failed_attempt = 2.5 + 1  # and Step Functions' pause
    slowest = max(total["traffic"], total["weather"] + failed_attempt, total["neighbours"])
    assert 15 <= slowest + total["permit"] + total["notice"] <= 30


def test_a_pace_of_nothing_spends_no_time() -> None:
    Pace(0, lambda seconds: pytest.fail(f"slept {seconds} s")).spend(5)


def test_a_slower_pace_spends_more() -> None:
    slept: list[float] = []
    Pace(2, slept.append).spend(1.5)
    assert slept == [3.0]


@pytest.mark.parametrize("wrong", [{"month": 0}, {"month": 13}, {"visitors": 0}, {"visitors": 100_001}])
def test_an_application_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(FairError):
        found("weather", job=wrong)
