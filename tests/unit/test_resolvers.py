"""The resolvers' own JavaScript, as deployed (guard included), in the data plane's engine."""

from __future__ import annotations

from typing import Any

import pytest

from infra.resolver_code import FieldName, function_code, resolver_code
from localcloud.appsync.javascript import JsModule, JsOutcome, JsResolverError, JsRuntime

NOW = 1_800_000_000
DAY = 86_400
TABLE = "status-table"

ANN = {"sub": "ann", "claims": {"sub": "ann", "tenantId": "north", "cognito:groups": ["viewer"]}}
ANN_BY_ID_TOKEN = {"sub": "ann", "claims": {"sub": "ann", "custom:tenantId": "north"}}
OPERATOR = {"sub": "olga", "claims": {"sub": "olga", "tenantId": "north", "cognito:groups": ["operator"]}}
TOKEN = {"resolverContext": {"userId": "ann", "tenantId": "north"}}
JOB_TOKEN = {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "j1,j2"}}
SERVICE = {"userArn": "arn:aws:iam::1:role/r", "accountId": "1", "username": "r"}
API_KEY = None

JsonObject = dict[str, Any]


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return JsRuntime(now=lambda: float(NOW), new_id=lambda: "id-1")


class Resolver:
    """A unit resolver, or one step of a pipeline, with AppSync's `ctx` filled in."""

    def __init__(self, module: JsModule) -> None:
        self._module = module

    def request(self, **ctx: Any) -> JsOutcome:
        return self._module.call("request", {"env": {"STATUS_TABLE": TABLE}, **ctx})

    def response(self, **ctx: Any) -> JsOutcome:
        return self._module.call("response", {"env": {"STATUS_TABLE": TABLE}, **ctx})


def of_field(runtime: JsRuntime, name: str) -> Resolver:
    type_name, field_name = name.split(".")
    return Resolver(runtime.load(resolver_code(FieldName(type_name=type_name, field_name=field_name)), name))


def step(runtime: JsRuntime, name: str) -> Resolver:
    return Resolver(runtime.load(function_code(name), name))


def refusal(resolver: Resolver, **ctx: Any) -> str | None:
    """The error type with which a request is refused."""
    with pytest.raises(JsResolverError) as refused:
        resolver.request(**ctx)
    return refused.value.error_type


def rules(outcome: JsOutcome, extension: str = "setSubscriptionFilter") -> dict[str, tuple[str, Any]]:
    """The one filter that a subscription sets, as {field: (operator, value)}."""
    groups = [argument["filterGroup"] for name, argument in outcome.extensions if name == extension]
    assert len(groups) == 1
    assert len(groups[0]) == 1
    return {rule["fieldName"]: (rule["operator"], rule["value"]) for rule in groups[0][0]["filters"]}


def head(**more: Any) -> JsonObject:
    owner = {"jobId": "j1", "userId": "ann", "tenantId": "north"}
    return {
        "pk": "JOB#j1",
        "sk": "HEAD",
        **owner,
        "sequence": 3,
        "epoch": "e1",
        "expiresAt": NOW + DAY,
        **more,
    }


# publishStatus


def test_a_published_status_comes_back_as_it_was_sent(runtime: JsRuntime) -> None:
    status = {"jobId": "j1", "sequence": 2, "metadata": {"a": 1}, "earlier": [{"jobId": "j1", "sequence": 1}]}
    publish = of_field(runtime, "Mutation.publishStatus")
    assert publish.request(arguments={"input": status}, identity=SERVICE).value == {"payload": status}
    assert publish.response(arguments={"input": status}, identity=SERVICE, result=status).value == status


# onStatusUpdate: who may watch whom


