"""The example's handlers: from the state machine's event to the result, with the statuses on the way."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from examples.civic_complaints import handlers
from examples.civic_complaints.agents import Agent as CivicAgent
from examples.civic_complaints.agents import AgentCall, AgentFailedError, Outcome, run_agent
from examples.civic_complaints.playbook import playbook_for
from examples.civic_complaints.toolbox import Toolbox, ToolChoiceError, build_toolbox
from examples.civic_complaints.tools import CATEGORIES
from status_utils import AgentScope, job
from status_utils.testing import recorded
from statusbeam.cli.complaints import built_in_complaints

POTHOLE = "There is a deep pothole on Valencia Street near 18th Street. I nearly fell off my bike."
AGENTS = ("geo", "category", "severity")


def event(**more: Any) -> dict[str, Any]:
    owner = {"jobId": "job-1", "userId": "ana", "tenantId": "riverton"}
    return {
        **owner,
        "complaint": POTHOLE,
        "playbook": playbook_for("riverton"),
        "attempt": 0,
        "failAgent": "",
        **more,
    }


@pytest.fixture
def toolbox() -> Toolbox:
    return build_toolbox({"AGENT_TOOLS": "offline"})


def statuses(agent: CivicAgent, **more: Any) -> list[dict[str, Any]]:
    """The statuses of the agent's work, including failures."""
    call = AgentCall.from_event(event(**more))
    with (
        recorded() as told,
        contextlib.suppress(AgentFailedError),
        job(**call.owner, attempt=call.attempt + 1, ends_job=False) as part,
    ):
        run_agent(agent, call, part)
    return [dict(update) for update in told]


def findings(complaint: str) -> list[dict[str, Any]]:
    asked = event(complaint=complaint)
    return [
        handlers.geo_agent(asked, None),
        handlers.category_agent(asked, None),
        handlers.severity_agent(asked, None),
    ]


def work_order(complaint: str, tenant_id: str = "riverton") -> dict[str, Any]:
    found = findings(complaint)
    asked = event(complaint=complaint, findings=found, tenantId=tenant_id, playbook=playbook_for(tenant_id))
    return handlers.synthesize({**asked, "validation": handlers.validate(asked, None)}, None)


def test_agent_reports_its_start_its_tool_and_its_finding(toolbox: Toolbox) -> None:
    told = statuses(toolbox.geo)
    assert [update["status"] for update in told] == ["agent_invoking", "calling_tool", "agent_complete"]
    assert told[0]["qualifiedStatus"] == "invoking_geo_agent"
    assert told[1]["toolName"] == "offline_gazetteer"
    assert told[1]["message"] == 'Look up "Valencia Street near 18th Street"'
    assert told[2]["message"].startswith("Located at Valencia Street and 18th Street")
    assert told[2]["executionTimeMs"] >= 0


def test_all_statuses_of_a_run_carry_the_job_the_agent_and_one_invocation(toolbox: Toolbox) -> None:
    for update in statuses(toolbox.severity):
        assert (update["jobId"], update["userId"], update["tenantId"]) == ("job-1", "ana", "riverton")
        assert update["agentName"] == "Severity Agent"
        assert (update["invocationId"], update["attempt"]) == ("job-1-severity", 1)


def test_progress_is_reported_between_lookups(toolbox: Toolbox) -> None:
    told = statuses(toolbox.geo, complaint="Rubbish from the Ferry Building to City Hall")
    assert [update["progress"] for update in told if update["status"] == "progress"] == [50.0]


@pytest.mark.parametrize("agent", AGENTS)
def test_agent_that_the_demo_lets_fail_publishes_an_error_and_raises(toolbox: Toolbox, agent: str) -> None:
    told = statuses(getattr(toolbox, agent), failAgent=agent)
    assert [update["status"] for update in told] == ["agent_invoking", "agent_error"]
    assert "failed on purpose" in told[-1]["message"]
    with pytest.raises(AgentFailedError):
        getattr(handlers, f"{agent}_agent")(event(failAgent=agent), None)


def test_agent_that_the_demo_lets_fail_once_succeeds_in_the_second_attempt(toolbox: Toolbox) -> None:
    first = statuses(toolbox.geo, failAgent="once:geo")
    second = statuses(toolbox.geo, failAgent="once:geo", attempt=1)
    assert (first[-1]["status"], first[-1]["attempt"]) == ("agent_error", 1)
    assert (second[-1]["status"], second[-1]["attempt"]) == ("agent_complete", 2)
    assert second[0]["message"].startswith("Trying again")
    assert first[0]["invocationId"] == second[0]["invocationId"]


def test_other_agents_do_not_fail_with_the_failing_one(toolbox: Toolbox) -> None:
    assert statuses(toolbox.category, failAgent="geo")[-1]["status"] == "agent_complete"


