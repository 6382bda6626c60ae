"""Deploys the project's stacks to the emulator with the CDK CLI."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from statusbeam.model.texts import without_terminal_sequences

from .emulator.server import ACCOUNT_ID, REGION, root_credentials
from .state_folder import StateFolder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[2]

# The caller's variables that the tools inherit: network settings, never AWS credentials.
_INHERITED = re.compile(
    r"HOME|USER|LANG|LC_.*|XDG_CACHE_HOME|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|PIP_.*|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY"
)
# Patterns of a line with the reason, the most specific first. The last matching line counts.
_REASONS = (
    re.compile(r"❌ *(.*)"),
    re.compile(r"((?:\w+\.)*\w*(?:Error|Exception): .+)"),
    re.compile(r"(?:^|: )(fail(?:ed)?\b.*)", re.IGNORECASE),
    re.compile(r"(.*)"),
)
_REASON_LENGTH = 300
API_KEY_OUTPUT = "ApiKey"

# The CLI uploads assets to this bucket. `cdk bootstrap` gives it this name, with CDK's default qualifier.
_ASSET_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{REGION}"


class MissingToolError(Exception):
    """A tool that `make` installs is missing. The message names it and the command to run."""


class DeployError(Exception):
    """The stacks could not be deployed. The message has the reason and the path of the log."""


class StackOutputError(Exception):
    """The deployed stacks lack an output that localcloud needs. The message names the output."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The paths of the CDK CLI and of the Node that runs it."""

    cdklocal: Path
    search_path: str


def find_tools(root: Path = ROOT, *, python_bin: Path) -> Tools:
    """The tools that `make` installs: Node beside the interpreter, the CDK CLI in node_modules.

    Raises MissingToolError.
    """
    search_path = os.pathsep.join(
        (str(python_bin), str(root / "node_modules" / ".bin"), "/usr/local/bin", os.defpath)
    )
    if shutil.which("node", path=search_path) is None:
        raise MissingToolError("Node is missing: run `make` first.")
    cdklocal = root / "node_modules" / ".bin" / "cdklocal"
    if not cdklocal.exists() or not (cdklocal.parent / "cdk").exists():
        raise MissingToolError("The CDK CLI is missing: run `make` first.")
    return Tools(cdklocal, search_path)


def tool_environment(
    caller: Mapping[str, str], *, endpoint_url: str, tools: Tools, scratch: Path
) -> dict[str, str]:
    """The environment of the CDK CLI and its app: the emulator's root user, the caller's network settings."""
    inherited = {name: value for name, value in caller.items() if _INHERITED.fullmatch(name)}
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
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "TMPDIR": str(scratch),
        "PATH": tools.search_path,
    }


def create_asset_bucket(s3: S3Client) -> None:
    """Create the part of `cdk bootstrap` that localcloud uses."""
    s3.create_bucket(Bucket=_ASSET_BUCKET)


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """The OpenID Connect provider that signs readers in, in the user pool's place."""

    issuer: str
    client_id: str

    @property
    def origin(self) -> str:
        """Where it answers."""
        return "/".join(self.issuer.split("/")[:3])


class Deployment:
    """One `cdk deploy` of all stacks of the local stage. With `oidc`, they have no user pool."""

    def __init__(
        self,
        *,
        folder: StateFolder,
        tools: Tools,
        environment: Mapping[str, str],
        oidc: OidcSignIn | None = None,
        root: Path = ROOT,
    ) -> None:
        self._folder = folder
        self._tools = tools
        self._environment = environment
        self._oidc = oidc
        self._root = root

    async def run(self, *, appsync_url: str) -> dict[str, str]:
        """Deploy the stacks and return their outputs by name. The publisher uses `appsync_url`.

        Raises DeployError.
        """
        command = [str(self._tools.cdklocal), "deploy", "--all", *self._options(appsync_url)]
        self._folder.stack_outputs.unlink(missing_ok=True)
        with self._folder.deploy_log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._root,
                env=dict(self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            code = await process.wait()
        if code != 0:
            reason = failure_reason(self._folder.deploy_log.read_text(errors="replace"))
            raise DeployError(f"The deployment failed: {reason} (complete log: {self._folder.deploy_log})")
        outputs = stack_outputs(self._folder.stack_outputs)
        self._redact(outputs.get(API_KEY_OUTPUT))
        return outputs

    def _redact(self, secret: str | None) -> None:
        """Remove a key from the log: the CLI prints all outputs."""
        if secret:
            log = self._folder.deploy_log
            log.write_text(log.read_text(errors="replace").replace(secret, "(redacted)"))

    def _options(self, appsync_url: str) -> list[str]:
        return [
            *("--context", "stage=local"),
            *("--context", f"appsync_url_override={appsync_url}"),
            *self._oidc_options(),
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

    def _oidc_options(self) -> list[str]:
        if self._oidc is None:
            return []
        return [
            *("--context", f"oidc_issuer={self._oidc.issuer}"),
            *("--context", f"oidc_client_id={self._oidc.client_id}"),
        ]


def failure_reason(log: str) -> str:
    """The line of a CDK log with the reason of a failure, or its last line."""
    lines = [line.strip() for line in without_terminal_sequences(log).splitlines() if line.strip()]
    for pattern in _REASONS:
        found = [match[1] for match in map(pattern.search, lines) if match]
        if found:
            return found[-1].strip()[:_REASON_LENGTH]
    return "the CDK CLI printed nothing"


def stack_outputs(path: Path) -> dict[str, str]:
    """All stacks' outputs in the file that the CDK CLI wrote, by output name."""
    document = json.loads(path.read_text()) if path.exists() else {}
    return {name: str(value) for outputs in document.values() for name, value in outputs.items()}


def output(outputs: Mapping[str, str], name: str) -> str:
    """One output. Raises StackOutputError."""
    if name not in outputs:
        raise StackOutputError(f"The deployed stacks have no output {name}.")
    return outputs[name]
