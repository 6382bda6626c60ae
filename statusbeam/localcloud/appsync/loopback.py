"""Loopback rules: addresses to listen on, and the browser pages that may use the server."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def loopback_address(host: str) -> str:
    """The address to bind for `host`.

    `localhost` is 127.0.0.1. Raises ValueError for anything but loopback.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"host={host!r} is not a loopback address") from None
    if not address.is_loopback:
        raise ValueError(f"host={host!r} is not a loopback address: the data plane serves this machine only")
    return str(address)


def is_local_origin(origin: str) -> bool:
    """Whether a browser page with this `Origin` came from this machine.

    Http(s) on 127.0.0.1, localhost or [::1].
    """
    scheme, separator, authority = origin.partition("://")
    return separator == "://" and scheme in {"http", "https"} and is_local_host(authority)


def is_local_host(authority: str) -> bool:
    """Whether a `Host` value (`name[:port]`) names this machine; a rebound DNS name does not."""
    if not authority or any(character in authority for character in "/?#@\\"):
        return False
    try:
        parts = urlsplit(f"//{authority}")
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        return False
    return parts.hostname in _LOCAL_NAMES


def port_of(authority: str) -> int | None:
    """The port of a `Host` value; None if it has none, or none that is valid."""
    try:
        return urlsplit(f"//{authority}").port
    except ValueError:
        return None
