"""What a deployment takes from the caller, and the one sentence it gives when it fails."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from statusbeam.localcloud.deploy import (
    DeployError,
    Deployment,
    MissingToolError,
    OidcSignIn,
    StackOutputError,
    Tools,
    failure_reason,
    find_tools,
    output,
    tool_environment,
)
from statusbeam.localcloud.state_folder import StateFolder

TOOLS = Tools(Path("/tools/cdklocal"), "/tools:/usr/bin")

FAILED_STACK = """
Statusbeam-Local-Status |  7 | 10:08:14 AM | CREATE_FAILED | AWS::Lambda::Function | StatusPublisher
\x1b[31m❌  Statusbeam-Local-Status failed: ValidationError: The role cannot be assumed\x1b[0m
"""
FAILED_SYNTH = """
Traceback (most recent call last):
  File "/home/user/app.py", line 10, in <module>
    from infra.stacks import add_stages
ModuleNotFoundError: No module named 'aws_cdk'
python app.py: Subprocess exited with error 1
"""

FAILED_UPLOAD = """
Statusbeam-Local-Status: fail: No bucket named 'cdk-assets'. Is account 000000000000 bootstrapped?
‣ AggregateError:
"""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            FAILED_STACK,
            "Statusbeam-Local-Status failed: ValidationError: The role cannot be assumed",
        ),
        (FAILED_SYNTH, "ModuleNotFoundError: No module named 'aws_cdk'"),
        (FAILED_UPLOAD, "fail: No bucket named 'cdk-assets'. Is account 000000000000 bootstrapped?"),
        ("something\nodd\n\n", "odd"),
        ("", "the CDK CLI printed nothing"),
        ("Error: " + "x" * 1000, "Error: " + "x" * 293),
    ],
    ids=["a stack", "synth", "an upload", "no line names a failure", "nothing", "a long line"],
)
def test_the_reason_is_the_line_that_names_the_failure(log: str, reason: str) -> None:
    assert failure_reason(log) == reason


def test_the_tools_get_the_emulators_root_and_nothing_of_the_callers_account(tmp_path: Path) -> None:
    caller = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SESSION_TOKEN": "real",
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "PYTHONPATH": "/elsewhere",
        "HOME": "/home/ada",
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "intranet",
        "PIP_INDEX_URL": "https://mirror/simple",
        "LC_ALL": "C.UTF-8",
    }
    given = tool_environment(caller, endpoint_url="http://127.0.0.1:9", tools=TOOLS, scratch=tmp_path)
    assert given["AWS_ACCESS_KEY_ID"] == "test"
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert given["AWS_CONFIG_FILE"] == os.devnull
    assert given["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert {"HOME", "HTTPS_PROXY", "PIP_INDEX_URL", "LC_ALL"} <= set(given)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "CDK_DEFAULT_ACCOUNT", "PYTHONPATH"} & set(given)


def test_a_missing_cdk_is_reported_with_make(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("")
    node.chmod(0o755)
    with pytest.raises(MissingToolError, match="CDK CLI is missing: run `make` first"):
        find_tools(tmp_path, python_bin=tmp_path)


def test_a_missing_node_is_reported_with_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_named: None)
    with pytest.raises(MissingToolError, match="Node is missing: run `make` first"):
        find_tools(tmp_path, python_bin=tmp_path)


def script(tmp_path: Path, text: str) -> Tools:
    """A CDK CLI that does what the shell script says; `$outputs` is the file it is to write."""
    path = tmp_path / "cdklocal"
    find_outputs = 'while [ "$1" ]; do [ "$1" = --outputs-file ] && outputs=$2; shift; done\n'
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\n{find_outputs}{text}\n")
    path.chmod(0o755)
    return Tools(path, os.defpath)


def deploy(tmp_path: Path, tools: Tools, oidc: OidcSignIn | None = None) -> dict[str, str]:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    environment = {"PATH": os.defpath}
    deployment = Deployment(folder=folder, tools=tools, environment=environment, oidc=oidc, root=tmp_path)
    return asyncio.run(deployment.run(appsync_url="http://127.0.0.1:4000/graphql"))


def test_a_deployment_gives_the_outputs_of_all_stacks(tmp_path: Path) -> None:
    document = {"A-Status": {"ApiId": "api0"}, "A-Example": {"StateMachineArn": "arn"}}
    tools = script(tmp_path, f"echo '{json.dumps(document)}' > $outputs")
    assert deploy(tmp_path, tools) == {"ApiId": "api0", "StateMachineArn": "arn"}
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert "appsync_url_override=http://127.0.0.1:4000/graphql" in arguments
    assert "stage=local" in arguments
    assert not [argument for argument in arguments if argument.startswith("oidc")]


def test_a_provider_reaches_the_local_stage(tmp_path: Path) -> None:
    deploy(tmp_path, script(tmp_path, "true"), oidc=OidcSignIn("http://127.0.0.1:9", "page"))
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert {"oidc_issuer=http://127.0.0.1:9", "oidc_client_id=page"} <= set(arguments)


def test_the_api_key_does_not_stay_in_the_log(tmp_path: Path) -> None:
    printed = 'echo \'S.ApiKey = da2-key\'; echo \'{"S": {"ApiKey": "da2-key"}}\' > $outputs'
    assert deploy(tmp_path, script(tmp_path, printed)) == {"ApiKey": "da2-key"}
    assert (tmp_path / "state" / "cdk.log").read_text() == "S.ApiKey = (redacted)\n"


def test_a_failed_deployment_is_one_sentence_with_the_reason_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as failed:
        deploy(tmp_path, script(tmp_path, "echo 'Error: no such role' >&2; exit 1"))
    assert str(failed.value).startswith("The deployment failed: Error: no such role (complete log: ")
    assert "\n" not in str(failed.value)


def test_outputs_of_an_earlier_deployment_do_not_count(tmp_path: Path) -> None:
    deploy(tmp_path, script(tmp_path, 'echo \'{"S": {"ApiId": "old"}}\' > $outputs'))
    assert deploy(tmp_path, script(tmp_path, "true")) == {}


def test_a_missing_output_is_named() -> None:
    with pytest.raises(StackOutputError, match="no output ApiId"):
        output({}, "ApiId")
