"""One typed description of a deployment: all that differs between two of them is a field here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aws_cdk import (
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    IStackSynthesizer,
    RemovalPolicy,
)
from aws_cdk.aws_logs import RetentionDays


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingUserPool:
    """A Cognito user pool that is there already; whoever has it puts the claims into its tokens.

    Its tokens carry `sub`, the tenant as `tenantId` or `custom:tenantId`, which users must not be able to
    write, and the roles as `cognito:groups`.
    """

    user_pool_id: str
    """In the stage's own region and account."""
    client_id: str
    """The app client of the page; tokens of the pool's other clients are taken as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """Any other OpenID Connect provider, in Cognito's place.

    Its tokens carry `sub`, and under the names below the tenant (text, which users must not be able to write)
    and the roles (a list, or text with spaces between them).
    """

    issuer: str
    """As tokens spell it in `iss`; `<issuer>/.well-known/openid-configuration` must be reachable."""
    client_id: str
    """Whose tokens are taken: it must be in their `aud` or `azp`. A regular expression."""
    tenant_claim: str = "tenantId"
    roles_claim: str = "roles"

    def __post_init__(self) -> None:
        if not self.issuer.startswith("https://"):
            raise ValueError(f"an issuer is an https address, not {self.issuer!r}")
        if not self.client_id:
            raise ValueError("without a client id, tokens made for anybody would be taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSite:
    """The page on CloudFront.

    `domain` and `certificate_arn` (ACM, us-east-1) go together; without them it has CloudFront's own name,
    whose lowest TLS version is CloudFront's choice.
    """

    domain: str | None = None
    certificate_arn: str | None = None
    web_acl_arn: str | None = None
    """A web ACL of scope CLOUDFRONT; those live in us-east-1 whatever the stage's region is."""
    everywhere: bool = False
    """From all of CloudFront's locations, not only those of North America and Europe, which cost less."""

    def __post_init__(self) -> None:
        if (self.domain is None) is not (self.certificate_arn is None):
            raise ValueError("domain and certificate_arn go together")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFirewall:
    """AWS WAF before the API."""

    requests_in_five_minutes: int = 2_000
    """Of one address, those that IAM signed not counted; above it, WAF blocks the address for a while."""
    allowed_origins: tuple[str, ...] = ()
    """Pages that may call the API, as browsers write them in `Origin`; none named, any page may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """What an environment is like. `name` is part of stack names: it never changes for a deployed stage."""

    name: Literal["Dev", "Prod", "Local"]
    account: str | None = None
    """None: whatever account the credentials at deployment belong to."""
    region: str | None = None
    emulated: bool = False
    """Deployed with plain credentials to an emulator, without CDK's bootstrap roles."""
    removal_policy: RemovalPolicy
    log_retention: RetentionDays
    status_log_days: int = 7
    job_days: int = 90
    introspection: bool
    api_key_days: int | None = None
    """Lifetime of an API key; None, and there is none. Whoever has the key reads the tenant `public`."""
    password_auth: bool
    """Clients may send a password as it is (USER_PASSWORD_AUTH), for demos and tests; SRP is always on."""
    mfa_required: bool
    publisher_reserved_concurrency: int | None = None
    status_transport: Literal["queue", "invoke"] = "queue"
    """How code that reports statuses reaches the publisher. Asynchronous invokes keep no order."""
    publisher_tenant: str | None = None
    """The one tenant whose statuses the publisher takes; None: every tenant's."""
    redacted_fields: str | None = None
    """Fields that the publisher hides whatever they hold: `metadata.customer.email,metadata.*.phone`."""
    include_example: bool
    agent_tools: Literal["offline", "aws"] = "aws"
    agent_model_id: str = "amazon.nova-lite-v1:0"
    readers: ExistingUserPool | OidcProvider | None = None
    """Who signs readers in; None: a user pool of the stage's own."""
    firewall: WebFirewall | None = None
    web: WebSite | None = None
    """The page; None where it is served otherwise, or not at all."""
    alarms: bool = False
    """CloudWatch alarms on what docs/operations.md says to watch, and a topic they tell."""
    appsync_url_override: str | None = None
    """Where the publisher finds the API when it is not where CloudFormation says (the local data plane)."""

    @property
    def stored_data_is_kept(self) -> bool:
        """Whether deleting the stack leaves tables and users behind."""
        return self.removal_policy is RemovalPolicy.RETAIN

    @property
    def environment(self) -> Environment:
        """Where its stacks go."""
        return Environment(account=self.account, region=self.region)

    def synthesizer(self) -> IStackSynthesizer:
        """How its stacks are deployed; a new one each time, because a synthesizer belongs to one stack."""
        # An emulator that enforces IAM has no bootstrap roles to assume.
        return CliCredentialsStackSynthesizer() if self.emulated else DefaultStackSynthesizer()
