"""What readers get: the resolvers of getJob, listJobs and listStatusUpdates."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.appsync.javascript import JsRuntime
from tests.unit.resolver_harness import (
    ANN,
    API_KEY,
    DAY,
    JOB_TOKEN,
    NOW,
    SERVICE,
    JsonObject,
    head,
    new_runtime,
    of_field,
    refusal,
    step,
)


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


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
