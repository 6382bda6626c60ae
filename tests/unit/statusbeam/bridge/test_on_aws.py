"""The bridge connected to its tables, by a deployment's variables."""

from __future__ import annotations

import boto3
import pytest
from starlette.testclient import TestClient

from status_utils.tokens import ViewTokenKeys, mint_view_token
from statusbeam.bridge.app import create_app
from statusbeam.bridge.on_aws import bridge_on_aws
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.errors import SettingError
from statusbeam.model.settings import BridgeSettings
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, dynamo_tables
from tests.unit.samples import batch
from tests.unit.statusbeam.localcloud.appsync.oidc_provider import oidc_provider

SECRET = "a secret of more than thirty-two characters"


def environment(**changes: str) -> dict[str, str]:
    return {"STATUS_TABLE": STATUS_TABLE, "USER_SESSIONS_TABLE": SESSIONS_TABLE, **changes}


def test_a_view_token_reads_a_job_of_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with dynamo_tables() as client:
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="view-tokens", SecretString=SECRET)
        DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90).commit(
            batch("b1", 2), deadline=2e9
        )
        settings = BridgeSettings.from_env(
            environment(
                VIEW_TOKEN_SECRET="view-tokens",
                VIEW_TOKEN_AUDIENCE="test",
                USER_POOL_ID="us-east-1_pool",
                USER_POOL_CLIENT_IDS="page",
                BRIDGE_WORKFLOWS="complaints=arn:aws:states:us-east-1:123456789012:stateMachine:complaints",
            )
        )
        keys = ViewTokenKeys(lambda: [SECRET])
        token = mint_view_token("ana", "city", keys=keys, audience="test")
        headers = {"authorization": f"Bearer {token}"}
        with TestClient(create_app(bridge_on_aws(settings))) as http:
            job = http.get("/jobs/job-1", headers=headers).json()
            assert (job["jobId"], job["sequence"]) == ("job-1", 2)
            ticket = http.post("/tickets", headers=headers).json()["ticket"]
            assert http.get("/jobs", params={"ticket": ticket}).status_code == 200
            assert http.get("/jobs", params={"ticket": ticket}).status_code == 401
            assert http.post("/run-workflow", headers=headers, json={}).status_code == 403


def test_a_providers_tokens_are_taken_of_the_named_clients_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with dynamo_tables() as client, oidc_provider() as provider:
        DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90).commit(
            batch("b1", 2), deadline=2e9
        )
        settings = BridgeSettings.from_env(
            environment(
                OIDC_ISSUER=provider.issuer,
                OIDC_CLIENT_IDS="page desk.example.com",
                USER_CLAIM="login",
                TENANT_CLAIM="org",
            )
        )

        def status_of(client_id: str) -> int:
            token = provider.token(sub="1a2b", login="ana", org="city", aud=client_id)
            return http.get("/jobs/job-1", headers={"authorization": f"Bearer {token}"}).status_code

        with TestClient(create_app(bridge_on_aws(settings))) as http:
            taken = [status_of("page"), status_of("desk.example.com")]
            refused = [status_of("pages"), status_of("deskXexample.com"), status_of("page desk.example.com")]
    assert (taken, refused) == ([200, 200], [401, 401, 401])


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"VIEW_TOKEN_SECRET": "arn"}, "VIEW_TOKEN_AUDIENCE"),
        ({"USER_POOL_ID": "us-east-1_pool"}, "USER_POOL_CLIENT_IDS"),
        ({"OIDC_ISSUER": "https://login.example"}, "OIDC_ISSUER"),
        ({"BRIDGE_WORKFLOWS": "complaints"}, "BRIDGE_WORKFLOWS"),
        ({"STATUS_TABLE": ""}, "STATUS_TABLE"),
    ],
)
def test_settings_that_do_not_fit_name_the_variable(changes: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingError) as refused:
        BridgeSettings.from_env(environment(**changes))
    assert refused.value.variable == variable


def test_lists_in_settings_are_words() -> None:
    settings = BridgeSettings.from_env(
        environment(BRIDGE_ORIGINS="https://a http://localhost:*", BRIDGE_WORKFLOWS="a=arn:1 b=arn:2")
    )
    assert settings.origins == ("https://a", "http://localhost:*")
    assert list(settings.workflows.items()) == [("a", "arn:1"), ("b", "arn:2")]
    assert BridgeSettings.from_env(settings.to_env()) == settings
