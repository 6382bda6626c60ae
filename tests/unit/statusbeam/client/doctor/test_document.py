"""The document of a report, and its one-line form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from statusbeam.client.doctor.diagnosis import diagnose
from statusbeam.client.doctor.document import document_of, verdict_line
from statusbeam.client.doctor.examination import Report
from statusbeam.client.doctor.facts import Facts
from statusbeam.client.doctor.measures import Measures
from tests.unit.statusbeam.client.doctor import facts_samples as f

LONG = tuple(float(number) for number in range(1, 101))


def measured() -> Measures:
    return f.measures(latencies={"producedToReceived": (31.06, 97.31, 30.0), "committedToPushed": LONG})


def document(facts: Facts) -> dict[str, object]:
    return document_of("Dev-Status", Report(facts, diagnose(facts)))


def test_a_deployment_that_is_well_has_its_measures_in_the_document_and_in_the_line() -> None:
    found = document(f.well(probe=f.probe(measures=measured())))
    assert found["finding"] is None
    assert json.loads(json.dumps(found))["probe"] == {
        "jobId": "statusbeam-doctor-1",
        "transport": "queue",
        **{"sent": 30, "committed": 30, "pushed": 30, "received": 30},
        **{"lost": 0, "duplicates": 0, "recovered": 0, "reconnects": 0},
        "milliseconds": {
            "producedToReceived": {"p50": 31.1, "p99": 97.3},
            "committedToPushed": {"p50": 50.0, "p99": 99.0},
        },
    }
    assert verdict_line(found) == (
        "ok: 30 of 30 statuses received, produced → received p50 31.1 ms, p99 97.3 ms"
    )


def test_a_finding_is_code_problem_and_cure_in_one_line() -> None:
    found = document(f.well(probe=f.probe(measures=replace(measured(), received=29, lost=1))))
    line = verdict_line(found)
    assert line.startswith("statuses_lost: 1 of 30 stored statuses did not reach the client. Call doctor")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("ahead", "api_ahead", "told"), [(1.26, 5.0, 1.3), (None, -0.04, 0.0), (None, None, None)]
)
def test_the_clock_of_aws_is_found_before_the_clock_of_the_api(
    ahead: float | None, api_ahead: float | None, told: float | None
) -> None:
    found = document(f.well(clock_ahead=ahead, api_clock_ahead=api_ahead))
    assert found["clockAheadSeconds"] == told


def test_an_examination_that_ends_before_the_probe_has_no_probe() -> None:
    facts = Facts(now=f.NOW, clock_ahead=600)
    assert (document(facts)["probe"], document(facts)["user"]) == (None, None)
