"""Signing in at a deployment's user pool with a password, and the tokens of any login."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .aws_errors import aws_call
from .claims import claims_of
from .contexts import Contexts, Login
from .errors import RefusedError, TargetError
from .oidc import provider_of, renewed
from .target import Target, client_config
from .view_tokens import RENEWED_SECONDS

if TYPE_CHECKING:
    from pycognito.aws_srp import AWSSRP

Ask = Callable[[str, bool], str]
"""(prompt, whether the answer is secret) -> the answer."""
_MOST_CHALLENGES = 4
_CODES = {
    "SOFTWARE_TOKEN_MFA": ("SOFTWARE_TOKEN_MFA_CODE", "Code of your authenticator"),
    "SMS_MFA": ("SMS_MFA_CODE", "Code of the text message"),
    "EMAIL_OTP": ("EMAIL_OTP_CODE", "Code of the email"),
}
_ATTRIBUTE = "userAttributes."


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
                ChallengeResponses={"USERNAME": user_id, **_response(target, answer, proof, ask)},
                # Cognito gives the password's challenge no session.
                **({"Session": answer["Session"]} if "Session" in answer else {}),
            )
    if "AuthenticationResult" not in answer:
        raise RefusedError(f"the user pool asks for {answer['ChallengeName']} after too many challenges.")
    result = answer["AuthenticationResult"]
    return Login(username=username, id_token=result["IdToken"], refresh_token=result["RefreshToken"])


def _response(target: Target, answer: Mapping[str, Any], proof: AWSSRP, ask: Ask) -> Mapping[str, str]:
    challenge, parameters = answer["ChallengeName"], answer.get("ChallengeParameters", {})
    match challenge:
        case "PASSWORD_VERIFIER":
            return _proven(parameters, proof)
        case "NEW_PASSWORD_REQUIRED":
            return {"NEW_PASSWORD": ask("New password", True), **_attributes(parameters, ask)}
        case "SELECT_MFA_TYPE":
            return {"ANSWER": _chosen(json.loads(parameters.get("MFAS_CAN_CHOOSE", "[]")), ask)}
        case "MFA_SETUP":
            page = target.outputs.get("WebUrl", "the page")
            raise RefusedError(
                f"the user pool requires a second factor ({challenge}), and this user has none: sign in on "
                f"{page} and set up an authenticator there, then run `statusbeam login` again."
            )
        case _ if challenge in _CODES:
            name, prompt = _CODES[challenge]
            return {name: ask(prompt, False)}
        case _:
            raise RefusedError(
                f"the user pool asks for {challenge}, which this command cannot answer: "
                "put a token into STATUSBEAM_TOKEN."
            )


def _attributes(parameters: Mapping[str, str], ask: Ask) -> Mapping[str, str]:
    """The attributes that a new user must have."""
    required: list[str] = json.loads(parameters.get("requiredAttributes") or "[]")
    return {
        name: ask(name.removeprefix(_ATTRIBUTE).replace("_", " ").capitalize(), False) for name in required
    }


def _chosen(factors: Sequence[str], ask: Ask) -> str:
    """One of several second factors."""
    known = [factor for factor in factors if factor in _CODES]
    if not known:
        raise RefusedError(
            f"the user pool offers second factors that this command does not know: {', '.join(factors)}."
        )
    if len(known) == 1:
        return known[0]
    answer = ask(f"Second factor ({', '.join(known)})", False)
    if answer not in known:
        raise RefusedError(f"the second factor must be one of {', '.join(known)}, not {answer}.")
    return answer


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
        if self._is_over(self._login, refused):
            self._login = self._contexts.renew_login(self._context, lambda kept: self._renewed(kept, refused))
        return self._login.id_token

    def _is_over(self, login: Login, refused: str | None) -> bool:
        expires = claims_of(login.id_token).get("exp")
        has_expired = isinstance(expires, int | float) and self._now() >= expires - RENEWED_SECONDS
        return has_expired or login.id_token == refused

    def _renewed(self, kept: Login, refused: str | None) -> Login:
        """The login that another thread or command has renewed meanwhile, or else a renewed one."""
        if _owner(kept) != _owner(self._login):
            raise RefusedError(f"another user has signed in to the context {self._context} meanwhile.")
        if not self._is_over(kept, refused):
            return kept
        if not kept.with_browser:
            return self._renewed_by_pool(kept)
        provider = provider_of(self._target)
        if provider is None:
            raise RefusedError("the deployment has another sign-in now: run `statusbeam login` again.")
        return renewed(provider, kept)

    def _renewed_by_pool(self, login: Login) -> Login:
        pool = _user_pool(self._target)
        with aws_call("renew the login; run `statusbeam login` again"):
            result = pool.initiate_auth(
                AuthFlow="REFRESH_TOKEN_AUTH",
                ClientId=self._target.output("UserPoolClientId"),
                AuthParameters={"REFRESH_TOKEN": login.refresh_token},
            )["AuthenticationResult"]
        rotated = result.get("RefreshToken") or login.refresh_token
        return replace(login, id_token=result["IdToken"], refresh_token=rotated)


def _owner(login: Login) -> tuple[object, object]:
    claims = claims_of(login.id_token)
    return claims.get("iss"), claims.get("sub")


def _user_pool(target: Target) -> Any:
    from botocore import UNSIGNED  # noqa: PLC0415 - loads the AWS SDK
    from botocore.config import Config  # noqa: PLC0415 - as above

    if "OidcIssuer" in target.outputs:
        raise TargetError("the deployment has no user pool: run `statusbeam login` without --username.")
    unsigned = client_config().merge(Config(signature_version=UNSIGNED))
    return target.session.client("cognito-idp", endpoint_url=target.endpoint_url, config=unsigned)
