"""A sequence in parts is complete and in order, and no part is longer than the limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model.chunked import chunked


@given(items=st.lists(st.integers(), max_size=30), size=st.integers(1, 12))
def test_the_parts_are_the_sequence(items: list[int], size: int) -> None:
    parts = list(chunked(items, size))
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])
    assert all(0 < len(part) <= size for part in parts)


def test_the_parts_of_a_range_are_ranges() -> None:
    assert list(chunked(range(5), 2)) == [range(2), range(2, 4), range(4, 5)]


@pytest.mark.parametrize("size", [0, -1])
def test_parts_without_length_are_refused_at_the_call(size: int) -> None:
    with pytest.raises(ValueError, match="size must be at least 1"):
        chunked([1], size)
