"""The city's data: its streets and bus lines, its climate, and the residents' letters."""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("city.json")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class FairError(Exception):
    """An agent has no finding. Step Functions retries it, then ends the job with an error."""

    def __init__(self, public_message: str) -> None:
        super().__init__(public_message)
        self.public_message = public_message  # readers see this message in the status


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a street between two crossings."""

    street: str
    start: str
    end: str
    minutes: int
    households: int


@dataclass(frozen=True, slots=True)
class Way:
    """A route between two crossings: the streets in order, and its duration."""

    streets: tuple[str, ...]
    minutes: int


class City:
    """The city's map, timetable, climate and letters."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._segments = [
            Segment(one["street"], one["from"], one["to"], one["minutes"], one["households"])
            for one in data["segments"]
        ]
        self._lines: Mapping[str, Sequence[str]] = data["busLines"]
        self._rainy_days: Sequence[int] = data["rainyDays"]
        self._sunsets: Sequence[str] = data["sunset"]
        self.letters: Sequence[str] = data["letters"]

    def segments_of(self, street: str) -> list[Segment]:
        """The pieces of a street, from its one end to the other. Raises FairError for an unknown street."""
        found = [one for one in self._segments if one.street == street]
        if not found:
            raise FairError(f"The map has no street called {street}.")
        return found

    def way(self, start: str, end: str, *, without: Collection[Segment] = ()) -> Way:
        """The quickest route without closed segments. Raises FairError if there is none."""
        queue: list[tuple[int, str, tuple[str, ...]]] = [(0, start, ())]
        seen: set[str] = set()
        while queue:
            minutes, crossing, streets = heapq.heappop(queue)
            if crossing == end:
                return Way(streets, minutes)
            if crossing in seen:
                continue
            seen.add(crossing)
            for one in self._segments:
                if one in without or crossing not in (one.start, one.end):
                    continue
                ahead = one.end if crossing == one.start else one.start
                passed = streets if streets[-1:] == (one.street,) else (*streets, one.street)
                heapq.heappush(queue, (minutes + one.minutes, ahead, passed))
        raise FairError(f"No way is left from {start} to {end}.")

    def lines_through(self, closed: Collection[Segment]) -> list[str]:
        """The bus lines that use a closed segment."""
        pairs = {frozenset((one.start, one.end)) for one in closed}
        return [
            line
            for line, stops in self._lines.items()
            if any(frozenset(pair) in pairs for pair in pairwise(stops))
        ]

    def stops_of(self, line: str) -> Sequence[str]:
        """The crossings where a line stops."""
        return self._lines[line]

    def rain_chance(self, month: int) -> float:
        """The share of days with rain in a month, 1 to 12."""
        return self._rainy_days[month - 1] / _DAYS[month - 1]

    def sunset(self, month: int) -> str:
        """When the sun sets in the middle of a month, 1 to 12."""
        return self._sunsets[month - 1]


@cache
def default_city() -> City:
    """The city of the example."""
    return City(json.loads(_DATA.read_text(encoding="utf-8")))
