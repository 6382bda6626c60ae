"""Amplify in a real browser: the bundled page, a server for it, and a Chromium that trusts localcloud."""

from __future__ import annotations

import base64
import hashlib
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, Page

from tests.chromium import open_chromium
from tests.e2e.node_client import CLIENTS, node, require_clients
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.http_server import serving

EVENT_MS = DEADLINE_SECONDS * 1_000
PAGE = '<!doctype html><meta charset="utf-8"><title>Amplify</title><script src="bundle.js"></script>'


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@contextmanager
def serve_page(folder: Path) -> Iterator[str]:
    """Bundle the page into `folder` and serve it on a free port of 127.0.0.1; its address."""
    require_clients()
    (folder / "index.html").write_text(PAGE)
    subprocess.run(
        [node(), "bundle.mjs", str(folder / "bundle.js")], cwd=CLIENTS, check=True, timeout=DEADLINE_SECONDS
    )
    handler = partial(QuietHandler, directory=str(folder))
    with serving(handler) as url:
        yield f"{url}/"


@contextmanager
def chromium(trusted: tuple[str, int]) -> Iterator[Browser]:
    """A Chromium that trusts one more server. Fails without an installed one."""
    with open_chromium(f"--ignore-certificate-errors-spki-list={_key_hash(trusted)}") as browser:
        yield browser


def until(page: Page, name: str) -> list[dict[str, Any]]:
    """Wait until the page reports `name`. Returns all its reports, and fails with them at "error"."""
    page.wait_for_function(
        "name => statusEvents.some(({event}) => event === name || event === 'error')",
        arg=name,
        timeout=EVENT_MS,
    )
    events: list[dict[str, Any]] = page.evaluate("statusEvents")
    assert name in [event["event"] for event in events], events
    return events


def _key_hash(server: tuple[str, int]) -> str:
    # Chromium trusts who has this key, and nobody else whom it would not trust anyway.
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(server).encode())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
