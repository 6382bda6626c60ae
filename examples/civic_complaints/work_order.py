"""Makes a work order of the findings: department, deadline, and questions for the citizen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from examples.civic_complaints.findings import Finding, by_agent

UNRATED = 3
"""The severity of an unrated complaint: neither forgotten nor urgent."""
RAISED_BY = frozenset({"sensitive_place_near"})
QUESTIONS = {
    "location_missing": "Where is it? A street with a number, a crossing or a landmark helps us to find it.",
    "location_unclear": "Which place do you mean: {options}, or another one?",
    "location_vague": "Where along {label} is it? The nearest house number or cross street is enough.",
    "location_ambiguous": "Which place do you mean: {options}?",
    "category_uncertain": "What exactly is broken or disturbing? One sentence is enough.",
    "severity_uncertain": "Is anybody in danger, and since when has it been like this?",
}


def make_work_order(
    job_id: str, findings: Sequence[Finding], validation: Mapping[str, Any], playbook: Mapping[str, Any]
) -> dict[str, Any]:
    """Sum up a job.

    Returns workOrderId, department, category, severity (1..5), priority (P1..P5, P1 first), slaHours,
    location (label or None),
    latitude, longitude, verdict, questions (for the citizen) and summary (one sentence for people).
    """
    found = by_agent(findings)
    geo = found.get("geo", {})
    category = str(found.get("category", {}).get("category", "other"))
    severity = int(found.get("severity", {}).get("severity", UNRATED))
    codes = [issue["code"] for issue in validation["issues"]]
    priority = f"P{6 - min(5, severity + any(code in RAISED_BY for code in codes))}"
    order = {
        "workOrderId": f"WO-{job_id}",
        "department": playbook["departments"].get(category, playbook["departments"]["other"]),
        "category": category,
        "severity": severity,
        "priority": priority,
        "slaHours": playbook["slaHours"][priority],
        "location": geo.get("label"),
        "latitude": geo.get("latitude"),
        "longitude": geo.get("longitude"),
        "verdict": validation["verdict"],
        "questions": _questions(codes, geo),
    }
    return {**order, "summary": _summary(order)}


def _questions(codes: Sequence[str], geo: Mapping[str, Any]) -> list[str]:
    options = [str(geo.get("label")), *(str(place["label"]) for place in geo.get("alternatives", ()))]
    if geo.get("label") is None:
        options = options[1:]
    named = " or ".join(dict.fromkeys(options[:4]))
    questions = [
        QUESTIONS[code].format(label=geo.get("label"), options=named) for code in codes if code in QUESTIONS
    ]
    return list(dict.fromkeys(questions))


def _summary(order: Mapping[str, Any]) -> str:
    where = f" at {order['location']}" if order["location"] else ", place unknown"
    what = "Request" if order["category"] == "other" else str(order["category"]).capitalize()
    next_step = {
        "accepted": f"{order['department']} will act within {_hours(order['slaHours'])}",
        "needs_review": f"{order['department']} will review it within {_hours(order['slaHours'])}",
        "incomplete": f"{order['department']} needs an answer from the citizen first",
    }[order["verdict"]]
    return f"{what}{where}, severity {order['severity']} of 5: {next_step} ({order['priority']})."


def _hours(hours: int) -> str:
    if hours < 48:
        return f"{hours} hour" + ("s" if hours != 1 else "")
    return f"{hours // 24} days"
