"""Following a job while the token of its login ends: the client renews it, and nothing is lost."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from statusbeam.client.api import Api
from statusbeam.client.contexts import Context, Contexts
from statusbeam.client.deployment import Deployment
from statusbeam.client.errors import RefusedError
from statusbeam.client.follower import Follower
from statusbeam.client.graphql_errors import TokenRefusedError
from statusbeam.client.join import Timing
from statusbeam.client.logins import LoginTokens
from statusbeam.client.loopback import Loopback
from statusbeam.client.oidc import provider_of, sign_in_with_browser
from statusbeam.client.realtime import Socket
from statusbeam.client.target import Flags, Target, choose
from tests.identity_provider import CLIENT_ID, IdentityProvider, Reader, choose_user, identity_provider
from tests.unit.statusbeam.client.fake_service import JOB_ID, status_of

DEADLINE_SECONDS = 60
LAST = 3
URL = "https://api.example.com/graphql"
EXPIRED = {"errorType": "UnauthorizedException", "errorCode": 401, "message": "Token has expired."}


class Service:
    """An API that ends the first token in the middle of its subscription. In the next one, the job ends."""

    def __init__(self) -> None:
        self.log = [status_of(1)]
        self.ended: set[str] = set()
        self.connected: list[str] = []
        """The token of each connection."""

    def answer(self, _: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """The answer to a request."""
        if headers["authorization"] in self.ended:
            raise TokenRefusedError("the API refused the caller: Token has expired.")
        request = json.loads(body)
        if "listStatusUpdates" in request["query"]:
            page = self._page(request["variables"]["afterSequence"])
            return {"data": {"listStatusUpdates": page}}
        position = {"jobId": JOB_ID, "sequence": len(self.log), "epoch": "e1"}
        return {"data": {"syncSession": {"jobs": [position]}}}

    def _page(self, after: int) -> dict[str, Any]:
        current = len(self.log)
        page = {"currentSequence": current, "nextAfterSequence": current, "reason": None, "firstSequence": 1}
        return {**page, "updates": self.log[after:], "recovered": True}

    def open(self, _: str, protocols: list[str]) -> AbstractAsyncContextManager[Socket]:
        """See OpenSocket."""
        header = protocols[1].removeprefix("header-")
        token = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["Authorization"]
        self.connected.append(token)
        return _connection(self, token)


@asynccontextmanager
async def _connection(service: Service, token: str) -> Any:
    yield _Connection(service, token)


class _Connection:
    def __init__(self, service: Service, token: str) -> None:
        self._service = service
        self._token = token
        self._frames = [{"type": "connection_ack"}, {"type": "start_ack", "id": "1"}]

    async def send(self, message: str) -> None:
        return

    async def recv(self) -> str:
        if self._frames:
            return json.dumps(self._frames.pop(0))
        if self._token == self._service.connected[0]:
            self._service.ended.add(self._token)
            return json.dumps({"type": "error", "id": "1", "payload": {"errors": [EXPIRED]}})
        if len(self._service.log) == LAST:
            await asyncio.Event().wait()
        return self._push(len(self._service.log) + 1)

    def _push(self, sequence: int) -> str:
        status = status_of(sequence, "complete" if sequence == LAST else "progress")
        self._service.log.append(status)
        return json.dumps({"type": "data", "id": "1", "payload": {"data": {"onStatusUpdate": status}}})


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider({"Ann": Reader(sub="ann", tenant_id="riverton")}) as running:
        yield running


@pytest.fixture
def tokens(provider: IdentityProvider, tmp_path: Path) -> LoginTokens:
    """The tokens of Ann, who has signed in with a browser."""
    contexts = Contexts(tmp_path)
    contexts.add("city", Context(stack="Prod-Status"))
    outputs = {"OidcIssuer": provider.issuer, "OidcClientId": CLIENT_ID}
    target = Target(choose(Flags(), {}, contexts), outputs)
    found = provider_of(target)
    assert found is not None

    def browser(address: str) -> None:
        choose_user(address, "Ann")

    with Loopback((0,)) as answers:
        login = sign_in_with_browser(found, answers, browser)
    contexts.save_login("city", login)
    return LoginTokens(target, contexts, "city")


async def followed(service: Service, tokens: LoginTokens) -> list[int]:
    """The sequences of the job, to its end."""
    deployment = Deployment(Api(URL, tokens, send=service.answer), "ann", "riverton")
    opened = deployment.service(JOB_ID, open_socket=service.open)
    follower = Follower(JOB_ID, opened, timing=Timing(retry_first=0.0))
    given: list[int] = []
    async with asyncio.timeout(DEADLINE_SECONDS), aclosing(follower.batches()) as batches:
        async for updates in batches:
            given += [update.sequence or 0 for update in updates]
    return given


async def test_a_subscription_whose_token_ends_goes_on_with_a_new_one(
    provider: IdentityProvider, tokens: LoginTokens
) -> None:
    service, first = Service(), tokens.token()
    assert await followed(service, tokens) == [1, 2, 3]
    assert service.connected == [first, tokens.token()]
    assert provider.renewals == 1


async def test_a_subscription_whose_login_has_ended_ends_with_the_way_to_sign_in(
    provider: IdentityProvider, tokens: LoginTokens
) -> None:
    provider.end_all()
    with pytest.raises(RefusedError, match="statusbeam login"):
        await followed(Service(), tokens)
