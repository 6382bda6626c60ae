"""The emulator's internals that localcloud uses. A failure after an upgrade means that they have changed."""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core.iam_evaluator import resolve_credential
from ministack.services import cognito, dynamodb, iam, lambda_svc, sts

from statusbeam.localcloud.emulator.internals import (
    QUEUE_POLL_SECONDS,
    SRP_SECRET_BITS,
    STREAM_RETENTION_SECONDS,
    EmulatorIam,
    UntrustedError,
    adjust_emulator,
)

ACCOUNT = "000000000000"
REGION = "us-east-1"
API = "api0"
ARN = f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{API}/types/Mutation/fields/publishStatus"
KEY = "ASIATESTSESSION00001"
TOKEN = "a-session-token"
SECRET = "a-secret"
ROLE = "PublisherRole"


@pytest.fixture
def emulator() -> Iterator[EmulatorIam]:
    iam.reset()
    sts.reset()
    yield EmulatorIam(account_id=ACCOUNT, region=REGION)
    iam.reset()
    sts.reset()


def issue_session(*, expires_in: float = 900) -> None:
    """Register a session the way the emulator's Lambda runtime does for an execution role."""
    sts.register_session(
        KEY,
        {
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/publisher",
            "UserId": f"{ROLE}:publisher",
            "SecretAccessKey": SECRET,
            "SessionToken": TOKEN,
            "Expiration": time.time() + expires_in,
        },
    )


async def give_role(*statements: dict[str, str]) -> None:
    """Create the role and its policy through the emulator's own IAM API."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    await call_iam("CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=policy(trust))
    if statements:
        await call_iam(
            "PutRolePolicy", RoleName=ROLE, PolicyName="status", PolicyDocument=policy(*statements)
        )


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


async def call_iam(action: str, **parameters: str) -> None:
    query = {"Action": [action], **{name: [value] for name, value in parameters.items()}}
    status, _headers, body = await iam.handle_request("POST", "/", {}, b"", query)
    assert status == 200, body


def allow(resource: str, action: str = "appsync:GraphQL", effect: str = "Allow") -> dict[str, str]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def test_the_emulator_is_the_pinned_version() -> None:
    assert importlib.metadata.version("ministack") == "1.5.33"


def test_the_secret_of_a_role_session_is_found_with_its_token(emulator: EmulatorIam) -> None:
    issue_session()
    found = emulator.credential(KEY, TOKEN)
    assert found is not None
    assert found.secret_key == SECRET
    assert found.account_id == ACCOUNT
    assert found.principal_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/publisher"
    assert found.principal_id == f"{ROLE}:publisher"
    assert SECRET not in repr(found)


@pytest.mark.parametrize("token", [None, "", "another-token"])
def test_a_role_session_without_its_own_token_is_refused(emulator: EmulatorIam, token: str | None) -> None:
    issue_session()
    assert emulator.credential(KEY, token) is None


def test_an_expired_role_session_is_refused(emulator: EmulatorIam) -> None:
    issue_session(expires_in=-1)
    assert emulator.credential(KEY, TOKEN) is None


@pytest.mark.parametrize("access_key_id", ["", "AKIAUNKNOWN000000000", "123456789012"])
def test_a_key_the_emulator_did_not_issue_is_refused(emulator: EmulatorIam, access_key_id: str) -> None:
    assert emulator.credential(access_key_id, None) is None


def test_the_emulator_itself_would_take_an_empty_key_for_its_root() -> None:
    assert getattr(resolve_credential("", ACCOUNT), "principal_type", "") == "Root"


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([allow(ARN)], True),
        ([allow(f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{API}/*")], True),
        ([allow(f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{API}/types/Mutation/*")], True),
        ([allow(ARN.replace("publishStatus", "syncSession"))], False),
        ([allow(ARN.replace(API, "another"))], False),
        ([allow(ARN, action="appsync:EvaluateCode")], False),
        ([allow("*", action="*")], True),
        ([allow("*", action="*"), allow(ARN, effect="Deny")], False),
    ],
    ids=lambda value: json.dumps(value)[-70:],
)
async def test_a_role_reaches_the_fields_its_policies_name(
    emulator: EmulatorIam, statements: list[dict[str, str]], allowed: bool
) -> None:
    issue_session()
    await give_role(*statements)
    assert emulator.may_access_field(KEY, API, "Mutation", "publishStatus") is allowed


async def test_a_service_gets_a_session_of_a_role_that_trusts_it(emulator: EmulatorIam) -> None:
    await give_role(allow(ARN))
    session = emulator.session_of(f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", service="lambda.amazonaws.com")
    key = session["aws_access_key_id"]
    found = emulator.credential(key, session["aws_session_token"])
    assert found is not None
    assert found.secret_key == session["aws_secret_access_key"]
    assert emulator.may_access_field(key, API, "Mutation", "publishStatus")
    assert not emulator.may_access_field(key, API, "Mutation", "syncSession")


@pytest.mark.parametrize("role", [ROLE, "NoSuchRole"])
async def test_a_service_gets_no_session_of_a_role_that_does_not_trust_it(
    emulator: EmulatorIam, role: str
) -> None:
    await give_role(allow(ARN))
    with pytest.raises(UntrustedError, match=r"does not trust appsync\.amazonaws\.com"):
        emulator.session_of(f"arn:aws:iam::{ACCOUNT}:role/{role}", service="appsync.amazonaws.com")


@pytest.mark.parametrize("access_key_id", [None, "", "AKIAUNKNOWN000000000"])
def test_no_key_and_an_unknown_key_reach_no_field(emulator: EmulatorIam, access_key_id: str | None) -> None:
    assert not emulator.may_access_field(access_key_id, API, "Mutation", "publishStatus")


@pytest.fixture
def adjusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator as localcloud adjusts it. Fails when a name has moved."""
    monkeypatch.setattr(lambda_svc, "_ESM_IDLE_WAKE_GAP_SECONDS", 0.05)
    monkeypatch.setattr(dynamodb, "_STREAM_RETENTION_SECONDS", 86_400)
    monkeypatch.setattr(dynamodb, "_condition_syntax_error", dynamodb._condition_syntax_error)
    monkeypatch.setattr(cognito, "secrets", secrets)
    adjust_emulator()


@pytest.mark.usefixtures("adjusted")
def test_the_poll_interval_and_the_retention_are_set_where_the_emulator_reads_them() -> None:
    assert lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS == QUEUE_POLL_SECONDS
    assert "_ESM_IDLE_WAKE_GAP_SECONDS" in lambda_svc._poll_loop.__code__.co_names
    assert dynamodb._STREAM_RETENTION_SECONDS == STREAM_RETENTION_SECONDS
    assert "_STREAM_RETENTION_SECONDS" in dynamodb._trim_stream_records.__code__.co_names


@pytest.mark.usefixtures("adjusted")
def test_the_syntax_of_a_condition_is_checked_once() -> None:
    for found in (True, False):
        item = {"pk": {"S": "job"}} if found else {}
        assert dynamodb._evaluate_condition("attribute_exists(pk)", item, {}, {}) is found
    checks = dynamodb._condition_syntax_error.cache_info()
    assert (checks.misses, checks.hits) == (1, 1)


@pytest.mark.usefixtures("adjusted")
def test_a_sign_in_costs_powers_of_256_bits() -> None:
    challenges = [cognito._srp_challenge("us-east-1_pool", None, "ana", "a", "block") for _ in range(9)]
    numbers = [int(state["b"], 16) for _, state in challenges]
    assert 2**200 < max(numbers) <= 2**SRP_SECRET_BITS
    assert len(set(numbers)) == len(numbers)
