"""A final status with oversized fields is truncated, not rejected, because somebody waits for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statusbeam.log.publishing.admission import Admission
from statusbeam.model import limits
from statusbeam.model.update import StatusUpdate
from tests.unit.samples import NOW

IDS = {"jobId": "job-1", "userId": "ana", "tenantId": "city"}
ENDS = ["complete", "error", "agent_complete", "agent_error", "tool_complete", "tool_error"]


def admitted(status: dict[str, Any]) -> StatusUpdate:
    parsed = Admission().parse(status, batch_id="b1", received_at=NOW)
    assert parsed.rejected == ()
    (update,) = parsed.updates
    return update


@pytest.mark.parametrize("word", ENDS)
def test_an_end_that_is_too_long_is_cut_with_a_mark(word: str) -> None:
    update = admitted({**IDS, "status": word, "message": "m" * 2_400, "agentName": "a" * 500})
    assert update.message.endswith("m … [2400 characters]")
    assert len(update.message) == limits.MESSAGE_LENGTH
    assert update.agent_name == "a" * 127 + "…"


def test_a_mark_of_the_callers_cut_is_kept() -> None:
    update = admitted({**IDS, "status": "complete", "message": "m" * 2_400 + " … [90000 characters]"})
    assert update.message.endswith("m … [90000 characters]")


def test_an_end_with_unusual_characters_is_committed_without_them() -> None:
    update = admitted(
        {**IDS, "status": "agent_complete", "message": "a\x00b\u202ec", "agentName": "Geo\nAgent"}
    )
    assert (update.message, update.agent_name) == ("a\ufffdb\ufffdc", "Geo Agent")


TOO_DEEP = {"deep": json.loads("[" * 20 + "]" * 20)}


@pytest.mark.parametrize("metadata", [{"rows": "x" * limits.DETAIL_BYTES}, "no JSON", "[1]", [1], TOO_DEEP])
def test_an_end_whose_metadata_is_too_big_is_committed_with_a_mark(metadata: Any) -> None:
    update = admitted({**IDS, "status": "complete", "message": "Done", "metadata": metadata})
    assert update.metadata is not None
    assert "leftOut" in update.metadata


def test_an_end_of_nobodys_job_is_refused() -> None:
    parsed = Admission().parse({"status": "complete", "message": "Done"}, batch_id="b1", received_at=NOW)
    assert [rejection.field for rejection in parsed.rejected] == ["jobId"]


def test_without_a_message_the_status_word_is_the_message() -> None:
    assert admitted({**IDS, "status": "validating"}).message == "validating"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (limits.EXACT_INTEGER_MAX, 9007199254740991),
        (limits.EXACT_INTEGER_MAX + 1, "9007199254740992"),
        (-limits.EXACT_INTEGER_MAX - 1, "-9007199254740992"),
        (True, True),
    ],
)
def test_an_integer_that_javascript_would_change_is_a_text(number: int, told: object) -> None:
    update = admitted({**IDS, "status": "validating", "message": "m", "metadata": {"in": [number]}})
    assert update.metadata == {"in": [told]}
