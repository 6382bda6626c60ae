"""The two agents around the approval: one drafts the permit, the other issues it."""

from __future__ import annotations

from typing import Any

from examples.street_fair.call import FairCall, Pace, tokens_in
from status_utils import AgentScope

_FEE = 400
_FEE_A_BLOCK = 150
_VISITORS_A_POST = 1_500
_RAIN = 0.2
_CONDITIONS = {
    "access": "A lane of 4 m stays free for ambulances and fire engines.",
    "noise": "Music ends at 21:00.",
    "parking": "Residents park free in the school yard.",
}


def draft(call: FairCall, run: AgentScope, pace: Pace) -> dict[str, Any]:
    """The draft of the permit, and the question for the deciding person."""
    streets, sky, people = (call.findings[name] for name in ("traffic", "weather", "neighbours"))
    run.progress(0.2, "Reading what the agents found")
    pace.spend(2.0)
    conditions = [_CONDITIONS[topic] for topic in people["objections"]]
    conditions.append(f"First-aid posts: {-(-call.visitors // _VISITORS_A_POST)}.")
    if sky["rainChance"] >= _RAIN:
        conditions.append("Stands have roofs.")
    conditions.append(f"The street is lit from {sky['sunset']} on.")
    run.progress(0.6, f"{len(conditions)} conditions")
    with run.tool("fee_table", f"The fee for {streets['blocks']} blocks"):
        pace.spend(1.5)
        fee = _FEE + _FEE_A_BLOCK * streets["blocks"]
    pace.spend(1.5)
    run.tokens(input=tokens_in(str(call.findings)), output=tokens_in(*conditions))
    permit = {
        "street": call.street,
        "day": f"A Saturday in {call.month_name}",
        "visitors": call.visitors,
        "feeDollars": fee,
        "conditions": conditions,
        "detour": ", ".join(streets["detour"]),
        "busLines": streets["busLines"],
    }
    run.complete(f"A permit with {len(conditions)} conditions, for ${fee}")
    question = (
        f"Close {call.street} on a Saturday in {call.month_name} for a fair with {call.visitors:,} visitors? "
        f"{len(streets['busLines'])} bus lines move, cars need {streets['extraMinutes']} min more, "
        f"and there are {len(conditions)} conditions."
    )
    return {"permit": permit, "question": question}


def issue(call: FairCall, run: AgentScope, pace: Pace) -> dict[str, Any]:
    """The permit with its number, after the approval."""
    permit = call.findings["permit"]["permit"]
    with run.tool("city_calendar", f"Enter the fair on {call.street}"):
        pace.spend(1.5)
    run.progress(0.5, "The fair is in the calendar")
    with run.tool("road_signs", f"Order signs for {permit['detour']}"):
        pace.spend(1.5)
    number = f"SF-{call.job_id[-6:].upper()}"
    run.complete(f"Permit {number} is issued")
    note = call.approval.get("comment")
    return {"permitNumber": number, **permit, **({"note": note} if note else {})}
