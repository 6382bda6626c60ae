"""Signs a reader in with a browser, at an OpenID Connect provider or Cognito's managed login, and renews it.

Authorization code with PKCE, as native apps use it (RFC 8252). The protocol is Authlib's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from statusbeam.model.settings import SIGN_IN_SCOPES

from .claims import claims_of
from .contexts import Login
from .errors import ClientError, RefusedError, TargetError, UnreachableError
from .graphql_errors import LOGIN_ENDED
from .target import Target

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

    from .loopback import Answer, Answers

SIGN_IN_SECONDS: Final = 300.0
"""The time in which the reader signs in."""
ANSWER_SECONDS: Final = 15.0
_OWN_WORDS = 200
_PASSING = frozenset(("server_error", "temporarily_unavailable", "slow_down"))
_SIGN_IN_AGAIN = "run `statusbeam login` again"
_NAME_CLAIMS = ("preferred_username", "email", "name", "cognito:username", "sub")
_THIS_MACHINE = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who signs readers in with a browser, and the client that they sign in with."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    host: str
    """Where readers see themselves in the browser."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the provider's own in the authorization request."""


def provider_of(target: Target) -> Provider | None:
    """The provider of a deployment; None: its user pool takes names and passwords. Raises ClientError."""
    outputs = target.outputs
    if "OidcIssuer" in outputs:
        issuer, scopes = outputs["OidcIssuer"], outputs.get("OidcScopes")
        return Provider(
            issuer=issuer,
            client_id=target.output("OidcClientId"),
            scopes=tuple(scopes.split()) if scopes else SIGN_IN_SCOPES,
            host=urlsplit(issuer).netloc,
        )
    if "LoginDomain" in outputs:
        pool, named = target.output("UserPoolId"), outputs.get("LoginProvider")
        return Provider(
            issuer=f"https://cognito-idp.{pool.partition('_')[0]}.amazonaws.com/{pool}",
            client_id=target.output("UserPoolClientId"),
            scopes=SIGN_IN_SCOPES,
            host=outputs["LoginDomain"],
            parameters={} if named is None else {"identity_provider": named},
        )
    return None


