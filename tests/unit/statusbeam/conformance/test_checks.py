"""The checks of received events: no finding in a correct log, and each fault by its name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.conformance.checks import (
    Fault,
    Finding,
    check_end,
    check_refusal,
    check_returns,
    check_statuses,
    check_verdict,
    position_after,
)
from statusbeam.conformance.observed import (
    Close,
    Connection,
    Ending,
    Join,
    Outcome,
    Position,
    Received,
    steps_in,
    text_of,
)

FINAL = Ending(Close.FINAL)
PLAIN = Ending(Close.PLAIN)
LOST = Received(is_lost=True)
COMPLETED = Received(outcome=Outcome.COMPLETED)


def news(*steps: int) -> list[Received]:
    return [Received(step=step, cursor=f"e:{step}") for step in steps]


def snapshot(step: int | None) -> Received:
    return Received(step=step, is_snapshot=True)


def faults(findings: Sequence[Finding]) -> list[str]:
    return [finding.fault.value for finding in findings]


def resumed(step: int, *events: Received) -> Connection:
    """A connection of a client that has everything up to this status."""
    return Connection(after=f"e:{step}", start=Position(step), events=list(events))


def joined(committed: int, *events: Received, join: Join = Join.SNAPSHOT) -> Connection:
    return Connection(start=Position(committed), join=join, events=list(events))


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (resumed(2, *news(3, 4, 5)), []),
        (resumed(2, *news(4, 5)), ["lost"]),
        (resumed(2, *news(3, 4)), ["lost"]),
        (resumed(2, *news(3, 4, 4, 5)), ["doubled"]),
        (resumed(2, *news(2, 3, 4, 5)), ["doubled"]),
        (resumed(2, *news(4, 3, 5)), ["reordered"]),
        (resumed(2, *news(3, 4), COMPLETED, *news(5)), ["reordered"]),
        (resumed(2, snapshot(5)), ["no_verdict"]),
        (resumed(2, LOST, snapshot(5)), ["wrong_verdict"]),
        (resumed(2, LOST, *news(5)), ["wrong_verdict"]),  # a snapshot in single messages
        (resumed(2, *news(3, 4, 5), Received(problem="no type")), ["malformed"]),
        (joined(3, snapshot(3), *news(4, 5)), []),
        (joined(3, snapshot(2), *news(3, 4, 5)), []),  # a moment old, and everything follows
        (joined(3, snapshot(None), *news(4, 5)), []),
        (joined(3, snapshot(None), *news(5)), ["lost"]),
        (joined(3, snapshot(1), *news(4, 5)), ["lost", "lost"]),
        (joined(3, *news(4, 5)), ["no_snapshot"]),
        (joined(3, snapshot(3), *news(3, 4, 5)), ["doubled"]),
        (joined(3, *news(3, 4, 5), join=Join.MESSAGES), []),
        (joined(3, *news(5), join=Join.MESSAGES), ["lost"]),
        (joined(0, *news(1, 2, 3, 4, 5), join=Join.BEGINNING), []),
        (joined(0, *news(2, 3, 4, 5), join=Join.BEGINNING), ["lost"]),
    ],
)
def test_each_fault_in_the_statuses_has_its_name(connection: Connection, expected: list[str]) -> None:
    assert sorted(faults(check_statuses([connection], published=5))) == expected


def test_a_status_of_several_events_is_doubled_only_if_one_event_repeats() -> None:
    agent, job = (Received(step=1, part=part) for part in ("agent_status Geo", "progress orchestrator"))
    assert check_statuses([resumed(0, agent, job)], published=1) == []
    assert faults(check_statuses([resumed(0, agent, job, agent)], published=1)) == ["doubled"]


def test_a_client_that_was_cut_within_a_status_gets_the_rest_of_it() -> None:
    first = joined(0, Received(step=1, part="a", cursor="e:0~1"), join=Join.MESSAGES)
    position = position_after(first, first.cursor_at)
    rest = Connection(after=first.cursor, start=position, events=[Received(step=1, part="b")])
    again = Connection(after=first.cursor, start=position, events=[Received(step=1, part="a")])
    assert check_statuses([first, rest], published=1) == []
    assert faults(check_statuses([first, again], published=1)) == ["doubled"]


@pytest.mark.parametrize(
    ("events", "ending", "expected"),
    [
        ([COMPLETED], FINAL, []),
        ([COMPLETED], PLAIN, []),
        ([COMPLETED], None, ["no_end"]),
        ([], None, ["no_end"]),
        ([], FINAL, ["no_end"]),
        ([Received(outcome=Outcome.FAILED)], FINAL, ["wrong_outcome"]),
        ([COMPLETED], Ending(Close.BROKEN, "closed with 1011"), ["endless_reconnect"]),
        ([], Ending(Close.REFUSED, "HTTP 500"), ["no_end", "broken"]),
    ],
)
def test_each_fault_of_an_end_has_its_name(
    events: list[Received], ending: Ending | None, expected: list[str]
) -> None:
    connection = Connection(events=events, ending=ending)
    assert faults(check_end(connection, Outcome.COMPLETED)) == expected


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ([Connection(ending=FINAL)], []),
        ([Connection(ending=PLAIN), Connection(ending=FINAL)], []),
        ([Connection(events=[snapshot(5)], ending=FINAL)], []),
        ([Connection(ending=PLAIN)] * 5, ["endless_reconnect"]),
        ([Connection()], ["endless_reconnect"]),
        ([Connection(events=news(5), ending=FINAL)], ["doubled"]),
        ([Connection(events=[Received(problem="no type")], ending=FINAL)], ["malformed"]),
    ],
)
def test_a_client_with_every_status_must_be_refused(returns: list[Connection], expected: list[str]) -> None:
    assert faults(check_returns(returns)) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([LOST, snapshot(5)], []),
        ([LOST, *news(5)], []),
        ([LOST], ["no_snapshot"]),
        ([snapshot(5), LOST], ["no_verdict"]),
        (news(3, 4, 5), ["no_verdict"]),
        ([], ["no_verdict"]),
    ],
)
def test_an_impossible_cursor_gets_a_verdict_and_then_a_snapshot(
    events: list[Received], expected: list[str]
) -> None:
    assert faults(check_verdict(Connection(after="other:3", events=events))) == expected


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (Connection(ending=Ending(Close.REFUSED, "HTTP 410")), []),
        (Connection(ending=FINAL), ["no_verdict"]),
        (Connection(events=news(1), ending=Ending(Close.REFUSED)), ["no_verdict"]),
        (Connection(), ["no_verdict"]),
    ],
)
def test_an_invalid_request_must_be_refused(connection: Connection, expected: list[str]) -> None:
    assert faults(check_refusal(connection, "an unknown task")) == expected


PUBLISHED = 12
CUTS = st.lists(st.integers(min_value=0, max_value=PUBLISHED), max_size=4).map(sorted)


def connections_of(cuts: list[int]) -> list[Connection]:
    """An honest server's connections to one client, which was cut after each of these statuses."""
    ends = [*cuts, PUBLISHED]
    return [
        resumed(start, *news(*range(start + 1, end + 1))) for start, end in zip([0, *cuts], ends, strict=True)
    ]


