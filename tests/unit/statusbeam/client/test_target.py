"""The choice of deployment and user: flag over variable over context over running localcloud."""

from __future__ import annotations

import base64
import fcntl
import json
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError as ServiceError

from statusbeam.client.connect import identity
from statusbeam.client.contexts import Context, Contexts, Login, config_folder
from statusbeam.client.errors import (
    ClientError,
    NotFoundError,
    RefusedError,
    TargetError,
    UnreachableError,
)
from statusbeam.client.logins import Ask, LoginTokens, sign_in
from statusbeam.client.target import Flags, Target, choose, stack_name

OUTPUTS = {
    "graphqlUrl": "http://127.0.0.1:4000/graphql",
    "region": "us-east-1",
    "awsEndpointUrl": "http://127.0.0.1:4566",
    "demoUsers": [
        {"username": "op", "userId": "u-0", "tenantId": "riverton", "roles": ["operator"]},
        {"username": "ana", "userId": "u-1", "tenantId": "riverton", "roles": ["viewer"]},
        {"username": "cleo", "userId": "u-2", "tenantId": "lakeside", "roles": ["viewer"]},
    ],
}


@pytest.fixture
def contexts(tmp_path: Path) -> Contexts:
    kept = Contexts(tmp_path / "config")
    kept.add("dev", Context(stack="Dev-Status", profile="work", region="eu-west-1"))
    kept.add("prod", Context(stack="Prod-Status", user="bob", tenant="acme"))
    kept.add("laptop", Context(local=True))
    return kept


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The folder of a localcloud that runs: its server holds the lock."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "outputs.json").write_text(json.dumps(OUTPUTS))
    with (folder / "localcloud.pid.json").open("w") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        yield folder


CHOICES = [
    ({"stack": "Mine"}, {"STATUSBEAM_STACK": "V"}, "Mine", "--stack"),
    ({"local": True}, {"STATUSBEAM_STACK": "V"}, "localcloud", "--local"),
    ({"context": "prod"}, {"STATUSBEAM_STACK": "V"}, "Prod-Status", "context prod"),
    ({"context": "laptop"}, {"STATUSBEAM_STACK": "V"}, "localcloud", "context laptop"),
    ({}, {"STATUSBEAM_STACK": "V"}, "V", "STATUSBEAM_STACK"),
    ({}, {"STATUSBEAM_CONTEXT": "prod"}, "Prod-Status", "context prod"),
    ({"context": "dev"}, {"STATUSBEAM_CONTEXT": "prod"}, "Dev-Status", "context dev"),
    ({}, {}, "Dev-Status", "context dev"),
]


@pytest.mark.parametrize(("flags", "environ", "place", "source"), CHOICES)
def test_the_place_is_the_first_that_is_named(
    contexts: Contexts, *, flags: dict[str, Any], environ: Mapping[str, str], place: str, source: str
) -> None:
    choice = choose(Flags(**flags), environ, contexts)
    assert (choice.place.value, choice.place.source) == (place, source)


def test_each_setting_is_found_by_itself(contexts: Contexts) -> None:
    choice = choose(Flags(region="us-west-2"), {"STATUSBEAM_USER": "eve"}, contexts)
    assert (choice.region.value, choice.region.source) == ("us-west-2", "--region")
    assert (choice.profile.value, choice.profile.source) == ("work", "context dev")
    assert (choice.user.value, choice.user.source) == ("eve", "STATUSBEAM_USER")
    assert (choice.tenant.value, choice.tenant.source) == (None, "not set")


def test_without_anything_it_is_the_running_localcloud(tmp_path: Path, running: Path) -> None:
    empty = Contexts(tmp_path / "none")
    choice = choose(Flags(state_dir=running), {}, empty)
    assert (choice.place.value, choice.place.source) == ("localcloud", "running localcloud")
    assert choose(Flags(), {"STATUSBEAM_STATE_DIR": str(running)}, empty).state_dir == running


def test_without_any_target_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="statusbeam local up"):
        choose(Flags(state_dir=tmp_path), {}, Contexts(tmp_path))


