"""The place of a complaint: labelled texts, single rules, and points on the map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.civic_complaints.gazetteer import default_gazetteer
from examples.civic_complaints.geo import Locator
from examples.civic_complaints.geometry import closest_approach, distance
from examples.civic_complaints.tools import Mention, Place

LABELLED = json.loads((Path(__file__).with_name("civic_labelled.json")).read_text(encoding="utf-8"))
GAZETTEER = default_gazetteer()
LOCATOR = Locator(GAZETTEER, GAZETTEER)


def locate(text: str) -> dict[str, Any]:
    return LOCATOR.locate(LOCATOR.mentions(text))


def is_right(case: dict[str, Any]) -> bool:
    found = locate(case["text"])
    if case["place"] is None:
        return not found["located"]
    return bool(found["located"]) and all(name in found["label"] for name in case["place"])


@pytest.mark.parametrize("name", ["development", "held_out", "fresh", "fresh_2", "final"])
def test_nine_of_ten_labelled_places_are_found(name: str) -> None:
    wrong = [case["text"] for case in LABELLED[name] if not is_right(case)]
    assert len(wrong) <= len(LABELLED[name]) / 10, wrong


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The lamp at 1450 Haight Street is out", "1450 Haight Street"),
        ("Lamp out, 1200 block of Valencia", "1200 Valencia Street"),  # a block, without the suffix
        ("rubbish at 900 columbus", "900 Columbus Avenue"),  # neither capitals nor suffix
        ("A hole on Folsom at 6th Street", "Folsom Street and 6th Street"),
        ("A hole at the corner of Sixteenth and Mission", "16th Street and Mission Street"),  # ordinal word
        ("HOLE AT GEARY BLVD & MASONIC AVE", "Geary Boulevard and Masonic Avenue"),  # shouted, shortened
        ("bins on valencia between 16th and 18th", "Valencia Street between 16th Street and 18th Street"),
        ("opposite the Castro Theatre", "Castro Theatre"),  # not the district "the Castro"
        ("a raccoon on Lincoln Way across from Golden Gate Park", "Lincoln Way near Golden Gate Park"),
        ("behind the Safeway on Market St.", "Market Street"),
        ("noise in the Mission", "Mission District"),
        ("noise on Mission", "Mission Street"),
        ("Potholes on Divisadaro street", "Divisadero Street"),  # misspelt
        ("Castro Stret is blocked", "Castro Street"),  # misspelt suffix
        ("a tree near San Fransisco General Hospital", "Zuckerberg San Francisco General Hospital"),
    ],
)
def test_place_is_read_from_the_way_it_is_written(text: str, label: str) -> None:
    assert locate(text)["label"] == label


@pytest.mark.parametrize(
    "text",
    [
        "Overflowing trash can at the bus stop.",
        "The church bells ring and the oak is dead.",  # street names that are everyday words
        "The third night in a row, since the 16th of May.",  # an ordinal is not a street
        "",
        "!!! ??? ...",
    ],
)
def test_text_without_a_place_has_no_location(text: str) -> None:
    found = locate(text)
    assert not found["located"]
    assert not found["ambiguous"]
    assert found["label"] is None


def test_generic_place_is_not_guessed() -> None:
    found = locate("A trailer stands in front of the library.")
    assert not found["located"]
    assert found["ambiguous"]
    assert len(found["alternatives"]) > 1


def test_number_that_two_streets_share_is_reported_as_ambiguous() -> None:
    found = locate("Cars are double parked on 19th every evening.")
    assert found["ambiguous"]
    assert {found["label"], found["alternatives"][0]["label"]} == {"19th Street", "19th Avenue"}


def test_crossing_decides_between_streets_of_the_same_number() -> None:
    found = locate("Dark at 16th and Mission")
    assert not found["ambiguous"]


def test_streets_that_do_not_cross_are_noted() -> None:
    found = locate("A hole at Haight and Page")
    assert any("do not seem to cross" in note for note in found["notes"])
    assert found["confidence"] < 0.5


def test_house_number_beyond_the_street_lowers_the_confidence() -> None:
    assert locate("at 9999 Cortland Avenue")["confidence"] < locate("at 45 Cortland Avenue")["confidence"]


def test_misspelling_is_noted_and_lowers_the_confidence() -> None:
    misspelt, spelt = locate("a hole on Divisadaro Street"), locate("a hole on Divisadero Street")
    assert misspelt["confidence"] < spelt["confidence"]
    assert any(note.startswith('read "Divisadaro Street"') for note in misspelt["notes"])


def test_unknown_street_is_reported_instead_of_matched() -> None:
    found = locate("A lamp on Wisteria Lane is out")
    assert not found["located"]
    assert found["unresolved"] == ["Wisteria Lane"]


def test_school_beside_the_place_is_reported() -> None:
    found = locate("a hole in front of Mission High School")
    assert "Mission High School" in [place["name"] for place in found["sensitivePlaces"]]


@pytest.mark.parametrize(
    ("text", "point", "within"),
    [
        ("at 16th and Mission", (37.7650, -122.4197), 80),
        ("at Haight and Masonic", (37.7702, -122.4453), 250),
        ("at Geary and Van Ness", (37.7853, -122.4214), 120),
        ("at 3200 24th Street", (37.7522, -122.4184), 150),
        ("at 4th and King", (37.7766, -122.3943), 150),
    ],
)
def test_point_lies_where_the_map_has_it(text: str, point: tuple[float, float], within: float) -> None:
    found = locate(text)
    assert distance((found["latitude"], found["longitude"]), point) <= within


def test_each_lookup_is_announced_once_in_order() -> None:
    announced: list[tuple[int, int]] = []
    mentions = LOCATOR.mentions("from the Ferry Building to City Hall")
    LOCATOR.locate(mentions, on_lookup=lambda _, number, count: announced.append((number, count)))
    assert announced == [(0, 2), (1, 2)]


class KnowsOneUnknownStreet:
    """A geocoder that knows more than the gazetteer."""

    name = "map"

    def locate(self, mention: Mention) -> list[Place]:
        point = Place(
            label="12 Wisteria Lane",
            kind=mention.kind,
            latitude=37.75,
            longitude=-122.42,
            confidence=0.9,
            precision_meters=30,
        )
        return [point] if not mention.known else []


def test_geocoder_may_know_a_street_that_the_gazetteer_does_not() -> None:
    locator = Locator(GAZETTEER, KnowsOneUnknownStreet())
    found = locator.locate(locator.mentions("A lamp at 12 Wisteria Lane is out"))
    assert found["label"] == "12 Wisteria Lane"


def test_gazetteer_names_are_unique_and_in_the_city() -> None:
    assert len(GAZETTEER.entries) >= 150
    for entry in GAZETTEER.entries.values():
        for point in entry.line:
            assert distance(point, (37.7599, -122.4400)) < 12_000, entry.name


@given(st.text(max_size=300))
def test_any_text_gives_a_finding(text: str) -> None:
    found = locate(text)
    assert found["located"] is (found["label"] is not None)
    assert 0.0 <= found["confidence"] <= 1.0


@given(
    st.sampled_from(sorted(GAZETTEER.entries)), st.sampled_from(["{}", "near {}", "we saw it at {}, again"])
)
def test_every_full_name_in_the_gazetteer_is_recognised(name: str, frame: str) -> None:
    names = {
        option
        for mention in LOCATOR.mentions(frame.format(name))
        for role in mention.names
        for option in role
    }
    assert name in names


def test_lines_that_cross_meet_without_a_gap() -> None:
    point, gap = closest_approach([(0.0, -1.0), (0.0, 1.0)], [(-1.0, 0.0), (1.0, 0.0)])
    assert gap == 0.0
    assert point == (0.0, 0.0)