@pytest.mark.parametrize(
    ("identity", "arguments", "error_type"),
    [
        pytest.param(ANN, {"userId": "bob"}, "Forbidden", id="another user of the pool"),
        pytest.param(TOKEN, {"userId": "bob"}, "Forbidden", id="another user by view token"),
        pytest.param(
            JOB_TOKEN, {"userId": "ann", "jobId": "j9"}, "Forbidden", id="a job the token leaves out"
        ),
        pytest.param(
            {"sub": "ann", "claims": {"sub": "ann"}}, {"userId": "ann"}, "Forbidden", id="a login without tenant"
        ),
        pytest.param({"resolverContext": {}}, {"userId": "ann"}, "Forbidden", id="a token without user"),
        pytest.param({"resolverContext": None}, {"userId": "ann"}, "Forbidden", id="a token without context"),
        pytest.param(
            {"resolverContext": {"userId": "#tenant", "tenantId": "north"}},
            {"userId": "#tenant"},
            "Forbidden",
            id="a user id that would look like a tenant's session",
        ),
        pytest.param(API_KEY, {"userId": "#tenant"}, "BadRequest", id="such a user id as an argument"),
        pytest.param(API_KEY, {"userId": ""}, "BadRequest", id="no user id"),
        pytest.param(
            {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "a,b,c,d,e,f"}},
            {"userId": "ann"},
            "BadRequest",
            id="more jobs than a filter can list",
        ),
    ],
)
def test_on_status_update_is_refused_to(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, error_type: str
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    assert refusal(subscription, identity=identity, arguments=arguments) == error_type


OWN = {"userId": ("eq", "ann"), "tenantId": ("eq", "north")}


@pytest.mark.parametrize(
    ("identity", "arguments", "expected"),
    [
        pytest.param(ANN, {"userId": "ann"}, OWN, id="access token"),
        pytest.param(ANN_BY_ID_TOKEN, {"userId": "ann"}, OWN, id="ID token"),
        pytest.param(ANN, {"userId": "ann", "jobId": None}, OWN, id="a null job is every job"),
        pytest.param(ANN, {"userId": "ann", "jobId": "j1"}, {**OWN, "jobId": ("eq", "j1")}, id="one job"),
        pytest.param(TOKEN, {"userId": "ann"}, OWN, id="view token"),
        pytest.param(
            JOB_TOKEN, {"userId": "ann"}, {**OWN, "jobId": ("in", ["j1", "j2"])}, id="token for jobs"
        ),
        pytest.param(
            JOB_TOKEN,
            {"userId": "ann", "jobId": "j2"},
            {**OWN, "jobId": ("eq", "j2")},
            id="one job of the token",
        ),
        pytest.param(
            API_KEY, {"userId": "ann"}, {"userId": ("eq", "ann"), "tenantId": ("eq", "public")}, id="API key"
        ),
        pytest.param(
            SERVICE, {"userId": "ann"}, {"userId": ("eq", "ann"), "tenantId": ("eq", "public")}, id="IAM"
        ),
    ],
)
def test_on_status_update_hears_only(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, expected: dict[str, tuple[str, Any]]
) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    outcome = subscription.response(identity=identity, arguments=arguments, result={})
    assert outcome.value is None
    assert rules(outcome) == expected
    owner = {field: rule for field, rule in expected.items() if field != "jobId"}
    assert rules(outcome, "setSubscriptionInvalidationFilter") == owner


def test_subscribing_writes_a_session_that_lives_as_long_as_a_connection(runtime: JsRuntime) -> None:
    subscription = of_field(runtime, "Subscription.onStatusUpdate")
    written = subscription.request(identity=ANN, arguments={"userId": "ann"}).value
    assert written == {
        "operation": "PutItem",
        "key": {"tenant_id": {"S": "north"}, "sk": {"S": "ann#id-1"}},
        "attributeValues": {"ttl": {"N": NOW + DAY}},
    }


@pytest.mark.parametrize(
    "name", ["Subscription.onStatusUpdate", "Subscription.onTenantStatus", "Query.getJob"]
)
def test_a_failing_store_is_told_without_its_own_words(runtime: JsRuntime, name: str) -> None:
    arguments = {"userId": "olga", "tenantId": "north", "jobId": "j1"}
    error = {"message": "arn:aws:sts::1:assumed-role/x is not authorized", "type": "AccessDenied"}
    with pytest.raises(JsResolverError) as failed:
        of_field(runtime, name).response(identity=OPERATOR, arguments=arguments, result=None, error=error)
    assert failed.value.error_type == "StoreUnavailable"
    assert "arn" not in str(failed.value.message)


# onTenantStatus


@pytest.mark.parametrize(
    ("identity", "tenant"),
    [
        pytest.param(ANN, "north", id="a viewer"),
        pytest.param(OPERATOR, "south", id="an operator of another tenant"),
        pytest.param(TOKEN, "north", id="a view token"),
        pytest.param(API_KEY, "public", id="an API key"),
        pytest.param(SERVICE, "", id="a service without a tenant"),
    ],
)
def test_a_tenant_is_not_shown_to(runtime: JsRuntime, identity: Any, tenant: str) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    assert refusal(subscription, identity=identity, arguments={"tenantId": tenant}) == "Forbidden"


@pytest.mark.parametrize(
    ("identity", "tenant"),
    [
        pytest.param(OPERATOR, "north", id="its operator"),
        pytest.param(
            {"sub": "a", "claims": {"sub": "a", "tenantId": "north", "cognito:groups": ["admin"]}},
            "north",
            id="its admin",
        ),
        pytest.param(SERVICE, "south", id="a service with a grant"),
    ],
)
def test_a_tenant_is_shown_to(runtime: JsRuntime, identity: Any, tenant: str) -> None:
    subscription = of_field(runtime, "Subscription.onTenantStatus")
    written = subscription.request(identity=identity, arguments={"tenantId": tenant}).value
    assert written["key"] == {"tenant_id": {"S": tenant}, "sk": {"S": "#tenant#id-1"}}
    outcome = subscription.response(identity=identity, arguments={"tenantId": tenant}, result={})
    assert outcome.value is None
    assert rules(outcome) == {"tenantId": ("eq", tenant)}


# getJob

PENDING = {"jobId": "j1", "overallStatus": "initializing", "sequence": 0, "agents": []}


@pytest.mark.parametrize(
    ("identity", "items"),
    [
        pytest.param(ANN, [], id="unknown"),
        pytest.param(ANN, [head(userId="bob")], id="another user's"),
        pytest.param(ANN, [head(tenantId="south")], id="another tenant's"),
        pytest.param(ANN, [head(expiresAt=NOW)], id="expired, not yet deleted"),
        pytest.param(API_KEY, [head()], id="not public, by API key"),
        pytest.param(SERVICE, [head()], id="not public, by IAM"),
        pytest.param(
            {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "j2"}},
            [head()],
            id="left out by the token",
        ),
    ],
)
def test_get_job_answers_pending_for_a_job_that_is(
    runtime: JsRuntime, identity: Any, items: list[JsonObject]
) -> None:
    query = of_field(runtime, "Query.getJob")
    arguments = {"jobId": "j1"}
    assert query.response(identity=identity, arguments=arguments, result={"items": items}).value == PENDING