def sign_in_with_browser(
    provider: Provider,
    answers: Answers,
    show: Callable[[str], None],
    *,
    is_fresh: bool = False,
    seconds: float = SIGN_IN_SECONDS,
) -> Login:
    """Sign in at the address that `show` gets, with the answer that arrives at `answers`. Raises ClientError.

    `is_fresh`: the provider asks who signs in, also within its own session.
    """
    session = _session(provider, redirect_uri=answers.address)
    metadata = _discover(session, provider)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"],
        state=secrets.token_urlsafe(24),
        code_verifier=verifier,
        nonce=nonce,
        **({"prompt": "login"} if is_fresh else {}),
        **provider.parameters,
    )
    show(url)
    answer = answers.wait(seconds)
    if answer is None:
        raise UnreachableError(
            f"no answer of {provider.host} arrived at {answers.address} within {seconds:.0f} s. If the "
            "browser showed an error, register this address with the provider, for the client "
            f"{provider.client_id}."
        )
    code = _code_in(answer, state, provider, metadata)
    with _explained(provider):
        tokens = session.fetch_token(
            metadata["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
        )
    return _login(provider, metadata, tokens, nonce=nonce)


def renewed(provider: Provider, login: Login) -> Login:
    """The login with a new ID token. Raises ClientError."""
    before = claims_of(login.id_token)
    if login.refresh_token is None:
        raise RefusedError(
            f"the login has ended, and {provider.host} gave no refresh token: {_SIGN_IN_AGAIN}. "
            "Many providers give one if the deployment's scopes have offline_access.",
            LOGIN_ENDED,
        )
    if not _is_same_issuer(before.get("iss"), provider.issuer):
        raise RefusedError(f"the login is not of {provider.host}: {_SIGN_IN_AGAIN}.", LOGIN_ENDED)
    session = _session(provider)
    metadata = _discover(session, provider)
    with _explained(provider):
        tokens = session.refresh_token(metadata["token_endpoint"], refresh_token=login.refresh_token)
    new = _login(provider, metadata, tokens)
    if claims_of(new.id_token).get("sub") != before.get("sub"):
        raise RefusedError(f"{provider.host} renewed the login of another user: {_SIGN_IN_AGAIN}.")
    return new


def _session(provider: Provider, *, redirect_uri: str | None = None) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415 - loads requests

    return OAuth2Session(
        provider.client_id,
        scope=None if redirect_uri is None else " ".join(provider.scopes),  # a renewal keeps its scopes
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        default_timeout=ANSWER_SECONDS,
    )


def _discover(session: OAuth2Session, provider: Provider) -> Mapping[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0)."""
    _require_encryption(provider, provider.issuer)
    with _explained(provider):
        url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = session.request("GET", url, withhold_token=True)
        answer.raise_for_status()
        metadata = answer.json()
    if not isinstance(metadata, dict) or not _is_same_issuer(metadata.get("issuer"), provider.issuer):
        raise RefusedError(f"the metadata at {provider.issuer} are of another issuer.")
    for name in ("authorization_endpoint", "token_endpoint"):
        if not isinstance(metadata.get(name), str):
            raise RefusedError(f"the metadata of {provider.host} have no {name}.")
        _require_encryption(provider, metadata[name])
    return metadata


def _require_encryption(provider: Provider, url: str) -> None:
    """Providers on this machine may speak plain HTTP, for localcloud."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        raise RefusedError(f"{provider.host} has an address without encryption: {url}.")


def _is_same_issuer(found: object, issuer: str) -> bool:
    """As AppSync does, take an issuer that differs by a slash at its end."""
    return isinstance(found, str) and found.rstrip("/") == issuer.rstrip("/")


def _code_in(answer: Answer, state: str, provider: Provider, metadata: Mapping[str, Any]) -> str:
    """The authorization code of the answer to this sign-in."""
    if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise RefusedError(
            "the state in the answer is not of this sign-in: the answer is an earlier one's, or forged. "
            f"Close the windows of earlier sign-ins, and {_SIGN_IN_AGAIN}."
        )
    # RFC 9207: another provider must not answer in this one's place.
    names_issuer = "iss" in answer or metadata.get("authorization_response_iss_parameter_supported")
    if names_issuer and answer.get("iss") != metadata["issuer"]:
        raise RefusedError(f"the answer is not of {provider.host}, but of {answer.get('iss', 'nobody')}.")
    if "error" in answer:
        raise _refusal(answer["error"], answer.get("error_description"), provider)
    return answer["code"]


def _login(
    provider: Provider,
    metadata: Mapping[str, Any],
    tokens: Mapping[str, Any],
    *,
    nonce: str | None = None,
) -> Login:
    id_token, refresh_token = tokens.get("id_token"), tokens.get("refresh_token")
    if not isinstance(id_token, str):
        raise RefusedError(f"{provider.host} gave no ID token: {_SIGN_IN_AGAIN}.")
    claims = _checked_claims(provider, metadata, id_token, nonce)
    name = next(str(claims[name]) for name in _NAME_CLAIMS if claims.get(name))
    return Login(username=name, id_token=id_token, refresh_token=refresh_token, with_browser=True)


def _checked_claims(
    provider: Provider, metadata: Mapping[str, Any], id_token: str, nonce: str | None
) -> Mapping[str, Any]:
    """The claims of a new ID token, checked as OpenID Connect Core 3.1.3.7 has it.

    The token comes from the provider itself over TLS, so the signature is left to the API, which verifies it
    with each request (rule 6). Times count by the provider's clock: this machine's may be hours off.
    """
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - as above
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above

    try:
        claims = CodeIDToken(
            dict(claims_of(id_token)),
            {},
            options={
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": provider.client_id},
            },
            params={"nonce": nonce, "client_id": provider.client_id},
        )
        claims.validate(now=claims.get("iat"))
    except (JoseError, TargetError) as error:
        raise RefusedError(f"the ID token of {provider.host} is not valid: {error}") from error
    return claims


@contextmanager
def _explained(provider: Provider) -> Iterator[None]:
    """Raise errors of the protocol and of the network as ClientError."""
    from authlib.integrations.base_client import OAuthError  # noqa: PLC0415 - as above
    from requests import RequestException  # noqa: PLC0415 - as above

    try:
        yield
    except OAuthError as error:
        raise _refusal(str(error.error), error.description, provider) from error
    except (RequestException, ValueError) as error:  # ValueError: what answered is not JSON
        raise UnreachableError(f"{provider.host} did not answer as a provider does: {error}") from error


def _refusal(code: str, own_words: str | None, provider: Provider) -> ClientError:
    host = provider.host
    match code:
        case "access_denied":
            message = f"{host} did not let you in ({code}): use another account, or ask for access."
        case "invalid_grant":
            message = f"the login at {host} has ended, or took too long ({code}): {_SIGN_IN_AGAIN}."
        case "invalid_client" | "unauthorized_client":
            message = (
                f"{host} does not accept the client {provider.client_id} ({code}): "
                "register it as a public client with PKCE, without a secret."
            )
        case code if code in _PASSING:
            message = f"{host} can sign nobody in at the moment ({code}): try again in a few minutes."
        case _:
            message = f"{host} refused the request ({code})."
    if own_words:
        message += f' It says: "{own_words[:_OWN_WORDS]}"'
    if code in _PASSING:
        return UnreachableError(message)
    return RefusedError(message, LOGIN_ENDED if code == "invalid_grant" else code)
