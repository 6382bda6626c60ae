"""Another site that uses the client library: its files have their own content security policy."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.e2e.node_client import node
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.http_server import serving

CLIENT = Path(__file__).parents[2] / "web" / "client"


class _OwnSite(SimpleHTTPRequestHandler):
    """Serves files with a strict policy, without a word."""

    policy = ""

    def end_headers(self) -> None:
        """With the policy."""
        self.send_header("content-security-policy", self.policy)
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


def built_client() -> Path:
    """The folder of the client library. Builds it if necessary."""
    dist = CLIENT / "dist"
    if not (dist / "job-status.js").exists():
        subprocess.run([node(), "build.ts"], cwd=CLIENT, check=True, timeout=DEADLINE_SECONDS)
    return dist


@contextmanager
def own_site(folder: Path, policy: str) -> Iterator[str]:
    """The address of these files on an origin of their own, each sent with `policy`."""
    handler = partial(type("Site", (_OwnSite,), {"policy": policy}), directory=str(folder))
    with serving(handler) as url:
        yield f"{url}/"