@pytest.mark.parametrize(
    ("identity", "owner"),
    [
        pytest.param(ANN, {}, id="the user"),
        pytest.param(JOB_TOKEN, {}, id="a token that covers it"),
        pytest.param(API_KEY, {"tenantId": "public"}, id="an API key, when it is public"),
    ],
)
def test_get_job_gives_the_snapshot_to(runtime: JsRuntime, identity: Any, owner: JsonObject) -> None:
    agents = [{"sk": f"AGENT#{name}", "invocationId": name, "name": name} for name in ("b", "a")]
    result = {"items": [head(overallStatus="processing", **owner), *agents]}
    query = of_field(runtime, "Query.getJob")
    job = query.response(identity=identity, arguments={"jobId": "j1"}, result=result).value
    assert (job["jobId"], job["overallStatus"], job["sequence"]) == ("j1", "processing", 3)
    assert [agent["name"] for agent in job["agents"]] == ["a", "b"]


def test_get_job_reads_the_head_first_and_consistently(runtime: JsRuntime) -> None:
    asked = of_field(runtime, "Query.getJob").request(identity=ANN, arguments={"jobId": "j1"}).value
    assert asked["query"]["expressionValues"] == {
        ":pk": {"S": "JOB#j1"},
        ":first": {"S": "AGENT#"},
        ":last": {"S": "HEAD"},
    }
    assert (asked["consistentRead"], asked["scanIndexForward"]) == (True, False)