@given(CUTS)
def test_a_correct_server_has_no_fault_wherever_its_client_is_cut(cuts: list[int]) -> None:
    assert check_statuses(connections_of(cuts), published=PUBLISHED) == []


@given(CUTS, st.integers(min_value=1, max_value=PUBLISHED))
def test_any_status_that_is_left_out_is_lost(cuts: list[int], step: int) -> None:
    connections, newest = connections_of(cuts), 0
    for connection in connections:
        connection.events = [event for event in connection.events if event.step != step]
        connection.start = Position(newest)
        newest = max([newest, *connection.steps])
    assert check_statuses(connections, published=PUBLISHED) == [Finding(Fault.LOST, f"step {step}")]


@given(CUTS, st.integers(min_value=1, max_value=PUBLISHED), st.integers(min_value=0, max_value=PUBLISHED))
def test_any_repeated_status_is_doubled(cuts: list[int], step: int, later: int) -> None:
    connections = connections_of(cuts)
    holder = next(one for one in connections if step in one.steps)
    at = holder.steps.index(step) + 1
    holder.events.insert(min(at + later, len(holder.events)), *news(step))
    assert check_statuses(connections, published=PUBLISHED) == [Finding(Fault.DOUBLED, f"step {step}")]


@given(st.permutations(range(1, PUBLISHED + 1)))
def test_any_other_order_is_seen(steps: list[int]) -> None:
    found = check_statuses([resumed(0, *news(*steps))], published=PUBLISHED)
    early = sum(any(later > step for later in steps[:at]) for at, step in enumerate(steps))
    assert faults(found) == ["reordered"] * early


@given(st.text(max_size=20), st.integers(min_value=0, max_value=999_999))
def test_a_text_is_found_again_wherever_a_server_puts_it(job_id: str, step: int) -> None:
    text = text_of("job-1", step)
    assert steps_in("job-1", {"a": [{"b": f"{job_id} {text}."}], "c": text}) == [step]
