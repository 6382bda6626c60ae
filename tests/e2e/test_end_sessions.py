"""Signing out, or ending another user's sessions, ends subscriptions and refuses issued tokens in every
mode."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from gql import Client, gql
from gql.transport.appsync_auth import AppSyncJWTAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport
from websockets.exceptions import ConnectionClosedOK

from statusbeam.cli.main import main
from statusbeam.client.api import Api, FixedToken
from statusbeam.client.deployment import Deployment
from statusbeam.client.errors import RefusedError
from statusbeam.client.follower import Follower
from statusbeam.client.graphql_errors import LOGIN_ENDED
from statusbeam.localcloud.outputs import DemoUser
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.appsync_socket import AppSyncSocket, connected
from tests.e2e.callers import Caller, IamCaller, TokenCaller
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.node_client import NodeClient
from tests.e2e.test_real_clients import _environment
from tests.e2e.test_web_client import follow, state_where
from tests.e2e.waiting import DEADLINE_SECONDS, POLL_SECONDS, wait_for

WATCH = "subscription($userId: ID!) { onStatusUpdate(userId: $userId) { message } }"
WATCH_TENANT = "subscription($tenantId: ID!) { onTenantStatus(tenantId: $tenantId) { message } }"
END = "mutation($input: EndSessionsInput!) { endSessions(input: $input) { userId tenantId } }"
READS = {
    "getJob": 'query { getJob(jobId: "job-1") { sequence } }',
    "listJobs": "query { listJobs { jobs { jobId } } }",
    "listStatusUpdates": 'query { listStatusUpdates(jobId: "job-1") { currentSequence } }',
    "syncSession": 'mutation { syncSession(input: {connectionId: "c", action: open}) { expiresAt } }',
}


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """A watching user, and the caller who may end the sessions."""

    user_id: str
    tenant_id: str
    caller: Caller
    ends: Caller


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Caller:
    """An admin of the first tenant."""
    return cloud.caller(cloud.new_user(cloud.user(tenant=0).tenant_id, "admin"))


@pytest.fixture(scope="module")
def service(cloud: Cloud) -> IamCaller:
    """An IAM user with the grant on endSessions, and on a tenant's statuses."""
    return cloud.iam_reader(
        fresh_id("bouncer"), "Mutation/fields/endSessions", "Subscription/fields/onTenantStatus"
    )


@pytest.fixture(params=["access token", "ID token", "view token", "API key", "IAM"])
def watcher(
    request: pytest.FixtureRequest, cloud: Cloud, iam_reader: IamCaller, service: IamCaller
) -> Watcher:
    """End the sessions: users end their own, and a service ends those without a user."""
    mode = request.param
    if mode in ("API key", "IAM"):
        guest: Caller = cloud.key_caller if mode == "API key" else iam_reader
        return Watcher(user_id=fresh_id("guest"), tenant_id=PUBLIC_TENANT, caller=guest, ends=service)
    if mode == "view token":
        user_id, tenant_id = fresh_id("user"), fresh_id("tenant")
        token = TokenCaller(cloud.view_token(user_id, tenant_id))
        return Watcher(user_id=user_id, tenant_id=tenant_id, caller=token, ends=token)
    user = cloud.new_user(cloud.user(tenant=0).tenant_id)
    tokens = cloud.sign_in(user)
    caller = TokenCaller(tokens.access if mode == "access token" else tokens.id)
    return Watcher(user_id=user.user_id, tenant_id=user.tenant_id, caller=caller, ends=caller)


def end(cloud: Cloud, caller: Caller, user_id: str, tenant_id: str | None = None) -> dict[str, Any]:
    """Call endSessions; its answer."""
    asked = {"userId": user_id, **({} if tenant_id is None else {"tenantId": tenant_id})}
    return cloud.graphql(caller, END, {"input": asked})


def assert_ended(socket: AppSyncSocket, subscription_id: str) -> None:
    """The subscription completes, and AppSync closes the socket."""
    assert socket.until(lambda frame: frame.get("id") == subscription_id)["type"] == "complete"
    with pytest.raises(ConnectionClosedOK):
        socket.until(lambda frame: False)


