"""Each guarded field as deployed, from the login's check to the answer, on tables with others' jobs.

Whatever is asked with whatever login, nobody sees what isn't theirs, and nothing fails without a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.resolvers.resolver import ResolverError
from statusbeam.log.journal.dynamo import DynamoJournal
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, dynamo_tables
from tests.unit.graphql.test_malformed_input import ARGUMENTS, json_values
from tests.unit.graphql.whole_fields import Fields
from tests.unit.samples import NOW, StoppedClock, batch

JOBS = {
    # by the tenant and the job's id: whose it is
    ("north", "j1"): "ann",
    ("north", "j2"): "ann",
    ("south", "j3"): "ann",
    ("north", "j4"): "bob",
    ("public", "j5"): "bob",
    ("north", "j6"): "eve",
    # the same ids in other tenants
    ("south", "j1"): "ann",
    ("south", "j4"): "eve",
    ("public", "j1"): "zoe",
}
SECRET = re.compile(r"secret of (\w+)/(j\d)")
NAMED = {"Forbidden", "BadRequest", "LoginEnded", "NotWaiting"}


@pytest.fixture  # for each test: hypothesis may let ann end her own login
def fields() -> Iterator[Fields]:
    """New for each test, because a drawn case may end any login."""
    with dynamo_tables() as client, ThreadPoolExecutor(1) as executor:
        time = StoppedClock()
        journal = DynamoJournal(
            client, STATUS_TABLE, log_retention_days=7, job_retention_days=90, clock=time.clock()
        )
        for (tenant_id, job_id), user_id in JOBS.items():
            said: dict[str, Any] = {"jobId": job_id, "userId": user_id, "tenantId": tenant_id}
            secret = f"secret of {tenant_id}/{job_id}"
            journal.commit(batch(**said, message=secret, metadata={"x": secret}), deadline=NOW + 20)
        client.put_item(
            TableName=SESSIONS_TABLE,
            Item={"tenant_id": {"S": "north"}, "sk": {"S": "#ended#eve"}, "endedAt": {"N": str(int(NOW))}},
        )
        yield Fields(client, executor, ARGUMENTS)


# The claims of a token are JSON, which has neither NaN nor Infinity.
odd = json_values(st.floats(allow_nan=False, allow_infinity=False))
claims = st.fixed_dictionaries(
    {"sub": st.sampled_from(["ann", "bob", "eve", "zoe"]) | odd},
    optional={
        "tenantId": st.sampled_from(["north", "south", "public"]) | odd,
        "custom:tenantId": st.sampled_from(["north", "south"]) | odd,
        "cognito:groups": st.sampled_from(
            [["operator"], ["viewer", "admin"], "viewer operator", ["cooperator"]]
        )
        | odd,
        "auth_time": st.sampled_from([NOW - 60, NOW + 60]) | odd,
    },
)
tokens = st.fixed_dictionaries(
    {
        "userId": st.sampled_from(["ann", "bob", "eve"]),
        "tenantId": st.sampled_from(["north", "south", "public"]),
    },
    optional={
        "jobIds": st.sampled_from(["j1", "j2,j4", "j3,j1", "j6"]),
        "issuedAt": st.sampled_from(["1", "9999999999"]),
    },
)
identities = st.one_of(
    claims.map(lambda found: {"claims": found}),
    tokens.map(lambda found: {"resolverContext": found}),
    st.just({"userArn": "arn:aws:iam::1:role/r"}),
    st.none(),
)


def visible(identity: Any) -> set[tuple[str, str]]:
    """The jobs of the bearer, computed independently of the resolvers."""
    if identity is None or "userArn" in identity:
        return {job for job in JOBS if job[0] == "public"}
    if "resolverContext" in identity:
        token = identity["resolverContext"]
        ids = token["jobIds"].split(",") if "jobIds" in token else {job_id for _, job_id in JOBS}
        own = (token["tenantId"], token["userId"])
        return {job for job, user in JOBS.items() if (job[0], user) == own and job[1] in ids}
    found = identity["claims"]
    tenant = found.get("tenantId")
    tenant = found.get("custom:tenantId") if tenant is None else tenant
    roles = found.get("cognito:groups")
    roles = roles.split(" ") if isinstance(roles, str) else roles if isinstance(roles, list) else []
    leads = "operator" in roles or "admin" in roles
    return {job for job, user in JOBS.items() if job[0] == tenant and (leads or user == found["sub"])}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_field_answers_with_what_is_the_bearers_or_refuses_by_name(
    fields: Fields, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(ARGUMENTS)))
    identity = data.draw(identities)
    fields.requests.asked.clear()
    try:
        answer = fields.ask(name, data.draw(ARGUMENTS[name]), identity)
    except ResolverError as error:
        assert error.error_type in NAMED
        assert "arn:" not in str(error)
        return
    assert {job["errorType"] for job in answer.appended} == set()
    assert set(fields.requests.asked) <= visible(identity)
    assert set(SECRET.findall(json.dumps(answer.value))) <= visible(identity)
    if name in ("Query.listJobs", "Query.listTenantJobs"):
        listed = {(job["tenantId"], job["jobId"]) for job in answer.value["jobs"]}
        assert listed <= visible(identity)


def test_an_ended_login_is_refused_in_every_field(fields: Fields) -> None:
    leading = {"cognito:groups": ["operator"]}
    eve = {"claims": {"sub": "eve", "tenantId": "north", "auth_time": NOW - 1, **leading}}
    asked: dict[str, Any] = {
        "Query.getJob": {"jobId": "j6"},
        "Query.listJobs": {},
        "Query.listTenantJobs": {},
        "Query.countTenantJobs": {},
        "Query.listStatusUpdates": {"jobId": "j6"},
        "Query.getStatusDetail": {"jobId": "j6", "sequence": 1},
        "Mutation.syncSession": {"input": {"connectionId": "c", "action": "open"}},
        "Mutation.cancelJob": {"jobId": "j6"},
        "Mutation.answerWaiting": {"jobId": "j6", "approved": True},
        "Mutation.endSessions": {"input": {"userId": "eve"}},
        "Subscription.onStatusUpdate": {"userId": "eve"},
        "Subscription.onTenantStatus": {"tenantId": "north"},
    }
    assert asked.keys() == ARGUMENTS.keys()
    for name, arguments in asked.items():
        with pytest.raises(ResolverError) as refused:
            fields.ask(name, arguments, eve)
        assert refused.value.error_type == "LoginEnded"


ANN = {"claims": {"sub": "ann", "tenantId": "north"}}


@pytest.mark.parametrize(
    ("identity", "secret"),
    [
        pytest.param(ANN, ("north", "j1"), id="of north"),
        pytest.param({"claims": {"sub": "ann", "tenantId": "south"}}, ("south", "j1"), id="of south"),
        pytest.param(None, ("public", "j1"), id="with an API key"),
    ],
)
def test_each_tenant_reads_its_own_job_of_an_id_that_several_have(
    fields: Fields, identity: Any, secret: tuple[str, str]
) -> None:
    page = fields.ask("Query.listStatusUpdates", {"jobId": "j1"}, identity).value
    detail = fields.ask("Query.getStatusDetail", {"jobId": "j1", "sequence": 1}, identity).value
    job = fields.ask("Query.getJob", {"jobId": "j1"}, identity).value
    for answer in (page, detail, job):
        assert set(SECRET.findall(json.dumps(answer))) == {secret}
    assert (job["tenantId"], job["userId"]) == (secret[0], JOBS[secret])


NARROW = {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "j1,j2,j4,j3"}}


def test_a_token_for_certain_jobs_lists_them_and_learns_of_no_others(fields: Fields) -> None:
    whole = fields.ask("Query.listJobs", {}, NARROW).value
    everything = fields.ask("Query.listJobs", {}, ANN).value
    assert (
        [job["jobId"] for job in whole["jobs"]]
        == [job["jobId"] for job in everything["jobs"]]
        == ["j2", "j1"]
    )
    assert whole["nextToken"] is None
    first = fields.ask("Query.listJobs", {"limit": 1}, NARROW).value
    rest = fields.ask("Query.listJobs", {"limit": 1, "nextToken": first["nextToken"]}, NARROW).value
    assert [[job["jobId"] for job in page["jobs"]] for page in (first, rest)] == [["j2"], ["j1"]]
    assert rest["nextToken"] is None
    one = {"resolverContext": {**NARROW["resolverContext"], "jobIds": "j1"}}
    assert fields.ask("Query.listJobs", {"limit": 1}, one).value["nextToken"] is None


@pytest.mark.parametrize(
    "token", ["j3", "j4", "nonsense"], ids=["a namesake's job", "another's job", "nothing"]
)
def test_such_a_list_continues_after_its_own_jobs_only(fields: Fields, token: str) -> None:
    with pytest.raises(ResolverError, match="nextToken is not from this list"):
        fields.ask("Query.listJobs", {"nextToken": token}, NARROW)
