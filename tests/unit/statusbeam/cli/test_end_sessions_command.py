"""`statusbeam end-sessions`: a signed mutation, and one sentence for a refusal."""

from __future__ import annotations

import json

import pytest

from statusbeam.cli.main import main
from tests.unit.local_http import Answer, json_answer, local_server

FLAGS = ["--user", "ana", "--tenant", "city", "--stack", "Dev-Status"]


def described(graphql_url: str) -> Answer:
    """CloudFormation's answer about a stack with this API."""
    output = f"<member><OutputKey>GraphqlUrl</OutputKey><OutputValue>{graphql_url}</OutputValue></member>"
    stack = f"<member><StackName>Dev-Status</StackName><Outputs>{output}</Outputs></member>"
    result = f"<DescribeStacksResult><Stacks>{stack}</Stacks></DescribeStacksResult>"
    return Answer(body=f"<DescribeStacksResponse>{result}</DescribeStacksResponse>".encode())


def run(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str], bytes]:
    """The command against an API that answers so: its exit code, and the headers and body of the request."""
    with local_server(answer) as api, local_server(described(f"{api.url}/graphql")) as stacks:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", stacks.url)
        code = main(["end-sessions", *FLAGS])
        (request,) = api.received
        return code, request.headers, request.body


def test_the_mutation_is_signed_and_names_user_and_tenant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json_answer({"data": {"endSessions": {"userId": "ana", "tenantId": "city"}}})
    code, headers, body = run(answer, monkeypatch)
    assert code == 0
    assert "/us-east-1/appsync/aws4_request" in headers["authorization"]
    assert json.loads(body)["variables"] == {"input": {"userId": "ana", "tenantId": "city"}}
    assert capsys.readouterr().out == "Ended the sessions of ana in city.\n"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            json_answer({"errors": [{"message": "Not Authorized", "errorType": "Unauthorized"}]}),
            4,
            "refused: Not Authorized",
        ),
        (json_answer({"errors": []}, status=401), 4, "refused the caller: status 401"),
        (Answer(body=b"no JSON"), 6, "did not answer"),
        (Answer(hang_up=True), 6, "did not answer"),
    ],
    ids=["by the field", "by the API", "in another language", "by silence"],
)
def test_a_refusal_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Answer, code: int, said: str
) -> None:
    ended, _, _ = run(answer, monkeypatch)
    shown = capsys.readouterr()
    assert (ended, shown.out) == (code, "")
    assert said in shown.err
    assert "Traceback" not in shown.err
