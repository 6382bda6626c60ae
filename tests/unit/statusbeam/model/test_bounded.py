"""A mapping with a limit drops the item that was written longest ago."""

from __future__ import annotations

import pytest

from statusbeam.model.bounded import Bounded


def filled(limit: int, keys: str) -> Bounded[str, int]:
    found: Bounded[str, int] = Bounded(limit)
    for number, key in enumerate(keys):
        found[key] = number
    return found


def test_one_item_too_many_drops_the_oldest() -> None:
    assert dict(filled(2, "abc")) == {"b": 1, "c": 2}


def test_writing_an_item_again_keeps_it_longer() -> None:
    assert dict(filled(2, "abac")) == {"a": 2, "c": 3}


def test_reading_an_item_does_not() -> None:
    found = filled(2, "ab")
    assert (found.get("a"), found["a"], "a" in found) == (0, 0, True)
    found["c"] = 2
    assert "a" not in found


def test_setdefault_and_update_keep_the_limit_too() -> None:
    found = filled(2, "ab")
    assert found.setdefault("c", 7) == 7
    found.update({"d": 8, "e": 9})
    assert dict(found) == {"d": 8, "e": 9}


def test_a_removed_item_makes_room() -> None:
    found = filled(2, "ab")
    assert found.pop("a") == 0
    assert found.pop("a", None) is None
    found["c"] = 2
    assert list(found) == ["b", "c"]
    found.clear()
    assert len(found) == 0


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled(2, "ab")["z"]
    with pytest.raises(KeyError):
        del filled(2, "ab")["z"]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_leaves_no_room_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="limit must be at least 1"):
        Bounded(limit)


def test_it_shows_its_limit_and_what_it_holds() -> None:
    assert repr(filled(2, "ab")) == "Bounded(2, {'a': 0, 'b': 1})"
