"""The `statusbeam` command line: help, exit codes, stdout and stderr."""

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
from statusbeam.cli.local_server import DEFAULT_AWS_PORT, DEFAULT_PORT, ServerOptions
from statusbeam.cli.main import main
from statusbeam.cli.registry import COMMANDS
from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.outputs import LocalOutputs
from statusbeam.localcloud.processes import ServerRecord
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.localcloud.supervisor import UpResult

ROOT = Path(__file__).resolve().parents[4]
URL = "http://127.0.0.1:4000"
OUTPUTS = LocalOutputs(
    graphql_url=f"{URL}/graphql",
    realtime_url="ws://127.0.0.1:4000/graphql/realtime",
    region="us-east-1",
    api_key="da2-key",
    user_pool_id="pool",
    user_pool_client_id="client",
    user_claim="cognito:username",
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
    status_transport="queue",
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
    assert main(["local", "--help"]) == 0
    actions = capsys.readouterr().out
    assert all(f"  {action} " in actions for action in ("up", "down", "status", "env", "run"))
    assert main(["local", "up", "--help"]) == 0
    text = capsys.readouterr().out
    for flag, variable in (
        ("--state-dir", "STATUSBEAM_STATE_DIR"),
        ("--port", "STATUSBEAM_PORT"),
        ("--aws-port", "STATUSBEAM_AWS_PORT"),
        ("--bridge-port", "STATUSBEAM_BRIDGE_PORT"),
    ):
        assert flag in text
        assert variable in text


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ServerOptions, tuple[str, ...]]]:
    """The options with which localcloud would be started, and more flags of its server."""
    calls: list[tuple[ServerOptions, tuple[str, ...]]] = []

    def bring_up(options: ServerOptions, *more: str) -> UpResult:
        calls.append((options, more))
        return UpResult(URL, started=True)

    monkeypatch.setattr("statusbeam.cli.commands.local.bring_up", bring_up)
    return calls


def test_faults_are_explained_and_off_by_default(
    started: list[tuple[ServerOptions, tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["local", "up"]) == 0
    assert main(["local", "up", "--faults"]) == 0
    assert [more for _, more in started] == [(), ("--faults",)]
    for action in ("up", "run"):
        main(["local", action, "--help"])
        assert FAULTS_PATH in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--oidc-issuer", "--oidc-client-id"])
def test_half_a_provider_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "up", flag, "something"]) == 2
    assert "--oidc-issuer and --oidc-client-id go together" in capsys.readouterr().err


def test_the_demo_reports_that_a_provider_has_no_demo_users() -> None:
    issuer = "https://login.example.com"
    outputs = replace(OUTPUTS, user_pool_id=None, user_pool_client_id=None, oidc_issuer=issuer)
    with pytest.raises(CommandError, match=issuer):
        choose_user(outputs, None)


def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default(
    started: list[tuple[ServerOptions, tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUSBEAM_PORT", "5000")
    monkeypatch.setenv("STATUSBEAM_STATE_DIR", "/somewhere")
    main(["local", "up", "--aws-port", "0"])
    main(["local", "up", "--port", "6000"])
    monkeypatch.setenv("STATUSBEAM_PORT", "")
    main(["local", "up"])
    first, second, third = (options for options, _ in started)
    assert (first.port, first.aws_port, first.state_dir) == (5000, 0, Path("/somewhere"))
    assert (second.port, second.aws_port) == (6000, DEFAULT_AWS_PORT)
    assert third.port == DEFAULT_PORT


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sideways"],
        ["local"],
        ["local", "sideways"],
        ["local", "up", "--port", "70000"],
        ["local", "up", "--port", "-1"],
        ["local", "up", "--aws-port", "http"],
        ["local", "down", "--faults"],
        ["watch"],
        ["wait", "job-1", "--for", "ever"],
        ["jobs", "--since", "yesterday", "--local"],
        ["jobs", "--local", "--stack", "Dev-Status"],
        ["run", "complaints", "--input", "[]"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Usage:" in shown.err or "statusbeam: " in shown.err


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
    assert call("env", folder) == 6
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "statusbeam: localcloud is not running: start it with `statusbeam local up`.\n"


def test_a_port_in_use_is_one_message(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert call("up", folder, "--port", str(port), "--aws-port", "0") == 6
    error = capsys.readouterr().err
    assert error.startswith(
        f"statusbeam: Port {port} is used by another program, or by localcloud of another folder: "
        "choose another port with --port"
    )
    assert "Traceback" not in error
    assert call("status", folder) == 1


def test_a_command_whose_packages_are_missing_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "statusbeam.cli.commands.demo", None)
    assert main(["demo"]) == 2
    error = capsys.readouterr().err
    assert "pip install 'statusbeam[cdk,cli,local]'" in error
    assert "Traceback" not in error
    assert main(["cost"]) == 0


def test_a_package_that_a_command_needs_only_when_it_runs_is_named_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "statusbeam.bridge.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["bridge"]) == 2
    assert "bridge needs uvicorn: pip install 'statusbeam[bridge,cli]'" in capsys.readouterr().err


def test_the_extras_that_errors_name_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {extra for registered in COMMANDS for extra in registered.extras.split(",")}
    assert named <= set(project["optional-dependencies"])


def test_the_help_loads_neither_the_sdk_nor_localcloud_nor_a_command() -> None:
    script = (
        "import sys; from statusbeam.cli.main import main; main(['--help']); "
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    heavy = (
        "authlib",
        "boto3",
        "botocore",
        "gql",
        "graphql",
        "pycognito",
        "requests",
        "rich",
        "statusbeam.localcloud",
        "websockets",
        "yaml",
    )
    assert "statusbeam.cli.registry" in loaded
    assert loaded.isdisjoint(heavy)
    assert not [name for name in loaded if name.startswith("statusbeam.cli.commands.")]


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> UpResult:
        raise KeyboardInterrupt

    monkeypatch.setattr("statusbeam.cli.commands.local.bring_up", interrupted)
    assert main(["local", "up"]) == 130


def test_a_reader_that_leaves_ends_the_command_with_141() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "statusbeam.cli.main", "cost"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
