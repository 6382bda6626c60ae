"""The page's own routes: its configuration, and starting a job as the signed-in user."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from statusbeam.localcloud.appsync.contract import (
    AppSyncError,
    AuthenticationError,
    AuthMode,
    Identity,
    SignedRequest,
)
from statusbeam.localcloud.appsync.http.messages import HttpRequest
from statusbeam.localcloud.dashboard import (
    MAX_BODY_BYTES,
    MAX_COMPLAINT_CHARACTERS,
    STREET_FAIR,
    DashboardRoutes,
)
from statusbeam.localcloud.outputs import DemoUser, LocalOutputs

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:Complaints"
FAIR = "arn:aws:states:us-east-1:000000000000:stateMachine:StreetFair"
OUTPUTS = LocalOutputs(
    graphql_url="http://127.0.0.1:4000/graphql",
    realtime_url="ws://127.0.0.1:4000/graphql/realtime",
    region="us-east-1",
    api_key="da2-key",
    user_pool_id="pool",
    user_pool_client_id="client",
    user_claim="cognito:username",
    state_machine_arn=MACHINE,
    street_fair_arn=FAIR,
    publisher_function_arn="arn:publisher",
    status_table="status",
    user_sessions_table="sessions",
    dashboard_url="http://127.0.0.1:4000/",
    bridge_url="http://127.0.0.1:4001",
    aws_endpoint_url="http://127.0.0.1:4566",
    demo_users=(
        DemoUser(username="ana", password="pw", user_id="ana", tenant_id="riverton", roles=("viewer",)),
    ),
    api_id="api0",
    view_token_secret_arn="arn:secret",
    view_token_audience="statusbeam-local",
    dead_letter_queue_url="http://127.0.0.1:4566/dead",
    status_transport="queue",
    status_queue_url="http://127.0.0.1:4566/000000000000/statuses.fifo",
    status_dead_letter_queue_url="http://127.0.0.1:4566/000000000000/dead.fifo",
    ca_certificate="/state/ca.pem",
    stacks={},
)


class Doorkeeper:
    """Knows the callers it is given, by their `Authorization`."""

    def __init__(self, **callers: Identity) -> None:
        self._callers = callers

    async def authenticate(self, request: SignedRequest) -> Identity:
        caller = self._callers.get(request.headers["authorization"])
        if caller is None:
            raise AuthenticationError
        return caller


def user(**claims: str) -> Identity:
    context = {"sub": "sub-1", "claims": {"cognito:username": "ana", **claims}}
    return Identity(mode=AuthMode.COGNITO, principal="sub-1", context=context)


def page(*, client: Any = None, outputs: LocalOutputs = OUTPUTS) -> DashboardRoutes:
    callers = Doorkeeper(
        ana=user(tenantId="riverton"),
        idtoken=user(**{"custom:tenantId": "riverton"}),
        stray=user(),
        view=Identity(mode=AuthMode.LAMBDA, principal="x", context={"resolverContext": {"userId": "u"}}),
    )
    return DashboardRoutes(outputs, authenticator=callers, state_machines=client, new_job_id=lambda: "demo-1")


def post(body: object, caller: str = "ana") -> HttpRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpRequest(method="POST", path="/demo/jobs", headers={"authorization": caller}, body=content)


async def test_without_an_example_the_page_offers_none_and_none_is_started() -> None:
    outputs = replace(OUTPUTS, state_machine_arn="")
    machines = boto3.client("stepfunctions", region_name="us-east-1")
    own_app = DashboardRoutes(outputs, authenticator=Doorkeeper(), state_machines=machines, new_job_id=str)
    request = HttpRequest(method="GET", path="/config.json")
    offered = [json.loads((await routes.config(request)).body)["hasExample"] for routes in (page(), own_app)]
    assert offered == [True, False]
    with pytest.raises(AppSyncError, match="no example workflow") as refused:
        await own_app.start_job(post({"complaint": "A hole"}, "ana"))
    assert refused.value.status == 404


@pytest.mark.parametrize("caller", ["ana", "idtoken"])
@pytest.mark.parametrize(
    ("body", "work"),
    [
        ({"complaint": " A hole in Mill Road. ", "failAgent": None}, {"complaint": "A hole in Mill Road."}),
        ({"complaint": "A hole"}, {"complaint": "A hole"}),
        ({"complaint": "A hole", "failAgent": "geo"}, {"complaint": "A hole", "failAgent": "geo"}),
        ({"complaint": "A hole", "userId": "mallory", "tenantId": "lakeside"}, {"complaint": "A hole"}),
    ],
    ids=str,
)
async def test_a_job_is_started_for_the_user_of_the_token_with_any_body(
    caller: str, body: dict[str, Any], work: dict[str, str]
) -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    expected = {**work, "jobId": "demo-1", "userId": "ana", "tenantId": "riverton"}
    with Stubber(client) as stubber:
        stubber.add_response(
            "start_execution",
            {"executionArn": f"{MACHINE}:demo-1", "startDate": 0},
            {"stateMachineArn": MACHINE, "name": "demo-1", "input": ANY},
        )
        sent: list[str] = []
        client.meta.events.register(
            "provide-client-params.sfn.StartExecution", lambda params, **_: sent.append(params["input"])
        )
        response = await page(client=client).start_job(post(body, caller))
    assert response.status == 200
    assert json.loads(response.body) == {"jobId": "demo-1"}
    assert json.loads(sent[0]) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "larger than"),
        (b"[" * 10_000, "not JSON"),
        ([], "not a JSON object"),
        ({}, "complaint must be a text"),
        ({"complaint": "  "}, "complaint must be a text"),
        ({"complaint": 5}, "complaint must be a text"),
        ({"complaint": "x" * (MAX_COMPLAINT_CHARACTERS + 1)}, "longer than"),
        ({"complaint": "x", "failAgent": 5}, "failAgent must be null"),
        ({"complaint": "x", "failAgent": ""}, "failAgent must be null"),
        ({"complaint": "x", "failAgent": "a" * 65}, "failAgent must be null"),
        ({"complaint": "x", "more": "y" * MAX_BODY_BYTES}, "larger than"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_is_not_a_job_is_refused_with_the_reason(body: object, said: str) -> None:
    with pytest.raises(AppSyncError, match=said) as refused:
        await page().start_job(post(body))
    assert refused.value.status == 400


@pytest.mark.parametrize(("body", "pace"), [({}, 1), ({"pace": 0}, 0), ({"pace": 2.5, "userId": "m"}, 2.5)])
async def test_a_street_fair_is_started_for_the_user_of_the_token(body: dict[str, Any], pace: float) -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    with Stubber(client) as stubber:
        stubber.add_response(
            "start_execution",
            {"executionArn": f"{FAIR}:demo-1", "startDate": 0},
            {
                "stateMachineArn": FAIR,
                "name": "demo-1",
                "input": json.dumps(
                    {
                        **STREET_FAIR,
                        "pace": pace,
                        "jobId": "demo-1",
                        "userId": "ana",
                        "tenantId": "riverton",
                    }
                ),
            },
        )
        response = await page(client=client).start_fair(post(body))
    assert json.loads(response.body) == {"jobId": "demo-1"}


@pytest.mark.parametrize("pace", [-1, 11, "1", None, True, [], float("nan")], ids=str)
async def test_a_pace_that_is_none_is_refused(pace: object) -> None:
    with pytest.raises(AppSyncError, match="pace must be a number from 0 to 10") as refused:
        await page().start_fair(post({"pace": pace}))
    assert refused.value.status == 400


@pytest.mark.parametrize("caller", ["", "nobody", "view"])
async def test_only_a_user_of_the_pool_starts_a_job(caller: str) -> None:
    with pytest.raises(AuthenticationError):
        await page().start_job(post({"complaint": "x"}, caller))


async def test_a_user_without_a_tenant_starts_nothing() -> None:
    with pytest.raises(AppSyncError, match="belongs to no tenant") as refused:
        await page().start_job(post({"complaint": "x"}, "stray"))
    assert refused.value.status == 403


async def test_the_dashboard_gets_every_url_but_not_the_api_key() -> None:
    response = await page().config(HttpRequest(method="GET", path="/config.json"))
    document = json.loads(response.body)
    assert document["graphqlUrl"] == OUTPUTS.graphql_url
    assert document["signIn"] == {
        "kind": "password",
        "region": "us-east-1",
        "userPoolId": "pool",
        "clientId": "client",
        "endpoint": OUTPUTS.aws_endpoint_url,
        "userClaim": "cognito:username",
    }
    assert document["demoUsers"][0]["password"] == "pw"
    assert "apiKey" not in document
    assert response.headers["cache-control"] == "no-store"


async def test_the_dashboard_gets_another_provider_and_offers_no_demo_users() -> None:
    outputs = replace(
        OUTPUTS,
        user_pool_id=None,
        user_pool_client_id=None,
        demo_users=(),
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="page",
        user_claim="sub",
    )
    response = await page(outputs=outputs).config(HttpRequest(method="GET", path="/config.json"))
    document = json.loads(response.body)
    assert "demoUsers" not in document
    assert document["signIn"] == {
        "kind": "oidc",
        "issuer": "http://127.0.0.1:9",
        "clientId": "page",
        "scopes": ["openid", "profile", "email"],
        "userClaim": "sub",
        "tenantClaim": "tenantId",
        "rolesClaim": "roles",
    }
