"""The probe's access to AWS: the transports that agents use, the publisher itself, and the table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from status_utils.transports.lambda_transport import LambdaTransport
from status_utils.transports.queue_transport import QueueTransport
from statusbeam.log.journal.dynamo_items import PK, SK, from_item, partition, to_item, update_key
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import StatusTable

from ..target import Target
from .facts import AnswerFacts, Failure
from .failures import attempt
from .inspection import queue_url_of, transport_of
from .probe import Payload, ProbeCalls


def probe_calls(target: Target, tenant: str) -> ProbeCalls:
    """The calls to a deployment. Raises ClientError."""
    transport = transport_of(target.outputs)
    publisher = target.output("PublisherFunctionArn")
    table = target.output("StatusTable")
    functions, tables = target.client("lambda"), target.client("dynamodb")
    if transport == "queue":
        queues = target.client("sqs")  # made before the probe, which would measure it
        send = QueueTransport(queue_url_of(target.outputs, tenant), new_client=lambda: queues).send
    else:
        send = LambdaTransport(publisher, new_client=lambda: functions).send

    def invoke(payload: Payload) -> AnswerFacts:
        return _answer(functions, publisher, payload)

    def committed(job_id: str, after: int) -> Sequence[tuple[int, str]] | None:
        return _committed(tables, table, JobKey(tenant, job_id), after)

    return ProbeCalls(transport=transport, send=send, invoke=invoke, committed=committed)


def _answer(functions: Any, publisher: str, payload: Payload) -> AnswerFacts:
    def call() -> tuple[bool, Any]:
        answer = functions.invoke(FunctionName=publisher, Payload=json.dumps(payload).encode())
        return "FunctionError" in answer, json.loads(answer["Payload"].read())

    answered, failure = attempt("invoke the publisher", call)
    if answered is None:
        return AnswerFacts(failure=failure)
    has_failed, body = answered
    if has_failed or not isinstance(body, dict) or "committed" not in body:
        error = body if isinstance(body, dict) else {}
        message = " ".join(str(error.get("errorMessage", body)).split())
        return AnswerFacts(error=Failure(str(error.get("errorType", "Error")), message))
    rejected = [f"{each.get('field')}: {each.get('message')}" for each in body["rejected"]]
    return AnswerFacts(rejected=rejected[0] if rejected else None, pushed=int(body["pushed"]))


def _committed(tables: Any, table: str, job: JobKey, after: int) -> list[tuple[int, str]] | None:
    query = {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#pk": PK, "#sk": SK},
        "ExpressionAttributeValues": to_item(
            {
                ":pk": partition(job),
                ":first": update_key(after + 1),
                ":last": update_key(10**StatusTable.SEQUENCE_DIGITS - 1),
            }
        ),
    }
    items, _ = attempt("read the table", lambda: tables.query(**query)["Items"])
    if items is None:
        return None
    return [(int(item["sequence"]), str(item["eventId"])) for item in map(from_item, items)]