def test_unexpected_failure_shows_no_detail_to_people(caplog: pytest.LogCaptureFixture) -> None:
    def work(call: AgentCall, run: AgentScope) -> Outcome:
        raise RuntimeError("password=hunter2")

    told = statuses(CivicAgent("geo", "Geo Agent", "Looking", work))
    assert told[-1]["status"] == "agent_error"
    assert told[-1]["message"] == "The Geo Agent stopped unexpectedly."
    assert json.loads(told[-1]["metadata"])["errorId"] in caplog.text
    assert "RuntimeError" in caplog.text


def test_agents_work_without_anybody_to_report_to(caplog: pytest.LogCaptureFixture) -> None:
    found = handlers.geo_agent(event(), None)
    assert found["agent"] == "geo"
    assert found["label"] == "Valencia Street and 18th Street"


def test_playbook_of_a_tenant_replaces_only_what_it_names() -> None:
    default, riverton = playbook_for("nobody"), handlers.load_playbook(event(), None)
    assert riverton["departments"]["water leak"] == "Riverton Water Works"
    assert riverton["departments"]["tree"] == default["departments"]["tree"]
    assert default["departments"]["water leak"] == "Water Utility"


def test_playbook_names_a_department_and_a_usual_severity_for_every_category() -> None:
    for tenant in ("nobody", "riverton", "lakeside"):
        playbook = playbook_for(tenant)
        assert set(playbook["departments"]) == set(playbook["severityExpected"]) == set(CATEGORIES)


def test_clear_complaint_is_accepted_and_becomes_a_work_order() -> None:
    order = work_order(POTHOLE)
    assert order["verdict"] == "accepted"
    assert order["workOrderId"] == "WO-job-1"
    assert (order["department"], order["priority"], order["slaHours"]) == ("Street Repair", "P2", 12)
    assert order["questions"] == []
    assert order["summary"] == (
        "Pothole at Valencia Street and 18th Street, severity 4 of 5: "
        "Street Repair will act within 12 hours (P2)."
    )


@pytest.mark.parametrize(
    ("complaint", "verdict", "code"),
    [
        ("The trash can is overflowing.", "incomplete", "location_missing"),
        ("A trailer is parked in front of the library.", "incomplete", "location_unclear"),
        ("Garbage bags on 19th.", "needs_review", "location_ambiguous"),
        ("Garbage bags on Divisadero Street.", "needs_review", "location_vague"),
        ("Something strange at City Hall.", "needs_review", "category_uncertain"),
        (
            "Loud music killed the mood and somebody got hurt at City Hall.",
            "needs_review",
            "severity_unusual",
        ),
        ("The sidewalk is uneven in front of Mission High School.", "needs_review", "sensitive_place_near"),
    ],
)
def test_doubtful_findings_are_named(complaint: str, verdict: str, code: str) -> None:
    validation = handlers.validate(event(findings=findings(complaint)), None)
    assert code in [issue["code"] for issue in validation["issues"]]
    assert validation["verdict"] == verdict


def test_question_without_a_place_needs_none() -> None:
    order = work_order("I would like to know when the benches come back.")
    assert order["verdict"] == "accepted"
    assert order["questions"] == []


def test_missing_place_is_asked_for() -> None:
    order = work_order("The trash can is overflowing.")
    assert "place unknown" in order["summary"]
    assert order["questions"][0].startswith("Where is it?")


def test_ambiguous_place_is_asked_for_by_its_options() -> None:
    assert (
        "Which place do you mean: 19th Street or 19th Avenue?"
        in work_order("Garbage bags on 19th.")["questions"]
    )


def test_school_close_by_raises_the_priority() -> None:
    assert work_order("The sidewalk is uneven in front of Mission High School.")["priority"] == "P3"
    assert work_order("The sidewalk is uneven in front of Castro Theatre.")["priority"] == "P4"


def test_finding_that_is_missing_makes_the_job_incomplete() -> None:
    validation = handlers.validate(event(findings=findings(POTHOLE)[:2]), None)
    assert validation["verdict"] == "incomplete"


@pytest.mark.parametrize("complaint", built_in_complaints(), ids=lambda complaint: complaint.title)
def test_every_built_in_complaint_ends_in_a_work_order(complaint: Any) -> None:
    order = work_order(complaint.text, tenant_id="lakeside")
    assert order["priority"] in ("P1", "P2", "P3", "P4", "P5")
    assert order["summary"]


def test_there_are_enough_varied_complaints_built_in() -> None:
    complaints = built_in_complaints()
    assert len(complaints) >= 12
    categories = {handlers.category_agent(event(complaint=one.text), None)["category"] for one in complaints}
    assert len(categories) >= 8


def test_unknown_choice_of_tools_stops_with_its_name() -> None:
    with pytest.raises(ToolChoiceError, match="AGENT_TOOLS is 'magic'"):
        build_toolbox({"AGENT_TOOLS": "magic"})


def test_tools_on_aws_without_a_model_stop_with_the_variables_name() -> None:
    with pytest.raises(ToolChoiceError, match="AGENT_MODEL_ID"):
        build_toolbox({"AGENT_TOOLS": "aws"})
