"""Finds the place of a complaint: names from the text, points from the geocoder, and a choice between
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from examples.civic_complaints.gazetteer import Gazetteer
from examples.civic_complaints.geometry import distance
from examples.civic_complaints.mentions import find_mentions
from examples.civic_complaints.place_names import NameFinder
from examples.civic_complaints.tools import Geocoder, Mention, Place

RIVAL_WITHIN = 0.12
SAME_PLACE_METERS = 400
SENSITIVE_METERS = 150
MAX_ALTERNATIVES = 4

OnLookup = Callable[[Mention, int, int], None]
"""Called before each look-up with the mention, its number from 0 and how many there are."""


class Locator:
    """Finds the place of a complaint. The gazetteer recognises names; the geocoder gives points."""

    def __init__(self, gazetteer: Gazetteer, geocoder: Geocoder) -> None:
        self._gazetteer = gazetteer
        self._finder = NameFinder(gazetteer.entries.values())
        self.geocoder = geocoder

    def mentions(self, text: str) -> list[Mention]:
        """The places named in the text, as `tools.Mention`."""
        return find_mentions(text, self._finder)

    def locate(self, mentions: Sequence[Mention], *, on_lookup: OnLookup | None = None) -> dict[str, Any]:
        """Choose the complaint's place.

        Returns located, label, latitude, longitude, precisionMeters, confidence (0..1), district, ambiguous,
        alternatives
        (label, latitude, longitude, confidence), notes, unresolved (texts without a place) and
        sensitivePlaces (name, kind,
        meters). `located` False is an answer; then label and coordinates are None. Raises ToolError.
        """
        places: list[Place] = []
        notes: list[str] = []
        unresolved: list[str] = []
        named = [mention for mention in mentions if mention.kind != "generic"]
        for number, mention in enumerate(named):
            if on_lookup is not None:
                on_lookup(mention, number, len(named))
            found = self._look_up(mention, notes)
            if not found:
                unresolved.append(mention.text)
            places += found
        generic = [mention for mention in mentions if mention.kind == "generic"]
        if not places:
            return self._nowhere(generic, notes, unresolved)
        return self._choose(places, notes, unresolved)

    def _look_up(self, mention: Mention, notes: list[str]) -> list[Place]:
        found = list(self.geocoder.locate(mention))
        if not found and mention.parts:
            if mention.kind == "crossing":
                notes.append(f"{mention.parts[0].text} and {mention.parts[1].text} do not seem to cross")
            for part in mention.parts:
                found += self.geocoder.locate(part)
        if mention.spelling < 1.0 and found:
            notes.append(f'read "{mention.text}" as {found[0].label}')
        if not mention.known and not found:
            notes.append(f"{mention.names[0][0]} is not a street we know")
        return found

    def _choose(self, places: list[Place], notes: list[str], unresolved: list[str]) -> dict[str, Any]:
        places.sort(key=lambda place: -place.confidence)
        best, others = places[0], places[1:]
        rivals = [place for place in others if self._is_rival(best, place)]
        confidence = best.confidence
        if rivals:
            confidence *= 0.6
            notes.append(
                "the text fits "
                + " as well as ".join(dict.fromkeys(place.label for place in [best, *rivals]))
            )
        if best.note:
            notes.append(best.note)
        district = self._gazetteer.district_of((best.latitude, best.longitude))
        sensitive = self._gazetteer.near((best.latitude, best.longitude), meters=SENSITIVE_METERS)
        exact = best.precision_meters <= 2 * SENSITIVE_METERS
        return {
            "located": True,
            "label": best.label,
            "latitude": best.latitude,
            "longitude": best.longitude,
            "precisionMeters": best.precision_meters,
            "confidence": round(confidence, 2),
            "district": best.label if best.kind == "district" else district,
            "ambiguous": bool(rivals),
            "alternatives": [_alternative(place) for place in others[:MAX_ALTERNATIVES]],
            "notes": list(dict.fromkeys(notes)),
            "unresolved": unresolved,
            "sensitivePlaces": [
                {"name": entry.name, "kind": entry.kind, "meters": meters}
                for entry, meters in sensitive
                if exact
            ],
        }

    def _is_rival(self, best: Place, other: Place) -> bool:
        away = distance((best.latitude, best.longitude), (other.latitude, other.longitude))
        apart = away > max(SAME_PLACE_METERS, best.precision_meters + other.precision_meters)
        # If both names are whole streets or districts, their precision does not show which one is meant.
        vague = (
            best.confidence < 0.5
            and other.confidence < 0.5
            and best.kind == other.kind
            and best.label != other.label
        )
        return best.confidence - other.confidence <= RIVAL_WITHIN and (apart or vague)

    def _nowhere(self, generic: Sequence[Mention], notes: list[str], unresolved: list[str]) -> dict[str, Any]:
        kinds = {name for mention in generic for names in mention.names for name in names}
        options = [entry for entry in self._gazetteer.entries.values() if entry.kind in kinds]
        for mention in generic:
            count = sum(entry.kind == mention.names[0][0] for entry in options)
            notes.append(f'"{mention.text}" could be any of {count} in {self._gazetteer.city}')
        return {
            "located": False,
            "label": None,
            "latitude": None,
            "longitude": None,
            "precisionMeters": None,
            "confidence": 0.0,
            "district": None,
            "ambiguous": bool(options),
            "alternatives": [
                {
                    "label": entry.name,
                    "latitude": entry.line[0][0],
                    "longitude": entry.line[0][1],
                    "confidence": 0.0,
                }
                for entry in options[:MAX_ALTERNATIVES]
            ],
            "notes": notes or ["the text names no place"],
            "unresolved": [*unresolved, *(mention.text for mention in generic)],
            "sensitivePlaces": [],
        }


def _alternative(place: Place) -> dict[str, Any]:
    return {
        "label": place.label,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "confidence": round(place.confidence, 2),
    }
