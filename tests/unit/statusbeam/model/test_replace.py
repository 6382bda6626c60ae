"""Changed copies that do not go through the constructor."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError

import pytest

from statusbeam.log.snapshot.agent_state import AgentState
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.replace import replace

AGENT = AgentState(invocation_id="g1", name="Geo", order=3)


def test_a_copy_is_what_dataclasses_would_have_made_of_it() -> None:
    copy = replace(AGENT, attempt=2, activity="At work")
    assert copy == dataclasses.replace(AGENT, attempt=2, activity="At work")
    assert (AGENT.attempt, AGENT.activity) == (1, None)
    assert hash(copy) == hash(dataclasses.replace(AGENT, attempt=2, activity="At work"))


def test_a_copy_is_as_frozen_as_the_original() -> None:
    with pytest.raises(FrozenInstanceError):
        replace(Head(), sequence=7).sequence = 8  # type: ignore[misc] # what must not be possible


def test_there_is_no_field_that_the_class_does_not_have() -> None:
    with pytest.raises(KeyError):
        replace(AGENT, colour="red")
