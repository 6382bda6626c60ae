"""`statusbeam login` at a user pool that accepts no plain passwords, like those in production."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from statusbeam.client.contexts import Contexts
from statusbeam.client.errors import RefusedError
from statusbeam.client.logins import sign_in
from statusbeam.client.target import Flags, Target, choose
from tests.e2e.bare_emulator import REGION, Emulator, emulator_process

TEMPORARY, PASSWORD = "F1rst-temporary!", "Ch0sen-by-ana-1!"


@dataclass(frozen=True, kw_only=True)
class UserPool:
    pool_id: str
    client_id: str
    folder: Path

    def sign_in(self, password: str, *answers: str) -> tuple[str, list[str]]:
        """The name in the ID token, and the command's prompts."""
        asked: list[str] = []
        rest = iter(answers)

        def ask(prompt: str, _: bool) -> str:
            asked.append(prompt)
            return next(rest)

        choice = choose(Flags(stack="Prod-Status", region=REGION), {}, Contexts(self.folder))
        outputs = {"UserPoolId": self.pool_id, "UserPoolClientId": self.client_id}
        login = sign_in(Target(choice, outputs), "ana", password, ask)
        claims = jwt.decode(login.id_token, options={"verify_signature": False})
        return claims["cognito:username"], asked


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator_process(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def pool(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserPool:
    """A user pool with the new user ana."""
    cognito = emulator.client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="readers")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="client",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]
    cognito.admin_create_user(
        UserPoolId=pool_id, Username="ana", TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    return UserPool(pool_id=pool_id, client_id=client["ClientId"], folder=tmp_path)


def test_a_new_user_chooses_a_password_and_signs_in_with_it(pool: UserPool) -> None:
    assert pool.sign_in(TEMPORARY, PASSWORD) == ("ana", ["New password"])
    assert pool.sign_in(PASSWORD) == ("ana", [])


def test_a_wrong_password_is_refused(pool: UserPool) -> None:
    with pytest.raises(RefusedError, match="NotAuthorizedException"):
        pool.sign_in("An-0ther-password!")
