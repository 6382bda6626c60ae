"""The publisher as a newcomer writes it from the services' guides.

It does the same work for a status: write it, read the sessions, publish it signed. It keeps no connection.
"""

import json
import os
from decimal import Decimal
from typing import Any

import boto3
import requests
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key
from requests_aws4auth import AWS4Auth

from benchmarks.dialects import MUTATION

logger = Logger(service="status_publisher")
tracer = Tracer(service="status_publisher")
metrics = Metrics(namespace="Statusbeam", service="status_publisher")

dynamodb = boto3.resource("dynamodb")
status_table = dynamodb.Table(os.environ["STATUS_TABLE"])
sessions_table = dynamodb.Table(os.environ["USER_SESSIONS_TABLE"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda
    """Publish every status of the event."""
    published = 0
    for update in event["updates"]:
        published += publish(update)
    return {"published": published}


@tracer.capture_method
def publish(update: dict[str, Any]) -> int:
    """Write one status, and publish it if a session exists."""
    item = json.loads(json.dumps(update), parse_float=Decimal)
    status_table.put_item(
        Item={
            "pk": f"JOB#{update['jobId']}",
            "sk": f"UPDATE#{update['timestamp']}#{update['eventId']}",
            **item,
        }
    )
    sessions = sessions_table.query(
        KeyConditionExpression=Key("tenant_id").eq(update["tenantId"])
        & Key("sk").begins_with(f"{update['userId']}#")
    )
    if not sessions["Items"]:
        logger.warning("no active session", extra={"user_id": update["userId"]})
        return 0
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    response = requests.post(
        os.environ["APPSYNC_API_URL"],
        json={"query": MUTATION, "variables": {"input": update}},
        auth=AWS4Auth(
            frozen.access_key,
            frozen.secret_key,
            os.environ["AWS_REGION"],
            "appsync",
            session_token=frozen.token,
        ),
        timeout=10,
    )
    response.raise_for_status()
    if "errors" in response.json():
        raise RuntimeError(response.text)
    logger.info("status published", extra={"job_id": update["jobId"], "status": update["status"]})
    metrics.add_metric(name="StatusPublished", unit=MetricUnit.Count, value=1)
    return 1
