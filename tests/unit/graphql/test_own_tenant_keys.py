"""Resolvers can read only jobs of the caller's own tenant, with any arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.resolvers.javascript import JsRuntime
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PUBLIC_TENANT
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    JOB_TOKEN,
    OPERATOR,
    SERVICE,
    TABLE,
    TOKEN,
    JsonObject,
    new_runtime,
    of_field,
    step,
)

RUNTIME: JsRuntime = new_runtime()

# Each field that reads jobs by their ids, the function that does, and the arguments.
READS: dict[str, tuple[str, Any]] = {
    "Query.getJob": ("getJob.snapshot", lambda job: {"jobId": job}),
    "Query.listStatusUpdates": ("listStatusUpdates.head", lambda job: {"jobId": job}),
    "Query.getStatusDetail": ("getStatusDetail.logEntry", lambda job: {"jobId": job, "sequence": 1}),
    "Mutation.syncSession": (
        "getHeads",
        lambda job: {"input": {"connectionId": "c-1", "action": "open", "jobIds": [job]}},
    ),
}
JOB_IDS = ["j1", "south#j1", "#", "%23", "a%23b#", "", "HEAD", "日本 🛰"]


def partitions_read(field: str, identity: Any, job_id: str) -> set[str]:
    """The partitions of the status table that a field asks for."""
    name, arguments_for = READS[field]
    arguments = arguments_for(job_id)
    stash = of_field(RUNTIME, field).request(identity=identity, arguments=arguments, stash={}).stash
    asked: JsonObject = step(RUNTIME, name).request(arguments=arguments, stash=stash).value
    if "query" in asked:
        return {asked["query"]["expressionValues"][":pk"]["S"]}
    keys = asked["tables"][TABLE]["keys"] if "tables" in asked else [asked["key"]]
    return {key["pk"]["S"] for key in keys}


@pytest.mark.parametrize("field", READS)
@pytest.mark.parametrize(
    ("identity", "tenant"),
    [
        pytest.param(ANN, "north", id="a user"),
        pytest.param(OPERATOR, "north", id="an operator"),
        pytest.param(TOKEN, "north", id="a view token"),
        pytest.param(JOB_TOKEN, "north", id="a view token for jobs"),
        pytest.param(SERVICE, PUBLIC_TENANT, id="a service"),
        pytest.param(API_KEY, PUBLIC_TENANT, id="an API key"),
    ],
)
def test_a_field_reads_the_job_of_that_id_in_the_callers_own_tenant_only(
    field: str, identity: Any, tenant: str
) -> None:
    for job_id in JOB_IDS:
        assert partitions_read(field, identity, job_id) == {partition(JobKey(tenant, job_id))}


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(texts | st.text(st.sampled_from("a#%23"), min_size=1), texts | st.text(st.sampled_from("a#%23")))
def test_resolvers_and_the_publisher_make_the_same_key(tenant: str, job_id: str) -> None:
    reader = {"sub": "ann", "claims": {"sub": "ann", "tenantId": tenant}}
    assert partitions_read("Query.getJob", reader, job_id) == {partition(JobKey(tenant, job_id))}
