"""What may differ between two deployments: the typed options of the constructs, with their defaults."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import RemovalPolicy, Token
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_logs import RetentionDays

from statusbeam.model.settings import (
    OIDC_ROLES_CLAIM,
    SIGN_IN_SCOPES,
    TENANT_CLAIM,
    USER_CLAIM,
    USERNAME_CLAIM,
    NotificationChannel,
)

_PYTHON = re.compile(r"python3\.(\d+)")
_OLDEST_PYTHON = 11  # of the 3.x that the library supports
_ROTATION_DAYS_MAX = 1_000  # Secrets Manager's
# As Cognito defines them; none of the characters has a meaning in a regular expression.
_CLIENT_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
_DOMAIN_PREFIX = re.compile(r"(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_ORIGIN = re.compile(rf"https://{_HOST.pattern}(:\d+)?")
_WORD = re.compile(r"[!-~]+")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?")
_POOL_USER_CLAIMS: Final = (USER_CLAIM, USERNAME_CLAIM)
_BUDGET_EMAILS = 10  # AWS Budgets'
_PROBE_MINUTES = (5, 10, 15, 30, 60)  # parts of an hour, longer than a probe
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _check_pool_user_claim(name: str) -> None:
    if name not in _POOL_USER_CLAIMS:
        raise ValueError(f"user_claim must be {' or '.join(_POOL_USER_CLAIMS)}, not {name!r}")


def _is_tuple(value: object) -> bool:
    """Whether the value is a tuple. A text is a sequence of texts as well, of one character each."""
    return isinstance(value, tuple)


def _is_tuple_of(value: object, is_valid: Callable[[str], object]) -> bool:
    """Whether it is a tuple of texts that are valid, or not known before the deployment."""
    return isinstance(value, tuple) and all(Token.is_unresolved(each) or is_valid(each) for each in value)


def _is_web_address(url: str) -> bool:
    """Whether browsers trust it with a sign-in: HTTPS, or this machine."""
    return (url.startswith("https://") or bool(_LOOPBACK.fullmatch(url))) and not set("?#, ") & set(url)


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
    """AWS Backup copies the table of jobs every night, and keeps each copy for this number of days. None: no
    copies. Point-in-time recovery of the last 35 days is always on."""
    runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14
    """What Statusbeam's own functions run with: Python 3.11 or newer."""
    access_logs: bool = False
    """S3 logs every access to the bucket of details, in another bucket, which keeps the log for 90 days."""
    emulated: bool = False
    """The resources run on an emulator, which speaks plain HTTP on the loopback interface."""

    def __post_init__(self) -> None:
        key = self.key_arn
        if key is not None and not (Token.is_unresolved(key) or (key.startswith("arn:") and ":key/" in key)):
            raise ValueError(f"key_arn must be the ARN of a KMS key, not {key!r}")
        python = _PYTHON.fullmatch(self.runtime.name)
        if python is None or int(python[1]) < _OLDEST_PYTHON:
            raise ValueError(f"runtime must be python3.{_OLDEST_PYTHON} or newer, not {self.runtime.name}")
        if self.backup_days is not None and self.backup_days < 1:
            raise ValueError(f"backup_days must be 1 or more, not {self.backup_days}")

    @property
    def deletion_protection(self) -> bool:
        """Whether tables and user pools refuse to be deleted."""
        return self.removal_policy is RemovalPolicy.RETAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedLogin:
    """Cognito's own sign-in pages, on a domain of the user pool."""

    domain_prefix: str
    """The pages are at `https://<domain_prefix>.auth.<region>.amazoncognito.com`."""
    page_urls: tuple[str, ...]
    """The addresses of your pages, to which readers return after the sign-in, each with a slash at its
    end. The addresses of `statusbeam login` on a reader's own machine are always allowed."""

    def __post_init__(self) -> None:
        prefix = self.domain_prefix
        if not Token.is_unresolved(prefix) and not _DOMAIN_PREFIX.fullmatch(prefix):
            raise ValueError(
                "domain_prefix must be lower-case letters, digits and hyphens, without aws, amazon or "
                f"cognito, not {prefix!r}"
            )
        if not self.page_urls or not _is_tuple_of(self.page_urls, _is_web_address):
            raise ValueError(f"page_urls must be a tuple of https addresses, not {self.page_urls!r}")


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
    managed_login: ManagedLogin | None = None
    """The page sends readers to Cognito's own pages. None: it asks for the password itself, and proves it by
    SRP."""
    user_claim: Literal["sub", "cognito:username"] = USER_CLAIM
    """The claim that is the user's id in statuses. `cognito:username` is the name that you give the user. If
    you delete a user and give the name to somebody else, they see the jobs of the first."""

    def __post_init__(self) -> None:
        _check_pool_user_claim(self.user_claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingUserPool:
    """A Cognito user pool that exists already. Its owner puts the claims into its tokens.

    Its tokens carry the user's id, the tenant as `tenantId` or `custom:tenantId`, and the roles as
    `cognito:groups`. Users must not be able to write the tenant.
    """

    user_pool_id: str
    """In the region and the account of the stack."""
    client_ids: tuple[str, ...]
    """The app clients whose tokens the API accepts. The page signs in with the first one."""
    login_domain: str | None = None
    """The host of the pool's managed login: the page sends readers there, for SAML and other providers of the
    pool, too. The first app client allows the page's address for callback and sign-out, and those of
    `statusbeam login` for callback. None: the page asks for the password itself, and proves it
    by SRP."""
    identity_provider: str | None = None
    """The provider of the pool, by its name in Cognito, to which readers go without a choice."""
    user_claim: Literal["sub", "cognito:username"] = USER_CLAIM
    """The claim that is the user's id in statuses; see NewUserPool."""

    def __post_init__(self) -> None:
        _check_pool_user_claim(self.user_claim)
        if not self.client_ids or not _is_tuple_of(self.client_ids, _CLIENT_ID.fullmatch):
            raise ValueError(f"client_ids must be a tuple of app client ids, not {self.client_ids!r}")
        domain = self.login_domain
        if domain is not None and not (Token.is_unresolved(domain) or _HOST.fullmatch(domain)):
            raise ValueError(f"login_domain must be the name of a host, not {domain!r}")
        if self.identity_provider is not None and not (self.identity_provider and domain):
            raise ValueError("identity_provider needs a name, and login_domain")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """Any other OpenID Connect provider, in Cognito's place.

    Its tokens carry `sub` and the claims named below. User id and tenant are texts that users must not be
    able to write. The roles are a list, or a text with spaces between them.
    """

    issuer: str
    """The `iss` of its tokens. AppSync must reach `<issuer>/.well-known/openid-configuration`."""
    client_ids: tuple[str, ...]
    """The clients whose tokens the API accepts, as `aud` or `azp`. The page signs in with the first one, a
    public client: authorization code with PKCE, no secret. The page's address is registered with it, and
    those of `statusbeam login`."""
    user_claim: str = USER_CLAIM
    """The claim of ID tokens that is the user's id in statuses. No two users of a tenant may share it."""
    tenant_claim: str = TENANT_CLAIM
    """The claim of ID tokens that holds the tenant."""
    roles_claim: str = OIDC_ROLES_CLAIM
    """The claim of ID tokens that holds the roles."""
    scopes: tuple[str, ...] = SIGN_IN_SCOPES
    """What the page and `statusbeam login` ask for. Many providers give a refresh token for `offline_access`
    only; without one, readers sign in again whenever the ID token has expired."""
    origins: tuple[str, ...] = ()
    """The provider's origins besides the issuer's, for example that of its token endpoint. The page may
    connect only to these."""

    def __post_init__(self) -> None:
        if not _is_web_address(self.issuer):
            raise ValueError(f"issuer must be an https address, not {self.issuer!r}")
        if not self.client_ids or not _is_tuple_of(self.client_ids, _WORD.fullmatch):
            raise ValueError(
                f"client_ids must be a tuple of client ids without spaces, not {self.client_ids!r}"
            )
        for name in ("user_claim", "tenant_claim", "roles_claim"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        if not _is_tuple_of(self.scopes, _WORD.fullmatch) or "openid" not in self.scopes:
            raise ValueError(f"scopes must be a tuple with 'openid' in it, not {self.scopes!r}")
        if not _is_tuple_of(self.origins, _ORIGIN.fullmatch):
            raise ValueError(f"origins must be a tuple of https origins without a path, not {self.origins!r}")


ReaderOptions = NewUserPool | ExistingUserPool | OidcProvider
"""The sign-in of readers."""


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
    """The API's log level. `ERROR`: errors. `INFO`: also reads of another user's job. `ALL`: also a trace of
    each field. No level logs tokens or statuses."""
    view_token_rotation_days: int | None = 30
    """How often a new secret signs view tokens. Tokens of the former one stay valid until they expire. None:
    you rotate it."""
    introspection: bool = False
    """Clients may ask for the schema."""
    api_key_expires: dt.datetime | None = None
    """When the API key expires; None: the API has no key. Every holder of the key reads the tenant
    `public`."""
    appsync_url_override: str | None = None
    """Where the publisher and the clients find the API, if a local data plane stands in for it."""

    def __post_init__(self) -> None:
        days = self.view_token_rotation_days
        if days is not None and not 1 <= days <= _ROTATION_DAYS_MAX:
            raise ValueError(f"view_token_rotation_days must be 1 to {_ROTATION_DAYS_MAX}, not {days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingOptions:
    """The way of statuses to the publisher, and the publisher's options."""

    transport: Literal["queue", "invoke"] = "queue"
    """How code that reports statuses reaches the publisher. Asynchronous invokes keep no order."""
    reserved_concurrency: int | None = None
    """The publishers that run at once, at most and guaranteed; None: the account's remaining concurrency."""
    tenant: str | None = None
    """The one tenant whose statuses the publisher accepts; None: every tenant's."""
    tenant_queues: tuple[str, ...] = ()
    """Tenants with a publisher and queues of their own, beside the shared ones. A caller with a grant on a
    tenant's queue can report for this tenant only. `Statusbeam.routes` has the routes by tenant."""
    redacted_fields: tuple[str, ...] = ()
    """Fields that the publisher always hides: `metadata.customer.email`, `metadata.*.phone`."""
    redacted_patterns: tuple[str, ...] = ()
    """Regular expressions, without spaces, of further texts that the publisher hides: `CUST-\\d{6}`."""
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
    """WAF logs every request, without credentials and query strings, for as long as the API keeps its
    logs."""
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
    """A web ACL of scope CLOUDFRONT. Those are in us-east-1, for stacks of any region."""
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
    server-sent events. It costs nothing while it has no requests. The options for tasks don't apply."""
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
class BudgetOptions:
    """A budget for a month. AWS writes at 80 and 100 % of it, and when it forecasts more."""

    monthly_dollars: float
    emails: tuple[str, ...] = ()
    """The notified addresses, ten at most. With alarms, their topic is notified too."""
    cost_tag: tuple[str, str] | None = None
    """Name and value of a tag: only what has it counts. The tag is active as a cost allocation tag. None: the
    whole account counts."""

    def __post_init__(self) -> None:
        if not self.monthly_dollars > 0:
            raise ValueError(f"monthly_dollars must be more than 0, not {self.monthly_dollars}")
        if not _is_tuple(self.emails) or len(self.emails) > _BUDGET_EMAILS:
            raise ValueError(f"emails must be a tuple of {_BUDGET_EMAILS} at most, not {self.emails!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryOptions:
    """A function that runs `statusbeam doctor --probe` on a schedule, as a client of the deployment.

    In a private network, the VPC also needs endpoints for Lambda, SQS and Secrets Manager.
    """

    every_minutes: Literal[5, 10, 15, 30, 60] = 5
    """How often it probes."""
    p99_milliseconds: int = 2_000
    """The service level objective. With alarms on, `CanaryLatency` begins when the p99 from produced to
    received is above it in two of three probes."""

    def __post_init__(self) -> None:
        if self.every_minutes not in _PROBE_MINUTES:
            raise ValueError(f"every_minutes must be one of {_PROBE_MINUTES}, not {self.every_minutes}")
        if self.p99_milliseconds < 1:
            raise ValueError(f"p99_milliseconds must be 1 or more, not {self.p99_milliseconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOptions:
    """The receivers of the events of jobs.

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
