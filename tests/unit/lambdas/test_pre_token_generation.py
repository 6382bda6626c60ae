"""The tenant in both tokens, on Cognito's own event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from lambdas.pre_token_generation.handler import handler


@pytest.fixture
def event() -> dict[str, Any]:
    recorded = Path(__file__).with_name("events") / "pre_token_generation_v2.json"
    loaded = json.loads(recorded.read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_users_tenant_becomes_a_claim_of_both_tokens(event: dict[str, Any]) -> None:
    answer = handler(event, cast("Any", None))
    claims = {"claimsToAddOrOverride": {"tenantId": "city"}}
    assert json.loads(json.dumps(answer))["response"] == {
        "claimsAndScopeOverrideDetails": {"idTokenGeneration": claims, "accessTokenGeneration": claims}
    }


def test_the_rest_of_the_event_is_left_unchanged(event: dict[str, Any]) -> None:
    before = json.loads(json.dumps(event))
    answer = handler(event, cast("Any", None))
    assert {k: v for k, v in answer.items() if k != "response"} == {
        k: v for k, v in before.items() if k != "response"
    }


def test_a_user_without_a_tenant_gets_no_claim(event: dict[str, Any]) -> None:
    del event["request"]["userAttributes"]["custom:tenantId"]
    assert handler(event, cast("Any", None))["response"] == {"claimsAndScopeOverrideDetails": None}
