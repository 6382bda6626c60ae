"""Only this machine may connect, and only its own pages."""

from __future__ import annotations

import pytest

from statusbeam.localcloud.appsync.loopback import (
    is_local_host,
    is_local_origin,
    loopback_address,
)


@pytest.mark.parametrize(
    ("origin", "local"),
    [
        ("http://127.0.0.1:4000", True),
        ("https://127.0.0.1", True),
        ("http://localhost:1", True),
        ("https://LOCALHOST:8443", True),
        ("http://[::1]:4000", True),
        ("http://evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example:4000", False),
        ("http://evil.example#127.0.0.1", False),
        ("http://127.0.0.1@evil.example", False),
        ("http://evil.example/127.0.0.1", False),
        ("http://127.0.0.1:port", False),
        ("file://localhost", False),
        ("ws://127.0.0.1", False),
        ("null", False),
        ("", False),
        ("http://", False),
        ("127.0.0.1", False),
        ("http://127.0.0.2", False),
        ("http://[::1", False),
    ],
)
def test_only_pages_of_this_machine_are_local_origins(origin: str, local: bool) -> None:
    assert is_local_origin(origin) is local


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1:80", True),
        ("localhost", True),
        ("[::1]:1", True),
        ("rebound.example:80", False),
        ("", False),
    ],
)
def test_host_header_must_name_this_machine(host: str, local: bool) -> None:
    assert is_local_host(host) is local


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1"), ("127.0.0.9", "127.0.0.9")],
)
def test_loopback_hosts_are_bound(host: str, address: str) -> None:
    assert loopback_address(host) == address


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])  # noqa: S104 - refused
def test_any_other_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        loopback_address(host)