def error_types(answer: dict[str, Any]) -> list[str]:
    return [error["errorType"] for error in answer.get("errors", [])]


def test_ending_sessions_ends_live_subscriptions(cloud: Cloud, watcher: Watcher) -> None:
    with connected(cloud.outputs.realtime_url, cloud.host, watcher.caller) as socket:
        started = socket.start(WATCH, {"userId": watcher.user_id})
        assert started["type"] == "start_ack"
        answer = end(cloud, watcher.ends, watcher.user_id, watcher.tenant_id)
        assert answer["data"]["endSessions"] == {"userId": watcher.user_id, "tenantId": watcher.tenant_id}
        assert_ended(socket, started["id"])
        cloud.publish(status(fresh_id("job"), watcher.user_id, watcher.tenant_id, "too late"))
        assert socket.data == []


def test_ending_sessions_leaves_no_session_to_push_to(cloud: Cloud, admin: Caller) -> None:
    operator = cloud.new_user(cloud.user(tenant=0).tenant_id, "operator")
    bystander = cloud.new_user(operator.tenant_id)
    with (
        connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(operator)) as ended,
        connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(bystander)) as staying,
    ):
        for _ in range(3):
            assert ended.start(WATCH, {"userId": operator.user_id})["type"] == "start_ack"
        assert ended.start(WATCH_TENANT, {"tenantId": operator.tenant_id})["type"] == "start_ack"
        assert staying.start(WATCH, {"userId": bystander.user_id})["type"] == "start_ack"
        assert len(sessions_of(cloud, operator)) == 4
        end(cloud, admin, operator.user_id)
        assert sessions_of(cloud, operator) == []
        assert len(sessions_of(cloud, bystander)) == 1


def sessions_of(cloud: Cloud, user: DemoUser) -> list[str]:
    """The sort keys of a user's sessions, of both kinds."""
    found = cloud.aws("dynamodb").scan(TableName=cloud.outputs.user_sessions_table, ConsistentRead=True)
    keys = [item["sk"]["S"] for item in found["Items"] if item["tenant_id"]["S"] == user.tenant_id]
    return [key for key in keys if key.startswith((f"{user.user_id}#", f"#tenant#{user.user_id}#"))]


@pytest.mark.parametrize("watcher", ["access token", "ID token", "view token"], indirect=True)
def test_an_ended_login_opens_nothing(cloud: Cloud, watcher: Watcher) -> None:
    end(cloud, watcher.ends, watcher.user_id)
    for query in READS.values():
        assert error_types(cloud.graphql(watcher.caller, query)) == ["LoginEnded"]
    assert error_types(end(cloud, watcher.caller, watcher.user_id)) == ["LoginEnded"]
    with connected(cloud.outputs.realtime_url, cloud.host, watcher.caller) as socket:
        refusal = socket.start(WATCH, {"userId": watcher.user_id})
    assert [error["errorType"] for error in refusal["payload"]["errors"]] == ["LoginEnded"]


def test_a_new_login_is_good_again(cloud: Cloud) -> None:
    user = cloud.new_user(cloud.user(tenant=0).tenant_id)
    end(cloud, cloud.caller(user), user.user_id)
    # Logins are told apart by the second.
    wait_for("a good login", lambda: not error_types(cloud.graphql(cloud.caller(user), READS["getJob"])))
    user_id, tenant_id = fresh_id("user"), fresh_id("tenant")
    end(cloud, TokenCaller(cloud.view_token(user_id, tenant_id)), user_id)
    newer = TokenCaller(cloud.view_token(user_id, tenant_id, now=lambda: time.time() + 2))
    assert error_types(cloud.graphql(newer, READS["listJobs"])) == []


