"""Clients as people install them subscribe, and receive exactly what was published, in every mode."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.credentials import Credentials
from gql import Client, gql
from gql.transport.appsync_auth import (
    AppSyncApiKeyAuthentication,
    AppSyncAuthentication,
    AppSyncIAMAuthentication,
    AppSyncJWTAuthentication,
)
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport

from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.browser_page import chromium, serve_page, until
from tests.e2e.callers import IamCaller
from tests.e2e.cloud import Cloud, Tokens, Update, fresh_id, status
from tests.e2e.node_client import NodeClient
from tests.e2e.start_ack import StartAck
from tests.e2e.waiting import DEADLINE_SECONDS

MODES = ("apiKey", "iam", "userPool", "lambda")
SUBSCRIPTION = """
subscription OnStatusUpdate($userId: ID!, $jobId: ID) {
  onStatusUpdate(userId: $userId, jobId: $jobId, joined: true) {
    jobId userId tenantId eventId sequence type status message metadata earlier { eventId sequence message }
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A user who watches an own new job, in one mode."""

    mode: str
    user_id: str
    tenant_id: str
    job_id: str
    tokens: Tokens | None
    view_token: str | None
    iam: IamCaller
    api_key: str

    def config(self) -> dict[str, Any]:
        """The configuration of the JavaScript clients for this reader."""
        credentials = {"accessKeyId": self.iam.access_key_id, "secretAccessKey": self.iam.secret_access_key}
        of_mode: dict[str, dict[str, Any]] = {
            "apiKey": {"apiKey": self.api_key},
            "iam": {"credentials": credentials},
            "userPool": {"accessToken": self.tokens.access, "idToken": self.tokens.id} if self.tokens else {},
            "lambda": {"viewToken": self.view_token},
        }
        variables = {"userId": self.user_id, "jobId": self.job_id}
        return {"authMode": self.mode, "variables": variables, **of_mode[self.mode]}

    def gql_authentication(self, host: str) -> AppSyncAuthentication:
        """The same for gql, which has no word for view tokens: they travel as its JWTs do."""
        if self.mode == "apiKey":
            return AppSyncApiKeyAuthentication(host=host, api_key=self.api_key)
        if self.mode == "iam":
            credentials = Credentials(self.iam.access_key_id, self.iam.secret_access_key)
            return AppSyncIAMAuthentication(host=host, region_name=self.iam.region, credentials=credentials)
        token = self.tokens.access if self.tokens else self.view_token
        assert token is not None
        return AppSyncJWTAuthentication(host=host, jwt=token)


@pytest.fixture(params=MODES)
def reader(request: pytest.FixtureRequest, cloud: Cloud, iam_reader: IamCaller) -> Reader:
    """A reader of each mode. A key and an IAM user have no user: they read the tenant `public`.

    Nobody else watches the tenant: another test's plain client would split the pushes.
    """
    mode = str(request.param)
    user = cloud.new_user(fresh_id("tenant")) if mode == "userPool" else None
    user_id = user.user_id if user else fresh_id("user")
    tenant_id = user.tenant_id if user else fresh_id("tenant") if mode == "lambda" else PUBLIC_TENANT
    cloud.end_watches_on(tenant_id)
    return Reader(
        mode=mode,
        user_id=user_id,
        tenant_id=tenant_id,
        job_id=fresh_id("job"),
        tokens=cloud.sign_in(user) if user else None,
        view_token=cloud.view_token(user_id, tenant_id) if mode == "lambda" else None,
        iam=iam_reader,
        api_key=cloud.outputs.api_key,
    )


@dataclass(frozen=True, kw_only=True)
class Story:
    """The published statuses: two one by one, then three in one commit, which is one push."""

    single: tuple[Update, ...]
    together: tuple[Update, ...]

    PUSHES = 3

    @classmethod
    def of(cls, reader: Reader) -> Story:
        """A story of the reader's job, with text that every layer has to carry unharmed."""

        def tell(message: str, **more: Any) -> Update:
            return status(reader.job_id, reader.user_id, reader.tenant_id, message, **more)

        return cls(
            single=(
                tell("Straße „Łódź“ → 東京 🛰", metadata={"nested": {"list": [1, 2.5, None, "\u2028"]}}),
                tell('quotes " and \\ backslashes\n and lines'),
            ),
            together=(tell("first of three"), tell("second of three"), tell("third of three")),
        )

    def publish(self, cloud: Cloud) -> None:
        """Hand it to the publisher, one commit after the other."""
        for update in self.single:
            cloud.publish(update)
        cloud.publish(*self.together)

    def expect(self, received: list[dict[str, Any]]) -> None:
        """Fail unless `received` is this story: nothing lost, doubled, reordered or changed."""
        assert [push["sequence"] for push in received] == [1, 2, 5]
        for push, update in zip(received, (*self.single, self.together[-1]), strict=True):
            assert {name: push[name] for name in update if name in push and name != "metadata"} == {
                name: value for name, value in update.items() if name in push and name != "metadata"
            }
            assert push["type"] == "agent_status"
            assert _decoded(push["metadata"]) == update.get("metadata")
        assert [push["earlier"] for push in received[:2]] == [None, None]
        # Apollo asks for `__typename` everywhere.
        earlier = [
            {name: one[name] for name in one if name != "__typename"} for one in received[2]["earlier"]
        ]
        assert earlier == [
            {"eventId": update["eventId"], "sequence": sequence, "message": update["message"]}
            for sequence, update in enumerate(self.together[:-1], start=3)
        ]


def _decoded(metadata: str | None) -> Any:
    return None if metadata is None else json.loads(metadata)


# --- Python: gql ------------------------------------------------------------------------------------------


@pytest.fixture
def start_ack() -> Iterator[StartAck]:
    """Listens to gql's log for the time of a test."""
    with StartAck() as listening:
        yield listening


async def test_gql_receives_what_was_published(cloud: Cloud, reader: Reader, start_ack: StartAck) -> None:
    story = Story.of(reader)
    transport = AppSyncWebsocketsTransport(
        url=f"ws://{cloud.host}/graphql", auth=reader.gql_authentication(cloud.host)
    )
    operation = gql(SUBSCRIPTION)
    operation.variable_values = {"userId": reader.user_id, "jobId": reader.job_id}
    received: list[dict[str, Any]] = []

    async def listen() -> None:
        async with Client(transport=transport) as session:
            async for result in session.subscribe(operation):
                received.append(result["onStatusUpdate"])
                if len(received) == Story.PUSHES:
                    return

    async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        await start_ack.seen.wait()
        await asyncio.to_thread(story.publish, cloud)
    story.expect(received)


# --- Node: aws-amplify and aws-appsync-subscription-link --------------------------------------------------


def _environment(cloud: Cloud) -> dict[str, str]:
    # Amplify turns http:// into wss://: the same port speaks TLS, under a certificate of localcloud's own CA.
    return {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": cloud.outputs.ca_certificate}


def _receive(
    cloud: Cloud, reader: Reader, script: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> NodeClient:
    """Run a client through a story and check its received statuses."""
    story = Story.of(reader)
    config = {
        "graphqlUrl": cloud.outputs.graphql_url,
        "region": cloud.outputs.region,
        "expect": Story.PUSHES,
        **reader.config(),
    }
    with NodeClient(script, change(config), environment=_environment(cloud)) as client:
        client.until("subscribed")
        story.publish(cloud)
        client.finish()
    story.expect(client.updates)
    return client


def _websocket_url(cloud: Cloud) -> str:
    return f"ws://{cloud.host}/graphql"


def test_amplify_in_node_receives_over_tls_and_queries_on_the_same_port(cloud: Cloud, reader: Reader) -> None:
    client = _receive(cloud, reader, "amplify.mjs", lambda config: {**config, "queryJobId": reader.job_id})
    (result,) = (event for event in client.events if event["event"] == "result")
    assert result["data"]["getJob"]["jobId"] == reader.job_id


def test_amplify_in_node_receives_through_a_ws_endpoint_in_its_configuration(
    cloud: Cloud, reader: Reader
) -> None:
    _receive(cloud, reader, "amplify.mjs", lambda config: {**config, "graphqlUrl": _websocket_url(cloud)})


def test_amplify_in_node_receives_through_a_ws_endpoint_of_one_client(cloud: Cloud, reader: Reader) -> None:
    _receive(
        cloud, reader, "amplify.mjs", lambda config: {**config, "subscriptionEndpoint": _websocket_url(cloud)}
    )


def test_subscription_link_receives_what_was_published(cloud: Cloud, reader: Reader) -> None:
    _receive(cloud, reader, "link.cjs", lambda config: config)


# --- Chromium: aws-amplify --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def amplify_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with Amplify, on a separate origin."""
    with serve_page(tmp_path_factory.mktemp("page")) as url:
        yield url


def test_amplify_in_chromium_receives_what_was_published(
    cloud: Cloud, reader: Reader, amplify_page: str
) -> None:
    story = Story.of(reader)
    config = {
        "graphqlUrl": cloud.outputs.graphql_url,
        "region": cloud.outputs.region,
        "expect": Story.PUSHES,
        **reader.config(),
    }
    host, port = cloud.host.split(":")
    with chromium((host, int(port))) as browser:
        page = browser.new_page()
        page.goto(amplify_page)
        page.evaluate("config => startSubscription(config)", config)
        until(page, "subscribed")
        story.publish(cloud)
        events = until(page, "done")
    story.expect([event["update"] for event in events if event["event"] == "update"])
