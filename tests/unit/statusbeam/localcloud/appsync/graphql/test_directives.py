"""Access to fields by directives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from statusbeam.localcloud.appsync.contract import AuthMode, Identity
from statusbeam.localcloud.appsync.control_plane.definition import ApiDefinition, AuthProvider
from statusbeam.localcloud.appsync.graphql.api_schema import build_api_schema
from statusbeam.localcloud.appsync.graphql.directives import (
    IAM_DECISION_SECONDS,
    FieldAccess,
    IamDecisions,
    access_key,
    subscribed_mutations,
)

SDL = """
type Query {
  plain: Note
  iam: Note @aws_iam
  both: Note @aws_iam @aws_cognito_user_pools
  leaders: Note @aws_cognito_user_pools(cognito_groups: ["leads", "admins"])
  old: Note @aws_auth(cognito_groups: ["leads"])
  key: Note @aws_api_key
  oidc: Note @aws_oidc
  lambda: Note @aws_lambda
}
type Note @aws_iam @aws_lambda {
  text: String
  secret: String @aws_iam
  open: String @aws_api_key
}
type Subscription {
  onNote(id: ID): Note @aws_subscribe(mutations: ["addNote", "changeNote"])
  idle: Note
}
"""
MODES = (AuthMode.IAM, AuthMode.API_KEY, AuthMode.OIDC, AuthMode.LAMBDA)


def access(
    *, default: str = AuthMode.COGNITO, config: Any = None, more: tuple[str, ...] = MODES
) -> FieldAccess:
    definition = ApiDefinition(
        api_id="api",
        name="notes",
        sdl=SDL,
        default_auth=AuthProvider(mode=default, config=config or {}),
        additional_auth=tuple(AuthProvider(mode=mode) for mode in more),
    )
    return FieldAccess(build_api_schema(SDL), definition)


def caller(mode: str, *groups: str, denied: tuple[str, ...] = ()) -> Identity:
    context = {"groups": list(groups)} if mode == AuthMode.COGNITO else None
    return Identity(mode=mode, principal="p", context=context, denied_fields=frozenset(denied))


COGNITO, IAM, KEY = caller(AuthMode.COGNITO), caller(AuthMode.IAM), caller(AuthMode.API_KEY)
LEAD = caller(AuthMode.COGNITO, "leads", "others")


@pytest.mark.parametrize(
    ("identity", "type_name", "field_name", "allowed"),
    [
        (COGNITO, "Query", "plain", True),
        (IAM, "Query", "plain", False),
        (IAM, "Query", "iam", True),
        (COGNITO, "Query", "iam", False),
        (COGNITO, "Query", "both", True),
        (IAM, "Query", "both", True),
        (KEY, "Query", "both", False),
        (COGNITO, "Query", "leaders", False),
        (LEAD, "Query", "leaders", True),
        (COGNITO, "Query", "old", True),
        (KEY, "Query", "key", True),
        (caller(AuthMode.OIDC), "Query", "oidc", True),
        (caller(AuthMode.LAMBDA), "Query", "lambda", True),
        (IAM, "Note", "text", True),
        (COGNITO, "Note", "text", False),
        (IAM, "Note", "secret", True),
        (caller(AuthMode.LAMBDA), "Note", "secret", False),
        (KEY, "Note", "open", True),
        (IAM, "Note", "open", False),
    ],
    ids=[
        "no directive: the default mode",
        "no directive: no other mode",
        "a directive's mode",
        "a directive shuts the default mode out",
        "two directives, first",
        "two directives, second",
        "two directives, neither",
        "groups, in none",
        "groups, in one",
        "aws_auth is ignored beside other modes",
        "API key",
        "OIDC",
        "Lambda",
        "a type's directive covers its fields",
        "a type's directive shuts the default mode out",
        "a field's directive, allowed",
        "a field's directive replaces its type's",
        "a field's directive adds what its type has not",
        "a field's directive removes what its type has",
    ],
)
def test_directives_decide_by_mode(
    identity: Identity, type_name: str, field_name: str, allowed: bool
) -> None:
    assert access().allows(access_key(identity), type_name, field_name) is allowed


def test_aws_auth_counts_where_cognito_is_the_only_mode() -> None:
    single = access(more=())
    assert not single.allows(access_key(COGNITO), "Query", "old")
    assert single.allows(access_key(LEAD), "Query", "old")


def test_a_pool_that_denies_by_default_lets_only_groups_in() -> None:
    denying = access(config={"defaultAction": "DENY"})
    assert not denying.allows(access_key(LEAD), "Query", "plain")
    assert denying.allows(access_key(LEAD), "Query", "leaders")


@pytest.mark.parametrize(
    ("denied", "allowed"),
    [
        ((), True),
        (("Query.lambda",), False),
        (("arn:aws:appsync:us-east-1:1:apis/api/types/Query/fields/lambda",), False),
        (("Query.other", "Note.lambda"), True),
    ],
    ids=["nothing", "by name", "by ARN", "other fields"],
)
def test_a_lambda_authorizer_can_deny_single_fields(denied: tuple[str, ...], allowed: bool) -> None:
    identity = caller(AuthMode.LAMBDA, denied=denied)
    assert access().allows(access_key(identity), "Query", "lambda") is allowed


def test_callers_with_equal_rights_share_an_access_key() -> None:
    assert access_key(caller(AuthMode.COGNITO, "a", "b")) == access_key(caller(AuthMode.COGNITO, "b", "a"))
    assert access_key(caller(AuthMode.COGNITO, "a")) != access_key(caller(AuthMode.COGNITO))


def test_a_subscription_names_its_mutations() -> None:
    schema = build_api_schema(SDL)
    assert schema.subscription_type is not None
    fields = schema.subscription_type.fields
    assert subscribed_mutations(fields["onNote"]) == ("addNote", "changeNote")
    assert subscribed_mutations(fields["idle"]) == ()


# ---- IAM -------------------------------------------------------------------------------------------


class Policy:
    """A policy that counts how often it is asked."""

    def __init__(self) -> None:
        self.allowed = True
        self.asked: list[tuple[str, str]] = []

    def __call__(self, identity: Identity, type_name: str, field_name: str) -> bool:
        self.asked.append((type_name, field_name))
        return self.allowed


async def test_a_decision_is_kept_for_its_named_time_and_no_longer() -> None:
    clock, policy = [0.0], Policy()
    decisions = IamDecisions(policy, now=lambda: clock[0])
    assert decisions.cached(IAM, "Query", "iam") is None
    assert await decisions.decide(IAM, "Query", "iam")
    policy.allowed = False
    clock[0] = IAM_DECISION_SECONDS - 0.1
    assert decisions.cached(IAM, "Query", "iam") is True
    clock[0] = IAM_DECISION_SECONDS
    assert decisions.cached(IAM, "Query", "iam") is None
    assert not await decisions.decide(IAM, "Query", "iam")
    assert decisions.cached(IAM, "Query", "iam") is False


async def test_decisions_of_other_keys_and_fields_are_their_own() -> None:
    decisions = IamDecisions(Policy(), now=lambda: 0.0)
    await decisions.decide(IAM, "Query", "iam")
    other = Identity(mode=AuthMode.IAM, principal="p", access_key_id="AKIA2")
    assert decisions.cached(other, "Query", "iam") is None
    assert decisions.cached(IAM, "Query", "both") is None


async def test_a_policy_may_have_to_be_waited_for() -> None:
    async def allows(identity: Identity, type_name: str, field_name: str) -> bool:
        await asyncio.sleep(0)
        return False

    assert await IamDecisions(allows, now=lambda: 0.0).decide(IAM, "Query", "iam") is False
