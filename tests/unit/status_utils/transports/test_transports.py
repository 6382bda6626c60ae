"""The transport that the environment names: the queue before the invoke; none is an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from status_utils.defaults import default_transport
from status_utils.transports.direct_transport import DirectTransport
from status_utils.transports.lambda_transport import LambdaTransport
from status_utils.transports.queue_transport import QueueTransport
from statusbeam.model.errors import SettingError, TransportError
from statusbeam.model.settings import CallerSettings, PublisherSettings

QUEUE = CallerSettings(status_queue_url="https://example.test/statuses.fifo").to_env()
FUNCTION = CallerSettings(status_publisher_function="publisher").to_env()


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    default_transport.cache_clear()
    yield
    default_transport.cache_clear()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param(QUEUE, QueueTransport, id="queue"),
        pytest.param(FUNCTION, LambdaTransport, id="function"),
        pytest.param(QUEUE | FUNCTION, QueueTransport, id="both: the one that keeps the order"),
    ],
)
def test_the_environment_chooses_the_transport(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: type
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    assert isinstance(default_transport(), expected)


def test_with_the_publishers_own_settings_this_process_commits_and_pushes_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = PublisherSettings(
        appsync_api_url="https://example.test/graphql",
        appsync_api_id="api",
        user_sessions_table="sessions",
        status_table="statuses",
    )
    for variable, value in settings.to_env().items():
        monkeypatch.setenv(variable, value)
    transport = default_transport()
    assert isinstance(transport, DirectTransport)
    transport.prepare()  # everything it needs is there


def test_a_missing_setting_of_the_publisher_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS_TABLE", "statuses")
    with pytest.raises(SettingError, match="APPSYNC_API_URL is not set"):
        default_transport()


def test_it_is_one_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS_QUEUE_URL", QUEUE["STATUS_QUEUE_URL"])
    assert default_transport() is default_transport()


def test_an_environment_without_one_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransportError) as none:
        default_transport()
    assert (none.value.code, none.value.retriable) == ("not_configured", False)
    monkeypatch.setenv("STATUS_PUBLISHER_FUNCTION", "publisher")
    assert isinstance(default_transport(), LambdaTransport)
