"""The redirect address of a sign-in with a browser, on this machine."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from statusbeam.client.errors import UnreachableError
from statusbeam.client.loopback import HOST, Loopback

DEADLINE_SECONDS = 60.0


@pytest.fixture
def answers() -> Iterator[Loopback]:
    with Loopback((0,)) as listening:
        yield listening


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


def get(url: str) -> str:
    with urllib.request.urlopen(url) as page:
        return str(page.read().decode())


def test_the_browsers_answer_arrives_and_the_page_says_that_its_window_may_go(answers: Loopback) -> None:
    assert "You can close this window" in get(f"{answers.address}?code=c%26d&state=s")
    assert answers.wait(DEADLINE_SECONDS) == {"code": "c&d", "state": "s"}


def test_the_page_runs_and_loads_nothing_and_tells_no_other_site_the_code(answers: Loopback) -> None:
    with urllib.request.urlopen(f"{answers.address}?code=c") as page:
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert b"code=" not in page.read()


def test_an_error_of_the_provider_is_an_answer_as_well(answers: Loopback) -> None:
    get(f"{answers.address}?error=access_denied&state=s")
    assert answers.wait(DEADLINE_SECONDS) == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize("path", ["/", "/favicon.ico?code=c", "/callback", "/callback?state=s"])
def test_other_requests_of_a_browser_are_no_answer(answers: Loopback, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        get(f"{answers.address.removesuffix('/callback')}{path}")
    refused.value.close()
    assert answers.wait(0) is None


def test_a_connection_that_a_browser_opens_in_advance_holds_nothing_up(answers: Loopback) -> None:
    port = int(answers.address.split(":")[2].split("/")[0])
    with socket.create_connection((HOST, port)):
        get(f"{answers.address}?code=c")
    assert answers.wait(DEADLINE_SECONDS) == {"code": "c"}


def test_a_connection_that_breaks_prints_nothing(
    answers: Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(answers.address.split(":")[2].split("/")[0])
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
        connection.sendall(b"GET /callback?code=c HTTP/1.1\r\n")
    get(f"{answers.address}?code=d")
    assert answers.wait(DEADLINE_SECONDS) == {"code": "d"}
    assert capfd.readouterr() == ("", "")


def test_the_next_port_serves_where_the_first_is_taken(taken_port: int) -> None:
    with Loopback((taken_port, 0)) as answers:
        assert f":{taken_port}/" not in answers.address
        get(f"{answers.address}?code=c")


def test_when_every_port_is_taken_the_error_names_them_and_the_way_out(taken_port: int) -> None:
    with pytest.raises(UnreachableError, match=rf"tried {taken_port}\).*--port"):
        Loopback((taken_port,))


def test_nothing_listens_any_more_after_the_sign_in() -> None:
    with Loopback((0,)) as answers:
        address = answers.address
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(address)
