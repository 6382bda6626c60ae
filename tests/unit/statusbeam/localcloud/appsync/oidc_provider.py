"""A real OpenID Connect provider on 127.0.0.1: discovery, a key set, tokens signed with its RSA key."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.http_server import serving


@dataclass(slots=True)
class OidcProvider:
    """Its issuer is `url`, with `slash` behind it; `asked` are the paths it was asked for."""

    url: str
    slash: str = ""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """The issuer in its tokens and its discovery document."""
        return self.url + self.slash

    def rotate(self, key_id: str) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.keys = {key_id: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def token(self, **changes: Any) -> str:
        """An ID token of the user ann for the client web; a claim of None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "ann",
            "aud": "web",
            "iat": now,
            "auth_time": now,
            "exp": now + 300,
            **changes,
        }
        ((key_id, key),) = self.keys.items()
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key, algorithm="RS256", headers={"kid": key_id})

    def document(self, path: str) -> dict[str, Any] | None:
        """Its routes."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            public = {key_id: RSAAlgorithm.to_jwk(key.public_key()) for key_id, key in self.keys.items()}
            return {"keys": [{**json.loads(jwk), "kid": kid, "alg": "RS256"} for kid, jwk in public.items()]}
        return None


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """Serve on a free port until the block ends."""
    provider = OidcProvider("")
    provider.rotate("k1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            document = provider.document(self.path)
            body = json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Log nothing on stderr."""

    with serving(Handler) as provider.url:
        yield provider
