"""The viewer of each token, and the tokens without a viewer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from status_utils.tokens import ViewTokenKeys, mint_view_token, verify_view_token
from status_utils.tokens.issuer_tokens import CognitoVerifier, IssuerKeys, OidcVerifier
from statusbeam.bridge.access.authenticator import Authenticator, ClaimNames
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins
from statusbeam.bridge.access.tickets import TICKET_SECONDS, MemoryTicketStore, Tickets
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.problems import Problem
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.settings import BridgeSettings
from tests.unit.samples import NOW, StoppedClock

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
PROVIDER = "https://login.example.com/"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
VIEW_KEYS = ViewTokenKeys(lambda: ["a secret of more than thirty-two characters"])
AUDIENCE = "statusbeam-test"


async def fetch(url: str) -> Mapping[str, Any]:
    if url.endswith("openid-configuration"):
        return {"issuer": PROVIDER, "jwks_uri": "keys"}
    return {"keys": [{**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1"}]}


class World:
    """An authenticator, and all that it depends on."""

    def __init__(self, claim_names: ClaimNames | None = None) -> None:
        self.time = StoppedClock()
        self.ended = MemoryEndedLogins()
        self.tickets = Tickets(MemoryTicketStore(), clock=self.time.clock())

        def now() -> float:
            return self.time.time

        cognito = CognitoVerifier(issuer=ISSUER, keys=IssuerKeys(fetch, keys_url="keys", now=now), now=now)
        oidc = OidcVerifier(
            issuer=PROVIDER,
            keys=IssuerKeys(fetch, discovery_url=f"{PROVIDER}.well-known/openid-configuration", now=now),
            now=now,
        )
        self.authenticator = Authenticator(
            ended=self.ended,
            tickets=self.tickets,
            view_tokens=lambda token: verify_view_token(token, keys=VIEW_KEYS, audience=AUDIENCE, now=now),
            issuers={ISSUER: cognito, PROVIDER.rstrip("/"): oidc},
            claim_names=claim_names,
        )

    async def viewer(self, token: str) -> Viewer:
        return await self.authenticator.viewer(token)

    async def refusal(self, token: str) -> Problem:
        with pytest.raises(Problem) as refused:
            await self.viewer(token)
        return refused.value


def view_token(**changes: Any) -> str:
    arguments = {"keys": VIEW_KEYS, "audience": AUDIENCE, "now": lambda: NOW, **changes}
    return mint_view_token("ana", "city", **arguments)


def token(**changes: Any) -> str:
    claims = {
        "sub": "ana",
        "iss": ISSUER,
        "token_use": "access",
        "tenantId": "city",
        "cognito:groups": ["viewer"],
        "iat": NOW - 10,
        "auth_time": NOW - 1_000,
        "exp": NOW + 3_600,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return pyjwt.encode(kept, KEY, algorithm="RS256", headers={"kid": "k1"})


async def test_a_view_token_gives_its_user_and_its_jobs() -> None:
    viewer = await World().viewer(view_token(job_ids=["job-1"]))
    assert viewer == Viewer(
        user_id="ana", tenant_id="city", job_ids=("job-1",), signed_in_at=NOW, read_only=True
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ("city", ("viewer",)), id="access token"),
        pytest.param(
            {"token_use": "id", "tenantId": None, "custom:tenantId": "lake"},
            ("lake", ("viewer",)),
            id="ID token",
        ),
        pytest.param({"cognito:groups": "operator admin"}, ("city", ("operator", "admin")), id="words"),
        pytest.param({"cognito:groups": {"operator": 1}}, ("city", ()), id="nonsense"),
        pytest.param({"iss": PROVIDER}, ("city", ("viewer",)), id="OpenID Connect"),
    ],
)
async def test_an_issuers_token_gives_its_user(changes: dict[str, Any], expected: Any) -> None:
    viewer = await World().viewer(token(**changes))
    assert (viewer.tenant_id, viewer.roles) == expected
    assert (viewer.user_id, viewer.job_ids, viewer.signed_in_at) == ("ana", None, NOW - 1_000)


async def test_a_provider_names_its_own_claims_and_then_no_other_one_counts() -> None:
    world = World(ClaimNames(tenant=("org",), roles="perms"))
    viewer = await world.viewer(token(org="lake", perms=["admin"]))
    assert (viewer.tenant_id, viewer.roles) == ("lake", ("admin",))
    assert (await world.refusal(token())).status == 403


@pytest.mark.parametrize("claim", ["cognito:username", "username"])
async def test_the_user_is_in_the_claim_that_the_deployment_names(claim: str) -> None:
    settings = BridgeSettings(status_table="t", user_sessions_table="s", user_claim="cognito:username")
    world = World(ClaimNames(user=settings.user_claims))
    assert (await world.viewer(token(sub="1a2b", **{claim: "ana"}))).user_id == "ana"
    assert (await world.refusal(token())).status == 403


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        pytest.param("", 401, id="nothing"),
        pytest.param("nonsense", 401, id="nonsense"),
        pytest.param("sbv1.a.b.c", 401, id="a view token that is none"),
        pytest.param("sbt1.invented", 401, id="an invented ticket"),
        pytest.param(view_token(audience="another"), 401, id="a view token for another stage"),
        pytest.param(token(exp=NOW - 1), 401, id="expired"),
        pytest.param(token(iss="https://another.example.com"), 401, id="of another issuer"),
        pytest.param(token(tenantId=None), 403, id="without a tenant"),
        pytest.param(token(tenantId=7), 403, id="a tenant that is a number"),
        pytest.param(token(sub="a#b"), 403, id="a user that would be part of another key"),
        pytest.param(token(token_use="refresh"), 401, id="neither access nor ID token"),
    ],
)
async def test_other_tokens_give_no_user(refused: str, status: int) -> None:
    assert (await World().refusal(refused)).status == status


async def test_the_bearer_of_a_bad_view_token_gets_no_reason() -> None:
    problem = await World().refusal(view_token(audience="another"))
    assert problem.detail == "The request needs a valid token."


async def test_a_login_that_was_ended_is_refused_and_a_newer_one_is_not() -> None:
    world = World()
    world.ended.end("city", "ana", at=NOW - 500)
    assert "ended" in (await world.refusal(token())).detail
    assert "ended" in (await world.refusal(token(auth_time=None, iat=NOW - 500))).detail
    assert (await world.viewer(token(auth_time=NOW - 499))).user_id == "ana"
    assert (await world.viewer(view_token())).user_id == "ana"


async def test_a_ticket_is_good_once_and_not_for_long() -> None:
    world = World()
    viewer = await world.viewer(token())
    ticket, until = await world.tickets.issue(viewer)
    assert until == int(NOW) + TICKET_SECONDS
    assert await world.viewer(ticket) == viewer
    assert (await world.refusal(ticket)).status == 401
    late, _ = await world.tickets.issue(viewer)
    world.time.time += TICKET_SECONDS
    assert (await world.refusal(late)).status == 401


async def test_a_ticket_does_not_outlive_the_login() -> None:
    world = World()
    ticket, _ = await world.tickets.issue(await world.viewer(token()))
    world.ended.end("city", "ana", at=NOW)
    assert "ended" in (await world.refusal(ticket)).detail


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        pytest.param({}, True, id="the owner"),
        pytest.param({"user_id": "ben"}, False, id="another user"),
        pytest.param({"user_id": "ben", "roles": ("operator",)}, True, id="an operator"),
        pytest.param({"user_id": "ben", "roles": ("admin",)}, True, id="an admin"),
        pytest.param({"user_id": "ben", "roles": ("cooperator",)}, False, id="a role of a similar name"),
        pytest.param({"tenant_id": "lake", "roles": ("admin",)}, False, id="another tenant"),
        pytest.param({"job_ids": ("job-1",)}, True, id="a token of this job"),
        pytest.param({"job_ids": ("job-2",)}, False, id="a token of another job"),
    ],
)
def test_readers_see_allowed_jobs_only(viewer: dict[str, Any], sees: bool) -> None:
    head = Head(job_id="job-1", user_id="ana", tenant_id="city")
    assert Viewer(**{"user_id": "ana", "tenant_id": "city", **viewer}).may_see(head) is sees
