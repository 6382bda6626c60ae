"""What may differ between two deployments: the typed options of the constructs, with their defaults."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from aws_cdk import RemovalPolicy, Token
from aws_cdk.aws_logs import RetentionDays

from statusbeam.model.settings import NotificationChannel

_ROTATION_DAYS_MAX = 1_000  # Secrets Manager's
# As Cognito defines them; none of the characters has a meaning in a regular expression.
_CLIENT_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _is_tuple(value: object) -> bool:
    """Whether somebody wrote a tuple. A text is a sequence of texts as well, of one character each."""
    return isinstance(value, tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOptions:
    """What all resources of a deployment have in common."""

    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """What happens to tables, users, buckets, queues and log groups when the stack is deleted."""
    log_retention: RetentionDays = RetentionDays.THREE_MONTHS
    """How long the functions and the API keep their own logs."""
    key_arn: str | None = None
    """A symmetric KMS key of yours, by its ARN. It encrypts tables, queues, topics, details, secrets, logs
    and backups. `EncryptionKey` creates one; another key needs the same policy. None: AWS's own keys."""
    backup_days: int | None = None
    """AWS Backup copies the table of jobs every night, and keeps each copy for so many days. None: no copies.
    Point-in-time recovery of the last 35 days is always on."""
    access_logs: bool = False
    """S3 logs every access to the bucket of details, in another bucket, which keeps the log for 90 days."""
    emulated: bool = False
    """The resources run on an emulator, which speaks plain HTTP on the loopback interface."""

    def __post_init__(self) -> None:
        key = self.key_arn
        if key is not None and not (Token.is_unresolved(key) or (key.startswith("arn:") and ":key/" in key)):
            raise ValueError(f"key_arn must be the ARN of a KMS key, not {key!r}")
        if self.backup_days is not None and self.backup_days < 1:
            raise ValueError(f"backup_days must be 1 or more, not {self.backup_days}")

    @property
    def deletion_protection(self) -> bool:
        """Whether tables and user pools refuse to be deleted."""
        return self.removal_policy is RemovalPolicy.RETAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUserPool:
    """A Cognito user pool of the deployment's own. Administrators create its users, each in one tenant."""

    mfa_required: bool = True
    """Every user signs in with a second factor."""
    threat_protection: bool = False
    """Cognito blocks sign-ins that look like an attack, and passwords that are known from breaches. Needs the
    Plus plan, which costs more for each user."""
    password_auth: bool = False
    """Clients may send a plain password (USER_PASSWORD_AUTH), for demos and tests. SRP is always on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingUserPool:
    """A Cognito user pool that exists already. Its owner puts the claims into its tokens.

    Its tokens carry `sub`, the tenant as `tenantId` or `custom:tenantId`, and the roles as `cognito:groups`.
    Users must not be able to write the tenant.
    """

    user_pool_id: str
    """In the region and the account of the stack."""
    client_ids: tuple[str, ...]
    """The app clients whose tokens the API accepts. The page signs in with the first one."""

    def __post_init__(self) -> None:
        known = [
            client
            for client in self.client_ids
            if Token.is_unresolved(client) or _CLIENT_ID.fullmatch(client)
        ]
        if not _is_tuple(self.client_ids) or not known or len(known) < len(self.client_ids):
            raise ValueError(f"client_ids must be a tuple of app client ids, not {self.client_ids!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """Any other OpenID Connect provider, in Cognito's place.

    Its tokens carry `sub` and two claims, named below. The tenant is a text that users must not be able to
    write. The roles are a list, or a text with spaces between them.
    """

    issuer: str
    """The `iss` of its tokens. AppSync must reach `<issuer>/.well-known/openid-configuration`."""
    client_id: str
    """A regular expression. The API accepts tokens with a matching `aud` or `azp`."""
    tenant_claim: str = "tenantId"
    roles_claim: str = "roles"

    def __post_init__(self) -> None:
        if not self.issuer.startswith("https://"):
            raise ValueError(f"issuer must be an https address, not {self.issuer!r}")
        if not self.client_id:
            raise ValueError("client_id is empty: the API would accept tokens of every client")


ReaderOptions = NewUserPool | ExistingUserPool | OidcProvider
"""Who signs readers in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateNetwork:
    """The part of a VPC in which the publisher runs, so that it reaches a private API.

    The VPC has an interface endpoint for `appsync-api`, with private DNS, and gateway endpoints for DynamoDB
    and S3.
    """

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.subnet_ids or not self.security_group_ids:
            raise ValueError("a private network needs subnet_ids and security_group_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """The AppSync API."""

    private_network: PrivateNetwork | None = None
    """The API is reachable from VPCs with an endpoint for it, and not from the internet. None: the API is
    public. A change replaces the API, and with it the address."""
    log_level: Literal["ERROR", "INFO", "ALL"] = "INFO"
    """What the API logs. `ERROR`: errors. `INFO`: also who read another user's job. `ALL`: also a trace of
    each field. No level logs tokens or statuses."""
    view_token_rotation_days: int | None = 30
    """How often a new secret signs view tokens. Tokens of the former one stay valid until they expire. None:
    you rotate it."""
    introspection: bool = False
    """Clients may ask for the schema."""
    api_key_expires: dt.datetime | None = None
    """When the API key expires; None: the API has no key. Whoever has the key reads the tenant `public`."""
    appsync_url_override: str | None = None
    """Where the publisher and the clients find the API, if a local data plane stands in for it."""

    def __post_init__(self) -> None:
        days = self.view_token_rotation_days
        if days is not None and not 1 <= days <= _ROTATION_DAYS_MAX:
            raise ValueError(f"view_token_rotation_days must be 1 to {_ROTATION_DAYS_MAX}, not {days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingOptions:
    """How statuses reach the publisher, and what it does with them."""

    transport: Literal["queue", "invoke"] = "queue"
    """How code that reports statuses reaches the publisher. Asynchronous invokes keep no order."""
    reserved_concurrency: int | None = None
    """How many publishers run at once, at most and guaranteed; None: what the account has left."""
    tenant: str | None = None
    """The one tenant whose statuses the publisher accepts; None: every tenant's."""
    tenant_queues: tuple[str, ...] = ()
    """Tenants with a publisher and queues of their own, beside the shared ones. Whoever may report to a
    tenant's queue can report for this tenant only. `Statusbeam.routes` has the routes by tenant."""
    redacted_fields: tuple[str, ...] = ()
    """Fields that the publisher hides whatever they hold: `metadata.customer.email`, `metadata.*.phone`."""
    redacted_patterns: tuple[str, ...] = ()
    """Regular expressions, without spaces, of what else the publisher hides: `CUST-\\d{6}`."""
    log_days: int = 7
    """How long a status stays in the log of its job."""
    job_days: int = 90
    """How long a job stays after its last status."""

    def __post_init__(self) -> None:
        if not _is_tuple(self.tenant_queues) or not all(self.tenant_queues):
            raise ValueError(f"tenant_queues must be a tuple of tenants, not {self.tenant_queues!r}")
        if self.tenant is not None and self.tenant_queues:
            raise ValueError("tenant_queues are for deployments of several tenants: tenant names only one")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallOptions:
    """AWS WAF before the API."""

    requests_in_five_minutes: int = 2_000
    """WAF blocks an address for a while when it sends more. The publisher's pushes do not count."""
    logs: bool = False
    """WAF logs every request, without credentials and query strings, for as long as the API keeps its log."""
    allowed_origins: tuple[str, ...] = ()
    """Pages that may call the API, as browsers write them in `Origin`; empty: any page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """The page on CloudFront.

    `domain` and `certificate_arn` (ACM, us-east-1) go together. Without them the page has a CloudFront name,
    and CloudFront chooses its lowest TLS version.
    """

    domain: str | None = None
    certificate_arn: str | None = None
    web_acl_arn: str | None = None
    """A web ACL of scope CLOUDFRONT. Those are in us-east-1, whatever the region of the stack."""
    all_edge_locations: bool = False
    """Serve from all of CloudFront's locations, not only from North America and Europe, which cost less."""
    log_link: str | None = None
    """Your log search, to which the page links: an address with `{errorId}`, and `{jobId}` if you like."""

    def __post_init__(self) -> None:
        if (self.domain is None) is not (self.certificate_arn is None):
            raise ValueError("domain and certificate_arn go together")
        if self.log_link is not None and not (
            self.log_link.startswith("https://") and "{errorId}" in self.log_link
        ):
            raise ValueError("log_link must be an https address that contains {errorId}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOptions:
    """The bridge to other protocols."""

    compute: Literal["fargate", "lambda"] = "fargate"
    """`lambda`: REST, MCP, A2A, CloudEvents and durable streams on a function, without WebSockets and
    server-sent events. It costs nothing while nobody asks. The options for tasks don't apply."""
    tasks: int = 2
    """How many tasks run at least, each in another availability zone."""
    max_tasks: int = 10
    connections_per_task: int = 4_000
    """With more open connections than this for each task, another task starts."""
    cpu: int = 512
    memory_mib: int = 1_024
    origins: tuple[str, ...] = ()
    """Pages that may use the bridge, as browsers write them in `Origin`; empty: any page."""
    web_acl_arn: str | None = None
    """A web ACL of scope CLOUDFRONT."""

    def __post_init__(self) -> None:
        if not 1 <= self.tasks <= self.max_tasks:
            raise ValueError("tasks must be from 1 to max_tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOptions:
    """Who is notified of what happens to jobs.

        NotificationOptions(channels=(
            NotificationChannel(name="ops", kind="webhook", target=secret.secret_arn),
            NotificationChannel(name="bus", kind="event_bridge", target=bus.event_bus_arn),
        ))

    A webhook's secret holds `{"url": "https://…", "secret": "whsec_…"}`. A Slack channel's secret holds
    `{"url": "https://hooks.slack.com/…"}` or `{"token": "xoxb-…", "channel": "C…"}`.
    """

    channels: tuple[NotificationChannel, ...]
    job_link: str | None = None
    """A page of the job: an address that contains `{jobId}`."""

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        if not names or len(set(names)) < len(names) or not all(map(_CHANNEL_NAME.fullmatch, names)):
            raise ValueError("channels need names of letters, digits, `_`, `.` and `-`, each another one")
        for channel in self.channels:
            service = ":events:" if channel.kind == "event_bridge" else ":secretsmanager:"
            if not Token.is_unresolved(channel.target) and service not in channel.target:
                raise ValueError(f"the target of {channel.name} must be an ARN with {service}")
        if self.job_link is not None and not (
            self.job_link.startswith("https://") and "{jobId}" in self.job_link
        ):
            raise ValueError("job_link must be an https address that contains {jobId}")
