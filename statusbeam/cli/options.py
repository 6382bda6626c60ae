"""Options that several commands share: the deployment, the user, the output, a load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from statusbeam.model.limits import VIEW_TOKEN_SECONDS

from .records import Output

if TYPE_CHECKING:
    from statusbeam.client.deployment import Deployment
    from statusbeam.client.target import Flags, Target

JobId = Annotated[str, Argument(metavar="JOB", help="id of the job")]
Strict = Annotated[
    bool, Option("--strict", help="end with exit code 3 if the log no longer has a missing status")
]
Timeout = Annotated[
    float | None,
    Option(
        "--timeout", min=0, metavar="SECONDS", help="seconds after which the command ends with exit code 124"
    ),
]
OutputFormat = Annotated[Output, Option("--output", "-o", help="format of the output")]

# What `cost` and `quotas` ask of a job.
Statuses = Annotated[int, Option("--statuses", min=1, metavar="NUMBER", help="statuses a job")]
Agents = Annotated[int, Option("--agents", min=0, metavar="NUMBER", help="agents a job")]
BatchSize = Annotated[int, Option("--batch", min=1, metavar="NUMBER", help="statuses a commit")]
Plain = Annotated[
    bool, Option("--plain", help="a client does not read `earlier`: each status is a push of its own")
]
EventBuses = Annotated[
    int, Option("--event-buses", min=0, metavar="NUMBER", help="event buses that get all events of jobs")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """The deployment."""

    local: Annotated[bool, Option("--local", help="use the running localcloud")] = False
    context: Annotated[
        str | None,
        Option("--context", metavar="NAME", help="context to use [env var: STATUSBEAM_CONTEXT]"),
    ] = None
    stack: Annotated[
        str | None,
        Option(
            "--stack",
            metavar="NAME",
            help="status stack, as cdk deploy prints it [env var: STATUSBEAM_STACK]",
        ),
    ] = None
    profile: Annotated[
        str | None,
        Option("--profile", metavar="NAME", help="AWS profile [env var: STATUSBEAM_PROFILE]"),
    ] = None
    region: Annotated[
        str | None, Option("--region", metavar="NAME", help="AWS region [env var: STATUSBEAM_REGION]")
    ] = None
    state_dir: Annotated[
        Path | None,
        Option("--state-dir", metavar="DIR", help="localcloud's folder [env var: STATUSBEAM_STATE_DIR]"),
    ] = None

    def target(self) -> Target:
        """The deployment that options, environment and contexts choose. Raises ClientError."""
        from statusbeam.client.target import Target, choose  # noqa: PLC0415 - --help does without

        return Target(choose(self._flags(), os.environ))

    def _flags(self, user: str | None = None, tenant: str | None = None) -> Flags:
        from statusbeam.client.target import Flags  # noqa: PLC0415 - as above

        return Flags(
            local=self.local,
            context=self.context,
            stack=self.stack,
            profile=self.profile,
            region=self.region,
            state_dir=self.state_dir,
            user=user,
            tenant=tenant,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOptions(TargetOptions):
    """The deployment, and the user that owns the jobs."""

    user: Annotated[
        str | None,
        Option(
            "--user",
            metavar="ID",
            help="user of the command, with a view token; on localcloud also a demo user's name "
            "[env var: STATUSBEAM_USER]",
        ),
    ] = None
    tenant: Annotated[
        str | None, Option("--tenant", metavar="ID", help="tenant of the user [env var: STATUSBEAM_TENANT]")
    ] = None

    def target(self) -> Target:
        """See TargetOptions.target."""
        from statusbeam.client.target import Target, choose  # noqa: PLC0415 - as above

        return Target(choose(self._flags(self.user, self.tenant), os.environ))

    def deployment(self, *, token_seconds: int = VIEW_TOKEN_SECONDS) -> Deployment:
        """The deployment, seen as its user. Raises ClientError."""
        from statusbeam.client.connect import deployment  # noqa: PLC0415 - as above
        from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - as above

        contexts = Contexts(config_folder(os.environ))
        return deployment(self.target(), contexts, token_seconds=token_seconds)
