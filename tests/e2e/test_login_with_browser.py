"""`statusbeam login` at a stage with a provider, where an HTTP client stands in for the browser."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.provider_cloud import cloud_of
from tests.e2e.terminal import SECONDS, Terminal
from tests.identity_provider import (
    DENIAL,
    IdentityProvider,
    Reader,
    choose_user,
    identity_provider,
)

ANN = Reader(sub="ann", tenant_id="riverton")


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """The provider of the stage."""
    with identity_provider({"Ann": ANN}) as running:
        yield running


@pytest.fixture(scope="module")
def oidc_cloud(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A localcloud whose readers sign in at the provider."""
    with cloud_of(provider, tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture(scope="module")
def terminal(oidc_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    terminal = Terminal(oidc_cloud, tmp_path_factory.mktemp("config"))
    terminal.call("context", "add", "city", "--local")
    return terminal


def log_in(terminal: Terminal, name: str) -> tuple[int, str]:
    """Sign in as the reader who chooses `name`; the exit code, and what the command said at the end."""
    signing_in = terminal.start("login", "--no-browser", "--port", "0", stderr=subprocess.PIPE)
    assert signing_in.stderr is not None
    with signing_in.stderr as said:
        address = re.search(r"http://\S+", said.readline())
        assert address is not None
        assert "You can close this window" in choose_user(address[0], name)
        return signing_in.wait(SECONDS), said.read()


def test_commands_act_as_the_reader_who_signed_in(
    oidc_cloud: Cloud, provider: IdentityProvider, terminal: Terminal
) -> None:
    code, said = log_in(terminal, "Ann")
    assert code == 0
    assert "as ann@example.com: the user ann of the tenant riverton" in said
    who = terminal.json("whoami")
    assert (who["user"]["value"], who["tenant"]["value"]) == ("ann", "riverton")
    job_id = fresh_id("job")
    oidc_cloud.publish(status(job_id, ANN.sub, ANN.tenant_id, "one"))
    assert job_id in [job["jobId"] for job in terminal.json("jobs")]


def test_a_watch_goes_on_with_new_tokens_when_its_token_ends(
    oidc_cloud: Cloud, provider: IdentityProvider, terminal: Terminal
) -> None:
    provider.token_seconds = 20  # each request needs a new token
    assert log_in(terminal, "Ann")[0] == 0
    job_id = fresh_id("job")
    oidc_cloud.publish(status(job_id, ANN.sub, ANN.tenant_id, "one"))
    watching = terminal.start("watch", job_id)
    assert watching.stdout is not None
    with watching.stdout as lines:
        assert lines.readline().startswith("1 ")
        renewed = provider.renewals
        oidc_cloud.switch({"closeAll": 1001})
        oidc_cloud.publish(status(job_id, ANN.sub, ANN.tenant_id, "two"))
        assert lines.readline().startswith("2 ")
        terminal.json("jobs")  # another command renews the same login meanwhile
        oidc_cloud.publish(
            status(job_id, ANN.sub, ANN.tenant_id, "three", status="agent_complete"),
            {**status(job_id, ANN.sub, ANN.tenant_id, "four", status="complete"), "agentName": None},
        )
        assert [line.split()[0] for line in lines] == ["3", "4"]
    assert watching.wait(SECONDS) == 0
    assert provider.renewals > renewed
    assert provider.reused == []


def test_a_login_that_the_provider_refuses_ends_with_its_words_and_keeps_the_one_there_is(
    provider: IdentityProvider, terminal: Terminal
) -> None:
    assert log_in(terminal, "Ann")[0] == 0
    code, said = log_in(terminal, DENIAL)
    assert code == 4
    assert "Nobody may read statuses." in said
    assert terminal.json("whoami")["user"]["value"] == "ann"
