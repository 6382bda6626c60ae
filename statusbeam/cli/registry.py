"""All commands. To add one, write `commands/<name>.py` with `COMMAND`, and add a line here.

The help of the whole command comes from this list, so that it imports no command.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CLIENT: Final = "cli"
SYSTEM: Final = "cdk,cli,local"
BRIDGE: Final = "bridge,cli"
CONFORMANCE: Final = "cli,conformance"


class Registered(NamedTuple):
    """A command: its section in the help, a summary, and the extras of the package that it needs."""

    section: str
    name: str
    summary: str
    extras: str = CLIENT

    @property
    def module(self) -> str:
        """The module's name in `statusbeam.cli.commands`."""
        return self.name.replace("-", "_")


COMMANDS: Final = (
    Registered("Follow", "watch", "follow jobs live"),
    Registered("Follow", "jobs", "list the user's jobs"),
    Registered("Follow", "show", "show a job, now or at an earlier status"),
    Registered("Follow", "updates", "print the statuses of a job"),
    Registered("Follow", "wait", "wait for the end of a job"),
    Registered("Follow", "replay", "replay the log of a job at its original speed"),
    Registered("Follow", "export", "write the log of a job in another format"),
    Registered("Act", "run", "start a workflow"),
    Registered("Act", "publish", "publish a status"),
    Registered("Act", "cancel", "request the cancellation of a job"),
    Registered("Operate", "doctor", "find the first fault of a deployment, and measure it"),
    Registered("Operate", "cost", "estimate the monthly costs of a load on AWS"),
    Registered("Operate", "quotas", "simulate which AWS quota a load meets first"),
    Registered("Operate", "queue", "show dead letters, and deliver them again"),
    Registered(
        "Operate", "redrive-log", "send the statuses that callers could not send, from their log output"
    ),
    Registered("Operate", "token", "issue a view token for a user"),
    Registered("Operate", "end-sessions", "end a user's live subscriptions and logins"),
    Registered("Operate", "delete-user", "delete a user's data"),
    Registered("Serve", "bridge", "serve the jobs in other protocols", BRIDGE),
    Registered("Serve", "mcp", "serve jobs to an assistant", BRIDGE),
    Registered("Serve", "conformance", "check a server of job statuses from outside", CONFORMANCE),
    Registered("Serve", "local", "run the whole system on this machine, without an AWS account", SYSTEM),
    Registered("Serve", "demo", "run jobs on localcloud and watch their statuses", SYSTEM),
    Registered("Set up", "context", "keep deployments under names"),
    Registered("Set up", "login", "sign in to the deployment of a context"),
    Registered("Set up", "whoami", "show the deployment and the user, and where each setting comes from"),
    Registered("Set up", "completion", "print the completion script of a shell"),
)
