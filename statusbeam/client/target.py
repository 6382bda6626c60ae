"""The deployment that is asked, and why: flag > variable > context > running localcloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statusbeam.model.settings import TENANT_ATTRIBUTE, TENANT_CLAIM, USER_CLAIM

from .aws_errors import aws_call
from .contexts import Context, Contexts, config_folder
from .errors import NotFoundError, TargetError, UnreachableError
from .localcloud import DEFAULT_STATE_DIR, ROOT_KEY, is_running, read_outputs

if TYPE_CHECKING:
    import boto3.session
    from botocore.config import Config

LOCALCLOUD = "localcloud"
TOKEN_VARIABLE = "STATUSBEAM_TOKEN"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the caller asks for. None: not given."""

    local: bool = False
    context: str | None = None
    stack: str | None = None
    profile: str | None = None
    region: str | None = None
    state_dir: Path | None = None
    user: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and where it comes from."""

    value: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The settings of a call, each with its source. `place` is a stack's name, or `localcloud`."""

    place: Setting
    context: Setting
    profile: Setting
    region: Setting
    user: Setting
    tenant: Setting
    token: Setting
    state_dir: Path
    place_context: str | None
    """The context that chose the place. Its login is for that place only."""

    @property
    def is_local(self) -> bool:
        """Whether the place is localcloud."""
        return self.place.value == LOCALCLOUD


def choose(flags: Flags, environ: Mapping[str, str], contexts: Contexts | None = None) -> Choice:
    """Resolve the settings. Raises ClientError."""
    contexts = contexts or Contexts(config_folder(environ))
    if flags.local and flags.stack:
        raise TargetError("--local and --stack exclude each other.")
    named = _first(
        (flags.context, "--context"), (environ.get("STATUSBEAM_CONTEXT"), "STATUSBEAM_CONTEXT")
    ) or Setting(contexts.current(), "context use")
    context = contexts.get(named.value) if named.value else Context()
    state_dir = flags.state_dir or Path(environ.get("STATUSBEAM_STATE_DIR") or DEFAULT_STATE_DIR)

    def pick(name: str) -> Setting:
        in_context = (getattr(context, name), f"context {named.value}")
        variable = f"STATUSBEAM_{name.upper()}"
        by_flag = in_context if flags.context else (None, "")
        return _first(
            (getattr(flags, name), f"--{name}"), by_flag, (environ.get(variable), variable), in_context
        ) or Setting(None, "not set")

    place = Setting(LOCALCLOUD, "--local") if flags.local else pick("stack")
    if context.local and (flags.context or not place.value):
        place = Setting(LOCALCLOUD, f"context {named.value}") if not flags.stack else place
    if not place.value:
        if not is_running(state_dir.absolute()):
            raise UnreachableError(
                "no deployment is chosen, and localcloud is not running: name one with --stack or "
                "`statusbeam context add`, or start it with `statusbeam local up`."
            )
        place = Setting(LOCALCLOUD, "running localcloud")
    from_context = place.source == f"context {named.value}"
    return Choice(
        place=place,
        context=named,
        profile=pick("profile"),
        region=pick("region"),
        user=pick("user"),
        tenant=pick("tenant"),
        token=Setting(environ.get(TOKEN_VARIABLE) or None, TOKEN_VARIABLE),
        state_dir=state_dir.absolute(),
        place_context=named.value if from_context else None,
    )


def _first(*candidates: tuple[str | None, str]) -> Setting | None:
    return next((Setting(value, source) for value, source in candidates if value), None)


@dataclass(frozen=True)
class Target:
    """A deployment's outputs by name (`GraphqlUrl`), and the AWS session that goes with it."""

    choice: Choice
    _outputs: Mapping[str, str] | None = field(default=None, repr=False)

    @cached_property
    def local(self) -> Mapping[str, Any]:
        """The outputs file of localcloud. Raises ClientError."""
        return read_outputs(self.choice.state_dir)

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs by name. Raises ClientError."""
        if self._outputs is not None:
            return self._outputs
        if self.choice.is_local:
            return {
                f"{name[0].upper()}{name[1:]}": value
                for name, value in self.local.items()
                if value is not None
            }
        return self._stack_outputs(stack_name(str(self.choice.place.value)))

    @property
    def endpoint_url(self) -> str | None:
        """The address of the AWS emulator; None for AWS."""
        return str(self.local["awsEndpointUrl"]) if self.choice.is_local else None

    @cached_property
    def session(self) -> boto3.session.Session:
        """The AWS session. Raises ClientError."""
        import boto3.session  # noqa: PLC0415 - loads the AWS SDK, which --help does not need

        if self.choice.is_local:
            return boto3.session.Session(ROOT_KEY, ROOT_KEY, region_name=str(self.local["region"]))
        with aws_call("use the AWS profile"):
            return boto3.session.Session(
                profile_name=self.choice.profile.value, region_name=self.choice.region.value
            )

    def client(self, service: str) -> Any:
        """A client of an AWS service. Raises ClientError."""
        with aws_call(f"call {service}"):
            return self.session.client(  # type: ignore[call-overload]  # the name is not a literal here
                service, endpoint_url=self.endpoint_url, config=client_config()
            )

    @property
    def user_claim(self) -> str:
        """The claim of ID tokens that holds the user's id. Raises ClientError."""
        return self.outputs.get("UserClaim", USER_CLAIM)

    @property
    def tenant_claims(self) -> tuple[str, ...]:
        """The claims of ID tokens of which one holds the tenant. Raises ClientError."""
        named = self.outputs.get("TenantClaim")
        return (TENANT_CLAIM, TENANT_ATTRIBUTE) if named is None else (named,)

    def output(self, name: str) -> str:
        """One output. Raises NotFoundError when the stack does not have it."""
        try:
            return self.outputs[name]
        except KeyError:
            raise NotFoundError(
                f"the stack has no output {name}: name the status stack with --stack."
            ) from None

    def _stack_outputs(self, stack: str) -> Mapping[str, str]:
        stacks = self.client("cloudformation")
        with aws_call(f"read the stack {stack}"):
            described = stacks.describe_stacks(StackName=stack)["Stacks"][0]
        return {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", [])}


def stack_name(text: str) -> str:
    """The stack's name or ARN in what `cdk deploy` prints: `Dev-Status`, `Dev/Status (Dev-Status)`."""
    in_brackets = re.search(r"\(([\w-]+)\)\s*$", text)
    if in_brackets:
        return in_brackets[1]
    return text if text.startswith("arn:") else text.strip().replace("/", "-")


def client_config() -> Config:
    """The timeouts and retries of AWS calls."""
    from botocore.config import Config  # noqa: PLC0415 - loads the AWS SDK

    return Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2, "mode": "standard"})