def test_a_localcloud_that_was_killed_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    (tmp_path / "localcloud.pid.json").write_text("{}")
    target = Target(choose(Flags(local=True, state_dir=tmp_path), {}, Contexts(tmp_path)))
    with pytest.raises(UnreachableError, match="not running"):
        target.output("GraphqlUrl")


@pytest.mark.parametrize(
    ("flags", "error"),
    [({"local": True, "stack": "A"}, TargetError), ({"context": "nobody"}, NotFoundError)],
    ids=["two places", "no such context"],
)
def test_contradictions_are_errors(
    contexts: Contexts, flags: dict[str, Any], error: type[ClientError]
) -> None:
    with pytest.raises(error):
        choose(Flags(**flags), {}, contexts)


@pytest.mark.parametrize(
    "printed", ["Dev-Status", "Dev/Status", "Dev/Status (Dev-Status)", "Dev-Status (Dev-Status)"]
)
def test_a_stack_is_named_as_cdk_deploy_prints_it(printed: str) -> None:
    assert stack_name(printed) == "Dev-Status"


def test_an_arn_names_a_stack_as_well() -> None:
    arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Dev-Status/1a2b"
    assert stack_name(arn) == arn


def token_of(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def test_on_localcloud_the_user_is_a_demo_user(tmp_path: Path, running: Path) -> None:
    empty = Contexts(tmp_path / "none")

    def asked(**flags: Any) -> tuple[str | None, str | None]:
        found = identity(Target(choose(Flags(state_dir=running, **flags), {}, empty)), empty)
        return found.user.value, found.tenant.value

    assert asked() == ("u-1", "riverton")
    assert asked(user="cleo") == ("u-2", "lakeside")
    assert asked(user="eve", tenant="acme") == ("eve", "acme")
    with pytest.raises(TargetError, match="op, ana, cleo"):
        asked(user="eve")


WHO = [
    ({"user": "eve", "tenant": "t"}, {"STATUSBEAM_TOKEN": "T"}, "eve", "--user"),
    ({}, {"STATUSBEAM_TOKEN": "T", "STATUSBEAM_USER": "v"}, "tok", "STATUSBEAM_TOKEN"),
    ({}, {"STATUSBEAM_USER": "v", "STATUSBEAM_TENANT": "t"}, "v", "STATUSBEAM_USER"),
    ({}, {}, "log", "login of context prod"),
    ({"stack": "Prod-Status"}, {}, "bob", "context prod"),
]


@pytest.mark.parametrize(("flags", "environ", "user", "source"), WHO)
def test_the_user_is_the_first_that_is_named(
    contexts: Contexts, *, flags: dict[str, Any], environ: dict[str, str], user: str, source: str
) -> None:
    contexts.use("prod")
    kept = token_of(sub="log", **{"custom:tenantId": "acme", "exp": time.time() + 3600})
    contexts.save_login("prod", Login(username="log", id_token=kept, refresh_token="r"))
    if "STATUSBEAM_TOKEN" in environ:
        environ = {**environ, "STATUSBEAM_TOKEN": "sbv1." + token_of(sub="tok", tenant="acme")}
    found = identity(Target(choose(Flags(**flags), environ, contexts), {}), contexts)
    assert (found.user.value, found.user.source) == (user, source)


@pytest.mark.parametrize(
    ("outputs", "token", "user"),
    [
        pytest.param({"UserClaim": "cognito:username"}, "", "ana", id="the claim that the stack names"),
        pytest.param({}, "", "1a2b", id="a stack that names none"),
        pytest.param({"UserClaim": "cognito:username"}, "sbv1.", "1a2b", id="a view token"),
    ],
)
def test_a_tokens_user_is_in_the_claim_that_the_stack_names(
    contexts: Contexts, outputs: dict[str, str], token: str, user: str
) -> None:
    token += token_of(**{"sub": "1a2b", "cognito:username": "ana", "tenantId": "acme"})
    choice = choose(Flags(context="dev"), {"STATUSBEAM_TOKEN": token}, contexts)
    assert identity(Target(choice, outputs), contexts).user.value == user


def test_a_tokens_tenant_is_in_the_claim_that_the_stack_names_and_in_no_other(contexts: Contexts) -> None:
    def tenant(token: str) -> str | None:
        choice = choose(Flags(context="dev"), {"STATUSBEAM_TOKEN": token}, contexts)
        return identity(Target(choice, {"TenantClaim": "city"}), contexts).tenant.value

    assert tenant(token_of(sub="1a2b", city="riverton", tenantId="lakeside")) == "riverton"
    assert tenant(f"sbv1.{token_of(sub='1a2b', tenant='riverton')}") == "riverton"
    with pytest.raises(TargetError, match="no tenant"):
        tenant(token_of(sub="1a2b", tenantId="lakeside", tenant="lakeside"))


def test_a_call_without_a_user_is_an_error_that_names_the_options(contexts: Contexts) -> None:
    with pytest.raises(TargetError, match=r"login.*--user.*STATUSBEAM_TOKEN"):
        identity(Target(choose(Flags(context="dev"), {}, contexts), {}), contexts)


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "sbv1.e30.W10.x", "e30.e30.x"])
def test_a_token_that_names_nobody_is_refused(contexts: Contexts, token: str) -> None:
    choice = choose(Flags(context="dev"), {"STATUSBEAM_TOKEN": token or "x"}, contexts)
    with pytest.raises(TargetError):
        identity(Target(choice, {}), contexts)


