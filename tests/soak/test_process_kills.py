"""A bridge's process that gets `kill -9` during a job, and the checks that detect lost statuses."""

from __future__ import annotations

import pytest

from tests.soak.bridge_clients import STATUSES, ReceivedEvents, ReceivedMessages
from tests.soak.model import SoakError
from tests.soak.process_kills import NodeClient, main

RUNS = 36
WHOLE = list(range(3, STATUSES + 1))


def test_no_foreign_client_of_a_killed_process_loses_a_status_or_gets_one_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--seed", "1", "--runs", str(RUNS)]) == 0
    written = capsys.readouterr().out
    assert f"{RUNS} runs from seed 1, {RUNS} of them killed in mid-job" in written
    assert "0 statuses lost, 0 twice, 0 reconnects after HTTP 204" in written


def events(*sequences: int, joined_at: tuple[int, ...] = (2,), verdicts: int = 0) -> ReceivedEvents:
    return ReceivedEvents(joined_at=list(joined_at), sequences=list(sequences), verdicts=verdicts)


@pytest.mark.parametrize(
    ("received", "problem"),
    [
        (events(*WHOLE[:5], *WHOLE[6:]), "events"),
        (events(*WHOLE[:-1]), "events"),
        (events(*WHOLE[:5], *WHOLE[4:]), "events"),
        (events(WHOLE[1], WHOLE[0], *WHOLE[2:]), "events"),
        (events(*WHOLE, joined_at=(2, 9)), "joined anew"),
        (events(*WHOLE, joined_at=()), "joined anew"),
        (events(*WHOLE, verdicts=1), "a verdict although"),
    ],
)
def test_the_model_detects_a_client_that_did_not_get_each_status_once(
    received: ReceivedEvents, problem: str
) -> None:
    events(*WHOLE).check("seed 1")
    with pytest.raises(SoakError, match=problem):
        received.check("seed 1")


@pytest.mark.parametrize("connections", [[200, 204, 204], [204, 200], [200, 200]])
def test_the_model_detects_a_client_that_reconnects_after_the_204_or_never_gets_it(
    connections: list[int],
) -> None:
    NodeClient({0: events(*WHOLE)}, {0: [200, 200, 204]}).check(0, "seed 1")
    with pytest.raises(SoakError, match="connections of npm's eventsource"):
        NodeClient({0: events(*WHOLE)}, {0: connections}).check(0, "seed 1")


@pytest.mark.parametrize("wrong", [["a", "c"], ["a", "b", "b", "c"], ["b", "a", "c"]])
def test_the_model_detects_a_socket_that_did_not_get_each_message_once(wrong: list[str]) -> None:
    def message(name: str) -> str:
        return f'{{"type": "progress", "data": {{"cursor": "{name}"}}}}'

    undisturbed = ReceivedMessages(texts=[message(name) for name in "abc"])
    received = ReceivedMessages()
    for name in wrong:
        received.take(message(name))
    with pytest.raises(SoakError, match="seed 1: messages lost"):
        received.check("seed 1", undisturbed)
