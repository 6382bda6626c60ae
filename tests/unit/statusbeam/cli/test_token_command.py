"""`statusbeam token`: the token alone on stdout, its claims on stderr, from a stack or a named secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from status_utils.tokens import ViewClaims, ViewTokenKeys, verify_view_token
from statusbeam.cli.main import main
from tests.unit.local_http import Answer, local_server

SECRET = "signing-" + "s" * 40
AUDIENCE = "statusbeam-dev"


@pytest.fixture
def secret_arn() -> Iterator[str]:
    with mock_aws():
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        yield secrets.create_secret(Name="view-tokens", SecretString=SECRET)["ARN"]


@contextmanager
def stack(outputs: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """CloudFormation with one stack that has these outputs."""
    members = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for name, value in outputs.items()
    )
    body = (
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>Dev-Status</StackName>"
        f"<Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
    with local_server(Answer(body=body.encode())) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)
        yield


def claims_of(token: str) -> ViewClaims:
    return verify_view_token(token.strip(), keys=ViewTokenKeys(lambda: [SECRET]), audience=AUDIENCE)


def test_a_stacks_token_alone_is_on_stdout_and_what_it_shows_on_stderr(
    secret_arn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--user", "ana", "--tenant", "city", "--job", "job-1", "--job", "job-2", "--ttl", "60"]
    with stack({"ViewTokenSecretArn": secret_arn, "ViewTokenAudience": AUDIENCE}, monkeypatch):
        assert main(["token", "--stack", "Dev-Status", *flags]) == 0
    shown = capsys.readouterr()
    claims = claims_of(shown.out)
    assert (claims.user_id, claims.tenant_id, claims.job_ids) == ("ana", "city", ("job-1", "job-2"))
    assert claims.expires_at - claims.issued_at == 60
    assert "60 s" in shown.err
    assert "job-1, job-2 of the user ana in the tenant city" in shown.err
    assert shown.out.strip() not in shown.err


def test_a_secret_can_be_named_without_a_stack(secret_arn: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--secret-arn", secret_arn, "--audience", AUDIENCE]
    assert main(["token", "--user", "ana", "--tenant", "city", *flags]) == 0
    shown = capsys.readouterr()
    assert claims_of(shown.out).job_ids is None
    assert "all jobs of the user ana" in shown.err


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--secret-arn", "arn:secret"], 2, "require each other"),
        (["--audience", AUDIENCE], 2, "require each other"),
        (["--secret-arn", "nowhere", "--audience", AUDIENCE], 4, "the secret can't be read"),
        (["--stack", "Dev-Status"], 5, "no output ViewTokenAudience"),
        (["--secret-arn", "view-tokens", "--audience", AUDIENCE, "--ttl", "0"], 2, "ttl must be from 1 to"),
        (["--secret-arn", "view-tokens", "--audience", AUDIENCE, "--job", "a,b"], 2, "jobs"),
    ],
)
def test_an_impossible_action_is_one_sentence(
    secret_arn: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    flags: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stack({"ViewTokenSecretArn": secret_arn}, monkeypatch):
        assert main(["token", "--user", "ana", "--tenant", "city", *flags]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_stack_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = (
        b"<Error><Code>ValidationError</Code><Message>Stack with id Nowhere does not exist</Message></Error>"
    )
    refusal = Answer(status=400, body=b"<ErrorResponse>" + error + b"</ErrorResponse>")
    with local_server(refusal) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)
        assert main(["token", "--user", "ana", "--tenant", "city", "--stack", "Nowhere"]) == 5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "can't read the stack Nowhere" in shown.err
    assert "does not exist" in shown.err


def test_without_localcloud_the_error_names_the_command_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "--user", "ana", "--tenant", "city", "--state-dir", str(tmp_path)]) == 6
    assert "statusbeam local up" in capsys.readouterr().err
