"""The certificate authorities that the kit's connections trust, read once.

Each client would read them itself, and that takes many times as long as a request on loopback.
"""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """httpx's own choice of authorities."""
    return httpx.create_ssl_context()
