"""What a deployment answers, as the client reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, SelectionSetNode, parse

from statusbeam.client.deployment import snapshot_of
from statusbeam.client.documents import GET_JOB
from statusbeam.client.errors import RefusedError, UnreachableError
from statusbeam.client.graphql_errors import NOT_WAITING, error_of
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.client.fake_service import status_of

AGENT = {"agentName": "Geo Agent", "invocationId": "geo-1"}
RUNNING = [
    status_of(1, "loading_agents", metadata=json.dumps({"title": "A pothole", "workflow": "complaints"})),
    status_of(2, "agent_invoking", **AGENT),
    status_of(3, "calling_tool", toolName="map", **AGENT),
    status_of(4, "agent_complete", executionTimeMs=840, **AGENT),
]


def answered(job: Job) -> dict[str, Any]:
    """What the API answers to GET_JOB: the fields that it selects, and no others."""
    [operation] = parse(GET_JOB).definitions
    assert isinstance(operation, OperationDefinitionNode)
    [get_job] = operation.selection_set.selections
    assert isinstance(get_job, FieldNode)
    view = job_view(job)
    agents = [
        {**agent, "fold": json.dumps({**state.to_item()["fold"], "order": state.order})}
        for agent, state in zip(view["agents"], job.shown_agents, strict=True)
    ]
    whole = {**view, "agents": agents, "fold": json.dumps(job.head.to_item()["fold"])}
    selected: dict[str, Any] = _selected(whole, get_job.selection_set)
    return selected


def _selected(value: Any, wanted: SelectionSetNode | None) -> Any:
    if wanted is None or value is None:
        return value
    if isinstance(value, list):
        return [_selected(each, wanted) for each in value]
    assert isinstance(value, Mapping)
    fields = [field for field in wanted.selections if isinstance(field, FieldNode)]
    return {field.name.value: _selected(value.get(field.name.value), field.selection_set) for field in fields}


@pytest.mark.parametrize("end", [None, "complete", "error", "cancelled"])
def test_the_snapshot_of_an_answer_is_the_fold_of_the_log(end: str | None) -> None:
    statuses = RUNNING if end is None else [*RUNNING, status_of(5, end)]
    job = fold(map(StatusUpdate.from_store, statuses), epoch="e1")
    assert snapshot_of(answered(job)) == job


def test_an_answer_to_a_wait_that_is_over_is_refused_and_not_worth_a_retry() -> None:
    error = error_of({"errors": [{"errorType": NOT_WAITING, "message": "Nothing waits any more."}]})
    assert isinstance(error, RefusedError)
    assert error.error_type == NOT_WAITING
    assert isinstance(error_of({"errors": [{"errorType": "Lambda:Unhandled"}]}), UnreachableError)