def test_an_admin_throws_out_a_colleague_and_nobody_else(cloud: Cloud, admin: Caller) -> None:
    colleague, bystander = (cloud.new_user(cloud.user(tenant=0).tenant_id) for _ in range(2))
    operator = cloud.new_user(colleague.tenant_id, "operator")
    stranger = cloud.user(tenant=1)
    with (
        connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(colleague)) as thrown_out,
        connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(operator)) as leading,
        connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(bystander)) as staying,
    ):
        first = thrown_out.start(WATCH, {"userId": colleague.user_id})
        second = leading.start(WATCH_TENANT, {"tenantId": operator.tenant_id})
        assert staying.start(WATCH, {"userId": bystander.user_id})["type"] == "start_ack"
        assert error_types(end(cloud, admin, stranger.user_id, stranger.tenant_id)) == ["Forbidden"]
        end(cloud, admin, colleague.user_id)
        assert_ended(thrown_out, first["id"])
        message = fresh_id("still here")
        cloud.publish(status(fresh_id("job"), bystander.user_id, bystander.tenant_id, message))
        staying.until_message(message)
        leading.until_message(message)
        end(cloud, admin, operator.user_id)
        assert_ended(leading, second["id"])


def test_others_may_not_throw_anybody_out(cloud: Cloud) -> None:
    colleague = cloud.user(tenant=0)
    refused: list[tuple[Caller, str]] = [
        (cloud.caller(cloud.new_user(colleague.tenant_id, "viewer")), "Forbidden"),
        (cloud.caller(cloud.new_user(colleague.tenant_id, "operator")), "Forbidden"),
        (TokenCaller(cloud.view_token(colleague.user_id, colleague.tenant_id, job_ids=["j"])), "Forbidden"),
        (cloud.key_caller, "Unauthorized"),
        (cloud.iam_reader(fresh_id("stranger"), "Query/fields/getJob"), "Unauthorized"),
    ]
    for caller, error_type in refused:
        assert error_types(end(cloud, caller, colleague.user_id)) == [error_type]


def test_a_service_watching_a_tenant_is_ended_by_its_arn(cloud: Cloud, service: IamCaller) -> None:
    tenant_id = fresh_id("tenant")
    name = cloud.aws("iam").get_access_key_last_used(AccessKeyId=service.access_key_id)["UserName"]
    arn = cloud.aws("iam").get_user(UserName=name)["User"]["Arn"]
    with connected(cloud.outputs.realtime_url, cloud.host, service) as socket:
        started = socket.start(WATCH_TENANT, {"tenantId": tenant_id})
        assert started["type"] == "start_ack"
        end(cloud, service, arn, tenant_id)
        assert_ended(socket, started["id"])


