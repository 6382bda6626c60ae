"""Signing in at a deployment's user pool, and the tokens that this gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .aws_errors import aws_call
from .claims import claims_of
from .contexts import Contexts, Login
from .errors import RefusedError, TargetError
from .target import Target, client_config
from .view_tokens import RENEWED_SECONDS

if TYPE_CHECKING:
    from pycognito.aws_srp import AWSSRP

Ask = Callable[[str, bool], str]
"""(prompt, whether the answer is secret) -> the answer."""
_MOST_CHALLENGES = 4
_ANSWERS = {
    "NEW_PASSWORD_REQUIRED": ("NEW_PASSWORD", "New password", True),
    "SOFTWARE_TOKEN_MFA": ("SOFTWARE_TOKEN_MFA_CODE", "Code of your authenticator", False),
    "SMS_MFA": ("SMS_MFA_CODE", "Code of the text message", False),
}


def sign_in(target: Target, username: str, password: str, ask: Ask) -> Login:
    """Sign in without sending the password. `ask` answers the user pool's challenges. Raises ClientError."""
    from pycognito.aws_srp import AWSSRP  # noqa: PLC0415 - loads the AWS SDK

    pool, client_id = _user_pool(target), target.output("UserPoolClientId")
    proof = AWSSRP(username, password, target.output("UserPoolId"), client_id, client=pool)
    user_id = username
    with aws_call(f"sign in {username}"):
        answer = pool.initiate_auth(
            AuthFlow="USER_SRP_AUTH", ClientId=client_id, AuthParameters=proof.get_auth_params()
        )
        for _ in range(_MOST_CHALLENGES):
            if "AuthenticationResult" in answer:
                break
            # An email address may start a login. Cognito accepts only the user's own name in the answers.
            user_id = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", user_id)
            answer = pool.respond_to_auth_challenge(
                ClientId=client_id,
                ChallengeName=answer["ChallengeName"],
                ChallengeResponses={"USERNAME": user_id, **_response(answer, proof, ask)},
                # Cognito gives the password's challenge no session.
                **({"Session": answer["Session"]} if "Session" in answer else {}),
            )
    if "AuthenticationResult" not in answer:
        raise RefusedError(f"the user pool asks for {answer['ChallengeName']} after too many challenges.")
    result = answer["AuthenticationResult"]
    return Login(username=username, id_token=result["IdToken"], refresh_token=result["RefreshToken"])


def _response(answer: Mapping[str, Any], proof: AWSSRP, ask: Ask) -> Mapping[str, str]:
    challenge = answer["ChallengeName"]
    if challenge == "PASSWORD_VERIFIER":
        return _proven(answer["ChallengeParameters"], proof)
    if challenge not in _ANSWERS:
        raise RefusedError(
            f"the user pool asks for {challenge}, which this command cannot answer: "
            "sign in on the page first, or put a token into STATUSBEAM_TOKEN."
        )
    name, prompt, is_secret = _ANSWERS[challenge]
    return {name: ask(prompt, is_secret)}


def _proven(challenge: Mapping[str, str], proof: AWSSRP) -> Mapping[str, str]:
    # RFC 5054, 2.5.3: the client must abort. AWSSRP does not check it.
    if int(challenge["SRP_B"], 16) % proof.big_n == 0:
        raise RefusedError("the user pool sent a value that proves nothing.")
    response: Mapping[str, str] = proof.process_challenge(challenge, {"USERNAME": proof.username})
    return response


class LoginTokens:
    """The Tokens of a login. A refreshed login is kept in the file of logins."""

    def __init__(
        self, target: Target, contexts: Contexts, context: str, *, now: Callable[[], float] = time.time
    ) -> None:
        login = contexts.login(context)
        if login is None:
            raise TargetError(f"the context {context} has no login: run `statusbeam login`.")
        self._target = target
        self._contexts = contexts
        self._context = context
        self._login = login
        self._now = now

    def token(self, *, refused: str | None = None) -> str:
        """See Tokens.token."""
        expires = claims_of(self._login.id_token).get("exp")
        is_over = isinstance(expires, int | float) and self._now() >= expires - RENEWED_SECONDS
        if is_over or self._login.id_token == refused:
            self._refresh()
        return self._login.id_token

    def _refresh(self) -> None:
        pool = _user_pool(self._target)
        with aws_call("renew the login; run `statusbeam login` again"):
            result = pool.initiate_auth(
                AuthFlow="REFRESH_TOKEN_AUTH",
                ClientId=self._target.output("UserPoolClientId"),
                AuthParameters={"REFRESH_TOKEN": self._login.refresh_token},
            )["AuthenticationResult"]
        rotated = result.get("RefreshToken") or self._login.refresh_token
        self._login = replace(self._login, id_token=result["IdToken"], refresh_token=rotated)
        self._contexts.save_login(self._context, self._login)


def _user_pool(target: Target) -> Any:
    from botocore import UNSIGNED  # noqa: PLC0415 - loads the AWS SDK
    from botocore.config import Config  # noqa: PLC0415 - as above

    if "UserPoolClientId" not in target.outputs:
        raise TargetError("the deployment has no user pool: put its provider's token into STATUSBEAM_TOKEN.")
    unsigned = client_config().merge(Config(signature_version=UNSIGNED))
    return target.session.client("cognito-idp", endpoint_url=target.endpoint_url, config=unsigned)
