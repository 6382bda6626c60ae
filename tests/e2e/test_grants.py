"""Without one grant, an end-to-end path fails where it should, with an error and without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from tests.e2e.appsync_socket import connected
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.grants import WATCH_PUBLIC, publish_until, without_grant
from tests.e2e.waiting import wait_for

SUBSCRIPTION = (
    "subscription($userId: ID!) { onStatusUpdate(userId: $userId) { jobId message earlier { message } } }"
)


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
            publish_until(cloud, accepted=False)
            update = status(fresh_id("job"), user.user_id, user.tenant_id, lost)
            batch_id = cloud.publish_async(update)
            letter = _dead_letter(cloud, batch_id)
        assert lost in letter
        publish_until(cloud, accepted=True)
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
