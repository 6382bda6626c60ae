"""The callers of AppSync, and their authorization of a request, a handshake or a `start`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Caller(Protocol):
    """One identity in one authorization mode."""

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """The authorization object for a POST of `body` to `path` ("/graphql", or "/graphql/connect")."""
        ...


@dataclass(frozen=True, slots=True)
class KeyCaller:
    """Mode API_KEY."""

    key: str = field(repr=False)

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """The key and the host."""
        return {"host": host, "x-api-key": self.key}


@dataclass(frozen=True, slots=True)
class TokenCaller:
    """Modes AMAZON_COGNITO_USER_POOLS and AWS_LAMBDA: both are a token in `Authorization`."""

    token: str = field(repr=False)

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """The token and the host."""
        return {"host": host, "Authorization": self.token}


@dataclass(frozen=True, slots=True)
class IamCaller:
    """Mode AWS_IAM: botocore signs everything with SigV4."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str

    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        """The signed headers."""
        headers = {
            "accept": "application/json, text/javascript",
            "content-encoding": "amz-1.0",
            "content-type": "application/json; charset=UTF-8",
            "host": host,
        }
        request = AWSRequest(method="POST", url=f"http://{host}{path}", data=body, headers=headers)
        SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "appsync", self.region).add_auth(
            request
        )
        return dict(request.headers)
