"""The offline geocoder: streets, districts and landmarks of one city from `gazetteer.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from examples.civic_complaints.geometry import (
    Point,
    between,
    closest_approach,
    distance,
    nearest_on_line,
)
from examples.civic_complaints.tools import Mention, Place

DATA = Path(__file__).with_name("gazetteer.json")
CROSSING_GAP_METERS = 80
BESIDE_METERS = 900
SENSITIVE_KINDS = frozenset({"school", "hospital", "playground"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A named place.

    A street has `line` and the house number at each of its points; the others have one point.
    """

    name: str
    kind: str
    line: tuple[Point, ...]
    also: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    radius: int = 100
    bare_name_is_a_word: bool = False


class Gazetteer:
    """Looks places up by name and computes points from them. Implements the Geocoder interface."""

    name = "offline_gazetteer"

    def __init__(self, entries: Sequence[Entry], *, city: str) -> None:
        self.city = city
        self.entries: Mapping[str, Entry] = {entry.name: entry for entry in entries}

    def locate(self, mention: Mention) -> list[Place]:
        """The possible places of the mention, best first."""
        found: list[Place] = []
        for names in product(*mention.names):
            entries = [self.entries[name] for name in names if name in self.entries]
            if len(entries) == len(names):
                place = self._point(mention, entries)
                if place is not None:
                    found.append(place)
        found.sort(key=lambda place: -place.confidence)
        return found

    def near(
        self, point: Point, *, meters: float, kinds: frozenset[str] = SENSITIVE_KINDS
    ) -> list[tuple[Entry, int]]:
        """Landmarks of these kinds around a point with their distance in metres, nearest first."""
        around = [
            (entry, round(distance(point, entry.line[0])))
            for entry in self.entries.values()
            if entry.kind in kinds and distance(point, entry.line[0]) <= meters
        ]
        return sorted(around, key=lambda pair: pair[1])

    def district_of(self, point: Point) -> str | None:
        """The district whose middle is closest in terms of its size, None outside of all."""
        districts = [entry for entry in self.entries.values() if entry.kind == "district"]
        closeness = {entry.name: distance(point, entry.line[0]) / entry.radius for entry in districts}
        name = min(closeness, key=lambda candidate: closeness[candidate], default=None)
        return name if name is not None and closeness[name] <= 1 else None

    def _point(self, mention: Mention, entries: Sequence[Entry]) -> Place | None:
        match mention.kind:
            case "address":
                return _address(mention, entries[0])
            case "crossing":
                return _crossing(mention, entries[0], entries[1])
            case "between":
                return _between(mention, entries[0], entries[1], entries[2])
            case "beside":
                return _beside(mention, entries[0], entries[1])
            case _:
                return _named(mention, entries[0])


def _place(
    mention: Mention,
    label: str,
    point: Point,
    *,
    confidence: float,
    precision: float,
    note: str | None = None,
) -> Place:
    loose = mention.relation in {"near", "behind", "by", "around", "close to"}
    return Place(
        label=label,
        kind=mention.kind,
        latitude=round(point[0], 5),
        longitude=round(point[1], 5),
        confidence=round(confidence * mention.spelling * (0.95 if loose else 1.0), 3),
        precision_meters=round(precision * (1.5 if loose else 1.0)),
        note=note,
    )


def _length(line: Sequence[Point]) -> float:
    return sum(distance(start, end) for start, end in pairwise(line))


def _address(mention: Mention, street: Entry) -> Place | None:
    if not street.numbers or mention.number is None:
        return None
    label = f"{mention.number} {street.name}"
    for (low, start), (high, end) in pairwise(zip(street.numbers, street.line, strict=True)):
        if min(low, high) <= mention.number <= max(low, high):
            share = (mention.number - low) / (high - low) if high != low else 0.0
            return _place(mention, label, between(start, end, share), confidence=0.95, precision=80)
    by_gap = zip(street.numbers, street.line, strict=True)
    _, closest = min(by_gap, key=lambda pair: abs(pair[0] - (mention.number or 0)))
    note = f"{street.name} has no number {mention.number} that we know of"
    return _place(mention, label, closest, confidence=0.4, precision=_length(street.line) / 4, note=note)


def _crossing(mention: Mention, one: Entry, other: Entry) -> Place | None:
    if not (one.numbers and other.numbers) or one is other:
        return None
    point, gap = closest_approach(one.line, other.line)
    if gap > CROSSING_GAP_METERS:
        return None
    return _place(mention, f"{one.name} and {other.name}", point, confidence=0.93, precision=60 + gap / 2)


def _between(mention: Mention, street: Entry, low: Entry, high: Entry) -> Place | None:
    ends = [closest_approach(street.line, cross.line) for cross in (low, high)]
    if any(gap > CROSSING_GAP_METERS for _, gap in ends):
        return None
    (start, _), (end, _) = ends
    middle = nearest_on_line(between(start, end, 0.5), street.line)
    label = f"{street.name} between {low.name} and {high.name}"
    return _place(mention, label, middle, confidence=0.88, precision=max(60.0, distance(start, end) / 2))


def _beside(mention: Mention, street: Entry, landmark: Entry) -> Place | None:
    if not street.numbers:
        return None
    point = nearest_on_line(landmark.line[0], street.line)
    away = distance(point, landmark.line[0])
    # the middle of a big park is far from the street at its edge
    if away > BESIDE_METERS:
        return None
    return _place(
        mention, f"{street.name} near {landmark.name}", point, confidence=0.8, precision=100 + away / 3
    )


def _named(mention: Mention, entry: Entry) -> Place:
    if entry.numbers:
        middle = entry.line[len(entry.line) // 2]
        return _place(
            mention,
            entry.name,
            middle,
            confidence=0.45,
            precision=_length(entry.line) / 2,
            note="the whole street",
        )
    if entry.kind == "district":
        return _place(
            mention,
            entry.name,
            entry.line[0],
            confidence=0.35,
            precision=entry.radius,
            note="the whole district",
        )
    return _place(
        mention,
        entry.name,
        entry.line[0],
        confidence=0.88,
        precision=300 if entry.kind == "park" else entry.radius,
    )


def _entries(data: Mapping[str, Any]) -> list[Entry]:
    streets = [
        Entry(
            name=raw["name"],
            kind="street",
            line=tuple((lat, lon) for lat, lon, _ in raw["line"]),
            also=tuple(raw.get("also", ())),
            numbers=tuple(number for _, _, number in raw["line"]),
            bare_name_is_a_word=raw.get("bareNameIsAWord", False),
        )
        for raw in data["streets"]
    ]
    points = [
        Entry(
            name=raw["name"],
            kind=raw.get("kind", "district"),
            line=((raw["at"][0], raw["at"][1]),),
            also=tuple(raw.get("also", ())),
            radius=raw.get("radius", 100),
        )
        for raw in [*data["districts"], *data["landmarks"]]
    ]
    return streets + points


@cache
def default_gazetteer() -> Gazetteer:
    """The city of the example, read once for each process."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return Gazetteer(_entries(data), city=data["city"])
