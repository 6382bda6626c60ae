"""The canary's handler: a report in, metrics and a line of the log out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from lambdas.canary import _wiring, handler
from statusbeam.client.doctor.diagnosis import diagnose
from statusbeam.client.doctor.examination import Report
from statusbeam.client.doctor.facts import Facts
from statusbeam.model.errors import SettingError
from statusbeam.model.settings import (
    CANARY_TENANT,
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    CanarySettings,
)
from tests.unit.lambda_context import Context
from tests.unit.statusbeam.client.doctor import facts_samples as f

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LATENCIES = (31.06, 97.31, 30.5)
NOWHERE = "http://127.0.0.1:1"
OUTPUTS = {
    "GraphqlUrl": f"{NOWHERE}/graphql",
    "ApiId": "api",
    "PublisherFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:publisher",
    "StatusTransport": "queue",
    "StatusQueueUrl": f"{NOWHERE}/statuses.fifo",
    "StatusTable": "statuses",
    "UserSessionsTable": "sessions",
    "ViewTokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens",
    "ViewTokenAudience": "dev",
}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The function's environment, on an AWS that does not answer."""
    settings = CanarySettings(
        deployment_name="Dev-Status",
        deployment_outputs=json.dumps(OUTPUTS),
        canary_tenant=CANARY_TENANT,
    )
    for variable, value in {**settings.to_env(), "AWS_ENDPOINT_URL": NOWHERE}.items():
        monkeypatch.setenv(variable, value)
    _wiring.settings.cache_clear()
    _wiring.probe.cache_clear()
    yield
    _wiring.settings.cache_clear()
    _wiring.probe.cache_clear()


def invoked() -> dict[str, Any]:
    answer = handler.handler({}, cast("LambdaContext", Context(function_name="canary")))
    found = json.loads(json.dumps(answer))
    assert isinstance(found, dict)
    return found


def finds(facts: Facts) -> Callable[[], Callable[[], Report]]:
    """A probe that finds out these facts."""
    return lambda: lambda: Report(facts, diagnose(facts))


def metrics_in(output: str) -> dict[str, Any]:
    (line,) = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return dict(line)


def test_a_probe_of_a_deployment_that_is_well_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    measured = f.measures(duplicates=2, latencies={"producedToReceived": LATENCIES})
    monkeypatch.setattr(handler, "probe", finds(f.well(probe=f.probe(measures=measured))))
    with caplog.at_level(logging.INFO):
        answer = invoked()
    assert (answer["deployment"], answer["finding"], answer["probe"]["received"]) == ("Dev-Status", None, 30)
    metrics = metrics_in(capsys.readouterr().out)
    assert metrics["ProbeProducedToReceived"] == list(LATENCIES)
    assert (metrics["ProbeFailed"], metrics["ProbeLost"], metrics["ProbeDuplicates"]) == ([0], [0], [2])
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == METRICS_NAMESPACE
    assert {*directive["Dimensions"][0]} == {"service", FUNCTION_DIMENSION}
    assert (metrics["service"], metrics[FUNCTION_DIMENSION]) == ("canary", "canary")
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units["ProbeProducedToReceived"] == "Milliseconds"
    (line,) = caplog.records
    assert (line.levelname, line.getMessage()) == (
        "INFO",
        "ok: 30 of 30 statuses received, produced → received p50 31.1 ms, p99 97.3 ms",
    )


def test_a_probe_that_loses_a_status_has_failed_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    measured = f.measures(received=29, lost=1, latencies={"producedToReceived": LATENCIES})
    monkeypatch.setattr(handler, "probe", finds(f.well(probe=f.probe(measures=measured))))
    assert invoked()["finding"]["code"] == "statuses_lost"
    metrics = metrics_in(capsys.readouterr().out)
    assert (metrics["ProbeFailed"], metrics["ProbeLost"]) == ([1], [1])
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert line.getMessage().startswith("statuses_lost: 1 of 30 stored statuses did not reach the client.")


def test_a_deployment_out_of_reach_is_a_failed_probe_without_measures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = invoked()
    assert (answer["finding"]["code"], answer["probe"]) == ("table_unreachable", None)
    metrics = metrics_in(capsys.readouterr().out)
    assert metrics["ProbeFailed"] == [1]
    assert not {"ProbeProducedToReceived", "ProbeLost", "ProbeDuplicates"} & set(metrics)


def test_a_context_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "statusbeam").mkdir()
    (tmp_path / "statusbeam" / "config.toml").write_text(
        'current = "mine"\n[contexts.mine]\nprofile = "gone"\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("STATUSBEAM_TENANT", "acme")
    answer = invoked()
    assert (answer["tenant"], answer["finding"]["code"]) == (None, "table_unreachable")


def test_a_probe_that_raises_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DEPLOYMENT_OUTPUTS")
    with pytest.raises(SettingError, match="DEPLOYMENT_OUTPUTS is not set"):
        invoked()
    assert metrics_in(capsys.readouterr().out)["ProbeFailed"] == [1]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_outputs_that_are_no_object_name_their_variable(text: str) -> None:
    settings = CanarySettings(deployment_name="Dev", deployment_outputs=text, canary_tenant="acme")
    with pytest.raises(SettingError, match="DEPLOYMENT_OUTPUTS must be a JSON object"):
        _ = settings.outputs


@pytest.mark.parametrize("library", ["botocore", "urllib3", "websockets"])
def test_no_library_logs_the_credentials_that_it_sends(
    caplog: pytest.LogCaptureFixture, library: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        invoked()
    assert [line.name for line in caplog.records if line.name.startswith(library)] == []
    assert not logging.getLogger(f"{library}.client").isEnabledFor(logging.DEBUG)
