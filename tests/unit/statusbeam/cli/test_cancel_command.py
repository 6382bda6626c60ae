"""`statusbeam cancel`: a request in the owner's name, and one sentence for a refusal."""

from __future__ import annotations

import json

import pytest

from statusbeam.cli.main import main
from tests.unit.local_http import Answer, Received, json_answer, local_server
from tests.unit.statusbeam.cli.test_token_command import AUDIENCE, claims_of, secret_arn, stack

__all__ = ["secret_arn"]
FLAGS = ["--user", "ana", "--tenant", "city", "--stack", "Dev-Status"]


def asked(overall: str, *, requested: bool) -> Answer:
    request = {"at": "2026-11-20T09:30:00.000Z"} if requested else None
    return json_answer({"data": {"cancelJob": {"overallStatus": overall, "cancelRequest": request}}})


def run(answer: Answer, secret: str, monkeypatch: pytest.MonkeyPatch, *flags: str) -> tuple[int, Received]:
    """The command against an API that answers so: its exit code, and the request."""
    with local_server(answer) as api:
        outputs = {
            "GraphqlUrl": f"{api.url}/graphql",
            "ViewTokenSecretArn": secret,
            "ViewTokenAudience": AUDIENCE,
        }
        with stack(outputs, monkeypatch):
            code = main(["cancel", "job-1", *FLAGS, *flags])
        (request,) = api.received
        return code, request


def test_the_request_is_made_with_a_short_view_token_of_the_owner(
    secret_arn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, request = run(
        asked("processing", requested=True), secret_arn, monkeypatch, "--reason", "Sent twice"
    )
    assert code == 0
    claims = claims_of(request.headers["authorization"])
    assert (claims.user_id, claims.tenant_id, claims.job_ids) == ("ana", "city", None)
    assert claims.expires_at - claims.issued_at == 60
    assert json.loads(request.body)["variables"] == {"jobId": "job-1", "reason": "Sent twice"}
    assert capsys.readouterr().out == "Requested the cancellation of the job job-1. It is processing.\n"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (asked("completed", requested=False), 1, "the job job-1 has ended already: it is completed."),
        (
            json_answer({"data": None, "errors": [{"message": "You can't.", "errorType": "Forbidden"}]}),
            4,
            "the API refused: You can't.",
        ),
        (Answer(hang_up=True), 6, "the API did not answer"),
    ],
    ids=["ended", "refused", "silent"],
)
def test_a_refused_cancellation_is_one_sentence(
    secret_arn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    answer: Answer,
    code: int,
    said: str,
) -> None:
    ended, _ = run(answer, secret_arn, monkeypatch)
    shown = capsys.readouterr()
    assert (ended, shown.out) == (code, "")
    assert said in shown.err
