"""An OpenID Connect provider with its own sign-in page, codes with PKCE, and rotating tokens."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.http_server import serving
from tests.unit.statusbeam.localcloud.appsync.oidc_provider import OidcProvider

CLIENT_ID = "dashboard"
HEAD = '<!doctype html><title>Who are you?</title><link rel="icon" href="data:,">'
DENIAL = "Nobody"
"""Who chooses this user on the sign-in page is refused."""

_LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+/callback")

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A user who may sign in."""

    sub: str
    tenant_id: str
    roles: tuple[str, ...] = ("viewer",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a request."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Grant:
    """One sign-in: its reader, its parameters, and its one valid refresh token."""

    reader: Reader
    request: Parameters
    auth_time: int
    refresh_token: str = ""
    is_revoked: bool = False


class RefusedRequestError(Exception):
    """An error of OAuth, by its code."""


class IdentityProvider(OidcProvider):
    """Signs `readers` in for the one client: its page is at `page`, its command at any port of 127.0.0.1."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        super().__init__("")
        self.rotate("k1")
        self.readers = readers
        self.page = ""
        self.token_seconds = 3_600
        self.issued: list[str] = []
        """All tokens that it gave out."""
        self.reused: list[str] = []
        """Refresh tokens that came a second time. Each ends its sign-in, as real providers do."""
        self.renewals = 0
        self.answer_changes: dict[str, str] = {}
        """Parameters in its answers, in the place of the right ones."""
        self.claim_changes: dict[str, Any] = {}
        """Claims of its ID tokens, in the place of the right ones."""
        self.gives_refresh_tokens = True
        self._lock = Lock()
        self._sessions: dict[str, tuple[Reader, int]] = {}
        self._codes: dict[str, Grant] = {}
        self._grants: dict[str, Grant] = {}

    def end_all(self) -> None:
        """End every sign-in, as an administrator may."""
        for grant in self._grants.values():
            grant.is_revoked = True

    def document(self, path: str) -> dict[str, Any] | None:
        """The public routes."""
        document = super().document(path)
        if path != "/.well-known/openid-configuration":
            return document
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "revocation_endpoint": "revoke",
            "end_session_endpoint": "logout",
            "jwks_uri": "keys",
        }
        return {
            "issuer": self.issuer,
            **{name: f"{self.url}/{path}" for name, path in endpoints.items()},
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"],
        }

    def respond(self, path: str, query: Parameters, form: Parameters, cookies: Parameters) -> Reply:
        """The answer to a request."""
        with self._lock:
            match path:
                case "/authorize":
                    return self._authorize(query, cookies)
                case "/login":
                    return self._sign_in(query, form)
                case "/token" | "/revoke":
                    return self._on_behalf_of_the_client(path, form)
                case "/logout":
                    return self._sign_out(query, cookies)
                case _:
                    document = self.document(path)
                    return Reply(status=404) if document is None else self._json(document)

    def _authorize(self, query: Parameters, cookies: Parameters) -> Reply:
        known = self._sessions.get(cookies.get("session", ""))
        if query.get("client_id") != CLIENT_ID or not self._is_registered(query.get("redirect_uri", "")):
            return Reply(status=400, body="This client or its address is not registered.")
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        if known is not None and query.get("prompt") != "login":
            return self._with_code(query, *known)
        action = html.escape(f"/login?{urlencode(query)}")
        buttons = "".join(
            f'<button name="user" value="{name}">{name}</button>' for name in (*self.readers, DENIAL)
        )
        form = f'<form method="post" action="{action}">{buttons}</form>'
        return Reply(body=HEAD + form, headers={"content-type": "text/html"})

    def _is_registered(self, address: str) -> bool:
        return address == self.page or _LOOPBACK.fullmatch(address) is not None

    def _sign_in(self, query: Parameters, form: Parameters) -> Reply:
        if form["user"] == DENIAL:
            return self._back(query, error="access_denied", error_description="Nobody may read statuses.")
        session, who = secrets.token_urlsafe(), (self.readers[form["user"]], int(time.time()))
        self._sessions[session] = who
        cookie = {"set-cookie": f"session={session}; HttpOnly; Path=/; SameSite=Lax"}
        reply = self._with_code(query, *who)
        return Reply(status=reply.status, headers={**reply.headers, **cookie})

    def _with_code(self, query: Parameters, reader: Reader, auth_time: int) -> Reply:
        code = secrets.token_urlsafe()
        self._codes[code] = Grant(reader, dict(query), auth_time)
        return self._back(query, code=code)

    def _back(self, query: Parameters, **answer: str) -> Reply:
        answer = {**answer, "state": query["state"], "iss": self.issuer, **self.answer_changes}
        return Reply(status=303, headers={"location": f"{query['redirect_uri']}?{urlencode(answer)}"})

    def _on_behalf_of_the_client(self, path: str, form: Parameters) -> Reply:
        try:
            assert form["client_id"] == CLIENT_ID
            if path == "/revoke":
                self._grants[form["token"]].is_revoked = True
                return self._json({})
            return self._json(self._tokens(self._granted(form)))
        except RefusedRequestError as refusal:
            return self._json({"error": str(refusal)}, status=400)

    def _granted(self, form: Parameters) -> Grant:
        if form["grant_type"] == "refresh_token":
            return self._renewed(form["refresh_token"])
        grant = self._codes.pop(form["code"], None)
        if grant is None or form["redirect_uri"] != grant.request["redirect_uri"]:
            raise RefusedRequestError("invalid_grant")
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != grant.request["code_challenge"]:
            raise RefusedRequestError("invalid_grant")
        return grant

    def _renewed(self, refresh_token: str) -> Grant:
        grant = self._grants[refresh_token]
        if grant.refresh_token != refresh_token:
            self.reused.append(refresh_token)
            grant.is_revoked = True
        if grant.is_revoked:
            raise RefusedRequestError("invalid_grant")
        self.renewals += 1
        return grant

    def _tokens(self, grant: Grant) -> dict[str, Any]:
        now, reader = int(time.time()), grant.reader
        grant.refresh_token = secrets.token_urlsafe()
        self._grants[grant.refresh_token] = grant
        claims = {
            "sub": reader.sub,
            "aud": CLIENT_ID,
            "exp": now + self.token_seconds,
            "auth_time": grant.auth_time,
            "nonce": grant.request["nonce"],
            "tenantId": reader.tenant_id,
            "roles": list(reader.roles),
            "preferred_username": f"{reader.sub}@example.com",
            "jti": secrets.token_urlsafe(),
        }
        id_token = self.token(**{**claims, **self.claim_changes})
        self.issued += [id_token, grant.refresh_token]
        answer: dict[str, Any] = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer"}
        answer |= {"id_token": id_token, "expires_in": self.token_seconds}
        return {**answer, "refresh_token": grant.refresh_token} if self.gives_refresh_tokens else answer

    def _sign_out(self, query: Parameters, cookies: Parameters) -> Reply:
        assert query["id_token_hint"] in self.issued
        if query["post_logout_redirect_uri"] != self.page:
            return Reply(status=400, body="This address is not registered.")
        self._sessions.pop(cookies.get("session", ""), None)
        return Reply(status=303, headers={"location": self.page})

    def _json(self, document: Mapping[str, Any], status: int = 200) -> Reply:
        origin = "/".join(self.page.split("/")[:3])
        headers = {"content-type": "application/json", "access-control-allow-origin": origin}
        return Reply(status=status, body=json.dumps(document), headers=headers)


def choose_user(address: str, name: str) -> str:
    """Choose a user on the sign-in page at this address, as in a browser; the page at the end."""
    with urllib.request.urlopen(address) as page:
        action = re.search('action="([^"]*)"', page.read().decode())
    assert action is not None
    where, choice = urljoin(address, html.unescape(action[1])), urlencode({"user": name}).encode()
    with urllib.request.urlopen(where, choice) as page:
        return str(page.read().decode())


@contextmanager
def identity_provider(readers: Mapping[str, Reader]) -> Iterator[IdentityProvider]:
    """Serve on a free port until the block ends."""
    provider = IdentityProvider(readers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(dict(parse_qsl(body)))

        def _answer(self, form: Parameters) -> None:
            url = urlsplit(self.path)
            provider.asked.append(url.path)
            cookies = {name: each.value for name, each in SimpleCookie(self.headers["cookie"]).items()}
            reply = provider.respond(url.path, dict(parse_qsl(url.query)), form, cookies)
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Log nothing on stderr."""

    with serving(Handler) as provider.url:
        yield provider
