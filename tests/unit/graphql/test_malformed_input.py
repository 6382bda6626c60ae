"""Any input gives an answer or an error with a code, without a stack and without partial changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdas.status_publisher.queue import publish_messages, records_of
from lambdas.view_token_authorizer import handler as authorizer
from status_utils.tokens import ViewClaims, ViewTokenKeys, verify_view_token
from statusbeam.cdk.api.status_api import PIPELINES, UNITS
from statusbeam.localcloud.appsync.resolvers.javascript import JsResolverError, JsRuntime
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.admission import Admission
from statusbeam.log.publishing.measurements import Measurements
from statusbeam.log.publishing.memory import (
    MemoryBroadcaster,
    MemoryDetailStore,
    MemorySessionStore,
)
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.errors import RejectionCode
from statusbeam.model.settings import COMMITTED_METRIC
from statusbeam.model.words import OverallStatus
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    JOB_TOKEN,
    OPERATOR,
    SERVICE,
    TOKEN,
    new_runtime,
    of_field,
)
from tests.unit.lambda_context import Context
from tests.unit.samples import NOW, StoppedClock, entry

FIELDS = [
    *entry(),
    "eventId",
    "timestamp",
    "type",
    "qualifiedStatus",
    "metadata",
    "attempt",
    "progress",
    "etaSeconds",
]
FIELDS += [
    "executionTimeMs",
    "invocationId",
    "parentInvocationId",
    "sequence",
    "earlier",
    "toolName",
    "stray",
]

texts = st.text(max_size=30) | st.sampled_from(
    ["", "\ud800", "\x00", "\u202e", "#", "9" * 400, "null", "[redacted: x]"]
)


def json_values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """What JSON can hold, with these numbers beside whole ones."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )


odd = json_values(st.floats()) | st.sampled_from(
    [
        json.loads("[" * 400 + "]" * 400),
        {"operator": json.loads('{"a":' * 40 + "1" + "}" * 40)},
        {"operator": {"x": "y" * 9_000}},
        {"text": "m" * 9_000},
        {"text": "m" * 200_000},
        '{"a": 1}',
        "{",
        "1e999",
        "9999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00+14:00",
    ]
)
entries = st.one_of(
    odd,
    st.dictionaries(st.sampled_from(FIELDS), odd, max_size=4).map(lambda changes: entry(**changes)),
    st.dictionaries(st.sampled_from(FIELDS), odd, max_size=6),
)
payloads = st.one_of(
    odd,
    entries,
    st.fixed_dictionaries(
        {"updates": st.lists(entries, max_size=6) | odd},
        optional={"batchId": odd, "onlyIfOpen": odd, "stray": odd},
    ),
)


def new_pipeline() -> tuple[Pipeline, MemoryJournal]:
    time = StoppedClock()
    journal = MemoryJournal(clock=time.clock())
    sessions = MemorySessionStore()
    sessions.open("city", "ana", "c1", until=NOW + 60)
    admission = Admission(tenant="city", details=MemoryDetailStore())
    pipeline = Pipeline(
        journal=journal,
        sessions=sessions,
        broadcaster=MemoryBroadcaster(),
        clock=time.clock(),
        admission=admission,
    )
    return pipeline, journal


def held(journal: MemoryJournal) -> int:
    """How many statuses all jobs have; each log is whole and its snapshot its fold."""
    count = 0
    for job in list(journal._jobs):
        log = journal.updates(job, first=1, last=10_000)
        snapshot = journal.snapshot(job)
        assert snapshot is not None
        assert [update.sequence for update in log] == list(range(1, len(log) + 1))
        assert fold(log, epoch=snapshot.head.epoch) == snapshot
        count += len(log)
    return count


@given(payloads)
@settings(max_examples=300)
@example({"updates": [entry(metadata={"a": "\ud800"})]})
def test_a_payload_is_taken_or_refused_by_name(payload: object) -> None:
    pipeline, journal = new_pipeline()
    first = pipeline.publish(payload, batch_id="request-1", deadline=NOW + 20)
    again = pipeline.publish(payload, batch_id="request-1", deadline=NOW + 20)
    assert held(journal) == first["committed"]
    assert (again["committed"], again["rejected"]) == (first["committed"], first["rejected"])
    for rejection in first["rejected"]:
        assert rejection["code"] in set(RejectionCode)
        assert rejection["field"] is None or len(rejection["field"]) <= 128
        assert "Traceback" not in rejection["message"]
        assert len(rejection["message"]) < 500
    json.dumps(first)


@given(
    st.lists(st.text(max_size=40) | payloads.map(lambda value: json.dumps(value, default=str)), max_size=4)
)
@settings(max_examples=100)
def test_a_message_of_the_queue_is_committed_or_rejected_and_never_redelivered(bodies: list[str]) -> None:
    pipeline, journal = new_pipeline()
    records = [
        {
            "messageId": f"m{n}",
            "body": body,
            "eventSource": "aws:sqs",
            "attributes": {"MessageGroupId": "g", "ApproximateReceiveCount": "1"},
        }
        for n, body in enumerate(bodies)
    ]
    measured = Measurements()
    publish = partial(pipeline.publish, measured=measured)
    outcome = publish_messages(records, publish, deadline=NOW + 20, now=lambda: NOW)
    assert outcome.failed == []
    assert held(journal) == measured.counts[COMMITTED_METRIC]


