"""The environment that a deployment gets from the caller, and the one sentence of a failure."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from statusbeam.localcloud.deploy import (
    CdkApp,
    Deployed,
    DeployError,
    Deployment,
    OidcSignIn,
    StackOutputError,
    failure_reason,
    tool_environment,
)
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.model.settings import LOCALCLOUD_CLIENT_ID, LOCALCLOUD_ISSUER, LOCALCLOUD_OUTPUT

API = "http://127.0.0.1:4000/graphql"

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


CALLER = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": "real",
    "CDK_DEFAULT_ACCOUNT": "123456789012",
    "PYTHONPATH": "/elsewhere",
    "DATABASE": "orders",
    "HOME": "/home/ada",
    "PATH": "/home/ada/bin",
    "HTTPS_PROXY": "http://proxy:3128",
    "NO_PROXY": "intranet",
    "npm_config_registry": "https://mirror",
    "LC_ALL": "C.UTF-8",
}
ACCOUNT = {"AWS_PROFILE", "AWS_SESSION_TOKEN", "CDK_DEFAULT_ACCOUNT"}


def environment_of(app: CdkApp, scratch: Path) -> dict[str, str]:
    return tool_environment(CALLER, app, endpoint_url="http://127.0.0.1:9", path="/usr/bin", scratch=scratch)


@pytest.mark.parametrize("app", [CdkApp(), CdkApp(command="python app.py", folder=Path())])
def test_the_tools_get_the_emulators_root_and_nothing_of_the_callers_account(
    app: CdkApp, tmp_path: Path
) -> None:
    given = environment_of(app, tmp_path)
    assert given["AWS_ACCESS_KEY_ID"] == "test"
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert given["AWS_CONFIG_FILE"] == os.devnull
    assert given["CDK_VALIDATION"] == "false"
    assert given["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert {"HOME", "HTTPS_PROXY", "npm_config_registry", "LC_ALL"} <= set(given)
    assert not ACCOUNT & set(given)


def test_an_app_of_the_callers_own_reads_its_own_variables_and_the_built_in_one_none(tmp_path: Path) -> None:
    own, built_in = (environment_of(app, tmp_path) for app in (CdkApp(command="python app.py"), CdkApp()))
    assert set(own) - set(built_in) == {"PYTHONPATH", "DATABASE"}
    assert (own["PATH"], built_in["PATH"]) == ("/usr/bin:/home/ada/bin", "/usr/bin")


def script(tmp_path: Path, text: str) -> Path:
    """A CDK CLI that runs the shell script; `$outputs` is its output file."""
    path = tmp_path / "cdklocal"
    find_outputs = 'while [ "$1" ]; do [ "$1" = --outputs-file ] && outputs=$2; shift; done\n'
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\n{find_outputs}{text}\n")
    path.chmod(0o755)
    return path


def deploy(
    tmp_path: Path, cdklocal: Path, command: str | None = None, oidc: OidcSignIn | None = None
) -> Deployed:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    app = CdkApp(command=command, folder=tmp_path, oidc=oidc)
    deployment = Deployment(app, folder=folder, cdklocal=cdklocal, environment={"PATH": os.defpath})
    return asyncio.run(deployment.run(appsync_url=API))


def stacks(**outputs: str) -> str:
    """The CLI's file of outputs: a stack with a Statusbeam that has these, and the example's."""
    ours = {f"{LOCALCLOUD_OUTPUT}0a1b2c3d": json.dumps(outputs), **outputs}
    return json.dumps({"A-Status": ours, "A-Example": {"StateMachineArn": "arn"}})


def test_a_deployment_gives_the_outputs_of_the_statusbeam_and_of_each_stack(tmp_path: Path) -> None:
    deployed = deploy(tmp_path, script(tmp_path, f"echo '{stacks(ApiId='api0')}' > $outputs"))
    assert deployed.output("ApiId") == "api0"
    assert deployed.stacks == {"A-Status": {"ApiId": "api0"}, "A-Example": {"StateMachineArn": "arn"}}
    assert deployed.example == {"StateMachineArn": "arn"}
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert f"statusbeam:localcloud={API}" in arguments
    assert "stage=local" in arguments
    assert "--app" not in arguments
    assert not [argument for argument in arguments if LOCALCLOUD_ISSUER in argument]


def test_an_app_of_the_callers_own_is_deployed_instead_of_the_built_in_one(tmp_path: Path) -> None:
    tools = script(tmp_path, f"echo '{stacks(ApiId='api0')}' > $outputs; pwd > {tmp_path}/folder")
    deployed = deploy(tmp_path, tools, command="python app.py")
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[arguments.index("--app") + 1] == "python app.py"
    assert "stage=local" not in arguments
    assert (tmp_path / "folder").read_text().strip() == str(tmp_path)
    assert deployed.example == {}


def test_a_provider_reaches_the_local_stage(tmp_path: Path) -> None:
    tools = script(tmp_path, f"echo '{stacks(ApiId='api0')}' > $outputs")
    deploy(tmp_path, tools, oidc=OidcSignIn("http://127.0.0.1:9", "page"))
    arguments = (tmp_path / "arguments").read_text().splitlines()
    named = {f"{LOCALCLOUD_ISSUER}=http://127.0.0.1:9", f"{LOCALCLOUD_CLIENT_ID}=page"}
    assert named <= set(arguments)


def test_the_api_key_does_not_stay_in_the_log(tmp_path: Path) -> None:
    printed = f"echo 'S.ApiKey = da2-key'; echo '{stacks(ApiKey='da2-key')}' > $outputs"
    assert deploy(tmp_path, script(tmp_path, printed)).status == {"ApiKey": "da2-key"}
    assert (tmp_path / "state" / "cdk.log").read_text() == "S.ApiKey = (redacted)\n"


def test_a_failed_deployment_is_one_sentence_with_the_reason_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as failed:
        deploy(tmp_path, script(tmp_path, "echo 'Error: no such role' >&2; exit 1"))
    assert str(failed.value).startswith("The deployment failed: Error: no such role (complete log: ")
    assert "\n" not in str(failed.value)


def test_outputs_of_an_earlier_deployment_do_not_count(tmp_path: Path) -> None:
    deploy(tmp_path, script(tmp_path, f"echo '{stacks(ApiId='old')}' > $outputs"))
    with pytest.raises(StackOutputError, match="the app has 0"):
        deploy(tmp_path, script(tmp_path, "true"))


def test_an_app_with_two_deployments_of_statusbeam_is_refused(tmp_path: Path) -> None:
    two = json.dumps({"A": {f"{LOCALCLOUD_OUTPUT}{number}": "{}" for number in (1, 2)}})
    with pytest.raises(StackOutputError, match="serves one Statusbeam construct, and the app has 2"):
        deploy(tmp_path, script(tmp_path, f"echo '{two}' > $outputs"))


def test_a_missing_output_is_named() -> None:
    with pytest.raises(StackOutputError, match="no output ApiId"):
        Deployed(stacks={}, status={}, example={}).output("ApiId")
