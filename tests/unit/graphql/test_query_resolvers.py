"""The resolvers of getJob, listJobs and listStatusUpdates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import ObjectTypeDefinitionNode, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.cdk.api.resolver_code import schema_text
from statusbeam.localcloud.appsync.resolvers.attribute_values import from_sdk_map
from statusbeam.localcloud.appsync.resolvers.javascript import JsOutcome, JsResolverError, JsRuntime
from statusbeam.log.journal.commits import change_of
from statusbeam.log.journal.dynamo_items import CommitWriter
from statusbeam.log.snapshot.agent_state import AgentState
from statusbeam.log.snapshot.fold import apply, fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_of_view, job_view
from statusbeam.log.snapshot.liveness import liveness
from statusbeam.log.snapshot.times import time_of
from statusbeam.model.limits import (
    JOBS_PER_PAGE,
    JOBS_PER_PAGE_MAX,
    LEASE_SECONDS,
    LOST_AFTER_SECONDS,
    UPDATES_PER_PAGE,
)
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text, wire_time
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    DAY,
    JOB_TOKEN,
    NOW,
    OPERATOR,
    SERVICE,
    TABLE,
    JsonObject,
    head,
    new_runtime,
    of_field,
    refusal,
    step,
)
from tests.unit.samples import batch_of
from tests.unit.statusbeam.log.snapshot.fold_cases import START_MS, logs, status


@pytest.fixture(scope="module")
def runtime() -> JsRuntime:
    return new_runtime()


# getJob

PENDING = {"jobId": "j1", "overallStatus": "initializing", "sequence": 0, "run": 1, "agents": []}


@pytest.mark.parametrize(
    ("identity", "items"),
    [
        pytest.param(ANN, [], id="unknown"),
        pytest.param(ANN, [head(userId="bob")], id="another user's"),
        pytest.param(ANN, [head(tenantId="south")], id="another tenant's"),
        pytest.param(ANN, [head(expiresAt=NOW)], id="expired, not yet deleted"),
        pytest.param(API_KEY, [head()], id="not public, by API key"),
        pytest.param(SERVICE, [head()], id="not public, by IAM"),
        pytest.param(OPERATOR, [head(tenantId="south")], id="another tenant's, by an operator"),
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
    assert answered(runtime, items, identity=identity).value == PENDING


@pytest.mark.parametrize(
    ("identity", "owner"),
    [
        pytest.param(ANN, {}, id="the user"),
        pytest.param(JOB_TOKEN, {}, id="a token that covers it"),
        pytest.param(API_KEY, {"tenantId": "public"}, id="an API key, when it is public"),
        pytest.param(OPERATOR, {}, id="an operator of the tenant"),
    ],
)
def test_get_job_gives_the_snapshot_to(runtime: JsRuntime, identity: Any, owner: JsonObject) -> None:
    job = answered(runtime, [head(**owner), agent("a")], identity=identity).value
    assert (job["jobId"], job["overallStatus"], job["sequence"]) == ("j1", "processing", 3)
    assert [one["name"] for one in job["agents"]] == ["a"]


def agent(name: str, **more: Any) -> JsonObject:
    return {
        "sk": f"AGENT#{name}",
        "invocationId": name,
        "name": name,
        "order": 64,
        "epoch": "e1",
        "expiresAt": NOW + DAY,
        **more,
    }


def answered(
    runtime: JsRuntime,
    items: list[JsonObject],
    *,
    identity: Any = ANN,
    job_id: str = "j1",
    next_token: str | None = None,
) -> JsOutcome:
    """The answer of getJob for these items."""
    arguments = {"jobId": job_id}
    result = {"items": items, "nextToken": next_token}
    field = of_field(runtime, "Query.getJob")
    stash = field.request(identity=identity, arguments=arguments, stash={}).stash
    read = step(runtime, "getJob.snapshot").response(arguments=arguments, stash=stash, result=result)
    return field.response(
        identity=identity, arguments=arguments, stash=read.stash, prev={"result": read.value}
    )


def test_get_job_shows_agents_in_the_order_of_plan_or_first_report(runtime: JsRuntime) -> None:
    items = [head(), agent("c", order=64), agent("b", order=640), agent("a", order=640)]
    assert [one["name"] for one in answered(runtime, items).value["agents"]] == ["c", "a", "b"]


def test_get_job_leaves_out_hidden_agents_and_those_of_an_earlier_use_of_the_id(runtime: JsRuntime) -> None:
    items = [head(), agent("c"), agent("b", epoch="e0"), agent("a", hidden=True)]
    assert [one["name"] for one in answered(runtime, items).value["agents"]] == ["c"]


def test_get_job_leaves_out_the_agents_of_older_runs(runtime: JsRuntime) -> None:
    items = [head(run=2), agent("c", run=2), agent("b", run=1), agent("a", run=1, hidden=True)]
    answer = answered(runtime, items).value
    assert [one["name"] for one in answer["agents"]] == ["c"]


@pytest.mark.parametrize(
    ("state", "item", "expected"),
    [
        ("processing", {"status": "in-progress"}, ("in-progress", "live")),
        ("processing", {"status": "in-progress", "waiting": {"for": "x"}}, ("in-progress", "waiting")),
        ("processing", {"status": "error"}, ("error", "ended")),
        ("completed", {"status": "in-progress"}, ("cancelled", "ended")),
        ("failed", {"status": "in-progress", "waiting": {"for": "x"}}, ("cancelled", "ended")),
        ("cancelled", {"status": "success"}, ("success", "ended")),
        ("cancelled", {"status": "pending", "leaseExpiresAt": None}, ("pending", "ended")),
    ],
)
def test_an_agent_that_the_end_of_its_job_left_open_is_cancelled(
    runtime: JsRuntime, state: str, item: JsonObject, expected: tuple[str, str]
) -> None:
    lease = {"leaseExpiresAt": time_of((NOW + 60) * 1000)}
    answer = answered(runtime, [head(overallStatus=state), agent("a", **{**lease, **item})]).value
    (found,) = answer["agents"]
    assert (found["status"], found["liveness"]) == expected
    assert found["status"] != "cancelled" or not (found["waiting"] or found["leaseExpiresAt"])


def test_get_job_has_an_error_when_there_are_more_agents_than_it_shows(runtime: JsRuntime) -> None:
    outcome = answered(runtime, [head(), agent("a")], next_token="more")
    assert [one["name"] for one in outcome.value["agents"]] == ["a"]
    assert [error["errorType"] for error in outcome.appended_errors] == ["TooManyAgents"]


FIELDS = {
    node.name.value: [field.name.value for field in node.fields]
    for node in parse(schema_text(api_key=False)).definitions
    if isinstance(node, ObjectTypeDefinitionNode)
}


def fields_of(type_name: str, value: JsonObject) -> JsonObject:
    """The answer to a client that selects every field."""
    found = {name: value.get(name) for name in FIELDS[type_name]}
    for name, kind in _OBJECTS.items():
        inner = found.get(name)
        if inner:
            found[name] = fields_of(kind, inner)
    return found


_OBJECTS = {"waiting": "Waiting", "cancelRequest": "CancelRequest"}


@settings(max_examples=60, deadline=None)
@given(log=logs, seconds_later=st.sampled_from([0, 60, 90, 1_000, 100_000]))
def test_get_job_answers_with_the_fold_of_the_log(
    runtime: JsRuntime, log: list[StatusUpdate], seconds_later: int
) -> None:
    # The statuses of these logs are of one day; their clock is moved to where NOW is.
    shift = timedelta(milliseconds=(NOW - seconds_later) * 1000 - START_MS)
    updates = [moved(each, shift) for each in log] or [moved(status("loading_agents"), shift)]
    change = change_of(None, batch_of(updates), epoch="e1")
    actions = CommitWriter(TABLE, log_seconds=1, job_seconds=DAY).actions("b1", change, now=NOW)
    items = [from_sdk_map(action["Put"]["Item"]) for action in actions]
    snapshot = [item for item in items if item["sk"] == "HEAD" or item["sk"].startswith("AGENT#")]
    ours = {"claims": {"sub": "user-1", "tenantId": "tenant-1"}}
    answer = answered(runtime, snapshot, identity=ours, job_id="job-1").value
    answer["agents"] = [fields_of("AgentState", one) for one in answer["agents"]]
    expires_at = next(item["expiresAt"] for item in items if item["sk"] == "HEAD")
    folded = fold([each.numbered(place) for place, each in enumerate(updates, 1)], epoch="e1")
    seen = fields_of("Job", answer)
    assert job_of_view(seen) == folded  # hidden agents included: a client can go on from here
    assert {agent.pop("sequence") for agent in seen["agents"]} <= {len(updates)}
    for part in (seen, *seen["agents"]):
        del part["fold"]
    assert seen == job_view(folded, now=NOW, expires_at=expires_at)


def test_a_client_folds_on_from_what_get_job_answered(runtime: JsRuntime) -> None:
    plan = {"plan": ["Geo Agent", {"name": "Category Agent", "weight": 3}], "workflow": "civic"}
    said = [
        status("loading_agents", metadata=plan),
        status("agent_invoking", 1, agent="Geo Agent", invocation="g1"),
        status("agent_complete", 2, agent="Category Agent"),
        status("agent_error", 3, agent="Geo Agent"),
        status("complete", 4),
    ]
    log = [update.numbered(sequence) for sequence, update in enumerate(said, 1)]
    for cut in range(1, len(log)):
        stored = fold(log[:cut], epoch="e1")
        own = {"userId": "ann", "tenantId": "north", "epoch": "e1", "expiresAt": NOW + DAY}
        items = [{**packed(stored.head.to_item()), "sk": "HEAD", **own}]
        items += [
            {**packed(one.to_item()), "sk": f"AGENT#{one.invocation_id}", **own} for one in agents_of(stored)
        ]
        answer = answered(runtime, items, job_id="job-1").value
        answer["agents"] = [fields_of("AgentState", one) for one in answer["agents"]]
        seen = {**fields_of("Job", answer), "userId": "user-1", "tenantId": "tenant-1"}
        assert apply(job_of_view(seen), log[cut:]) == fold(log, epoch="e1")


def packed(item: JsonObject) -> JsonObject:
    return {**item, **{name: json_text(item[name]) for name in ("fold", "result") if name in item}}


def agents_of(job: Job) -> list[AgentState]:
    return list(job.agents.values())


def test_a_job_that_has_not_begun_is_an_empty_snapshot(runtime: JsRuntime) -> None:
    assert job_of_view(answered(runtime, []).value) == Job()


def tries(runtime: JsRuntime, *reads: list[JsonObject]) -> tuple[int, JsOutcome | str]:
    """The number of getJob's reads of this job, and its answer."""
    read, often, prev = step(runtime, "getJob.snapshot"), 0, None
    query = of_field(runtime, "Query.getJob")
    stash = dict(query.request(identity=ANN, arguments={"jobId": "j1"}, stash={}).stash or {})
    for items in reads:
        asked = read.request(arguments={"jobId": "j1"}, stash=stash, prev={"result": prev})
        prev = asked.value
        if not asked.early_return:
            often += 1
            found = read.response(arguments={"jobId": "j1"}, stash=stash, result={"items": items})
            stash, prev = dict(found.stash or {}), found.value
    try:
        return often, query.response(
            identity=ANN, arguments={"jobId": "j1"}, stash=stash, prev={"result": prev}
        )
    except JsResolverError as error:
        return often, str(error.error_type)