@given(odd)
def test_an_event_that_is_none_of_the_queues_is_a_payload(event: object) -> None:
    assert records_of(event) is None


@pytest.fixture(scope="module")
def _keys() -> Iterator[None]:
    keys = ViewTokenKeys(lambda: ["k" * 40])

    def verify(token: str) -> ViewClaims:
        return verify_view_token(token, keys=keys, audience="a")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authorizer, "verifier", lambda: verify)
        yield


tokens = texts | st.builds(
    ".".join, st.tuples(st.sampled_from(["sbv1", "sbv2", ""]), texts, texts) | st.lists(texts, max_size=6)
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["authorizationToken", "requestContext", "stray"]), tokens | odd))
def test_a_token_that_nobody_made_opens_nothing(_keys: None, event: dict[str, Any]) -> None:
    decision = authorizer.handler(event, cast("Any", Context()))
    assert decision == {"isAuthorized": False, "ttlOverride": 0}


@pytest.fixture(scope="module")
def runtime() -> Iterator[JsRuntime]:
    yield new_runtime()


ids = st.text(max_size=20) | st.sampled_from(
    ["j1", "ann", "#tenant", "north", "*", "__proto__", "constructor"]
)
whole = st.integers(-(2**31), 2**31 - 1)
times = st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat())
ranges = {"createdAfter": times, "createdBefore": times}
lists = {
    "limit": st.none() | whole,
    "nextToken": st.none() | ids,
    "overallStatus": st.none() | st.sampled_from(OverallStatus).map(str),
    "workflow": st.none() | ids,
    "search": st.none() | ids,
}
flags = st.none() | st.booleans()
ARGUMENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "Query.getJob": st.fixed_dictionaries({"jobId": ids}),
    "Query.getStatusDetail": st.fixed_dictionaries({"jobId": ids, "sequence": whole}),
    "Query.listJobs": st.fixed_dictionaries({}, optional={**ranges, **lists}),
    "Query.listTenantJobs": st.fixed_dictionaries({}, optional={**ranges, **lists}),
    "Query.countTenantJobs": st.fixed_dictionaries({}, optional=ranges),
    "Query.listStatusUpdates": st.fixed_dictionaries(
        {"jobId": ids}, optional={"afterSequence": st.none() | whole, "limit": st.none() | whole}
    ),
    "Mutation.syncSession": st.fixed_dictionaries(
        {
            "input": st.fixed_dictionaries(
                {"connectionId": ids, "action": st.sampled_from(["open", "extend", "close"])},
                optional={"jobIds": st.none() | st.lists(ids, max_size=30)},
            )
        }
    ),
    "Mutation.cancelJob": st.fixed_dictionaries(
        {"jobId": ids}, optional={"reason": st.none() | st.text(max_size=20) | st.just("x" * 2_001)}
    ),
    "Mutation.answerWaiting": st.fixed_dictionaries(
        {"jobId": ids, "approved": st.booleans()},
        optional={
            "invocationId": st.none() | ids,
            "comment": st.none() | st.text(max_size=20) | st.just("x" * 2_001),
        },
    ),
    "Mutation.endSessions": st.fixed_dictionaries(
        {"input": st.fixed_dictionaries({"userId": ids}, optional={"tenantId": st.none() | ids})}
    ),
    "Subscription.onStatusUpdate": st.fixed_dictionaries(
        {"userId": ids}, optional={"jobId": st.none() | ids, "connectionId": st.none() | ids, "joined": flags}
    ),
    "Subscription.onTenantStatus": st.fixed_dictionaries(
        {"tenantId": ids}, optional={"connectionId": st.none() | ids, "joined": flags}
    ),
}
IDENTITIES = [ANN, OPERATOR, TOKEN, JOB_TOKEN, SERVICE, API_KEY, {"claims": {"sub": ""}}, {"claims": {}}]
IDENTITIES += [
    {"resolverContext": {}},
    {"resolverContext": None},
    {},
    {"claims": {"sub": "a#b", "tenantId": "t"}},
]


def test_every_field_with_a_guard_has_its_arguments_here() -> None:
    assert {*UNITS, *PIPELINES} - {"Mutation.publishStatus"} <= set(ARGUMENTS)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_resolver_answers_or_refuses_by_name(runtime: JsRuntime, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ARGUMENTS)))
    arguments = data.draw(ARGUMENTS[name])
    identity = data.draw(st.sampled_from(IDENTITIES))
    try:
        of_field(runtime, name).request(identity=identity, args=arguments, stash={})
    except JsResolverError as error:
        assert error.error_type in ("Forbidden", "BadRequest")
