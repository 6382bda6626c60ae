"""Secrets that enter by any input appear in no output; details reach only their readers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from rich.console import Console

from status_utils import publish_agent_status, publish_tool_status
from status_utils.transports.queue_transport import QueueTransport
from statusbeam.cli.live_view import draw_job
from statusbeam.log.snapshot.fold import fold
from statusbeam.model.limits import METADATA_BYTES
from statusbeam.model.update import StatusUpdate
from tests.e2e.appsync_socket import connected
from tests.e2e.callers import Caller, TokenCaller
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.waiting import wait_for
from tests.unit.statusbeam.model.redaction.secret_corpus import secrets_of

FIELDS = "jobId sequence type status qualifiedStatus message agentName toolName timestamp metadata"
WATCH = (
    f"subscription($userId: ID!) {{ onStatusUpdate(userId: $userId) "
    f"{{ {FIELDS} userId tenantId eventId earlier {{ {FIELDS} }} }} }}"
)
LOG = (
    f"query($job: ID!, $after: Int) {{ listStatusUpdates(jobId: $job, afterSequence: $after) "
    f"{{ updates {{ {FIELDS} userId tenantId eventId }} currentSequence nextAfterSequence recovered }} }}"
)
JOB = (
    "query($job: ID!) { getJob(jobId: $job) { jobId overallStatus sequence sessionId fold "
    "agents { name invocationId activity tools fold } } }"
)
DETAIL = (
    "query($job: ID!, $sequence: Int!) "
    "{ getStatusDetail(jobId: $job, sequence: $sequence) { detail operatorDetail } }"
)


def statuses_with(job: str, user: Any, name: str, text: str) -> list[dict[str, Any]]:
    """One secret in every place that text can stand in, and once more in two messages."""
    said = status(
        job,
        user.user_id,
        user.tenant_id,
        text,
        toolName=text[:128],
        invocationId=name,
        metadata={text[:200]: [{"deep": [text]}], "operator": {"cause": text}},
    )
    half = len(text) // 2
    pieces = [
        status(job, user.user_id, user.tenant_id, part, invocationId=f"{name} in pieces")
        for part in (text[:half], text[half:])
    ]
    return [said, *pieces]


def log_lines(cloud: Cloud, until: str) -> str:
    """Everything that is in CloudWatch, once `until` is."""
    logs = cloud.aws("logs")

    def lines() -> str | None:
        groups = [
            g["logGroupName"]
            for p in logs.get_paginator("describe_log_groups").paginate()
            for g in p["logGroups"]
        ]
        pages = (
            page
            for group in groups
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        )
        found = "\n".join(event["message"] for page in pages for event in page["events"])
        return found if until in found else None

    return wait_for(f"a log line with {until}", lines)


def whole_log(cloud: Cloud, caller: Caller, job: str) -> list[dict[str, Any]]:
    updates: list[dict[str, Any]] = []
    while True:
        page = cloud.graphql(caller, LOG, {"job": job, "after": len(updates)})["data"]["listStatusUpdates"]
        updates += page["updates"]
        if page["nextAfterSequence"] == page["currentSequence"]:
            return updates


def drawn(statuses: list[dict[str, Any]]) -> str:
    """The terminal's output."""
    console = Console(width=250, height=2_000, record=True, file=None, force_terminal=False)
    with console.capture() as shown:
        snapshot = fold(map(StatusUpdate.from_store, statuses))
        console.print(draw_job("job", snapshot, statuses, height=2_000, now=time.time()))
    return shown.get()


