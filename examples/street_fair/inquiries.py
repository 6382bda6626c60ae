"""The three agents that check an application in parallel: traffic, weather, neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from examples.street_fair.call import FairCall, Pace, tokens_in
from examples.street_fair.city import City, FairError, Segment
from status_utils import AgentScope

_OBJECTIONS: Mapping[str, tuple[str, ...]] = {
    "noise": ("loud", "noise", "sleep"),
    "access": ("ambulance", "fire engine"),
    "parking": ("parking", "park?"),
}


def traffic(call: FairCall, run: AgentScope, city: City, pace: Pace) -> dict[str, Any]:
    """Detours for cars, and for buses by an agent inside this one. Raises FairError."""
    with run.tool("street_map", f"Find {call.street} and the streets around it"):
        pace.spend(1.5)
        closed = city.segments_of(call.street)
    start, end = closed[0].start, closed[-1].end
    run.progress(0.3, f"{len(closed)} blocks would be closed")
    with run.tool("route_planner", f"Plan the way from {start} to {end}"):
        pace.spend(2.0)
        way = city.way(start, end, without=closed)
    extra = way.minutes - sum(one.minutes for one in closed)
    detour = f"{', '.join(way.streets)} ({extra} min more)"
    run.progress(0.6, f"Cars take {detour}")
    with run.agent("Bus Agent", message=f"Looking for bus lines on {call.street}") as buses:
        lines = _buses(call, buses, city, pace, closed)
    run.tokens(input=tokens_in(str(closed)), output=tokens_in(detour, str(lines)))
    named = " and ".join(line["line"] for line in lines) or "none"
    run.complete(f"Cars take {detour}. Bus lines to move: {named}.")
    return {"detour": list(way.streets), "extraMinutes": extra, "busLines": lines, "blocks": len(closed)}


def _buses(
    call: FairCall, run: AgentScope, city: City, pace: Pace, closed: Sequence[Segment]
) -> list[dict[str, Any]]:
    with run.tool("timetable", f"Which lines use {call.street}?"):
        pace.spend(1.5)
        lines = city.lines_through(closed)
    moved: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        pace.spend(0.8)
        stops = city.stops_of(line)
        way = city.way(stops[0], stops[-1], without=closed)
        moved.append({"line": line, "via": ", ".join(way.streets), "minutes": way.minutes})
        run.progress(number / len(lines), f"Line {line} takes {moved[-1]['via']}")
    run.complete(f"{len(moved)} bus lines can be moved" if moved else "No bus line uses it")
    return moved


def weather(call: FairCall, run: AgentScope, city: City, pace: Pace) -> dict[str, Any]:
    """The chance of rain, and the time of sunset. Raises FairError in the attempts that the demo lets
    fail."""
    with run.tool("weather_service", f"The climate of {call.month_name}"):
        pace.spend(2.5)
        if call.attempt < call.weather_failures:
            raise FairError("The weather service did not answer.")
        chance, sunset = city.rain_chance(call.month), city.sunset(call.month)
    run.progress(0.7, f"{chance:.0%} of the days in {call.month_name} have rain")
    pace.spend(1.0)
    run.complete(f"{chance:.0%} chance of rain, the sun sets at {sunset}")
    return {"rainChance": round(chance, 2), "sunset": sunset}


def neighbours(call: FairCall, run: AgentScope, city: City, pace: Pace) -> dict[str, Any]:
    """The number of supporters, and the objections of the others. Raises FairError."""
    asked = sum(one.households for one in city.segments_of(call.street))
    with run.tool("mailbox", f"Letters of the {asked} households on {call.street}"):
        pace.spend(1.0)
    objections: dict[str, str] = {}
    read = written = 0
    for number, letter in enumerate(city.letters, start=1):
        pace.spend(1.1)
        topic = _objection(letter)
        if topic is not None:
            objections[topic] = letter
        verdict = "for it" if topic is None else f"objects: {topic}"
        read, written = read + tokens_in(letter), written + tokens_in(verdict)
        run.tokens(input=read, output=written)
        run.progress(number / len(city.letters), f"Letter {number} of {len(city.letters)}: {verdict}")
    count = len(city.letters)
    topics = ", ".join(objections) or "nothing"
    run.complete(f"{count - len(objections)} of {count} letters are for it; the others object to {topics}")
    return {"letters": count, "households": asked, "objections": sorted(objections)}


def _objection(letter: str) -> str | None:
    text = letter.lower()
    return next((topic for topic, words in _OBJECTIONS.items() if any(word in text for word in words)), None)
