"""Take one grant away, and an end-to-end path breaks where it should: loudly, with nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from statusbeam.localcloud.appsync.graphql.directives import IAM_DECISION_SECONDS
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.appsync_socket import connected
from tests.e2e.cloud import Cloud, PublishError, Update, fresh_id, status
from tests.e2e.waiting import wait_for

WATCH_PUBLIC = """
mutation { syncSession(input: {connectionId: "probe", action: open}) { expiresAt } }
"""
"""With a session that watches the tenant `public`, the probes are pushed."""

SUBSCRIPTION = (
    "subscription($userId: ID!) { onStatusUpdate(userId: $userId) { jobId message earlier { message } } }"
)


@contextmanager
def without_grant(cloud: Cloud, function_arn: str, action: str) -> Iterator[None]:
    """The function's role without `action` in any of its inline policies, until the end of the block."""
    iam = cloud.aws("iam")
    role = (
        cloud.aws("lambda").get_function_configuration(FunctionName=function_arn)["Role"].rsplit("/", 1)[-1]
    )
    taken = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        rest = _without(document, action)
        if rest != document:
            taken[name] = document
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(rest))
    assert taken, f"no inline policy of {role} grants {action}"
    try:
        yield
    finally:
        for name, document in taken.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _without(document: dict[str, Any], action: str) -> dict[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [granted for granted in actions if granted != action]
        if left:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


def _dead_letter(cloud: Cloud, batch_id: str) -> str:
    """The message about this batch in the dead-letter queue, taken out of it."""
    sqs, queue = cloud.aws("sqs"), cloud.outputs.dead_letter_queue_url

    def letter() -> str:
        bodies = []
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", ()):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(str(message["Body"]))
        return next((body for body in bodies if batch_id in body), "")

    return wait_for(f"batch {batch_id} in the dead-letter queue", letter)


def _publish_until(cloud: Cloud, *, accepted: bool) -> None:
    """Publish statuses that nobody waits for until the publisher gets through, or no longer does.

    AppSync keeps an IAM decision for some seconds; without the grant the emulator's DynamoDB refuses at once.
    """
    job, change = fresh_id("job"), "getting through" if accepted else "being refused"
    wait_for(
        f"the publisher's {change}",
        lambda: _goes_through(cloud, status(job, "probe", PUBLIC_TENANT, "probe")) is accepted,
        cached_seconds=IAM_DECISION_SECONDS,
    )


def _goes_through(cloud: Cloud, update: Update) -> bool:
    try:
        cloud.publish(update)
    except PublishError:
        return False
    return True


@pytest.mark.parametrize(
    "action",
    [
        pytest.param("appsync:GraphQL", id="publish the mutation"),
        pytest.param("dynamodb:PutItem", id="write the status table"),
        pytest.param("dynamodb:Query", id="look up who is watching"),
    ],
)
def test_without_one_grant_of_the_publisher_nothing_is_pushed_and_the_payload_is_kept(
    cloud: Cloud, action: str
) -> None:
    user = cloud.user(tenant=0)
    lost, after = fresh_id("lost"), fresh_id("after")
    cloud.graphql(cloud.key_caller, WATCH_PUBLIC)
    with connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(user)) as socket:
        assert socket.start(SUBSCRIPTION, {"userId": user.user_id})["type"] == "start_ack"
        with without_grant(cloud, cloud.outputs.publisher_function_arn, action):
            _publish_until(cloud, accepted=False)
            update = status(fresh_id("job"), user.user_id, user.tenant_id, lost)
            batch_id = cloud.publish_async(update)
            letter = _dead_letter(cloud, batch_id)
        assert lost in letter
        _publish_until(cloud, accepted=True)
        cloud.publish(status(fresh_id("job"), user.user_id, user.tenant_id, after))
        socket.until_message(after)
        assert lost not in json.dumps(socket.frames)


def test_without_its_grant_on_the_queue_an_agent_works_on_and_its_statuses_are_in_its_log(
    cloud: Cloud,
) -> None:
    user, job_id = cloud.user(tenant=0), fresh_id("job")
    functions = (
        cloud.aws("lambda").get_paginator("list_functions").paginate().search("Functions[].FunctionArn")
    )
    (agent,) = (arn for arn in functions if "GeoAgent" in arn)
    work = {
        "jobId": job_id,
        "userId": user.user_id,
        "tenantId": user.tenant_id,
        "complaint": "Pothole on 24th Street",
    }
    with without_grant(cloud, agent, "sqs:SendMessage"):
        cloud.aws("stepfunctions").start_execution(
            stateMachineArn=cloud.outputs.state_machine_arn, name=job_id, input=json.dumps(work)
        )
        log = _log_until(cloud, job_id, "complete")
        kept = _undelivered(cloud, agent, job_id)
    told = {update["agentName"]["S"] for update in log if "agentName" in update}
    assert told == {"Category Agent", "Severity Agent"}
    assert {"agent_invoking", "agent_complete"} <= kept


def _log_until(cloud: Cloud, job_id: str, word: str) -> list[Any]:

    def log() -> list[Any]:
        items = cloud.aws("dynamodb").query(
            TableName=cloud.outputs.status_table,
            KeyConditionExpression="pk = :job AND begins_with(sk, :update)",
            ExpressionAttributeValues={
                ":job": {"S": partition(JobKey(cloud.user(tenant=0).tenant_id, job_id))},
                ":update": {"S": "UPDATE#"},
            },
            ConsistentRead=True,
        )["Items"]
        return list(items) if any(item["status"]["S"] == word for item in items) else []

    return wait_for(f"{word} of {job_id}", log)


def _undelivered(cloud: Cloud, function_arn: str, job_id: str) -> set[str]:
    """The statuses of the job that the function's log keeps because they could not be sent."""
    logs, group = cloud.aws("logs"), f"/aws/lambda/{function_arn.rsplit(':', 1)[-1]}"
    configured = cloud.aws("lambda").get_function_configuration(FunctionName=function_arn)
    group = configured.get("LoggingConfig", {}).get("LogGroup", group)

    def words() -> set[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"]]
        kept = [
            json.loads(line[line.index("{") :]) for line in lines if '{"statusbeam": "undelivered"' in line
        ]
        found = {
            str(update["status"])
            for line in kept
            for update in line["payload"]["updates"]
            if update["jobId"] == job_id
        }
        return found if "agent_complete" in found else set()

    return wait_for(f"the statuses of {job_id} in {group}", words)