# listStatusUpdates


def update(sequence: int, **more: Any) -> JsonObject:
    return {
        "sk": f"UPDATE#{sequence:012}",
        "jobId": "j1",
        "sequence": sequence,
        "expiresAt": NOW + DAY,
        **more,
    }


def replayed(runtime: JsRuntime, items: list[JsonObject], *, after: int = 0, current: int = 3) -> JsonObject:
    stash = {"after": after, "limit": 100}
    result = {"items": items}
    ranged = step(runtime, "listStatusUpdates.range")
    page: JsonObject = ranged.response(
        arguments={"jobId": "j1"}, stash=stash, prev={"result": current}, result=result
    ).value
    return page


def test_a_whole_log_is_recovered_with_metadata_as_a_value(runtime: JsRuntime) -> None:
    page = replayed(runtime, [update(1, metadata='{"a": [1]}'), update(2), update(3)])
    assert [entry["sequence"] for entry in page["updates"]] == [1, 2, 3]
    assert [entry["metadata"] for entry in page["updates"]] == [{"a": [1]}, None, None]
    assert (page["recovered"], page["currentSequence"], page["nextAfterSequence"]) == (True, 3, 3)


def test_a_page_that_ends_early_says_where_to_go_on(runtime: JsRuntime) -> None:
    page = replayed(runtime, [update(2), update(3)], after=1, current=9)
    assert (page["recovered"], page["currentSequence"], page["nextAfterSequence"]) == (True, 9, 3)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        pytest.param([update(2), update(3)], "log_expired", id="its beginning is gone"),
        pytest.param(
            [update(1, expiresAt=NOW), update(2)], "log_expired", id="its beginning expired just now"
        ),
        pytest.param([], "log_expired", id="all of it is gone"),
        pytest.param([update(1), update(3)], "gap_in_log", id="there is a hole"),
    ],
)
def test_a_log_is_not_recovered_when(runtime: JsRuntime, items: list[JsonObject], reason: str) -> None:
    assert replayed(runtime, items) == {
        "updates": [],
        "currentSequence": 3,
        "nextAfterSequence": 3,
        "recovered": False,
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("after", "current", "recovered", "reason"),
    [
        pytest.param(3, 3, True, None, id="nothing new"),
        pytest.param(0, 0, True, None, id="no status yet"),
        pytest.param(5, 3, False, "ahead_of_log", id="the reader is ahead: another log"),
    ],
)
def test_replay_needs_no_log_when(
    runtime: JsRuntime, after: int, current: int, recovered: bool, reason: str | None
) -> None:
    ranged = step(runtime, "listStatusUpdates.range")
    stash = {"after": after, "limit": 100}
    outcome = ranged.request(arguments={"jobId": "j1"}, stash=stash, prev={"result": current})
    assert outcome.early_return
    assert (outcome.value["updates"], outcome.value["recovered"]) == ([], recovered)
    assert (outcome.value["nextAfterSequence"], outcome.value["reason"]) == (current, reason)


def test_replay_reads_the_log_up_to_the_head_that_was_checked(runtime: JsRuntime) -> None:
    ranged = step(runtime, "listStatusUpdates.range")
    stash = {"after": 9, "limit": 20}
    asked = ranged.request(arguments={"jobId": "j1"}, stash=stash, prev={"result": 1234}).value
    values = asked["query"]["expressionValues"]
    assert (values[":first"]["S"], values[":last"]["S"]) == ("UPDATE#000000000010", "UPDATE#000000001234")
    assert (asked["limit"], asked["consistentRead"]) == (20, True)


