"""What may differ between two deployments: the typed options of the constructs, with their defaults."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOptions:
    """What all resources of a deployment have in common."""

    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN
    """What happens to tables, users, buckets, queues and log groups when the stack is deleted."""
    log_retention: RetentionDays = RetentionDays.THREE_MONTHS
    """How long the functions and the API keep their own logs."""
    emulated: bool = False
    """The resources run on an emulator, which speaks plain HTTP on the loopback interface."""

    @property
    def deletion_protection(self) -> bool:
        """Whether tables and user pools refuse to be deleted."""
        return self.removal_policy is RemovalPolicy.RETAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUserPool:
    """A Cognito user pool of the deployment's own. Administrators create its users, each in one tenant."""

    mfa_required: bool = True
    """Every user signs in with a second factor."""
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
    client_id: str
    """The app client of the page. The API accepts tokens of the pool's other clients as well."""


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
class ApiOptions:
    """The AppSync API."""

    introspection: bool = False
    """Clients may ask for the schema."""
    api_key_expires: dt.datetime | None = None
    """When the API key expires; None: the API has no key. Whoever has the key reads the tenant `public`."""
    appsync_url_override: str | None = None
    """Where the publisher and the clients find the API, if a local data plane stands in for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingOptions:
    """How statuses reach the publisher, and what it does with them."""

    transport: Literal["queue", "invoke"] = "queue"
    """How code that reports statuses reaches the publisher. Asynchronous invokes keep no order."""
    reserved_concurrency: int | None = None
    """How many publishers run at once, at most and guaranteed; None: what the account has left."""
    tenant: str | None = None
    """The one tenant whose statuses the publisher accepts; None: every tenant's."""
    redacted_fields: tuple[str, ...] = ()
    """Fields that the publisher hides whatever they hold: `metadata.customer.email`, `metadata.*.phone`."""
    redacted_patterns: tuple[str, ...] = ()
    """Regular expressions, without spaces, of what else the publisher hides: `CUST-\\d{6}`."""
    log_days: int = 7
    """How long a status stays in the log of its job."""
    job_days: int = 90
    """How long a job stays after its last status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallOptions:
    """AWS WAF before the API."""

    requests_in_five_minutes: int = 2_000
    """WAF blocks an address for a while when it sends more. Requests signed by IAM do not count."""
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
