"""The view token authorizer on AppSync's events, with its secret in moto."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from lambdas.view_token_authorizer._wiring import verifier
from lambdas.view_token_authorizer.handler import handler
from status_utils.tokens import ViewTokenKeys, mint_view_token
from status_utils.tokens.secret_versions import SecretVersions
from status_utils.tokens.signer import default_signer
from statusbeam.model.errors import SettingError
from statusbeam.model.settings import AuthorizerSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FIRST = "first-" + "1" * 40
SECOND = "second-" + "2" * 40
AUDIENCE = "statusbeam-dev"
REFUSED = {"isAuthorized": False, "ttlOverride": 0}


@pytest.fixture
def secrets() -> Iterator[SecretsManagerClient]:
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="view-tokens", SecretString=FIRST)
        yield client


@pytest.fixture
def keys(secrets: SecretsManagerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[ViewTokenKeys]:
    """The keys of an app that makes tokens, and an authorizer on the same secret."""
    settings = AuthorizerSettings(view_token_secret="view-tokens", view_token_audience=AUDIENCE)
    for variable, value in settings.to_env().items():
        monkeypatch.setenv(variable, value)
    verifier.cache_clear()
    yield ViewTokenKeys(SecretVersions(secrets, "view-tokens"))
    verifier.cache_clear()


def authorize(token: object) -> dict[str, Any]:
    recorded = Path(__file__).with_name("events") / "appsync_authorizer.json"
    event = json.loads(recorded.read_text()) | {"authorizationToken": token}
    decision = handler(event, cast("Any", None))
    answer = json.loads(json.dumps(decision))
    assert isinstance(answer, dict)
    return answer


def mint(keys: ViewTokenKeys, **changes: Any) -> str:
    arguments: dict[str, Any] = {"user_id": "ana", "tenant_id": "city", "audience": AUDIENCE} | changes
    return mint_view_token(**arguments, keys=keys)


def test_a_view_token_lets_its_user_in(keys: ViewTokenKeys) -> None:
    made_at = int(time.time()) - 5
    decision = authorize(mint(keys, now=lambda: made_at))
    assert decision["isAuthorized"] is True
    assert decision["resolverContext"] == {"userId": "ana", "tenantId": "city", "issuedAt": str(made_at)}


def test_a_back_end_needs_the_secret_and_the_audience_in_its_environment_and_nothing_else(
    keys: ViewTokenKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_signer.cache_clear()
    token = mint_view_token("ana", "city", ["job-1"], ttl=900)
    assert authorize(token)["resolverContext"]["jobIds"] == "job-1"
    other = mint_view_token("ana", "city", audience="statusbeam-prod")
    assert authorize(other) == REFUSED
    default_signer.cache_clear()
    monkeypatch.delenv("VIEW_TOKEN_SECRET")
    with pytest.raises(SettingError, match="VIEW_TOKEN_SECRET"):
        mint_view_token("ana", "city")


def test_the_resolvers_get_the_jobs_as_one_text(keys: ViewTokenKeys) -> None:
    decision = authorize(mint(keys, job_ids=["job-1", "job-2"]))
    assert decision["resolverContext"]["jobIds"] == "job-1,job-2"


def test_appsync_may_not_keep_the_answer_beyond_the_tokens_life(keys: ViewTokenKeys) -> None:
    assert 0 <= authorize(mint(keys, ttl=60))["ttlOverride"] <= 60


def test_appsync_may_not_keep_the_answer_for_long(keys: ViewTokenKeys) -> None:
    assert authorize(mint(keys, ttl=3_600))["ttlOverride"] == 300


BAD = ["", "sbv1.", "sbv1.x.y.z", "sbv1.e30.e30.e30", "Bearer x", "a.b.c", "\ud800", None, 7]


@pytest.mark.parametrize("token", BAD)
def test_anything_else_is_refused_without_a_word(keys: ViewTokenKeys, token: object) -> None:
    assert authorize(token) == REFUSED


def test_an_event_without_a_token_is_refused(keys: ViewTokenKeys) -> None:
    assert handler({}, cast("Any", None)) == REFUSED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"audience": "statusbeam-prod"}, "wrong_audience"),
        ({"now": lambda: time.time() - 3_600}, "expired"),
        ({"not_before": 4_000_000_000}, "not_yet_valid"),
    ],
)
def test_the_reason_is_in_the_log_and_the_token_is_not(
    keys: ViewTokenKeys, changes: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = mint(keys, **changes)
    assert authorize(token) == REFUSED
    assert f"code=<{code}> | view token refused" in caplog.text
    assert token.split(".")[2] not in caplog.text


def test_tokens_of_both_sides_of_a_rotation_are_taken(
    secrets: SecretsManagerClient, keys: ViewTokenKeys
) -> None:
    before = mint(keys)
    secrets.put_secret_value(SecretId="view-tokens", SecretString=SECOND)
    after = mint(ViewTokenKeys(SecretVersions(secrets, "view-tokens")))
    assert before.split(".")[1] != after.split(".")[1], "the headers name different keys"
    assert authorize(before)["isAuthorized"]
    assert authorize(after)["isAuthorized"]


def test_a_token_from_before_two_rotations_is_refused(
    secrets: SecretsManagerClient, keys: ViewTokenKeys
) -> None:
    token = mint(keys)
    secrets.put_secret_value(SecretId="view-tokens", SecretString=SECOND)
    secrets.put_secret_value(SecretId="view-tokens", SecretString="third-" + "3" * 40)
    assert authorize(token) == REFUSED


def test_a_secret_that_cannot_be_read_lets_nobody_in(
    secrets: SecretsManagerClient, keys: ViewTokenKeys, caplog: pytest.LogCaptureFixture
) -> None:
    token = mint(keys)
    secrets.delete_secret(SecretId="view-tokens", ForceDeleteWithoutRecovery=True)
    assert authorize(token) == REFUSED
    assert "code=<no_keys>" in caplog.text


def test_the_secrets_versions_come_current_first(secrets: SecretsManagerClient) -> None:
    versions = SecretVersions(secrets, "view-tokens")
    assert versions() == (FIRST,)
    secrets.put_secret_value(SecretId="view-tokens", SecretString=SECOND)
    assert versions() == (SECOND, FIRST)


@pytest.mark.parametrize(("seconds", "counts"), [(3_600 + 300, True), (3_600 + 300 + 30 + 5, False)])
def test_the_previous_version_counts_until_its_last_token_has_expired(
    secrets: SecretsManagerClient, seconds: int, *, counts: bool
) -> None:
    secrets.put_secret_value(SecretId="view-tokens", SecretString=SECOND)
    versions = SecretVersions(secrets, "view-tokens", now=lambda: time.time() + seconds)
    assert versions() == ((SECOND, FIRST) if counts else (SECOND,))