STILL = [head(), agent("a", sequence=3)]
MOVING = [head(), agent("a", sequence=4)]


def test_an_unchanged_job_is_read_once(runtime: JsRuntime) -> None:
    often, outcome = tries(runtime, STILL, MOVING, MOVING)
    assert isinstance(outcome, JsOutcome)
    assert (often, outcome.value["agents"][0]["sequence"]) == (1, 3)


def test_a_job_whose_agent_is_newer_than_its_head_is_read_again(runtime: JsRuntime) -> None:
    later = [head(sequence=4), agent("a", sequence=4)]
    often, outcome = tries(runtime, MOVING, later, MOVING)
    assert isinstance(outcome, JsOutcome)
    assert (often, outcome.value["sequence"]) == (2, 4)


def test_a_job_that_changes_during_every_read_is_an_error_and_no_mixture(runtime: JsRuntime) -> None:
    assert tries(runtime, MOVING, MOVING, MOVING) == (3, "JobMoved")


def test_another_users_job_does_not_reveal_that_it_changes(runtime: JsRuntime) -> None:
    foreign = [head(userId="bob"), agent("a", sequence=4)]
    _, outcome = tries(runtime, foreign, foreign, foreign)
    assert isinstance(outcome, JsOutcome)
    assert outcome.value == PENDING


