"""A configured address reaches public hosts only, and its answer is returned unchanged."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from statusbeam.model.errors import NotificationError
from statusbeam.notifications.https_post import HttpsClient, is_public
from tests.unit.statusbeam.notifications.tls_server import HOST, receiver


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",  # this machine
        "0.0.0.0",  # noqa: S104 - the same on Linux
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # credentials of an EC2 instance
        "169.254.170.2",  # credentials of a container
        "100.64.0.1",  # a carrier's own network
        "192.0.0.1",
        "198.18.0.1",  # benchmarks
        "224.0.0.1",  # multicast
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",  # the same credentials over IPv6
        "ff02::1",
        "::ffff:127.0.0.1",  # IPv4 in IPv6
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",  # NAT64
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",  # 6to4
        "2002:c0a8:101::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "2001:db8::1",  # documentation
    ],
)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111"])
def test_an_address_of_the_internet_is_allowed(address: str) -> None:
    assert is_public(address)


def refused(url: str, *addresses: str) -> str:
    """The code of the error, with a host that has these addresses."""

    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    with pytest.raises(NotificationError) as caught:
        HttpsClient(resolve=resolve).post(url, b"{}", {})
    assert HOST not in caught.value.message
    return caught.value.code


def test_a_host_with_one_private_address_among_public_ones_is_refused() -> None:
    assert refused(f"https://{HOST}/hook", "93.184.216.34", "10.0.0.7") == "refused_address"


def test_a_host_without_an_address_is_refused() -> None:
    assert refused(f"https://{HOST}/hook") == "refused_address"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/hook",
        "ftp://hooks.example.com/hook",
        "file:///etc/passwd",
        "https:///hook",
        "https://user@hooks.example.com/",
        "https://hooks.example.com:99999/",
        "https://[::1/",
        "hooks.example.com",
        "",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(url: str) -> None:
    assert refused(url, "93.184.216.34") == "bad_address"


@pytest.mark.parametrize("literal", ["127.0.0.1", "[::1]", "0x7f000001", "2130706433", "127.1"])
def test_a_private_address_in_any_spelling_is_refused(literal: str) -> None:
    with pytest.raises(NotificationError) as caught:
        HttpsClient(timeout=1).post(f"https://{literal}/", b"{}", {})
    assert caught.value.code in ("refused_address", "unreachable")


def test_the_certificate_must_be_the_hosts() -> None:
    with receiver() as server:
        server.client.post(f"{server.url}/hook?a=1", b"{}", {"X-Test": "1"})
        path, headers, body = server.received[0]
        assert (path, headers["host"].split(":")[0], headers["x-test"], body) == (
            "/hook?a=1",
            HOST,
            "1",
            b"{}",
        )
        with pytest.raises(NotificationError) as caught:
            HttpsClient(allows=lambda _: True, resolve=lambda *_: ["127.0.0.1"], timeout=5).post(
                server.url, b"{}", {}
            )
        assert caught.value.code == "unreachable"


def test_a_redirect_is_not_followed() -> None:
    with receiver() as server:
        server.answers[:] = [(302, {"location": "https://169.254.169.254/"}, b"")]
        answer = server.client.post(server.url, b"{}", {})
        assert (answer.status, answer.succeeded, len(server.received)) == (302, False, 1)


def test_a_receiver_that_is_down_is_named_by_no_address() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://{HOST}:{closed.getsockname()[1]}/hook?token=secret"
        client = HttpsClient(allows=lambda _: True, resolve=lambda *_: ["127.0.0.1"], timeout=5)
        with pytest.raises(NotificationError) as caught:
            client.post(url, b"{}", {})
    assert caught.value.code == "unreachable"
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("header", "expected"), [("30", 30), ("Fri, 20 Nov 2026 08:30:00 GMT", None)])
def test_a_receiver_may_ask_for_a_pause(header: str, expected: int | None) -> None:
    with receiver() as server:
        server.answers[:] = [(429, {"retry-after": header}, b"")]
        assert server.client.post(server.url, b"{}", {}).retry_after == expected