def test_a_banned_user_comes_in_by_no_door(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    user, cognito = cloud.new_user(cloud.user(tenant=0).tenant_id), cloud.aws("cognito-idp")
    pool = cloud.outputs.user_pool_id
    client = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": cloud.outputs.user_pool_client_id}
    login = {"USERNAME": user.username, "PASSWORD": user.password}
    tokens = cognito.initiate_auth(**client, AuthParameters=login)["AuthenticationResult"]
    with connected(cloud.outputs.realtime_url, cloud.host, TokenCaller(tokens["AccessToken"])) as socket:
        started = socket.start(WATCH, {"userId": user.user_id})
        cognito.admin_disable_user(UserPoolId=pool, Username=user.username)
        cognito.admin_user_global_sign_out(UserPoolId=pool, Username=user.username)
        where = ["--state-dir", str(cloud.state.root)]
        assert main(["end-sessions", "--user", user.user_id, "--tenant", user.tenant_id, *where]) == 0
        assert "Ended the sessions of" in capsys.readouterr().out
        assert_ended(socket, started["id"])
    with pytest.raises(ClientError, match="disabled"):
        cloud.sign_in(user)
    with pytest.raises(ClientError, match="disabled"):
        cognito.initiate_auth(
            **{**client, "AuthFlow": "REFRESH_TOKEN_AUTH"},
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
    answer = cloud.graphql(TokenCaller(tokens["IdToken"]), READS["getJob"])
    assert error_types(answer) == ["LoginEnded"]


# --- what clients make of it ------------------------------------------------------------------------------


async def test_gql_receives_the_end_of_its_subscription(cloud: Cloud) -> None:
    user_id, tenant_id = fresh_id("user"), fresh_id("tenant")
    token = cloud.view_token(user_id, tenant_id)
    transport = AppSyncWebsocketsTransport(
        url=f"ws://{cloud.host}/graphql", auth=AppSyncJWTAuthentication(host=cloud.host, jwt=token)
    )
    operation = gql(WATCH)
    operation.variable_values = {"userId": user_id}
    received: list[dict[str, Any]] = []
    async with asyncio.timeout(20), Client(transport=transport) as session:

        async def publish_then_end() -> None:
            while not received:  # gql tells nobody when the subscription stands
                await asyncio.to_thread(cloud.publish, status(fresh_id("job"), user_id, tenant_id, "hello"))
            await asyncio.to_thread(end, cloud, TokenCaller(token), user_id)

        ending = asyncio.create_task(publish_then_end())
        async for result in session.subscribe(operation):
            received.append(result)
        await ending
    assert received


def test_amplify_receives_the_end_of_its_login(cloud: Cloud) -> None:
    user_id, tenant_id = fresh_id("user"), fresh_id("tenant")
    token = cloud.view_token(user_id, tenant_id)
    config = {
        "graphqlUrl": cloud.outputs.graphql_url,
        "region": cloud.outputs.region,
        "authMode": "lambda",
        "viewToken": token,
        "variables": {"userId": user_id},
        "expect": 2,
    }
    with NodeClient("amplify.mjs", config, environment=_environment(cloud)) as client:
        client.until("subscribed")
        end(cloud, TokenCaller(token), user_id)
        assert "LoginEnded" in client.until("error")["error"]  # it tried to subscribe again


def test_our_web_client_reports_the_end_of_its_login(cloud: Cloud) -> None:
    user_id, tenant_id, job_id = fresh_id("user"), fresh_id("tenant"), fresh_id("job")
    token = cloud.view_token(user_id, tenant_id)
    cloud.publish(status(job_id, user_id, tenant_id, "hello"))
    with follow(cloud, job_id, {"type": "viewToken", "tokens": [token]}) as client:
        state_where(client, lambda state: state["connection"] == "live" and state["verdict"] == "whole")
        end(cloud, TokenCaller(token), user_id)
        state = state_where(client, lambda state: state["error"] is not None)
    assert state["errorType"] == "LoginEnded"


def deployment_of(cloud: Cloud, user: DemoUser, token: str) -> Deployment:
    return Deployment(Api(cloud.outputs.graphql_url, FixedToken(token)), user.user_id, user.tenant_id)


async def test_our_own_follower_gets_the_error_and_does_not_reconnect(cloud: Cloud) -> None:
    user, job_id = cloud.new_user(cloud.user(tenant=0).tenant_id), fresh_id("job")
    tokens = cloud.sign_in(user)
    follower = Follower(job_id, deployment_of(cloud, user, tokens.id).service(job_id))
    await asyncio.to_thread(cloud.publish, status(job_id, user.user_id, user.tenant_id, "hello"))

    async def end_once_live() -> None:
        while follower.join.verdict != "whole":
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.to_thread(end, cloud, TokenCaller(tokens.access), user.user_id)

    async with asyncio.timeout(DEADLINE_SECONDS), aclosing(follower.batches()) as batches:
        ending = asyncio.create_task(end_once_live())
        followed = await anext(batches)
        with pytest.raises(RefusedError) as refused:
            await anext(batches)
        await ending
    assert [update.message for update in followed] == ["hello"]
    assert refused.value.error_type == LOGIN_ENDED


async def test_a_subscription_of_an_ended_login_is_refused_with_the_same_error(cloud: Cloud) -> None:
    user = cloud.new_user(cloud.user(tenant=0).tenant_id)
    tokens = cloud.sign_in(user)
    service = deployment_of(cloud, user, tokens.id).service(fresh_id("job"))
    await asyncio.to_thread(end, cloud, TokenCaller(tokens.access), user.user_id)
    with pytest.raises(RefusedError) as refused:
        async for _ in service.subscribe():
            pass
    assert refused.value.error_type == LOGIN_ENDED