def test_an_agent_of_an_earlier_use_of_the_id_does_not_count_as_newer(runtime: JsRuntime) -> None:
    often, _ = tries(runtime, [head(), agent("a", sequence=90, epoch="e0")])
    assert often == 1


def moved(update: StatusUpdate, shift: timedelta) -> StatusUpdate:
    said = datetime.fromisoformat(update.timestamp) + shift
    return replace(update, sequence=None, timestamp=wire_time(said))


@pytest.mark.parametrize(
    "seconds_ago",
    [
        -60,
        0,
        LEASE_SECONDS - 1,
        LEASE_SECONDS,
        LEASE_SECONDS + LOST_AFTER_SECONDS - 1,
        LEASE_SECONDS + LOST_AFTER_SECONDS,
        DAY,
    ],
)
def test_get_job_derives_liveness_from_time_alone_like_the_library(
    runtime: JsRuntime, seconds_ago: int
) -> None:
    said = wire_time(datetime.fromtimestamp(NOW - seconds_ago, UTC))
    job = fold([replace(status("agent_invoking", agent="Geo Agent"), timestamp=said, sequence=1)])
    own = {"jobId": "j1", "userId": "ann", "tenantId": "north", "epoch": "e1"}
    answer = answered(runtime, [{**head(), **packed(job.head.to_item()), **own}]).value
    assert answer["liveness"] == liveness(job, NOW)


