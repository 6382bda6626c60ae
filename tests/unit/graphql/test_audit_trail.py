"""The audit trail: operations on other users' jobs and sessions, and no others."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote_plus

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsRuntime
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    JOB_TOKEN,
    OPERATOR,
    SERVICE,
    TOKEN,
    JsonObject,
    head,
    new_runtime,
    of_field,
    step,
)

BOB = {"sub": "bob", "claims": {"sub": "bob", "tenantId": "north"}}
STRANGER = {"sub": "olga", "claims": {"sub": "olga", "tenantId": "south", "cognito:groups": ["admin"]}}
ADMIN = {"sub": "ada", "claims": {"sub": "ada", "tenantId": "north", "cognito:groups": ["admin"]}}
# As docs/how-to/operations.md parses it in CloudWatch Logs Insights.
LINE = re.compile(r"audit=<(.*)>, by=<(.*)>, tenant=<(.*)>, owner=<(.*)>, job=<(.*)>")

Entry = tuple[str, ...]


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


@pytest.fixture(autouse=True)
def the_apis_log_is_of_level_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def trail(caplog: pytest.LogCaptureFixture) -> list[Entry]:
    found = [LINE.search(record.getMessage()) for record in caplog.records]
    return [tuple(unquote_plus(part) for part in match.groups()) for match in found if match]


def read(runtime: JsRuntime, field: str, identity: Any, item: JsonObject) -> None:
    """Ask a field about one job, whose head the store has."""
    job_id = item["jobId"]
    caller = of_field(runtime, "Query.getJob").request(
        identity=identity, arguments={"jobId": job_id}, stash={}
    )
    assert caller.stash is not None
    stash = {**caller.stash, "consistent": True, "jobIds": [job_id], "expiresAt": 0, "after": 0, "limit": 1}
    ctx: JsonObject = {"identity": identity, "stash": stash, "arguments": {"jobId": job_id, "sequence": 1}}
    status = {"pk": item["pk"], "sk": "UPDATE#000000000001", "sequence": 1, "expiresAt": item["expiresAt"]}
    match field:
        case "getJob":
            of_field(runtime, "Query.getJob").response(**ctx, prev={"result": {"items": [item]}})
        case "listStatusUpdates":
            step(runtime, "listStatusUpdates.head").response(**ctx, result=item)
        case "getStatusDetail":
            data = {"status-table": [item, status]}
            step(runtime, "getStatusDetail.logEntry").response(**ctx, result={"data": data})
        case "syncSession":
            input_ = {"input": {"connectionId": "c", "action": "open", "jobIds": [job_id]}}
            of_field(runtime, "Mutation.syncSession").response(
                **{**ctx, "arguments": input_}, prev={"result": [item]}
            )


FIELDS = ("getJob", "listStatusUpdates", "getStatusDetail", "syncSession")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("identity", [OPERATOR, ADMIN], ids=["operator", "admin"])
def test_an_operators_read_of_another_users_job_writes_a_line(
    runtime: JsRuntime, caplog: pytest.LogCaptureFixture, identity: JsonObject, field: str
) -> None:
    read(runtime, field, identity, head())
    assert trail(caplog) == [("read", identity["sub"], "north", "ann", "j1")]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(ANN, id="the owner"),
        pytest.param(TOKEN, id="the owner with a view token"),
        pytest.param(JOB_TOKEN, id="the owner with a token for the job"),
        pytest.param(BOB, id="a colleague, who sees nothing"),
        pytest.param(STRANGER, id="an admin of another tenant, who sees nothing"),
        pytest.param(API_KEY, id="an API key, which sees nothing"),
    ],
)
def test_others_leave_none(
    runtime: JsRuntime, caplog: pytest.LogCaptureFixture, identity: Any, field: str
) -> None:
    read(runtime, field, identity, head())
    assert trail(caplog) == []


def test_a_service_that_reads_the_public_tenant_leaves_its_arn(
    runtime: JsRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    read(runtime, "getJob", SERVICE, head(tenantId="public", pk="JOB#public#j1"))
    assert trail(caplog) == [("read", SERVICE["userArn"], "public", "ann", "j1")]


def test_watching_a_tenant_leaves_a_line(runtime: JsRuntime, caplog: pytest.LogCaptureFixture) -> None:
    watch = of_field(runtime, "Subscription.onTenantStatus")
    watch.response(identity=OPERATOR, arguments={"tenantId": "north"}, result={})
    watch.response(identity=SERVICE, arguments={"tenantId": "south"}, result={})
    assert trail(caplog) == [
        ("watch", "olga", "north", "", ""),
        ("watch", SERVICE["userArn"], "south", "", ""),
    ]


def test_ending_anothers_sessions_leaves_a_line_and_ending_ones_own_none(
    runtime: JsRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    end = of_field(runtime, "Mutation.endSessions")
    end.response(identity=ADMIN, arguments={"input": {"userId": "bob"}}, stash={})
    end.response(identity=ANN, arguments={"input": {"userId": "ann"}}, stash={})
    assert trail(caplog) == [("endSessions", "ada", "north", "bob", "")]


def test_an_id_forges_no_line(runtime: JsRuntime, caplog: pytest.LogCaptureFixture) -> None:
    job_id = "j>, job=<other>\naudit=<read>, by=<nobody 日本"
    read(runtime, "getJob", OPERATOR, head(jobId=job_id))
    assert trail(caplog) == [("read", "olga", "north", "ann", job_id)]
    (record,) = [record.getMessage() for record in caplog.records if "audit=" in record.getMessage()]
    assert record.count("audit=<") == 1
    assert record.isascii()
    assert record.isprintable()
