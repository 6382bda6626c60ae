"""The `statusbeam` command line: help, exit codes, and what is printed where."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from statusbeam.cli.command import CommandError
from statusbeam.cli.demo_user import choose_user
from statusbeam.cli.local_server import DEFAULT_AWS_PORT, DEFAULT_PORT
from statusbeam.cli.main import COMMANDS, EXTRAS, build_parser, main
from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.outputs import LocalOutputs
from statusbeam.localcloud.processes import ServerRecord
from statusbeam.localcloud.state_folder import StateFolder

ROOT = Path(__file__).resolve().parents[4]
URL = "http://127.0.0.1:4000"
OUTPUTS = LocalOutputs(
    graphql_url=f"{URL}/graphql",
    realtime_url="ws://127.0.0.1:4000/graphql/realtime",
    region="us-east-1",
    api_key="da2-key",
    user_pool_id="pool",
    user_pool_client_id="client",
    state_machine_arn="arn:machine",
    street_fair_arn="arn:fair",
    publisher_function_arn="arn:aws:lambda:us-east-1:000000000000:function:Publisher",
    status_table="status",
    user_sessions_table="sessions",
    dashboard_url=f"{URL}/",
    bridge_url="http://127.0.0.1:4001",
    aws_endpoint_url="http://127.0.0.1:4566",
    demo_users=(),
    api_id="api0",
    view_token_secret_arn="arn:secret",
    view_token_audience="statusbeam-local",
    dead_letter_queue_url="http://127.0.0.1:4566/dead",
    status_queue_url="http://127.0.0.1:4566/000000000000/statuses.fifo",
    status_dead_letter_queue_url="http://127.0.0.1:4566/000000000000/dead.fifo",
    ca_certificate="/state/ca.pem",
    stacks={},
)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state with a space")
    folder.create()
    return folder


def call(action: str, folder: StateFolder, *flags: str) -> int:
    return main(["local", action, "--state-dir", str(folder.root), *flags])


def test_help_names_every_action_and_each_flag_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["local", "--help"])
    assert left.value.code == 0
    actions = capsys.readouterr().out
    assert all(f"    {action} " in actions for action in ("up", "down", "status", "env", "run"))
    with pytest.raises(SystemExit):
        main(["local", "up", "--help"])
    text = capsys.readouterr().out
    for flag, variable in (
        ("--state-dir", "STATUSBEAM_STATE_DIR"),
        ("--port", "STATUSBEAM_PORT"),
        ("--aws-port", "STATUSBEAM_AWS_PORT"),
        ("--bridge-port", "STATUSBEAM_BRIDGE_PORT"),
    ):
        assert flag in text
        assert variable in text


def test_faults_are_explained_and_off_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    parser = build_parser({})
    for action in ("up", "run"):
        assert parser.parse_args(["local", action]).faults is False
        assert parser.parse_args(["local", action, "--faults"]).faults is True
        with pytest.raises(SystemExit):
            main(["local", action, "--help"])
        assert FAULTS_PATH in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--oidc-issuer", "--oidc-client-id"])
def test_half_a_provider_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "up", flag, "something"]) == 1
    assert "--oidc-issuer and --oidc-client-id go together" in capsys.readouterr().err


def test_the_demo_says_that_a_provider_has_no_demo_users() -> None:
    issuer = "https://login.example.com"
    outputs = replace(OUTPUTS, user_pool_id=None, user_pool_client_id=None, oidc_issuer=issuer)
    with pytest.raises(CommandError, match=issuer):
        choose_user(outputs, None)


def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default() -> None:
    environ = {"STATUSBEAM_PORT": "5000", "STATUSBEAM_STATE_DIR": "/somewhere"}
    parsed = build_parser(environ).parse_args(["local", "up", "--aws-port", "0"])
    assert (parsed.port, parsed.aws_port, parsed.state_dir) == (5000, 0, Path("/somewhere"))
    parsed = build_parser(environ).parse_args(["local", "up", "--port", "6000"])
    assert (parsed.port, parsed.aws_port) == (6000, int(DEFAULT_AWS_PORT))
    assert build_parser({"STATUSBEAM_PORT": ""}).parse_args(["local", "run"]).port == int(DEFAULT_PORT)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["local"],
        ["local", "sideways"],
        ["local", "up", "--port", "70000"],
        ["local", "up", "--port", "-1"],
        ["local", "up", "--aws-port", "http"],
        ["local", "down", "--faults"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_status_without_a_server_ends_with_1(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status", folder) == 1
    assert capsys.readouterr().out == "localcloud is not running.\n"


def test_status_of_a_running_server_ends_with_0(
    folder: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ServerRecord(folder.process_record).claim(URL)
    try:
        assert call("status", folder) == 1
        assert "is starting" in capsys.readouterr().out
        OUTPUTS.write(folder.outputs)
        assert call("status", folder) == 0
        assert f"running at {URL}/" in capsys.readouterr().out
    finally:
        record.release()


def test_up_beside_a_running_server_does_nothing(
    folder: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ServerRecord(folder.process_record).claim(URL)
    try:
        assert call("up", folder) == 0
        assert capsys.readouterr().out == f"localcloud is already running at {URL}/.\n"
    finally:
        record.release()


def test_down_without_a_server_is_fine(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("down", folder) == 0
    assert capsys.readouterr().out == "localcloud was not running.\n"


def test_env_gives_lines_a_shell_can_read(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    record = ServerRecord(folder.process_record).claim(URL)
    OUTPUTS.write(folder.outputs)
    try:
        assert call("env", folder) == 0
    finally:
        record.release()
    lines = capsys.readouterr().out
    script = lines + f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["sh", "-c", script], env={"PATH": os.defpath}, capture_output=True, check=True)
    seen = json.loads(done.stdout)
    assert seen["AWS_ENDPOINT_URL"] == OUTPUTS.aws_endpoint_url
    assert seen["AWS_DEFAULT_REGION"] == "us-east-1"
    assert seen["STATUS_PUBLISHER_FUNCTION"] == OUTPUTS.publisher_function_arn
    assert seen["STATUS_QUEUE_URL"] == OUTPUTS.status_queue_url
    assert seen["VIEW_TOKEN_SECRET"] == OUTPUTS.view_token_secret_arn
    assert seen["VIEW_TOKEN_AUDIENCE"] == OUTPUTS.view_token_audience
    assert OUTPUTS.api_key not in lines


def test_env_without_a_server_shows_what_to_do(
    folder: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    OUTPUTS.write(folder.outputs)  # left behind by a server that was killed
    assert call("env", folder) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "statusbeam: localcloud is not running: start it with `statusbeam local up`.\n"


def test_a_port_in_use_is_one_message(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert call("up", folder, "--port", str(port), "--aws-port", "0") == 1
    error = capsys.readouterr().err
    assert f"statusbeam: Port {port} is used by another program: choose another with --port" in error
    assert "Traceback" not in error
    assert call("status", folder) == 1


def test_a_command_whose_packages_are_missing_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "statusbeam.cli.demo", None)
    parser = build_parser({})
    assert parser.parse_args(["redrive-log", "-", "--dry-run"]).dry_run
    shown = parser.format_help()
    assert "demo needs statusbeam.cli.demo: install statusbeam[local]." in " ".join(shown.split())
    assert main(["demo", "--complaint", "Burst water main"]) == 1
    said = capsys.readouterr().err
    assert said == "statusbeam: demo needs statusbeam.cli.demo: install statusbeam[local].\n"


def test_a_package_that_is_missed_while_a_command_runs_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    assert main(["token", "--user", "ana", "--tenant", "acme", "--stack", "Dev-Status"]) == 1
    assert "token needs boto3.session: install statusbeam[cli]." in capsys.readouterr().err


def test_without_localcloud_its_extra_is_named_and_a_stack_needs_it_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: StateFolder
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    for name in [name for name in sys.modules if name.startswith("statusbeam.localcloud.")]:
        monkeypatch.delitem(sys.modules, name)
    assert call("status", folder) == 1
    assert "localcloud needs psutil: install statusbeam[local]." in capsys.readouterr().err


def test_the_extras_that_help_names_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
    assert set(EXTRAS) == set(COMMANDS)