def test_get_job_reads_the_head_first_and_consistently(runtime: JsRuntime) -> None:
    stash = of_field(runtime, "Query.getJob").request(identity=ANN, arguments={}, stash={}).stash
    asked = step(runtime, "getJob.snapshot").request(arguments={"jobId": "j1"}, stash=stash).value
    assert asked["query"]["expressionValues"] == {
        ":pk": {"S": "JOB#north#j1"},
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
    stash = {"after": after, "limit": UPDATES_PER_PAGE}
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


def test_a_page_that_ends_early_has_a_token_to_continue(runtime: JsRuntime) -> None:
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
        "firstSequence": None,
    }


@pytest.mark.parametrize(("after", "first"), [(0, 1), (1, None)])
def test_a_list_from_the_logs_beginning_has_the_first_sequence_one(
    runtime: JsRuntime, after: int, first: int | None
) -> None:
    items = [update(sequence) for sequence in range(after + 1, 4)]
    assert replayed(runtime, items, after=after)["firstSequence"] == first


EXPIRED = {
    "updates": [],
    "currentSequence": 9,
    "nextAfterSequence": 9,
    "recovered": False,
    "reason": "log_expired",
    "firstSequence": None,
}


def test_a_log_whose_beginning_expired_has_its_first_remaining_sequence(runtime: JsRuntime) -> None:
    first = step(runtime, "listStatusUpdates.first")
    caller = {"tenantId": "north"}
    ctx: JsonObject = {
        "arguments": {"jobId": "j1"},
        "stash": {"caller": caller, "after": 2},
        "prev": {"result": EXPIRED},
    }
    asked = first.request(**ctx).value
    values = asked["query"]["expressionValues"]
    assert (values[":first"]["S"], values[":last"]["S"]) == ("UPDATE#000000000003", "UPDATE#000000000009")
    assert asked["filter"] == {
        "expression": "#ttl > :now",
        "expressionNames": {"#ttl": "expiresAt"},
        "expressionValues": {":now": {"N": NOW}},
    }
    assert first.response(**ctx, result={"items": [update(7), update(8)]}).value == {
        **EXPIRED,
        "firstSequence": 7,
    }
    assert first.response(**ctx, result={"items": []}).value == EXPIRED


@pytest.mark.parametrize("reason", [None, "ahead_of_log", "gap_in_log"])
def test_a_log_that_has_not_expired_is_not_read_twice(runtime: JsRuntime, reason: str | None) -> None:
    page = {**EXPIRED, "reason": reason}
    outcome = step(runtime, "listStatusUpdates.first").request(prev={"result": page}, stash={})
    assert (outcome.early_return, outcome.value) == (True, page)


def test_a_page_has_the_tool_and_the_execution_time_in_its_metadata_as_well(runtime: JsRuntime) -> None:
    items = [
        update(1, toolName="amazon_location", metadata='{"a": 1}'),
        update(2, executionTimeMs=0),
        update(3, toolName="t", metadata='{"toolName": "the caller\'s own"}'),
        update(4, metadata="{}"),
    ]
    page = replayed(runtime, items, current=4)
    assert [entry["metadata"] for entry in page["updates"]] == [
        {"a": 1, "toolName": "amazon_location"},
        {"executionTimeMs": 0},
        {"toolName": "the caller's own"},
        {},
    ]


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
    stash = {"after": after, "limit": UPDATES_PER_PAGE}
    outcome = ranged.request(arguments={"jobId": "j1"}, stash=stash, prev={"result": current})
    assert outcome.early_return
    assert (outcome.value["updates"], outcome.value["recovered"]) == ([], recovered)
    assert (outcome.value["nextAfterSequence"], outcome.value["reason"]) == (current, reason)


def test_replay_reads_the_log_up_to_the_head_that_was_checked(runtime: JsRuntime) -> None:
    ranged = step(runtime, "listStatusUpdates.range")
    arguments = {"afterSequence": 9, "limit": 20}
    field = of_field(runtime, "Query.listStatusUpdates")
    stash = field.request(identity=ANN, arguments=arguments, stash={}).stash
    asked = ranged.request(arguments={"jobId": "j1"}, stash=stash, prev={"result": 1234}).value
    values = asked["query"]["expressionValues"]
    assert values[":pk"] == {"S": "JOB#north#j1"}
    assert (values[":first"]["S"], values[":last"]["S"]) == ("UPDATE#000000000010", "UPDATE#000000001234")
    assert (asked["limit"], asked["consistentRead"]) == (20, True)


