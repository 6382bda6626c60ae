"""The switches of the fault board."""

from __future__ import annotations

import random
from typing import Any

import pytest

from statusbeam.localcloud.appsync.realtime.faults import Faults, Switches


def board() -> Faults:
    return Faults(random.Random(0))  # noqa: S311 - a test's dice


def test_everything_is_off_at_first() -> None:
    assert not board().switches.disturb_pushes
    assert board().to_dict() == {
        "dropAfterStartAck": 0,
        "drop": 0.0,
        "duplicate": 0.0,
        "reorder": 0.0,
        "delaySeconds": 0.0,
        "oversizeBytes": 0,
        "clockAheadSeconds": 0.0,
        "errorsAsObject": False,
    }


def test_update_turns_the_named_switches_and_leaves_the_others() -> None:
    faults = board()
    faults.update({"drop": 0.5, "errorsAsObject": True})
    faults.update({"dropAfterStartAck": 3, "duplicate": True, "delaySeconds": 2})
    assert faults.switches == Switches(
        drop=0.5, errors_as_object=True, drop_after_start_ack=3, duplicate=1.0, delay_seconds=2.0
    )


def test_reset_turns_everything_off() -> None:
    faults = board()
    faults.update({"drop": 1})
    faults.reset()
    assert faults.switches == Switches()


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"drop": 1.5},
        {"drop": -0.1},
        {"drop": "1"},
        {"drop": None},
        {"drop": float("nan")},
        {"dropAfterStartAck": 1.5},
        {"dropAfterStartAck": True},
        {"errorsAsObject": 1},
        {"delaySeconds": float("inf")},
    ],
)
def test_wrong_value_is_refused_and_changes_nothing(change: dict[str, Any]) -> None:
    faults = board()
    with pytest.raises(ValueError, match=next(iter(change))):
        faults.update({"reorder": 0.5} | change)
    assert faults.switches == Switches()