@pytest.mark.parametrize(
    ("item", "sequence"),
    [
        pytest.param(head(), 3, id="one's own"),
        pytest.param(head(userId="bob"), 0, id="another user's"),
        pytest.param(head(expiresAt=NOW), 0, id="an expired one"),
        pytest.param(None, 0, id="an unknown one"),
    ],
)
def test_replay_finds_the_position_of(runtime: JsRuntime, item: JsonObject | None, sequence: int) -> None:
    stash = {"who": {"userId": "ann", "tenantId": "north", "jobIds": None}}
    found = step(runtime, "listStatusUpdates.head").response(
        arguments={"jobId": "j1"}, stash=stash, result=item
    )
    assert found.value == sequence


@pytest.mark.parametrize(
    "arguments",
    [{"limit": 0}, {"limit": 101}, {"afterSequence": -1}],
    ids=["none", "too many", "before the first"],
)
def test_replay_refuses_a_range_of(runtime: JsRuntime, arguments: JsonObject) -> None:
    query = of_field(runtime, "Query.listStatusUpdates")
    assert refusal(query, identity=ANN, arguments={"jobId": "j1", **arguments}) == "BadRequest"


# syncSession

SYNC = {"connectionId": "c-1", "action": "open", "jobIds": ["j1", "j2", "j1"]}


@pytest.mark.parametrize(
    ("identity", "session"),
    [
        pytest.param(ANN, {"tenant_id": "north", "sk": "ann#c-1"}, id="of the pool"),
        pytest.param(TOKEN, {"tenant_id": "north", "sk": "ann#c-1"}, id="with a view token"),
        pytest.param(API_KEY, {"tenant_id": "public", "sk": "#tenant#c-1"}, id="with an API key"),
    ],
)
def test_sync_session_notes_the_connection_of_a_caller(
    runtime: JsRuntime, identity: Any, session: JsonObject
) -> None:
    outcome = of_field(runtime, "Mutation.syncSession").request(identity=identity, arguments={"input": SYNC})
    assert outcome.stash is not None
    assert outcome.stash["session"] == session


@pytest.mark.parametrize(
    "wrong",
    [{"connectionId": "a#b"}, {"connectionId": ""}, {"connectionId": "c" * 129}, {"jobIds": ["j"] * 26}],
    ids=["a hash", "no id", "a long id", "too many jobs"],
)
def test_sync_session_refuses(runtime: JsRuntime, wrong: JsonObject) -> None:
    mutation = of_field(runtime, "Mutation.syncSession")
    assert refusal(mutation, identity=ANN, arguments={"input": {**SYNC, **wrong}}) == "BadRequest"


@pytest.mark.parametrize(
    ("action", "operation", "expires_at"),
    [("open", "PutItem", NOW + 900), ("extend", "PutItem", NOW + 900), ("close", "DeleteItem", 0)],
)
def test_a_session_is_written_or_removed_by_its_action(
    runtime: JsRuntime, action: str, operation: str, expires_at: int
) -> None:
    stash = {"session": {"tenant_id": "north", "sk": "ann#c-1"}}
    session = step(runtime, "syncSession.session")
    outcome = session.request(arguments={"input": {**SYNC, "action": action}}, stash=stash)
    assert outcome.value["operation"] == operation
    assert outcome.value["key"] == {"tenant_id": {"S": "north"}, "sk": {"S": "ann#c-1"}}
    assert outcome.stash is not None
    assert outcome.stash["expiresAt"] == expires_at