@pytest.mark.parametrize(
    ("identity", "item", "sequence"),
    [
        pytest.param(ANN, head(), 3, id="one's own"),
        pytest.param(ANN, head(userId="bob"), 0, id="another user's"),
        pytest.param(ANN, head(expiresAt=NOW), 0, id="an expired one"),
        pytest.param(ANN, None, 0, id="an unknown one"),
        pytest.param(OPERATOR, head(), 3, id="another user's, to an operator"),
        pytest.param(OPERATOR, head(tenantId="south"), 0, id="another tenant's, to an operator"),
    ],
)
def test_replay_finds_the_position_of(
    runtime: JsRuntime, identity: Any, item: JsonObject | None, sequence: int
) -> None:
    stash = of_field(runtime, "Query.listStatusUpdates").request(identity=identity, args={}, stash={}).stash
    found = step(runtime, "listStatusUpdates.head").response(
        arguments={"jobId": "j1"}, stash=stash, result=item
    )
    assert found.value == sequence


@pytest.mark.parametrize(
    "arguments",
    [{"limit": 0}, {"limit": UPDATES_PER_PAGE + 1}, {"afterSequence": -1}],
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
    assert (asked["scanIndexForward"], asked["limit"], asked["nextToken"]) == (False, JOBS_PER_PAGE, "t")


def test_a_list_of_jobs_shows_the_current_heads(runtime: JsRuntime) -> None:
    who: dict[str, Any] = {"userId": "ann", "tenantId": "north", "jobIds": None, "roles": []}
    stash = {"caller": who, "nextToken": "t2"}
    others = [head(jobId="j2", expiresAt=NOW), head(jobId="j3", userId="bob")]
    heads = [head(sequence=8, fold='{"attempt":1}'), *others]
    page = (
        of_field(runtime, "Query.listJobs").response(arguments={}, stash=stash, prev={"result": heads}).value
    )
    assert [(job["jobId"], job["sequence"], job["agents"]) for job in page["jobs"]] == [("j1", 8, [])]
    assert page["jobs"][0]["fold"] == {"attempt": 1, "hidden": None}
    assert page["nextToken"] == "t2"


def test_a_list_of_jobs_in_one_state_leaves_out_those_that_have_moved_on(runtime: JsRuntime) -> None:
    """The index, which the page came from, follows the heads by a moment."""
    stash = {"caller": {"userId": "ann", "tenantId": "north", "jobIds": None}, "nextToken": None}
    heads = [head(overallStatus="processing"), head(jobId="j2", overallStatus="completed")]
    query = of_field(runtime, "Query.listJobs")
    arguments = {"overallStatus": "processing"}
    page = query.response(arguments=arguments, stash=stash, prev={"result": heads}).value
    assert [job["jobId"] for job in page["jobs"]] == ["j1"]


@pytest.mark.parametrize(
    ("arguments", "message", "error_type"),
    [
        ({"nextToken": "garbage"}, "Invalid pagination token given.", "BadRequest"),
        ({"nextToken": "another's"}, "The provided starting key is outside the range", "BadRequest"),
        ({"nextToken": "good"}, "The level of configured throughput was exceeded", "StoreUnavailable"),
        ({}, "Invalid pagination token given.", "StoreUnavailable"),
    ],
)
def test_a_token_that_is_none_is_not_mistaken_for_a_store_that_is_away(
    runtime: JsRuntime, arguments: JsonObject, message: str, error_type: str
) -> None:
    page = step(runtime, "listJobs.page")
    with pytest.raises(JsResolverError) as refused:
        page.response(arguments=arguments, error={"message": message, "type": "DynamoDB:SomeException"})
    assert refused.value.error_type == error_type


@pytest.mark.parametrize(
    ("identity", "arguments", "error_type"),
    [
        pytest.param(API_KEY, {}, "Forbidden", id="nobody in particular"),
        pytest.param(ANN, {"limit": JOBS_PER_PAGE_MAX + 1}, "BadRequest", id="too long a page"),
    ],
)
def test_a_list_of_jobs_is_refused_to(
    runtime: JsRuntime, identity: Any, arguments: JsonObject, error_type: str
) -> None:
    assert refusal(of_field(runtime, "Query.listJobs"), identity=identity, arguments=arguments) == error_type
