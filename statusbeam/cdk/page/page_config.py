"""The page's configuration at deployment, and the origins that it may connect to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Fn


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """The page's configuration. `sign_in` is its readers' way to sign in, at `sign_in_origins`."""

    graphql_url: str
    realtime_url: str
    sign_in: Mapping[str, object]
    sign_in_origins: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """config.json."""
        return {
            "graphqlUrl": self.graphql_url,
            "realtimeUrl": self.realtime_url,
            "signIn": dict(self.sign_in),
        }

    def content_security_policy(self) -> str:
        """Own files only, nothing inline, and connections to the API and the sign-in alone."""
        api = f"https://{_host(self.graphql_url)} wss://{_host(self.realtime_url)}"
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self'",
                "font-src 'self'",
                "manifest-src 'self'",
                f"connect-src 'self' {api} {' '.join(self.sign_in_origins)}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )


def _host(url: str) -> str:
    return Fn.select(2, Fn.split("/", url))
