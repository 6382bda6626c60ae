"""`statusbeam login` where readers sign in with a browser: what it opens, says, keeps and ends with."""

from __future__ import annotations

import fcntl
import json
import socket
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from statusbeam.cli.main import main
from statusbeam.client.contexts import Context, Contexts
from statusbeam.client.loopback import HOST, Loopback
from tests.identity_provider import (
    CLIENT_ID,
    DENIAL,
    IdentityProvider,
    Reader,
    choose_user,
    identity_provider,
)

READERS = {"Ann": Reader(sub="ann", tenant_id="riverton"), "Nils": Reader(sub="nils", tenant_id="")}
LOGIN = ("login", "--port", "0")


@pytest.fixture
def server() -> Iterator[IdentityProvider]:
    with identity_provider(READERS) as running:
        yield running


@pytest.fixture
def contexts(server: IdentityProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contexts]:
    """Contexts of which `here` is a localcloud whose readers sign in at the provider."""
    folder = tmp_path / "state"
    folder.mkdir()
    outputs: dict[str, Any] = {
        "graphqlUrl": "http://127.0.0.1:4000/graphql",
        "region": "us-east-1",
        "awsEndpointUrl": "http://127.0.0.1:4566",
        "userPoolId": None,
        "userPoolClientId": None,
        "oidcIssuer": server.issuer,
        "oidcClientId": CLIENT_ID,
        "userClaim": "sub",
        "demoUsers": [],
    }
    (folder / "outputs.json").write_text(json.dumps(outputs))
    monkeypatch.setenv("STATUSBEAM_STATE_DIR", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    kept = Contexts(tmp_path / "statusbeam")
    kept.add("here", Context(local=True))
    with (folder / "localcloud.pid.json").open("w") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        yield kept


class Browser(webbrowser.BaseBrowser):
    """A browser whose user chooses `name` on the provider's page."""

    def __init__(self, user: str = "Ann", *, name: str = "firefox") -> None:
        super().__init__(name)
        self.user = user
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        choose_user(url, self.user)
        return True


Installed = Callable[[Browser | None], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Makes a browser this machine's, or none."""

    def get() -> Browser:
        raise webbrowser.Error("could not locate runnable browser")

    def put(browser: Browser | None) -> None:
        monkeypatch.setattr(webbrowser, "get", get if browser is None else lambda: browser)

    return put


def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of the sign-in be over at once."""
    monkeypatch.setattr(Loopback, "wait", lambda *_: None)


def test_login_opens_the_browser_and_later_commands_act_as_who_signed_in(
    contexts: Contexts, install: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = Browser()
    install(browser)
    assert main(LOGIN) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert browser.opened[0] in shown.err  # for a machine without a browser
    assert "here as ann@example.com: the user ann of the tenant riverton" in shown.err
    assert main(["whoami", "--output", "json"]) == 0
    who: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (who["user"]["value"], who["tenant"]["value"]) == ("ann", "riverton")
    assert who["user"]["source"] == "login of context here"


@pytest.mark.parametrize(
    ("browser", "arguments", "said"),
    [
        (None, (), True),
        (Browser(name="w3m"), (), True),
        (Browser(), ("--no-browser",), False),
    ],
    ids=["no browser", "a browser in the terminal", "none wanted"],
)
def test_without_a_browser_the_address_is_printed(
    contexts: Contexts,
    server: IdentityProvider,
    install: Installed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    browser: Browser | None,
    arguments: tuple[str, ...],
    said: bool,
) -> None:
    install(browser)
    nobody_answers(monkeypatch)
    assert main([*LOGIN, *arguments]) == 6
    printed = capsys.readouterr().err
    assert f"{server.url}/authorize?" in printed
    assert ("No browser could be opened" in printed) is said
    assert "no answer of" in printed
    assert browser is None or browser.opened == []


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"state": "forged"}, 4, "the state in the answer is not of this sign-in"),
        ({"iss": "https://evil.example"}, 4, "https://evil.example"),
        ({"error": "invalid_scope"}, 4, "invalid_scope"),
        ({"error": "temporarily_unavailable"}, 6, "temporarily_unavailable"),
        ({"code": "stolen"}, 4, "invalid_grant"),
    ],
    ids=str,
)
def test_an_answer_that_signs_nobody_in_ends_with_the_code_of_its_kind_and_keeps_nothing(
    contexts: Contexts,
    server: IdentityProvider,
    install: Installed,
    capsys: pytest.CaptureFixture[str],
    *,
    changes: dict[str, str],
    code: int,
    message: str,
) -> None:
    server.answer_changes = changes
    install(Browser())
    assert main(LOGIN) == code
    assert message in capsys.readouterr().err
    assert contexts.login("here") is None


def test_a_reader_whom_the_provider_does_not_let_in_is_not_allowed(
    contexts: Contexts, install: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    install(Browser(DENIAL))
    assert main(LOGIN) == 4
    assert "Nobody may read statuses." in capsys.readouterr().err


def test_a_port_that_is_taken_is_out_of_reach_and_named(
    contexts: Contexts, install: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = Browser()
    install(browser)
    with socket.create_server((HOST, 0)) as other:
        port = str(other.getsockname()[1])
        assert main(["login", "--port", port]) == 6
    assert port in capsys.readouterr().err
    assert browser.opened == []


def test_an_account_without_a_tenant_replaces_no_login(
    contexts: Contexts, install: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    install(Browser())
    assert main(LOGIN) == 0
    install(Browser("Nils"))
    assert main([*LOGIN, "--fresh"]) == 4
    assert "no tenant" in capsys.readouterr().err
    kept = contexts.login("here")
    assert kept is not None
    assert kept.username == "ann@example.com"


def test_a_fresh_login_asks_the_provider_to_ask_again(contexts: Contexts, install: Installed) -> None:
    browser = Browser()
    install(browser)
    assert main(LOGIN) == 0
    assert main([*LOGIN, "--fresh"]) == 0
    assert ["prompt=login" in address for address in browser.opened] == [False, True]


def test_a_name_and_a_password_are_no_sign_in_at_a_provider(
    contexts: Contexts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("statusbeam.cli.commands.login._ask", lambda *_: "secret")
    assert main(["login", "--username", "ann"]) == 2
    assert "without --username" in capsys.readouterr().err


@pytest.mark.parametrize("flag", [("--fresh",), ("--no-browser",), ("--port", "0")], ids=str)
def test_flags_of_the_browser_are_refused_for_a_sign_in_with_a_password(
    contexts: Contexts, flag: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["login", "--username", "ann", *flag]) == 2
    assert flag[0] in capsys.readouterr().err