class Pool:
    """A user pool that renews logins."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def initiate_auth(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return {"AuthenticationResult": {"IdToken": token_of(sub="new", exp=9e9)}}


class AskingPool:
    """A user pool that asks for these challenges before it signs anybody in."""

    def __init__(self, *challenges: str) -> None:
        self.challenges = list(challenges)
        self.parameters = {"USER_ID_FOR_SRP": "u-1"}
        self.answers: list[Mapping[str, str]] = []

    def initiate_auth(self, **_: Any) -> dict[str, Any]:
        if self.challenges:
            name = self.challenges.pop(0)
            return {"ChallengeName": name, "Session": "s", "ChallengeParameters": self.parameters}
        return {"AuthenticationResult": {"IdToken": "i", "RefreshToken": "r"}}

    def respond_to_auth_challenge(self, **answer: Any) -> dict[str, Any]:
        self.answers.append(answer["ChallengeResponses"])
        return self.initiate_auth()


def sign_in_at(
    pool: AskingPool,
    monkeypatch: pytest.MonkeyPatch,
    contexts: Contexts,
    *,
    ask: Ask = lambda prompt, is_secret: f"{prompt} {is_secret}",
    outputs: Mapping[str, str] | None = None,
) -> Login:
    monkeypatch.setattr("statusbeam.client.logins._user_pool", lambda _: pool)
    found = {"UserPoolId": "us-east-1_pool", "UserPoolClientId": "client", **(outputs or {})}
    return sign_in(Target(choose(Flags(), {}, contexts), found), "ana", "secret", ask)


@pytest.mark.parametrize(
    ("challenge", "prompt", "answer"),
    [
        ("SOFTWARE_TOKEN_MFA", "Code of your authenticator", "SOFTWARE_TOKEN_MFA_CODE"),
        ("SMS_MFA", "Code of the text message", "SMS_MFA_CODE"),
        ("EMAIL_OTP", "Code of the email", "EMAIL_OTP_CODE"),
    ],
)
def test_a_login_asks_for_the_code_of_each_second_factor(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts, challenge: str, prompt: str, answer: str
) -> None:
    pool = AskingPool(challenge)
    sign_in_at(pool, monkeypatch, contexts)
    assert pool.answers == [{"USERNAME": "u-1", answer: f"{prompt} False"}]


def test_a_user_with_several_second_factors_chooses_one_that_the_command_knows(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts
) -> None:
    pool = AskingPool("SELECT_MFA_TYPE", "SMS_MFA")
    pool.parameters["MFAS_CAN_CHOOSE"] = '["SMS_MFA", "SOFTWARE_TOKEN_MFA"]'
    answers = {"Second factor (SMS_MFA, SOFTWARE_TOKEN_MFA)": "SMS_MFA", "Code of the text message": "123456"}
    sign_in_at(pool, monkeypatch, contexts, ask=lambda prompt, _: answers[prompt])
    assert [answer.get("ANSWER") for answer in pool.answers] == ["SMS_MFA", None]
    assert pool.answers[1]["SMS_MFA_CODE"] == "123456"


@pytest.mark.parametrize(
    ("offered", "answer"),
    [('["SOFTWARE_TOKEN_MFA", "PALM_MFA"]', "SOFTWARE_TOKEN_MFA"), ('["EMAIL_OTP"]', "EMAIL_OTP")],
)
def test_the_only_second_factor_that_the_command_knows_needs_no_choice(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts, offered: str, answer: str
) -> None:
    pool = AskingPool("SELECT_MFA_TYPE")
    pool.parameters["MFAS_CAN_CHOOSE"] = offered
    sign_in_at(pool, monkeypatch, contexts)
    assert pool.answers == [{"USERNAME": "u-1", "ANSWER": answer}]


@pytest.mark.parametrize("offered", ['["PALM_MFA"]', '["SMS_MFA", "SOFTWARE_TOKEN_MFA"]'])
def test_a_second_factor_that_is_not_offered_or_not_known_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts, offered: str
) -> None:
    pool = AskingPool("SELECT_MFA_TYPE")
    pool.parameters["MFAS_CAN_CHOOSE"] = offered
    with pytest.raises(RefusedError, match="PALM_MFA"):
        sign_in_at(pool, monkeypatch, contexts, ask=lambda *_: "PALM_MFA")
    assert pool.answers == []


def test_a_new_user_fills_in_the_attributes_that_the_pool_requires(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts
) -> None:
    pool = AskingPool("NEW_PASSWORD_REQUIRED")
    pool.parameters["requiredAttributes"] = '["userAttributes.given_name"]'
    sign_in_at(pool, monkeypatch, contexts)
    assert pool.answers == [
        {
            "USERNAME": "u-1",
            "NEW_PASSWORD": "New password True",
            "userAttributes.given_name": "Given name False",
        }
    ]


def test_a_user_without_a_required_second_factor_is_sent_to_the_page(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts
) -> None:
    with pytest.raises(RefusedError, match=r"MFA_SETUP.*https://status\.example\.com/ and set up"):
        sign_in_at(
            AskingPool("MFA_SETUP"), monkeypatch, contexts, outputs={"WebUrl": "https://status.example.com/"}
        )


def test_a_login_answers_the_challenges_of_the_pool(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts
) -> None:
    pool = AskingPool("NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA")
    assert sign_in_at(pool, monkeypatch, contexts) == Login(username="ana", id_token="i", refresh_token="r")
    assert pool.answers == [
        {"USERNAME": "u-1", "NEW_PASSWORD": "New password True"},
        {"USERNAME": "u-1", "SOFTWARE_TOKEN_MFA_CODE": "Code of your authenticator False"},
    ]


@pytest.mark.parametrize(
    ("challenges", "named"),
    [(["MFA_SETUP"], "MFA_SETUP"), (["SMS_MFA"] * 9, "SMS_MFA")],
    ids=["unknown", "endless"],
)
def test_a_challenge_that_cannot_be_answered_is_a_refusal_that_names_it(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts, challenges: list[str], named: str
) -> None:
    with pytest.raises(RefusedError, match=named):
        sign_in_at(AskingPool(*challenges), monkeypatch, contexts)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("CodeMismatchException", RefusedError),
        ("ExpiredCodeException", RefusedError),
        ("InvalidPasswordException", RefusedError),
        ("NotAuthorizedException", RefusedError),
        ("PasswordResetRequiredException", RefusedError),
        ("UserNotConfirmedException", RefusedError),
        ("TooManyRequestsException", UnreachableError),
    ],
)
def test_what_a_pool_does_not_take_is_a_refusal_and_what_it_can_not_take_now_is_not(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts, code: str, kind: type[ClientError]
) -> None:
    pool = AskingPool("SOFTWARE_TOKEN_MFA")
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def refuse(**_: Any) -> None:
        raise ServiceError(answer, "RespondToAuthChallenge")

    monkeypatch.setattr(pool, "respond_to_auth_challenge", refuse)
    with pytest.raises(ClientError, match=code) as raised:
        sign_in_at(pool, monkeypatch, contexts)
    assert type(raised.value) is kind


class HollowPool(AskingPool):
    """A user pool whose public value of SRP is a multiple of the group's prime."""

    def initiate_auth(self, **_: Any) -> dict[str, Any]:
        parameters = {"USER_ID_FOR_SRP": "u-1", "SALT": "1", "SRP_B": "0", "SECRET_BLOCK": "AAAA"}
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters}


