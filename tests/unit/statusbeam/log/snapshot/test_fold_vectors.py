"""The golden vectors: the view for given statuses. The TypeScript implementation is tested with them too."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import ObjectTypeDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.log.snapshot.fold import apply, fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.log.snapshot.fold_cases import job_of_items

ROOT = Path(__file__).parents[5]
VECTORS = {
    path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "tests" / "vectors").glob("*.json"))
}
every_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)


LOGS = {
    name: vector
    for name, vector in VECTORS.items()
    if [entry.get("sequence") for entry in vector["updates"]] == list(range(1, len(vector["updates"]) + 1))
}
"""Those that are a log as it was committed, not what a client makes of pushes or of statuses to come."""


def statuses(vector: dict[str, Any]) -> list[StatusUpdate]:
    return [StatusUpdate.from_wire(entry) for entry in vector["updates"]]


@cache
def schema_fields(type_name: str) -> set[str]:
    schema = parse((ROOT / "graphql" / "schema.graphql").read_text())
    for definition in schema.definitions:
        if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value == type_name:
            return {field.name.value for field in definition.fields}
    raise AssertionError(type_name)


@every_vector
def test_the_fold_gives_the_snapshot_of_the_vector(vector: dict[str, Any]) -> None:
    assert job_view(fold(statuses(vector))) == vector["snapshot"]


@every_vector
def test_readers_at_given_times_see_the_liveness_of_the_vector(vector: dict[str, Any]) -> None:
    job = fold(statuses(vector))
    for now, verdict, *agents in vector["liveness"]:
        view = job_view(job, now=now)
        found = {agent["invocationId"]: agent["liveness"] for agent in view["agents"]}
        assert view["liveness"] == verdict
        assert not agents or found == agents[0]


@pytest.mark.parametrize("vector", LOGS.values(), ids=LOGS)
def test_committing_one_by_one_through_the_store_gives_the_snapshot_of_the_vector(
    vector: dict[str, Any],
) -> None:
    job = Job()
    for update in statuses(vector):
        job = apply(job, [update])
        job = job_of_items(
            json.loads(json.dumps(job.head.to_item())),
            json.loads(json.dumps([agent.to_item() for agent in job.agents.values()])),
        )
    assert job_view(job) == vector["snapshot"]


@given(st.sampled_from(list(VECTORS.values())), st.data())
def test_a_vector_holds_in_any_order_and_redelivered(vector: dict[str, Any], data: st.DataObject) -> None:
    updates = statuses(vector)
    again = data.draw(st.lists(st.sampled_from(updates), max_size=5)) if updates else []
    assert job_view(fold(data.draw(st.permutations(updates + again)))) == vector["snapshot"]


@every_vector
def test_a_snapshot_has_exactly_the_schemas_fields(vector: dict[str, Any]) -> None:
    snapshot = vector["snapshot"]
    assert set(snapshot) == schema_fields("Job") - {"fold"}
    assert set(snapshot["waiting"] or schema_fields("Waiting")) == schema_fields("Waiting")
    assert set(snapshot["cancelRequest"] or schema_fields("CancelRequest")) == schema_fields("CancelRequest")
    for agent in snapshot["agents"]:
        assert set(agent) == schema_fields("AgentState") - {"fold", "sequence"}  # the store's
        assert set(agent["waiting"] or schema_fields("Waiting")) == schema_fields("Waiting")
        assert set(agent["tokenUsage"] or schema_fields("TokenUsage")) == schema_fields("TokenUsage")


def test_each_vector_has_a_description() -> None:
    assert len(VECTORS) >= 30
    assert all(vector["title"].endswith(".") for vector in VECTORS.values())
