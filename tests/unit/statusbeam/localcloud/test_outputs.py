"""The outputs file: exact names, private, and readable again."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from statusbeam.localcloud.outputs import DemoUser, LocalOutputs, OutputsError, read_outputs

USER = DemoUser(username="ana", password="a password", user_id="ana", tenant_id="riverton", roles=("viewer",))
OUTPUTS = LocalOutputs(
    graphql_url="http://127.0.0.1:4000/graphql",
    realtime_url="ws://127.0.0.1:4000/graphql/realtime",
    region="us-east-1",
    api_key="da2-key",
    user_pool_id="us-east-1_pool",
    user_pool_client_id="client",
    user_claim="cognito:username",
    state_machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:Complaints",
    street_fair_arn="arn:aws:states:us-east-1:000000000000:stateMachine:Fair",
    publisher_function_arn="arn:aws:lambda:us-east-1:000000000000:function:Publisher",
    status_table="status",
    user_sessions_table="sessions",
    dashboard_url="http://127.0.0.1:4000/",
    bridge_url="http://127.0.0.1:4001",
    aws_endpoint_url="http://127.0.0.1:4566",
    demo_users=(USER,),
    api_id="api0",
    view_token_secret_arn="arn:aws:secretsmanager:us-east-1:000000000000:secret:view",
    view_token_audience="statusbeam-local",
    dead_letter_queue_url="http://127.0.0.1:4566/000000000000/dead",
    status_transport="queue",
    status_queue_url="http://127.0.0.1:4566/000000000000/statuses.fifo",
    status_dead_letter_queue_url="http://127.0.0.1:4566/000000000000/dead.fifo",
    ca_certificate="/state/certificates/ca.pem",
    stacks={"TheirStack": {"QueueUrl": "http://127.0.0.1:4566/000000000000/orders"}},
)


def test_the_file_has_exactly_the_names_that_others_read(tmp_path: Path) -> None:
    OUTPUTS.write(tmp_path / "outputs.json")
    document = json.loads((tmp_path / "outputs.json").read_text())
    assert set(document) == {
        "graphqlUrl",
        "realtimeUrl",
        "region",
        "apiKey",
        "userPoolId",
        "userPoolClientId",
        "oidcIssuer",
        "oidcClientId",
        "userClaim",
        "stateMachineArn",
        "streetFairArn",
        "publisherFunctionArn",
        "statusTable",
        "userSessionsTable",
        "dashboardUrl",
        "bridgeUrl",
        "awsEndpointUrl",
        "demoUsers",
        "apiId",
        "viewTokenSecretArn",
        "viewTokenAudience",
        "deadLetterQueueUrl",
        "statusTransport",
        "statusQueueUrl",
        "statusDeadLetterQueueUrl",
        "caCertificate",
        "stacks",
    }
    assert document["stacks"] == OUTPUTS.stacks
    assert document["demoUsers"] == [
        {
            "username": "ana",
            "password": "a password",
            "userId": "ana",
            "tenantId": "riverton",
            "roles": ["viewer"],
        }
    ]


def test_written_outputs_are_read_back(tmp_path: Path) -> None:
    OUTPUTS.write(tmp_path / "outputs.json")
    assert read_outputs(tmp_path / "outputs.json") == OUTPUTS


def test_the_file_is_readable_by_the_user_only_also_when_it_was_not_before(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text("{}")
    path.chmod(0o644)
    OUTPUTS.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_neither_passwords_nor_keys_show_when_outputs_are_printed() -> None:
    assert "a password" not in repr(OUTPUTS)
    assert "da2-key" not in repr(OUTPUTS)


@pytest.mark.parametrize(
    "content",
    [None, "", "not json", "[]", "{}", json.dumps({**OUTPUTS.to_json(), "demoUsers": [{"username": "x"}]})],
    ids=["missing", "empty", "no json", "a list", "an empty object", "a user without a password"],
)
def test_a_file_that_is_not_ours_is_named_as_such(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "outputs.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(OutputsError):
        read_outputs(path)


def test_a_file_of_a_newer_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({**OUTPUTS.to_json(), "somethingNew": 1}))
    assert read_outputs(path) == OUTPUTS
