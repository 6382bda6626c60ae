"""A bridge that is killed during a job, from seeds: clients lose no status, get none twice, and stop after
the 204."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from statusbeam.bridge.dialects import server_sent_events as sse
from statusbeam.bridge.dialects.five_messages import AnyMessage, messages_of
from statusbeam.bridge.routes import connection_manager, event_stream, job_events
from statusbeam.bridge.tail.events import Step
from statusbeam.log.snapshot.job_state import Head
from tests.soak.bridge_kills import KillTally, kill_run
from tests.soak.model import SoakError

RUNS = 300


def killed(seeds: range) -> KillTally:
    tally = KillTally()
    for seed in seeds:
        tally.add(kill_run(seed=seed))
    return tally


def test_no_client_of_a_killed_bridge_loses_a_status_or_gets_one_twice() -> None:
    tally = killed(range(RUNS))
    assert tally.runs == RUNS
    assert tally.kills > RUNS
    # The runs meet what they are about: clients that were cut off, some of them within an event.
    assert min(tally.resumed["events"], tally.resumed["sockets"]) > RUNS
    assert tally.cut_within_an_event > RUNS / 20


def test_a_seed_always_does_the_same() -> None:
    assert kill_run(seed=11) == kill_run(seed=11)


def test_the_model_detects_a_cursor_ahead_of_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    def ahead(step: Step, *, session_id: str) -> list[AnyMessage]:
        found = messages_of(step, session_id=session_id)
        for message in found:
            message.data["cursor"] = found[-1].data["cursor"]  # type: ignore[union-attr]
        return found

    monkeypatch.setattr(connection_manager, "messages_of", ahead)
    with pytest.raises(SoakError, match="messages lost"):
        killed(range(RUNS))


def test_the_model_detects_an_id_ahead_of_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = sse.events_of

    def ahead(step: Step) -> Sequence[bytes]:
        return [*sse.position_of(step), *sound(step)]

    monkeypatch.setattr(sse, "events_of", ahead)
    with pytest.raises(SoakError, match="events "):
        killed(range(RUNS))


def test_the_model_detects_a_bridge_that_never_reports_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(head: Head, *, now: float) -> bool:
        return False

    monkeypatch.setattr(job_events, "has_settled", never)
    monkeypatch.setattr(event_stream, "SETTLE_SECONDS", 0.1)
    with pytest.raises(SoakError, match="reconnects after the end"):
        killed(range(3))
