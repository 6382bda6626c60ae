"""Reads the configuration of a deployment, as far as the AWS credentials allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

from statusbeam.model.settings import PROBE_PREFIX, SessionsTable, StatusTable

from ..api import data_of, post
from ..errors import ClientError
from ..target import Target, client_config, stack_name
from .facts import ApiKeyFacts, Failure, PublisherFacts, QueueFacts, StackFacts, TableFacts, Transport
from .failures import attempt, failure_of

_PROBED_KEY: Final = f"{PROBE_PREFIX}absent"
"""The key of an item that no table has."""
_EXPECTED: Final = {
    "appsync_api_url": "GraphqlUrl",
    "appsync_api_id": "ApiId",
    "user_sessions_table": "UserSessionsTable",
    "status_table": "StatusTable",
}
"""Settings of the publisher, and the outputs with their values."""
_STATUS_STACK: Final = frozenset(("GraphqlUrl", "PublisherFunctionArn"))
"""Outputs that every status stack has."""
_AT_ONCE: Final = 16


def transport_of(outputs: Mapping[str, str]) -> Transport:
    """How code of the deployment reports statuses."""
    return "invoke" if outputs.get("StatusTransport") == "invoke" else "queue"


def queue_url_of(outputs: Mapping[str, str], tenant: str) -> str:
    """The queue of a tenant: its own one, or the shared one."""
    own: dict[str, str] = json.loads(outputs.get("TenantQueueUrls") or "{}")
    return own.get(tenant) or outputs["StatusQueueUrl"]


def inspect_stack(target: Target) -> StackFacts:
    """The stack, or why it cannot be read."""
    asked = str(target.choice.place.value)
    name = stack_name(asked)
    region = target.choice.region.value
    try:
        region = target.session.region_name
        outputs = target.outputs
    except ClientError as error:
        return _unread_stack(target, name, region, failure_of(error))
    is_status_stack = set(outputs) >= _STATUS_STACK
    others = () if is_status_stack else _status_stacks(target)
    return StackFacts(name=name, region=region, others=others, is_status_stack=is_status_stack)


def _unread_stack(target: Target, name: str, region: str | None, failure: Failure) -> StackFacts:
    if "does not exist" not in failure.message:
        known = _known_regions(target) if "Connect" in failure.code else ()
        return StackFacts(name=name, region=region, known_regions=known, failure=failure)
    short = name.split("/")[1] if name.startswith("arn:") else name
    others = _status_stacks(target)
    found_in = _regions_with(target, short)
    return StackFacts(name=short, region=region, failure=failure, found_in=found_in, others=others)


def _known_regions(target: Target) -> tuple[str, ...]:
    session = target.session
    partitions = session.get_available_partitions()
    return tuple(
        region for each in partitions for region in session.get_available_regions("cloudformation", each)
    )


def _status_stacks(target: Target) -> tuple[str, ...]:
    client = target.client("cloudformation")

    def read() -> tuple[str, ...]:
        pages = client.get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        return tuple(
            stack["StackName"]
            for stack in stacks
            if {output["OutputKey"] for output in stack.get("Outputs", ())} >= _STATUS_STACK
        )

    return attempt("list the stacks", read)[0] or ()


def _regions_with(target: Target, name: str) -> tuple[str, ...]:
    """The other regions with a stack of this name. A region that refuses the caller counts as one without
    it."""
    session = target.session
    regions = [
        region for region in session.get_available_regions("cloudformation") if region != session.region_name
    ]
    clients = [  # one after the other: a boto3 session is not thread-safe
        session.client("cloudformation", region_name=region, config=client_config()) for region in regions
    ]

    def has(client: Any) -> bool:
        return attempt("look for the stack", lambda: client.describe_stacks(StackName=name))[1] is None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(region for region, found in zip(regions, pool.map(has, clients), strict=True) if found)


def inspect_tables(target: Target) -> tuple[TableFacts, ...]:
    """The tables, each by a read of an item that it does not have."""
    tables = (
        ("StatusTable", "statuses", StatusTable.PARTITION_KEY, StatusTable.SORT_KEY),
        ("UserSessionsTable", "sessions", SessionsTable.PARTITION_KEY, SessionsTable.SORT_KEY),
    )
    client = target.client("dynamodb")
    return tuple(
        TableFacts(name=name, purpose=purpose, failure=_read(client, name, partition_key, sort_key))
        for output, purpose, partition_key, sort_key in tables
        if (name := target.outputs.get(output))
    )


def _read(client: Any, table: str, *key: str) -> Failure | None:
    absent = {name: {"S": _PROBED_KEY} for name in key}
    return attempt("read a table", lambda: client.get_item(TableName=table, Key=absent))[1]


def inspect_api_key(target: Target) -> ApiKeyFacts | None:
    """The API key, or None for an API without one."""
    key = target.outputs.get("ApiKey")
    if not key:
        return None
    body = json.dumps({"query": "{ __typename }"}).encode()
    failure = None
    try:
        data_of(post(target.output("GraphqlUrl"), body, {"x-api-key": key}))
    except ClientError as error:
        failure = failure_of(error)
    client = target.client("appsync")
    api_id = target.outputs.get("ApiId", "")
    listed, _ = attempt("list the API keys", lambda: client.list_api_keys(apiId=api_id)["apiKeys"])
    expires = next((each.get("expires") for each in listed or () if each["id"] == key), None)
    return ApiKeyFacts(expires_at=None if expires is None else float(expires), failure=failure)


def inspect_publisher(target: Target) -> PublisherFacts:
    """The publisher function."""
    arn = target.output("PublisherFunctionArn")
    name = arn.rsplit(":", 1)[-1]
    client = target.client("lambda")
    found, failure = attempt(
        "read the publisher", lambda: client.get_function_configuration(FunctionName=arn)
    )
    if found is None:
        return PublisherFacts(name=name, failure=failure)
    concurrency, _ = attempt(
        "read its concurrency", lambda: client.get_function_concurrency(FunctionName=arn)
    )
    environment = found.get("Environment", {})
    outputs = target.outputs
    return PublisherFacts(
        name=name,
        state=found.get("State"),
        state_reason=found.get("StateReason"),
        variables=None if "Error" in environment else environment.get("Variables", {}),
        expected={
            setting.upper(): outputs[output] for setting, output in _EXPECTED.items() if output in outputs
        },
        reserved_concurrency=(concurrency or {}).get("ReservedConcurrentExecutions"),
    )


def inspect_queue(target: Target, tenant: str) -> QueueFacts:
    """The queue of the tenant, and whether it delivers."""
    url = queue_url_of(target.outputs, tenant)
    queues, functions = target.client("sqs"), target.client("lambda")
    found, failure = attempt(
        "read the queue", lambda: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    )
    if found is None:
        return QueueFacts(url=url, failure=failure)
    arn = found["Attributes"]["QueueArn"]
    mappings, _ = attempt(
        "read its event source mappings",
        lambda: functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"],
    )
    return QueueFacts(url=url, feed=None if mappings is None else _feed(mappings))


def _feed(mappings: list[Any]) -> Literal["on", "off", "none"]:
    if not mappings:
        return "none"
    stopped = all(mapping["State"] in ("Disabled", "Disabling", "Deleting") for mapping in mappings)
    return "off" if stopped else "on"
