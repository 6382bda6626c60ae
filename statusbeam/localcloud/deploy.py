"""Deploys the project's stacks to the emulator with the CDK CLI."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from statusbeam.assets import ASSETS
from statusbeam.model.settings import (
    LOCALCLOUD_CLIENT_ID,
    LOCALCLOUD_CONTEXT,
    LOCALCLOUD_ISSUER,
    LOCALCLOUD_OUTPUT,
)
from statusbeam.model.texts import without_terminal_sequences

from .emulator.account import ACCOUNT_ID, REGION, root_credentials
from .state_folder import StateFolder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

# The caller's variables that the tools inherit for the built-in app: network settings, no AWS credentials.
_INHERITED = re.compile(
    r"HOME|USER|LANG|LC_.*|XDG_(CACHE|CONFIG)_HOME|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE"
    r"|NODE_EXTRA_CA_CERTS|(npm|NPM)_(config|CONFIG)_.*|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY"
)
# The caller's own app may read any variable, except these, which would lead it or the CLI to an AWS account.
_WITHHELD = re.compile(r"(AWS|CDK|JSII)_.*")
# Patterns of a line with the reason, the most specific first. The last matching line counts.
_REASONS = (
    re.compile(r"❌ *(.*)"),
    re.compile(r"((?:\w+\.)*\w*(?:Error|Exception): .+)"),
    re.compile(r"(?:^|: )(fail(?:ed)?\b.*)", re.IGNORECASE),
    re.compile(r"(.*)"),
)
_REASON_LENGTH = 300
API_KEY_OUTPUT = "ApiKey"
_EXAMPLE_OUTPUTS = ("StateMachineArn", "StreetFairArn")

# The resources of a bootstrapped account that the CLI needs, with the names of CDK's default qualifier.
_ASSET_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_BOOTSTRAP = "30"


class DeployError(Exception):
    """The stacks could not be deployed. The message has the reason and the path of the output."""


class StackOutputError(Exception):
    """The deployed stacks lack an output that localcloud needs. The message names the output."""


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """The OpenID Connect provider that signs readers in, in the user pool's place."""

    issuer: str
    client_id: str

    def options(self) -> tuple[str, ...]:
        """The options of the CDK CLI that tell the constructs."""
        issuer, client_id = f"{LOCALCLOUD_ISSUER}={self.issuer}", f"{LOCALCLOUD_CLIENT_ID}={self.client_id}"
        return ("--context", issuer, "--context", client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdkApp:
    """The app that is deployed: the built-in one, or the caller's own `command`, run in `folder`.

    With `oidc`, it has no user pool.
    """

    command: str | None = None
    folder: Path = ASSETS
    oidc: OidcSignIn | None = None

    def inherits(self, variable: str) -> bool:
        """Whether the app gets this environment variable of the caller."""
        if self.command is None:
            return _INHERITED.fullmatch(variable) is not None
        return _WITHHELD.fullmatch(variable) is None

    def options(self) -> tuple[str, ...]:
        """The options of the CDK CLI that choose the app."""
        app = ("--app", self.command) if self.command else ("--context", "stage=local")
        return app if self.oidc is None else (*app, *self.oidc.options())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The result of a deployment: the outputs of each stack, and those that localcloud reads."""

    stacks: Mapping[str, Mapping[str, str]]
    status: Mapping[str, str]
    """The outputs of the one `Statusbeam` of the app, by name."""
    example: Mapping[str, str]
    """The outputs of the built-in app's example; empty for other apps."""

    def output(self, name: str) -> str:
        """One output of the `Statusbeam`. Raises StackOutputError."""
        if name not in self.status:
            raise StackOutputError(f"The deployed stacks have no output {name}.")
        return self.status[name]


def tool_environment(
    caller: Mapping[str, str], app: CdkApp, *, endpoint_url: str, path: str, scratch: Path
) -> dict[str, str]:
    """The environment of the CDK CLI and its app: the emulator's root user, and variables of the caller.

    The app skips CDK's template validation (CDK_VALIDATION). The validation takes more than half of a synth,
    and its warnings would only reach localcloud's log file. `cdk synth` still validates.
    """
    inherited = {name: value for name, value in caller.items() if app.inherits(name)}
    exempt = ",".join(
        filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1,localhost"))
    )
    return {
        **inherited,
        **root_credentials(),
        "NO_PROXY": exempt,
        "no_proxy": exempt,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        "AWS_S3_FORCE_PATH_STYLE": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_VALIDATION": "false",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "TMPDIR": str(scratch),
        # The command of the caller's own app may need the caller's tools.
        "PATH": path if app.command is None else f"{path}{os.pathsep}{caller.get('PATH', os.defpath)}",
    }


def bootstrap(s3: S3Client, parameters: SSMClient) -> None:
    """Create the part of `cdk bootstrap` that localcloud uses. The CLI does without the roles."""
    s3.create_bucket(Bucket=_ASSET_BUCKET)
    parameters.put_parameter(Name=_BOOTSTRAP_VERSION, Value=_BOOTSTRAP, Type="String")


class Deployment:
    """One `cdk deploy` of all stacks of an app."""

    def __init__(
        self, app: CdkApp, *, folder: StateFolder, cdklocal: Path, environment: Mapping[str, str]
    ) -> None:
        self._app = app
        self._folder = folder
        self._cdklocal = cdklocal
        self._environment = environment

    async def run(self, *, appsync_url: str) -> Deployed:
        """Deploy the stacks. The publisher uses `appsync_url`. Raises DeployError or StackOutputError."""
        command = [str(self._cdklocal), "deploy", "--all", *self._options(appsync_url)]
        self._folder.stack_outputs.unlink(missing_ok=True)
        with self._folder.deploy_log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._app.folder,
                env=dict(self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            code = await process.wait()
        if code != 0:
            reason = failure_reason(self._folder.deploy_log.read_text(errors="replace"))
            raise DeployError(f"The deployment failed: {reason} (complete log: {self._folder.deploy_log})")
        deployed = deployed_outputs(self._folder.stack_outputs, built_in=self._app.command is None)
        self._redact(deployed.status.get(API_KEY_OUTPUT))
        return deployed

    def _redact(self, secret: str | None) -> None:
        """Remove a key from the output: the CLI prints all stack outputs."""
        if secret:
            log = self._folder.deploy_log
            log.write_text(log.read_text(errors="replace").replace(secret, "(redacted)"))

    def _options(self, appsync_url: str) -> list[str]:
        return [
            *self._app.options(),
            *("--context", f"{LOCALCLOUD_CONTEXT}={appsync_url}"),
            *("--output", str(self._folder.cdk_output)),
            *("--outputs-file", str(self._folder.stack_outputs)),
            *("--require-approval", "never"),
            *("--method", "direct"),
            *("--concurrency", "2"),
            *("--progress", "events"),
            "--ci",
            "--no-color",
            "--no-notices",
        ]


def failure_reason(log: str) -> str:
    """The line of the CLI's output with the reason of a failure, or its last line."""
    lines = [line.strip() for line in without_terminal_sequences(log).splitlines() if line.strip()]
    for pattern in _REASONS:
        found = [match[1] for match in map(pattern.search, lines) if match]
        if found:
            return found[-1].strip()[:_REASON_LENGTH]
    return "the CDK CLI printed nothing"


def deployed_outputs(path: Path, *, built_in: bool) -> Deployed:
    """The outputs in the file that the CDK CLI wrote. Raises StackOutputError without one `Statusbeam`."""
    document = json.loads(path.read_text()) if path.exists() else {}
    ours: list[str] = []
    stacks: dict[str, dict[str, str]] = {}
    for stack, outputs in document.items():
        ours += [value for name, value in outputs.items() if name.startswith(LOCALCLOUD_OUTPUT)]
        stacks[stack] = {
            name: str(value) for name, value in outputs.items() if not name.startswith(LOCALCLOUD_OUTPUT)
        }
    if len(ours) != 1:
        raise StackOutputError(f"localcloud serves one Statusbeam construct, and the app has {len(ours)}.")
    everything = {name: value for outputs in stacks.values() for name, value in outputs.items()}
    example = {name: everything[name] for name in _EXAMPLE_OUTPUTS if built_in and name in everything}
    return Deployed(stacks=stacks, status=json.loads(ours[0]), example=example)