def test_no_proof_goes_to_a_pool_that_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, contexts: Contexts
) -> None:
    pool = HollowPool()
    with pytest.raises(RefusedError, match="proves nothing"):
        sign_in_at(pool, monkeypatch, contexts)
    assert pool.answers == []


def test_a_login_is_renewed_before_it_expires_and_kept(
    contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool()
    monkeypatch.setattr("statusbeam.client.logins._user_pool", lambda _: pool)
    old = token_of(sub="old", exp=1_000)
    contexts.save_login("dev", Login(username="ana", id_token=old, refresh_token="again"))
    target = Target(choose(Flags(), {}, contexts), {"UserPoolClientId": "client"})
    assert LoginTokens(target, contexts, "dev", now=lambda: 900).token() == old
    tokens = LoginTokens(target, contexts, "dev", now=lambda: 950)
    renewed = tokens.token()
    assert renewed != old
    assert pool.asked[0]["AuthParameters"] == {"REFRESH_TOKEN": "again"}
    assert contexts.login("dev") == Login(username="ana", id_token=renewed, refresh_token="again")
    tokens.token(refused=renewed)
    assert len(pool.asked) == 2


def test_the_folder_follows_the_xdg_specification() -> None:
    assert config_folder({"XDG_CONFIG_HOME": "/etc/xdg"}) == Path("/etc/xdg/statusbeam")
    assert config_folder({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config" / "statusbeam"
    assert config_folder({}) == Path.home() / ".config" / "statusbeam"


def test_contexts_are_kept_with_the_comments_of_their_file(contexts: Contexts) -> None:
    contexts.path.write_text("# mine\n" + contexts.path.read_text())
    contexts.add("new", Context(stack="New-Status"))
    contexts.use("new")
    contexts.remove("dev")
    assert contexts.path.read_text().startswith("# mine\n")
    assert contexts.names() == ["prod", "laptop", "new"]
    assert contexts.current() == "new"
    contexts.remove("new")
    assert contexts.current() is None


def test_the_first_context_is_used_at_once(contexts: Contexts) -> None:
    assert contexts.current() == "dev"


def test_logins_are_readable_by_their_user_only_and_go_with_their_context(contexts: Contexts) -> None:
    contexts.save_login("dev", Login(username="ana", id_token="i", refresh_token="r"))
    file = contexts.path.with_name("logins.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "refresh" not in contexts.path.read_text()
    contexts.remove("dev")
    assert contexts.login("dev") is None
    assert "ana" not in file.read_text()


def test_a_login_does_not_stay_with_a_context_of_another_deployment(contexts: Contexts) -> None:
    login = Login(username="ana", id_token="i", refresh_token="r")
    contexts.save_login("dev", login)
    contexts.add("dev", Context(stack="Dev-Status", profile="work", region="eu-west-1"))
    assert contexts.login("dev") == login
    contexts.add("dev", Context(stack="Prod-Status", profile="work", region="eu-west-1"))
    assert contexts.login("dev") is None


@pytest.mark.parametrize(
    "text", ["current = ", "[contexts]\ndev = 1", "[contexts.dev]\nstack = 1", "[contexts.dev]\nstak = 'A'"]
)
def test_a_file_that_is_wrong_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    kept = Contexts(tmp_path)
    kept.path.write_text(text)
    with pytest.raises(TargetError):
        choose(Flags(context="dev"), {}, kept)
