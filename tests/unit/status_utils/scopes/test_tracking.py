"""`track`: a loop that reports its progress."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from status_utils import current_scope, job, track
from status_utils.scopes import tracking
from status_utils.testing import Recording, recorded

IDS: dict[str, Any] = {"job_id": "job-1", "user_id": "ana", "tenant_id": "city"}


@pytest.fixture
def recording() -> Iterator[Recording]:
    with recorded() as found:
        yield found


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "REPORT_SECONDS", 0.0)


def progress(recording: Recording) -> list[tuple[float | None, str]]:
    return [(s.get("progress"), s["message"]) for s in recording if s["status"] == "progress"]


def flushed(recording: Recording) -> None:
    """So that progress isn't replaced by later one."""
    list(recording)


def test_a_loop_reports_how_many_items_are_done(recording: Recording) -> None:
    with job(**IDS) as j, j.agent("Geo Agent") as agent:
        for page in track(["a", "b", "c", "d"], "Reading pages"):
            assert current_scope() is agent
            flushed(recording)
            assert page in "abcd"
    assert progress(recording) == [
        (0.0, "Reading pages: 0 of 4"),
        (25.0, "Reading pages: 1 of 4"),
        (50.0, "Reading pages: 2 of 4"),
        (75.0, "Reading pages: 3 of 4"),
        (100.0, "Reading pages: 4 of 4"),
    ]
    assert {s.get("agentName") for s in recording if s["status"] == "progress"} == {"Geo Agent"}


def test_a_fast_loop_reports_its_first_and_its_last_item_at_least(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "REPORT_SECONDS", 3_600.0)
    with job(**IDS):
        for number in track(range(10_000)):
            if number == 0:
                flushed(recording)
    assert progress(recording) == [(0.0, "Working: 0 of 10000"), (100.0, "Working: 10000 of 10000")]


def test_a_loop_of_unknown_length_reports_its_count(recording: Recording) -> None:
    with job(**IDS):
        for _ in track((page for page in "ab"), "Reading"):
            flushed(recording)
    assert progress(recording) == [(None, "Reading: 0"), (None, "Reading: 1"), (None, "Reading: 2")]


def test_a_generator_may_have_its_total(recording: Recording) -> None:
    with job(**IDS):
        for _ in track((page for page in "ab"), "Reading", total=2):
            flushed(recording)
    assert [share for share, _ in progress(recording)] == [0.0, 50.0, 100.0]


async def test_an_asynchronous_iterable_is_tracked_equally(recording: Recording) -> None:
    async def pages() -> AsyncIterator[str]:
        for page in "ab":
            yield page

    async with job(**IDS):
        found = []
        async for page in track(pages(), "Reading", total=2):
            flushed(recording)
            found.append(page)
    assert found == ["a", "b"]
    assert [share for share, _ in progress(recording)] == [0.0, 50.0, 100.0]


def test_a_loop_that_is_left_or_raises_reports_nothing_more(recording: Recording) -> None:
    def pages() -> Iterator[int]:
        yield 1
        raise LookupError

    with job(**IDS):
        for _ in track([1, 2, 3], "Left"):
            break
        with pytest.raises(LookupError):
            for _ in track(pages(), "Raised", total=2):
                flushed(recording)
    assert [message for _, message in progress(recording)][-1] == "Raised: 1 of 2"


class Unsure:
    """Of somebody else's: its length raises."""

    def __len__(self) -> int:
        raise RuntimeError

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2))


def test_items_come_through_from_any_iterable(recording: Recording) -> None:
    with job(**IDS):
        assert list(track(Unsure())) == [1, 2]
        assert list(track([])) == []
        assert list(track([1], total=0)) == [1]
        assert list(track("ab", total=1)) == ["a", "b"]


def test_outside_of_a_scope_the_items_come_alone(recording: Recording) -> None:
    assert list(track([1, 2, 3], "Reading")) == [1, 2, 3]
    assert not list(recording)
