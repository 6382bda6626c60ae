"""`statusbeam conformance`: checks a server of job statuses from outside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

from ..command import CommandError, ExitCode
from ..options import OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document

if TYPE_CHECKING:
    from statusbeam.conformance.dialects.dialect import Dialect
    from statusbeam.conformance.kit import Report
    from statusbeam.conformance.publisher import Publisher

Name = Literal["ws5", "sse", "ag-ui", "a2a", "mcp", "durable-streams"]


def conformance(
    url: Annotated[
        str,
        Argument(
            metavar="URL",
            help="address of the server; a path is used unchanged, but the job's id replaces {job_id}",
        ),
    ],
    options: UserOptions,
    *,
    dialect: Annotated[Name, Option("--dialect", help="protocol to check")],
    publish_url: Annotated[
        str | None,
        Option(
            "--publish-url",
            metavar="URL",
            help="address that takes the kit's statuses; without it, the deployment publishes them",
        ),
    ] = None,
    timeout: Annotated[
        float, Option("--timeout", min=0.1, metavar="SECONDS", help="how long each expected event may take")
    ] = 10.0,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Check that a server keeps order, resumes, reports lost statuses, and ends.

    The kit publishes two jobs of its own, and follows them as several clients. Exit code 0 if the server
    conforms, 1 if not. STATUSBEAM_TOKEN holds the readers' token. Without it, the deployment issues one; with
    --publish-url the kit sends none. docs/reference/bridge.md describes a conforming server.
    """
    from statusbeam.conformance.kit import Kit, UnreachableServerError  # noqa: PLC0415 - --help does without
    from statusbeam.conformance.publisher import PublishError  # noqa: PLC0415 - as above

    publisher, token = _publisher(options, publish_url)
    kit = Kit(_dialect(dialect, url, token), publisher, seconds=timeout)
    try:
        report = asyncio.run(kit.run())
    except UnreachableServerError as error:
        raise CommandError(f"{url} does not answer: {error}", ExitCode.OUT_OF_REACH) from error
    except PublishError as error:
        raise CommandError(str(error), ExitCode.OUT_OF_REACH) from error
    print_document(output, {"url": url, **document_of(report)}, _print)
    return ExitCode.DONE if report.conforming else ExitCode.JOB_FAILED


def document_of(report: Report) -> dict[str, Any]:
    """The printed report."""
    return {
        "dialect": report.dialect,
        "conforming": report.conforming,
        "checks": [
            {
                "name": check.name,
                "passed": not check.findings,
                "findings": [
                    {"fault": finding.fault.value, "detail": finding.detail} for finding in check.findings
                ],
            }
            for check in report.checks
        ],
    }


def _dialect(name: Name, url: str, token: str | None) -> Dialect:
    """A client of the protocol. Only its own packages are loaded."""
    match name:
        case "ws5":
            from statusbeam.conformance.dialects.five_messages import FiveMessages  # noqa: PLC0415

            return FiveMessages(url, token)
        case "sse":
            from statusbeam.conformance.dialects.server_sent_events import ServerSentEvents  # noqa: PLC0415

            return ServerSentEvents(url, token)
        case "ag-ui":
            from statusbeam.conformance.dialects.ag_ui import AgUi  # noqa: PLC0415

            return AgUi(url, token)
        case "a2a":
            from statusbeam.conformance.dialects.a2a import A2a  # noqa: PLC0415

            return A2a(url, token)
        case "mcp":
            from statusbeam.conformance.dialects.mcp import Mcp  # noqa: PLC0415

            return Mcp(url, token)
        case "durable-streams":
            from statusbeam.conformance.dialects.durable_streams import DurableStreams  # noqa: PLC0415

            return DurableStreams(url, token)


def _publisher(options: UserOptions, publish_url: str | None) -> tuple[Publisher, str | None]:
    """The publisher of the kit's statuses, and the readers' token. Raises ClientError."""
    from statusbeam.client.target import TOKEN_VARIABLE  # noqa: PLC0415 - --help does without

    token = os.environ.get(TOKEN_VARIABLE) or None
    if publish_url is None:
        deployed = _Deployed(options)
        return deployed, token or deployed.token
    from statusbeam.conformance.publisher import HttpPublisher  # noqa: PLC0415 - as above

    headers = {"authorization": f"Bearer {token}"} if token else {}
    return HttpPublisher(publish_url, headers), token


class _Deployed:
    """Publishes through the publisher of a deployment, as its user."""

    def __init__(self, options: UserOptions) -> None:
        self._target = options.target()
        deployment = options.deployment()
        self._owner = {"userId": deployment.user_id, "tenantId": deployment.tenant_id}
        self.token = deployment.api.tokens.token()

    async def publish(self, status: Mapping[str, Any]) -> None:
        """See Publisher.publish."""
        from .publish import invoke  # noqa: PLC0415 - --help does without

        await asyncio.to_thread(invoke, self._target, {**status, **self._owner})


def _print(document: Mapping[str, Any]) -> None:
    for check in document["checks"]:
        print_line(f"{check['name']:<12}{'passed' if check['passed'] else 'FAILED'}")
        for finding in check["findings"]:
            print_line(f"  {finding['fault']}: {finding['detail']}")
    verdict = "conforms" if document["conforming"] else "does not conform"
    print_line(f"{document['url']} {verdict} to {document['dialect']}.")


COMMAND = command(
    conformance,
    examples=(
        "statusbeam conformance http://127.0.0.1:8080 --dialect sse --local",
        "statusbeam conformance 'https://app.example.com/live/{job_id}' --dialect sse "
        "--publish-url https://app.example.com/test/statuses",
    ),
)
