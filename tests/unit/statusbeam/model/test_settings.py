"""Settings: the same class writes the variables for the stack and reads them at the door."""

from __future__ import annotations

import pytest

from statusbeam.model.errors import SettingError
from statusbeam.model.settings import AuthorizerSettings, BridgeSettings, CallerSettings, PublisherSettings

PUBLISHER = PublisherSettings(
    appsync_api_url="https://example.test/graphql",
    appsync_api_id="api",
    user_sessions_table="Sessions",
    status_table="Statuses",
    log_retention_days=3,
)


@pytest.mark.parametrize(
    "settings",
    [
        PUBLISHER,
        CallerSettings(),
        CallerSettings(status_publisher_function="publisher"),
        CallerSettings(status_queue_url="https://example.test/queue"),
        AuthorizerSettings(view_token_secret="arn", view_token_audience="dev"),
    ],
)
def test_settings_are_read_back_from_the_environment_unchanged(
    settings: PublisherSettings | CallerSettings | AuthorizerSettings,
) -> None:
    assert type(settings).from_env(settings.to_env()) == settings


def test_the_variables_are_the_ones_of_the_contract() -> None:
    assert PUBLISHER.to_env() == {
        "APPSYNC_API_URL": "https://example.test/graphql",
        "APPSYNC_API_ID": "api",
        "USER_SESSIONS_TABLE": "Sessions",
        "STATUS_TABLE": "Statuses",
        "LOG_RETENTION_DAYS": "3",
        "JOB_RETENTION_DAYS": "90",
    }


def test_an_unset_variable_keeps_its_default() -> None:
    required = {name: value for name, value in PUBLISHER.to_env().items() if not name.endswith("_DAYS")}
    settings = PublisherSettings.from_env(required)
    assert (settings.log_retention_days, settings.job_retention_days) == (7, 90)


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize(
    "variable", ["APPSYNC_API_URL", "APPSYNC_API_ID", "USER_SESSIONS_TABLE", "STATUS_TABLE"]
)
def test_a_missing_variable_is_named(variable: str, empty: str | None) -> None:
    environ = PUBLISHER.to_env()
    del environ[variable]
    if empty is not None:
        environ[variable] = empty
    with pytest.raises(SettingError, match=variable) as missing:
        PublisherSettings.from_env(environ)
    assert missing.value.variable == variable


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOG_RETENTION_DAYS", "a week"),
        ("LOG_RETENTION_DAYS", "0"),
        ("JOB_RETENTION_DAYS", "-1"),
        ("JOB_RETENTION_DAYS", "²"),
        ("LOG_RETENTION_DAYS", "91"),  # a log that outlives its job
    ],
)
def test_a_malformed_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=variable):
        PublisherSettings.from_env(PUBLISHER.to_env() | {variable: value})


@pytest.mark.parametrize("value", ["yes", "1", "True"])
def test_a_switch_is_true_or_false(value: str) -> None:
    required = {"STATUS_TABLE": "Statuses", "USER_SESSIONS_TABLE": "Sessions"}
    assert not BridgeSettings.from_env(required | {"BRIDGE_STREAMS": "false"}).bridge_streams
    with pytest.raises(SettingError, match="BRIDGE_STREAMS"):
        BridgeSettings.from_env(required | {"BRIDGE_STREAMS": value})


def test_patterns_to_redact_have_spaces_between_them() -> None:
    settings = CallerSettings.from_env({"REDACTED_PATTERNS": r" CUST-\d{6}  INV-\d+ "})
    assert settings.patterns_to_redact == (r"CUST-\d{6}", r"INV-\d+")
    assert CallerSettings().patterns_to_redact == ()
