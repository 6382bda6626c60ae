"""The deployment that a command uses: the running localcloud, or a stack on AWS (`--stack`)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .command import CommandError
from .local_server import add_server_flags, running_outputs, state_folder

if TYPE_CHECKING:
    import boto3.session
    from botocore.config import Config


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment's outputs by name (`GraphqlUrl`), and its credentials."""

    outputs: Mapping[str, str]
    session: boto3.session.Session
    endpoint_url: str | None  # None for AWS

    def output(self, name: str) -> str:
        """One output. Raises CommandError when the stack does not have it."""
        try:
            return self.outputs[name]
        except KeyError:
            raise CommandError(
                f"the stack has no output {name}: name the status stack with --stack."
            ) from None


def add_target_flags(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add `--stack`, and `--state-dir` for the localcloud that is used without it."""
    parser.add_argument(
        "--stack",
        metavar="NAME",
        help="status stack on AWS, for example Dev-Status; uses the AWS credentials and region of the "
        "environment [default: the running localcloud]",
    )
    add_server_flags(parser, environ, with_ports=False)


def target(arguments: argparse.Namespace) -> Target:
    """The deployment that the flags name. Raises CommandError."""
    return _on_aws(arguments.stack) if arguments.stack else _local(arguments)


def client_config() -> Config:
    """The timeouts and retries of AWS calls."""
    from botocore.config import Config  # noqa: PLC0415 - loads the AWS SDK

    return Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2, "mode": "standard"})


def _local(arguments: argparse.Namespace) -> Target:
    import boto3.session  # noqa: PLC0415 - loads the AWS SDK, which --help does not need

    from statusbeam.localcloud.emulator.account import REGION, ROOT_ACCESS_KEY, ROOT_SECRET_KEY  # noqa: PLC0415

    outputs = running_outputs(state_folder(arguments))
    session = boto3.session.Session(ROOT_ACCESS_KEY, ROOT_SECRET_KEY, region_name=REGION)
    outputs_by_name = {
        "GraphqlUrl": outputs.graphql_url,
        "ViewTokenSecretArn": outputs.view_token_secret_arn,
        "ViewTokenAudience": outputs.view_token_audience,
    }
    return Target(outputs_by_name, session, outputs.aws_endpoint_url)


def _on_aws(stack: str) -> Target:
    import boto3.session  # noqa: PLC0415 - as above
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    session = boto3.session.Session()
    try:
        stacks = session.client("cloudformation", config=client_config())
        described = stacks.describe_stacks(StackName=stack)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"can't read the stack {stack}: {error}") from error
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", [])}
    return Target(outputs, session, None)