def test_sync_session_tells_where_jobs_stand_and_nothing_of_others(runtime: JsRuntime) -> None:
    stash = {
        "who": {"userId": "ann", "tenantId": "north", "jobIds": None},
        "jobIds": ["j1", "j2", "j3", "j1"],
        "expiresAt": NOW + 900,
    }
    heads = [head(), head(jobId="j2", userId="bob")]
    mutation = of_field(runtime, "Mutation.syncSession")
    answer = mutation.response(arguments={"input": SYNC}, stash=stash, prev={"result": heads}).value
    unknown = {"sequence": 0, "epoch": None}
    assert answer == {
        "connectionId": "c-1",
        "expiresAt": NOW + 900,
        "jobs": [
            {"jobId": "j1", "sequence": 3, "epoch": "e1"},
            {"jobId": "j2", **unknown},
            {"jobId": "j3", **unknown},
            {"jobId": "j1", "sequence": 3, "epoch": "e1"},
        ],
    }


# the step that reads heads


def test_heads_are_asked_for_once_each(runtime: JsRuntime) -> None:
    asked = step(runtime, "readHeads").request(stash={"jobIds": ["j1", "j2", "j1"]}).value
    keys = [{"pk": {"S": f"JOB#{job}"}, "sk": {"S": "HEAD"}} for job in ("j1", "j2")]
    assert asked == {"operation": "BatchGetItem", "tables": {TABLE: {"keys": keys, "consistentRead": True}}}


def test_no_jobs_cost_no_read(runtime: JsRuntime) -> None:
    outcome = step(runtime, "readHeads").request(stash={"jobIds": []})
    assert (outcome.early_return, outcome.value) == (True, [])


def test_heads_come_in_the_order_asked_for(runtime: JsRuntime) -> None:
    result = {"data": {TABLE: [head(), None, head(jobId="j3")]}, "unprocessedKeys": {TABLE: []}}
    found = step(runtime, "readHeads").response(stash={"jobIds": ["j3", "j2", "j1"]}, result=result)
    assert [item["jobId"] for item in found.value] == ["j3", "j1"]


def test_heads_left_unread_are_an_error_and_not_an_absence(runtime: JsRuntime) -> None:
    result = {"data": {TABLE: []}, "unprocessedKeys": {TABLE: [{"pk": "JOB#j1", "sk": "HEAD"}]}}
    with pytest.raises(JsResolverError) as failed:
        step(runtime, "readHeads").response(stash={"jobIds": ["j1"]}, result=result)
    assert failed.value.error_type == "StoreUnavailable"


# listJobs


def test_a_list_of_jobs_asks_the_index_for_one_user_newest_first(runtime: JsRuntime) -> None:
    stash = of_field(runtime, "Query.listJobs").request(identity=ANN, arguments={}).stash
    arguments = {"overallStatus": "failed", "nextToken": "t"}
    asked = step(runtime, "listJobs.page").request(arguments=arguments, stash=stash).value
    assert asked["index"] == "byUser"
    assert asked["query"]["expressionValues"] == {":user": {"S": "USER#north#ann"}}
    assert asked["filter"]["expressionValues"] == {":state": {"S": "failed"}}
    assert (asked["scanIndexForward"], asked["limit"], asked["nextToken"]) == (False, 20, "t")


def test_a_list_of_jobs_shows_what_the_heads_say_now(runtime: JsRuntime) -> None:
    stash = {"who": {"userId": "ann", "tenantId": "north", "jobIds": ["j1", "j2"]}, "nextToken": "t2"}
    heads = [head(sequence=8), head(jobId="j2", expiresAt=NOW), head(jobId="j3")]
    page = (
        of_field(runtime, "Query.listJobs").response(arguments={}, stash=stash, prev={"result": heads}).value
    )
    assert [(job["jobId"], job["sequence"], job["agents"]) for job in page["jobs"]] == [("j1", 8, [])]
    assert page["nextToken"] == "t2"


@pytest.mark.parametrize(
    ("identity", "arguments", "error_type"),
    [
        pytest.param(API_KEY, {}, "Forbidden", id="nobody in particular"),
        pytest.param(ANN, {"limit": 51}, "BadRequest", id="too long a page"),
    ],
)
def test_a_list_of_jobs_is_refused_to(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, error_type: str
) -> None:
    assert refusal(of_field(runtime, "Query.listJobs"), identity=identity, arguments=arguments) == error_type
