"""The first version's clients, unmodified: an API key and seven fields, without `earlier` and `joined`.

A scope reports the job, so its statuses come several a commit. Each of them reaches each of these clients.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.appsync_auth import AppSyncApiKeyAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport

from status_utils import QueueTransport, job
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.cloud import Cloud, Update, fresh_id
from tests.e2e.node_client import NodeClient
from tests.e2e.start_ack import StartAck
from tests.e2e.waiting import DEADLINE_SECONDS

SEVEN_FIELDS = "jobId userId agentName status message timestamp metadata"
SUBSCRIPTION = f"""
subscription OnStatusUpdate($userId: ID!, $jobId: ID) {{
  onStatusUpdate(userId: $userId, jobId: $jobId) {{ {SEVEN_FIELDS} }}
}}
"""
LAST = "complete"
Watch = Callable[[Cloud, str, str, Callable[[], None]], list[Update]]


def report(cloud: Cloud, job_id: str, user_id: str) -> None:
    """A job of two agents that use a tool each, reported by a scope through the queue."""
    transport = QueueTransport(cloud.outputs.status_queue_url, new_client=lambda: cloud.aws("sqs"))
    with job(
        job_id=job_id, user_id=user_id, tenant_id=PUBLIC_TENANT, plan=["Geo", "Category"], transport=transport
    ) as j:
        for name in ("Geo", "Category"):
            with j.agent(name) as agent:
                for percent in (25, 50, 75):
                    agent.progress(percent=percent, message=f"{percent} %")
                with agent.tool("amazon_location", reason="Where is it?"):
                    pass


def by_gql(cloud: Cloud, job_id: str, user_id: str, publish: Callable[[], None]) -> list[Update]:
    """gql for Python."""
    received: list[Update] = []

    async def follow() -> None:
        url = f"ws://{cloud.host}/graphql"
        auth = AppSyncApiKeyAuthentication(host=cloud.host, api_key=cloud.outputs.api_key)
        operation = gql(SUBSCRIPTION)
        operation.variable_values = {"userId": user_id, "jobId": job_id}
        with StartAck() as start_ack:

            async def listen() -> None:
                async with Client(transport=AppSyncWebsocketsTransport(url=url, auth=auth)) as session:
                    async for result in session.subscribe(operation):
                        received.append(result["onStatusUpdate"])
                        if received[-1]["status"] == LAST:
                            return

            async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(listen())
                await start_ack.seen.wait()
                await asyncio.to_thread(publish)

    asyncio.run(follow())
    return received


def _by_script(
    script: str, cloud: Cloud, job_id: str, user_id: str, publish: Callable[[], None]
) -> list[Update]:
    config = {
        "graphqlUrl": cloud.outputs.graphql_url,
        "region": cloud.outputs.region,
        "authMode": "apiKey",
        "apiKey": cloud.outputs.api_key,
        "query": SUBSCRIPTION,
        "variables": {"userId": user_id, "jobId": job_id},
        "until": LAST,
    }
    # Amplify turns http:// into wss://: the same port speaks TLS, under a certificate of localcloud's own CA.
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": cloud.outputs.ca_certificate}
    with NodeClient(script, config, environment=environment) as client:
        client.until("subscribed")
        publish()
        client.finish()
    return client.updates


def by_aws_appsync(cloud: Cloud, job_id: str, user_id: str, publish: Callable[[], None]) -> list[Update]:
    """aws-appsync 4."""
    return _by_script("first/aws-appsync.js", cloud, job_id, user_id, publish)


def by_amplify(cloud: Cloud, job_id: str, user_id: str, publish: Callable[[], None]) -> list[Update]:
    """aws-amplify."""
    return _by_script("amplify.mjs", cloud, job_id, user_id, publish)


@pytest.mark.parametrize("watch", [by_gql, by_aws_appsync, by_amplify])
def test_every_status_of_a_scope_arrives(cloud: Cloud, watch: Watch) -> None:
    job_id, user_id = fresh_id("job"), fresh_id("user")
    received = watch(cloud, job_id, user_id, lambda: report(cloud, job_id, user_id))
    log = cloud.log(JobKey(PUBLIC_TENANT, job_id))
    told = ("jobId", "userId", "agentName", "status", "message", "timestamp")
    assert [[push.get(name) for name in told] for push in received] == [
        [update.get(name) for name in told] for update in log
    ]
    assert len(log) >= len(["loading", "complete"]) + 2 * len(["invoking", "progress", "tool", "complete"])
    assert [_of_tool(push) for push in received] == [
        (update.get("toolName"), int(update["executionTimeMs"]) if "executionTimeMs" in update else None)
        for update in log
    ]
    assert {"amazon_location", None} == {tool for tool, _ in map(_of_tool, received)}


def _of_tool(push: Update) -> tuple[Any, Any]:
    """The tool and the time in the metadata."""
    metadata = json.loads(push["metadata"] or "{}")
    return metadata.get("toolName"), metadata.get("executionTimeMs")
