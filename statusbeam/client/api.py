"""GraphQL over HTTP, with the token of one user."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .errors import UnreachableError
from .graphql_errors import TokenRefusedError, error_of

ANSWER_SECONDS = 15

Post = Callable[[str, bytes, Mapping[str, str]], Any]
"""(url, body, headers) -> the decoded answer. Raises ClientError."""


class Tokens(Protocol):
    """The tokens of one user."""

    def token(self, *, refused: str | None = None) -> str:
        """A token that is valid now, and not `refused`. Raises ClientError."""
        ...


class FixedToken:
    """A token that the client does not renew."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, *, refused: str | None = None) -> str:
        """See Tokens.token."""
        if refused == self._token:
            raise TokenRefusedError("the API refused the token: it has expired, or is another deployment's.")
        return self._token


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Any:
    """POST a JSON body and return the decoded answer. Raises ClientError."""
    request = urllib.request.Request(  # noqa: S310 - the deployment's own URL
        url, body, {"content-type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise error_of(_json(error.read()), status=error.code) from error
    except (OSError, ValueError) as error:
        raise UnreachableError(f"the API did not answer: {error}") from error


def data_of(answer: Any) -> dict[str, Any]:
    """The `data` of an answer. Raises ClientError when it has errors."""
    if not isinstance(answer, dict):
        raise UnreachableError("the API did not answer with an object.")
    if answer.get("errors"):
        raise error_of(answer)
    data: dict[str, Any] = answer.get("data") or {}
    return data


class Api:
    """Queries and mutations of one user. All methods raise ClientError."""

    def __init__(self, url: str, tokens: Tokens, *, send: Post = post) -> None:
        self.url = url
        self.tokens = tokens
        self._send = send

    def run(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run an operation. A refused token is replaced once."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        token = self.tokens.token()
        try:
            return data_of(self._send(self.url, body, {"authorization": token}))
        except TokenRefusedError:
            token = self.tokens.token(refused=token)
        return data_of(self._send(self.url, body, {"authorization": token}))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
