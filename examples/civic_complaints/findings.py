"""Checks the agents' findings for gaps, doubts and contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Finding = Mapping[str, Any]

BLOCKING = frozenset({"location_missing", "location_unclear", "finding_missing"})
SERIOUS = 4


def by_agent(findings: Sequence[Finding]) -> dict[str, Finding]:
    """The findings by the agent's short name. A later finding of an agent replaces an earlier one."""
    return {str(finding["agent"]): finding for finding in findings if "agent" in finding}


def check_findings(findings: Sequence[Finding], playbook: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the findings with each other and with the playbook.

    Returns {"verdict": "accepted" | "needs_review" | "incomplete", "issues": [{code, text}], "checks": how
    many were made}.
    incomplete = something is missing that a crew cannot do without; needs_review = a person should look at
    it.
    """
    found = by_agent(findings)
    issues: list[dict[str, str]] = []
    checks = 0
    for check in (_missing, _location, _category, _severity, _conflicts):
        for issue in check(found, playbook):
            checks += 1
            if issue is not None:
                issues.append(issue)
    codes = {issue["code"] for issue in issues}
    verdict = "incomplete" if codes & BLOCKING else "needs_review" if codes else "accepted"
    return {"verdict": verdict, "issues": issues, "checks": checks}


Issues = Iterator[dict[str, str] | None]
"""One element for each check: the issue, or None if the check passed."""


def _issue(code: str, text: str) -> dict[str, str]:
    return {"code": code, "text": text}


def _missing(found: Mapping[str, Finding], playbook: Mapping[str, Any]) -> Issues:
    for agent in playbook["agents"]:
        yield None if agent in found else _issue("finding_missing", f"The {agent} agent gave no finding.")


def _location(found: Mapping[str, Finding], playbook: Mapping[str, Any]) -> Issues:
    geo = found.get("geo")
    if geo is None:
        return
    optional = found.get("category", {}).get("category") in playbook["locationOptional"]
    if not geo["located"]:
        code = "location_unclear" if geo["ambiguous"] else "location_missing"
        yield None if optional else _issue(code, f"No location: {geo['notes'][0]}.")
        return
    thresholds = playbook["thresholds"]
    if geo["ambiguous"]:
        labels = list(dict.fromkeys([geo["label"], *(place["label"] for place in geo["alternatives"])]))
        yield _issue("location_ambiguous", "The place could be " + " or ".join(labels[:3]) + ".")
    else:
        vague = (
            geo["confidence"] < thresholds["locationConfidence"]
            or geo["precisionMeters"] > thresholds["precisionMeters"]
        )
        text = f"{geo['label']} is only known to about {geo['precisionMeters']} m."
        yield _issue("location_vague", text) if vague and not optional else None


def _category(found: Mapping[str, Finding], playbook: Mapping[str, Any]) -> Issues:
    category = found.get("category")
    if category is None:
        return
    sure = category["confidence"] >= playbook["thresholds"]["categoryConfidence"]
    text = f"The category {category['category']} is uncertain ({category['confidence']:.0%})."
    yield None if sure else _issue("category_uncertain", text)


def _severity(found: Mapping[str, Finding], playbook: Mapping[str, Any]) -> Issues:
    severity = found.get("severity")
    if severity is None:
        return
    sure = severity["confidence"] >= playbook["thresholds"]["severityConfidence"]
    text = f"Severity {severity['severity']} rests on little: {severity['reasons'][0]}."
    yield None if sure else _issue("severity_uncertain", text)


def _conflicts(found: Mapping[str, Finding], playbook: Mapping[str, Any]) -> Issues:
    geo, category, severity = found.get("geo"), found.get("category"), found.get("severity")
    if category is not None and severity is not None:
        low, high = playbook["severityExpected"].get(category["category"], (1, 5))
        text = f"Severity {severity['severity']} is unusual for {category['category']} ({low} to {high})."
        yield None if low <= severity["severity"] <= high else _issue("severity_unusual", text)
    if geo is not None and severity is not None:
        places = [place["name"] for place in geo["sensitivePlaces"]]
        # The severity is rated by the text alone. The map may have a school that the citizen did not mention.
        overlooked = bool(places) and 2 <= severity["severity"] < SERIOUS
        yield _issue("sensitive_place_near", f"{places[0]} is close by.") if overlooked else None