def test_no_seeded_secret_is_found_anywhere(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    user, job, unwatched = cloud.user(tenant=0), fresh_id("job"), fresh_id("job")
    caller = cloud.caller(user)
    corpus = secrets_of(2026)
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.outputs.aws_endpoint_url,
        "AWS_REGION": cloud.outputs.region,
        "AWS_DEFAULT_REGION": cloud.outputs.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    queue = QueueTransport(cloud.outputs.status_queue_url)
    with connected(cloud.outputs.realtime_url, cloud.host, caller) as socket:
        assert socket.start(WATCH, {"userId": user.user_id})["type"] == "start_ack"
        for name, (text, _) in corpus.items():
            cloud.publish(*statuses_with(job, user, name, text))
        ids: dict[str, Any] = {"job_id": job, "user_id": user.user_id, "tenant_id": user.tenant_id}
        for text, _ in corpus.values():
            assert publish_tool_status(
                **ids, agent_name="Library", tool_name="map", reason=text, transport=queue
            )
        assert publish_agent_status(
            **ids, agent_name="Library", status="complete", message="the last", transport=queue
        )
        socket.until_message("the last")
        frames = json.dumps(socket.frames)
    everybody = [text for text, _ in corpus.values()]
    cloud.publish(
        status(
            unwatched,
            "nobody",
            fresh_id("tenant"),
            everybody[0],
            metadata={"all": [*everybody, " ".join(everybody)]},
        )
    )
    updates = whole_log(cloud, caller, job)
    assert len(updates) == 4 * len(corpus) + 1
    seen = {
        "stream": frames,
        "log": json.dumps(updates),
        "snapshot": json.dumps(cloud.graphql(caller, JOB, {"job": job})),
        "table": json.dumps(
            [
                page["Items"]
                for page in cloud.aws("dynamodb")
                .get_paginator("scan")
                .paginate(TableName=cloud.outputs.status_table)
            ]
        ),
        "terminal": drawn(updates),
        "CloudWatch": log_lines(cloud, until=unwatched),
        "metrics": json.dumps(cloud.aws("cloudwatch").list_metrics()["Metrics"], default=str),
        "the data plane's own log": "".join(
            path.read_text(errors="replace") for path in cloud.state.root.glob("*.log")
        ),
    }
    found = [
        (place, name)
        for place, text in seen.items()
        for name, (_, secret) in corpus.items()
        if any(form in text for form in {secret, json.dumps(secret)[1:-1], secret.replace("\n", " ")})
    ]
    assert found == []
    assert seen["table"].count("[redacted: ") > 4 * len(corpus)


@pytest.fixture(scope="module")
def job(cloud: Cloud) -> str:
    """A job of the first viewer: its first status has more metadata than the log takes, its second a word for
    operators."""
    user, job = cloud.user(tenant=0), fresh_id("job")
    big = {"text": "m" * METADATA_BYTES, "sessionId": "s1"}
    cloud.publish(
        status(job, user.user_id, user.tenant_id, "big", metadata=json.dumps(big)),
        status(job, user.user_id, user.tenant_id, "told", metadata={"a": 1, "operator": {"cause": "x"}}),
        status(job, user.user_id, user.tenant_id, "both", metadata={**big, "operator": {"t": "m" * 9_000}}),
    )
    return job


def details(cloud: Cloud, caller: Caller, job: str) -> list[tuple[Any, Any]]:
    """(keys of the detail, keys of the operators' detail) of the job's three statuses."""
    found: list[tuple[Any, Any]] = []
    for sequence in (1, 2, 3):
        answer = cloud.graphql(caller, DETAIL, {"job": job, "sequence": sequence})
        detail = answer["data"]["getStatusDetail"]
        public, operators = (
            None if detail[name] is None else sorted(json.loads(detail[name]))
            for name in ("detail", "operatorDetail")
        )
        found.append((public, operators))
    return found


BIG = ["sessionId", "text"]


def test_the_owner_gets_all_metadata_and_nothing_of_the_operators(cloud: Cloud, job: str) -> None:
    user = cloud.user(tenant=0)
    for caller in (cloud.caller(user), cloud_token(cloud, user)):
        assert details(cloud, caller, job) == [(BIG, None), (["a"], None), (BIG, None)]


def test_an_operator_of_the_tenant_gets_both(cloud: Cloud, job: str) -> None:
    operator = cloud.caller(cloud.user(tenant=0, role="operator"))
    assert details(cloud, operator, job) == [(BIG, None), (["a"], ["cause"]), (BIG, ["t"])]


def test_other_users_cannot_tell_that_the_job_exists(cloud: Cloud, job: str) -> None:
    user = cloud.user(tenant=0)
    others: list[Caller] = [
        cloud.caller(cloud.user(tenant=0, which=1)),
        cloud.caller(cloud.user(tenant=1)),
        cloud.key_caller,
        cloud_token(cloud, user, job_ids=["another"]),
    ]
    for caller in others:
        assert details(cloud, caller, job) == [(None, None)] * 3


def test_in_the_log_a_mark_replaces_spilled_metadata(cloud: Cloud, job: str) -> None:
    updates = whole_log(cloud, cloud.caller(cloud.user(tenant=0)), job)
    first, second, _ = (json.loads(update["metadata"]) for update in updates)
    assert first.keys() == {"spilled", "sessionId"}
    assert first["spilled"]["keys"] == ["text", "sessionId"]
    assert second == {"a": 1}


def cloud_token(cloud: Cloud, user: Any, **changes: Any) -> Caller:

    return TokenCaller(cloud.view_token(user.user_id, user.tenant_id, **changes))
