"""Names that the stacks and the running code share: environment variables, tables, claims.

A setting is a field; its environment variable is the field's name in capitals, and a field without a default
must be set. Infra writes the variables with `to_env()`, the runtime reads them with `from_env(os.environ)` at
its door. No variable is spelled anywhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Literal, Self, get_type_hints

from .errors import SettingError

METRICS_NAMESPACE: Final = "Statusbeam"
PUBLISHER_SERVICE: Final = "status_publisher"
FUNCTION_DIMENSION: Final = "function_name"
"""The dimension that distinguishes the publishers of several stages in one account."""
COMMITTED_METRIC: Final = "StatusesCommitted"
"""Counts committed statuses, each once, with or without a push."""
REJECTED_METRIC: Final = "StatusesRejected"
"""Counts statuses that the publisher cannot take, at each delivery of their payload."""
REFUSED_METRIC: Final = "StatusesRefused"
"""Counts those of them for another user's job, or of another tenant than the publisher's."""
SHED_METRIC: Final = "StatusesShed"
"""Counts progress and heartbeats that a limit dropped."""
PUSHES_METRIC: Final = "Pushes"
"""Counts mutations that AppSync took."""
SUPPRESSED_METRIC: Final = "PushesSuppressed"
"""Counts commits without a push, because no session was live."""
GIVEN_UP_METRIC: Final = "PushesGivenUp"
"""Counts messages whose push failed for good."""
FAILURES_METRIC: Final = "PublishFailures"
"""Counts payloads that a delivery could not commit or push; most are delivered again."""
PRODUCED_TO_COMMITTED_METRIC: Final = "ProducedToCommitted"
"""Milliseconds from the oldest status of a commit to the end of the commit."""
COMMITTED_TO_PUSHED_METRIC: Final = "CommittedToPushed"
"""Milliseconds from the end of a commit to the answer of its last mutation."""

CANARY_SERVICE: Final = "canary"
CANARY_TENANT: Final = "statusbeam-canary"
"""The tenant of the canary's probe jobs, unless the deployment takes one tenant only."""
CANARY_MEMORY_MB: Final = 1_024
"""The canary's memory: with the CPU of less, it would measure itself."""
PROBE_PREFIX: Final = "statusbeam-doctor-"
"""The prefix of the ids of probe jobs and of their users. Nobody is notified of a probe."""
PROBE_FAILED_METRIC: Final = "ProbeFailed"
"""1 for a probe that found something wrong, or that raised an error; else 0."""
PROBE_LATENCY_METRIC: Final = "ProbeProducedToReceived"
"""Milliseconds from sending a status of a probe to its receipt by the probe's client, for each status."""
PROBE_LOST_METRIC: Final = "ProbeLost"
"""Counts committed statuses of a probe that its client did not receive."""
PROBE_DUPLICATES_METRIC: Final = "ProbeDuplicates"
"""Counts pushes of a probe that came again, and statuses that its client gave twice."""

FIREWALL_PASS_HEADER: Final = "x-statusbeam-pass"  # noqa: S105 - no secret
"""The header of a push that the API's firewall lets pass."""
EVENT_SOURCE: Final = "statusbeam"
CANCEL_REQUESTED: Final = "Job Cancel Requested"
"""The detail type of the event on EventBridge's default bus that requests the cancellation of a job."""
WAITING_ANSWERED: Final = "Job Waiting Answered"
"""The detail type of the event with the answer to the wait of a job."""
JOB_STATUS_CHANGE: Final = "Statusbeam Job Status Change"
"""The detail type of the notifications that go to an event bus."""

LOCALCLOUD_CONTEXT: Final = "statusbeam:localcloud"
"""The key in a CDK app's context that holds the address of localcloud's API, when it is deployed there."""
LOCALCLOUD_ISSUER: Final = "statusbeam:localcloud-issuer"
LOCALCLOUD_CLIENT_ID: Final = "statusbeam:localcloud-client-id"
"""The keys of the OpenID Connect provider that signs readers in there, in the place of a user pool."""
LOCALCLOUD_OUTPUT: Final = "StatusbeamLocalcloud"
"""The beginning of the name of the stack output that localcloud reads."""

PUBLIC_TENANT: Final = "public"
"""The tenant that readers with an API key or IAM are confined to."""

TENANT_ATTRIBUTE: Final = "custom:tenantId"
"""The Cognito user attribute with the user's tenant; immutable."""

TENANT_CLAIM: Final = "tenantId"
"""The claim that both tokens carry it in."""

VIEW_TOKEN_PREFIX: Final = "sbv1."  # noqa: S105 - no secret
"""The beginning of a view token, so that AppSync never takes it for the JWT of another mode."""

VIEW_TOKEN_PATTERN: Final = r"^sbv1\..+$"  # noqa: S105 - no secret
"""The same for AppSync's authorizer: AppSync rejects other tokens without calling the Lambda."""

PUBLISHER_SECONDS: Final = 6
"""The publisher's timeout, and the visibility timeout of its messages. If a publisher dies, the message's job
waits this long. The longest push and a commit fit."""

PUBLISHER_MEMORY_MB: Final = 1_024
"""The publisher's memory. With its share of CPU, the publisher redacts the largest payload in half of the
timeout."""

MESSAGES_PER_INVOCATION: Final = 1
"""A message has an invocation of its own: a message that harms the publisher harms no other one. A batch
would save invocations under load, and let jobs wait for each other."""

MAPPING_CONCURRENCY_MAX: Final = 1_000
"""The most that Lambda takes as the maximum concurrency of a queue's mapping."""

QUEUE_RECEIVES: Final = 6
"""The deliveries of a message before it goes to the dead-letter queue; at the last one the publisher lets the
job's other messages pass."""

NOTIFICATION_MEMORY_MB: Final = 256
"""The memory of the function that queues the events of jobs, and of the function that sends them."""

NOTIFICATION_RECEIVES: Final = 8
"""The tries of a notification before it goes to the dead letters: over seven hours or more."""

BRIDGE_CONNECTIONS: Final = 10_000
"""The most streams of one process of the bridge, unless its settings name another number."""

USER_CLAIM: Final = "sub"
"""The claim that holds the user's id, unless the deployment names another one."""

USERNAME_CLAIM: Final = "cognito:username"
"""The claim of Cognito's ID tokens that holds the user's name."""

ACCESS_USERNAME_CLAIM: Final = "username"
"""The claim of its access tokens that holds the same."""

ROLES_CLAIM: Final = "cognito:groups"
"""The claim that holds a user's roles in a Cognito token: the groups."""

OIDC_ROLES_CLAIM: Final = "roles"
"""The claim of another provider's tokens that holds the roles, unless the deployment names one."""

SIGN_IN_SCOPES: Final = ("openid", "profile", "email")
"""The scopes that clients request from a provider, unless the deployment names others."""

LOGIN_PORTS: Final = (28751, 28752, 28753)
"""The ports of 127.0.0.1 at which `statusbeam login` takes a provider's answer. They are fixed: Cognito and
others accept a redirect address only as it is registered, with its port."""

LOGIN_PATH: Final = "/callback"

LOGIN_ADDRESSES: Final = tuple(f"http://127.0.0.1:{port}{LOGIN_PATH}" for port in LOGIN_PORTS)
"""The redirect addresses of `statusbeam login`, as they are registered with a provider."""

OPERATOR_GROUP: Final = "operator"
ADMIN_GROUP: Final = "admin"


def queue_concurrency(reserved: int) -> int:
    """Of the runs that the publisher has reserved, those for its queue. The rest is for invokes."""
    return min(reserved * 4 // 5, MAPPING_CONCURRENCY_MAX)


class StatusTable:
    """Key, TTL and index names of the table of jobs and statuses."""

    PARTITION_KEY: Final = "pk"
    SORT_KEY: Final = "sk"
    TTL: Final = "expiresAt"
    JOB_PREFIX: Final = "JOB#"
    """The prefix of the partition key of one job. Its JobKey follows."""
    USER_PREFIX: Final = "USER#"
    """The prefix of a partition key in the index by user. Tenant and user follow, with a `#` between."""
    HEAD: Final = "HEAD"
    """The sort key of a job's head."""
    AGENT_PREFIX: Final = "AGENT#"
    """The prefix of the sort key of an invocation's state. The sort keys from here to HEAD are the
    snapshot."""
    UPDATE_PREFIX: Final = "UPDATE#"
    """The prefix of the sort key of a status. Its sequence follows in SEQUENCE_DIGITS digits."""
    SEQUENCE_DIGITS: Final = 12
    """Enough digits that the order of texts is the log's order."""
    OPERATOR_DETAIL: Final = "operatorDetail"
    """Attribute of a log entry: its detail for operators only, as JSON text."""
    DETAIL_KEY: Final = "detailKey"
    """Attribute of a log entry: the key of its oversize detail in the bucket."""
    SEARCH_TEXT: Final = "searchText"
    """Attribute of a head: its title in lower case, for searches."""
    JOB_EVENT: Final = "jobEvent"
    """Attribute of a head: the JobEventType of its last commit. The next commit replaces it."""
    BY_USER: Final = "byUser"
    BY_USER_PARTITION_KEY: Final = "userKey"
    BY_USER_SORT_KEY: Final = "createdKey"
    BY_USER_PROJECTION: Final = (
        "jobId",
        "tenantId",
        "userId",
        "overallStatus",
        "epoch",
        "createdAt",
        "expiresAt",
        "workflow",
        SEARCH_TEXT,
    )
    """The filters of a job list that a commit rarely changes: only a commit that changes them pays for the
    index."""
    TENANT_PREFIX: Final = "TENANT#"
    """The prefix of a partition key in the index by tenant. Tenant and overall status follow, with a `#`
    between."""
    BY_TENANT: Final = "byTenant"
    BY_TENANT_PARTITION_KEY: Final = "tenantKey"
    BY_TENANT_SORT_KEY: Final = BY_USER_SORT_KEY
    BY_TENANT_PROJECTION: Final = ("jobId", "expiresAt", "workflow", SEARCH_TEXT)


class SessionsTable:
    """Key and TTL names of the table of live client connections and of ended logins."""

    PARTITION_KEY: Final = "tenant_id"
    SORT_KEY: Final = "sk"
    TTL: Final = "ttl"
    TENANT_PREFIX: Final = "#tenant#"
    """The prefix of the sort key of a session that watches the whole tenant. The watcher and the connection
    follow. User ids have no `#`, so no user's session begins like it."""
    ENDED_PREFIX: Final = "#ended#"
    """The prefix of the sort key of a user's ended logins. The user's id follows."""
    ENDED_AT: Final = "endedAt"
    """Attribute of that item: logins up to this moment are refused, in epoch seconds."""
    JOINED: Final = "joined"
    """Attribute of a session: whether its client reads `earlier`. Without it, a session counts as plain."""
    TICKETS: Final = "#tickets"
    """The partition of the bridge's one-time tickets. Tenants have no `#`."""
    HOLDER: Final = "holder"
    """Attribute of a ticket: its user, as JSON text."""
    USED_AT: Final = "usedAt"
    """Attribute of a resume ticket: when it was first used, in epoch seconds."""


class ExecutionsTable:
    """Key and attribute names of a stopper's table of running executions."""

    PARTITION_KEY: Final = "job"
    """The JobKey of the execution's job."""
    SORT_KEY: Final = "execution"
    """The ARN of the execution, or CANCELLED."""
    CANCELLED: Final = "#cancelled"
    """The prefix of the mark of a request to cancel, for executions that the stopper learns of later. No ARN
    begins like it."""
    CANCELLED_AT: Final = "at"
    """Attribute of that mark: its time, in epoch milliseconds."""
    TTL: Final = "ttl"


class ThreadsTable:
    """Key and attribute names of the table of Slack threads: one message a job and channel."""

    PARTITION_KEY: Final = "job"
    """The JobKey of the thread's job."""
    SORT_KEY: Final = "channel"
    """The name of the notification channel."""
    TIMESTAMP: Final = "ts"
    """The `ts` of the job's message, which is its thread."""
    TTL: Final = "ttl"


class JobEventType(StrEnum):
    """The kinds of events that notifications report."""

    STARTED = "job.started"  # the first status of the job, or of its next run
    WAITING = "job.waiting"  # the job waits for a person, a timer or another job
    COMPLETED = "job.completed"  # the job completed
    FAILED = "job.failed"  # the job failed
    CANCELLED = "job.cancelled"  # the job was cancelled
    LOST = "job.lost"  # the job is stale: its lease is over, and no status came since


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationChannel:
    """A channel of notifications, and its filters."""

    name: str
    kind: Literal["webhook", "slack", "event_bridge"]
    target: str
    """The ARN of the secret with the address, or of the event bus."""
    events: tuple[JobEventType, ...] = tuple(JobEventType)
    tenant: str | None = None
    """The one tenant whose jobs it reports; None: every tenant's."""

    def takes(self, event: JobEventType, tenant_id: str) -> bool:
        """Whether the channel reports this event of a job of this tenant."""
        return event in self.events and self.tenant in (None, tenant_id)


class ApprovalsTable:
    """Key and attribute names of the table of states that wait for an answer."""

    PARTITION_KEY: Final = "job"
    """The JobKey of the job."""
    SORT_KEY: Final = "invocation"
    """The id of the invocation that waits."""
    TOKEN: Final = "token"  # noqa: S105 - a name
    """The task token of the state: every holder can answer."""
    ASKED_AT: Final = "askedAt"
    """In epoch milliseconds."""
    ANSWER: Final = "answer"
    """The answer, as JSON text."""
    ANSWERED_AT: Final = "answeredAt"
    """In epoch milliseconds."""
    TTL: Final = "ttl"


class ResolverVariables:
    """Names of the API's environment variables, which its resolvers read from `ctx.env`."""

    STATUS_TABLE: Final = "STATUS_TABLE"
    SESSIONS_TABLE: Final = "USER_SESSIONS_TABLE"
    USER_CLAIM: Final = "USER_CLAIM"
    """The claim that holds the user's id."""
    TENANT_CLAIM: Final = "TENANT_CLAIM"
    """The claim that holds the tenant, for a provider other than Cognito."""
    ROLES_CLAIM: Final = "ROLES_CLAIM"
    """The claim that holds the roles, for the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """Fields of type str, int, bool or `str | None`, each from the variable named like it."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """The settings in `environ`; an empty variable counts as not set.

        Raises SettingError, which names the variable that is missing or malformed.
        """
        types = get_type_hints(cls)
        values: dict[str, str | int | bool] = {}
        for f in fields(cls):
            variable = f.name.upper()
            if environ.get(variable):
                values[f.name] = _read(variable, environ[variable], types[f.name])
            elif f.default is MISSING:
                raise SettingError(variable, "is not set")
        return cls(**values)

    def to_env(self) -> dict[str, str]:
        """The environment variables that `from_env` reads back into equal settings."""
        values = {f.name.upper(): getattr(self, f.name) for f in fields(self)}
        return {variable: _write(value) for variable, value in values.items() if value is not None}


def _read(variable: str, text: str, kind: Any) -> str | int | bool:
    if kind is bool:
        if text not in ("true", "false"):
            raise SettingError(variable, f"must be true or false, not {text!r}")
        return text == "true"
    if kind is int:
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise SettingError(variable, f"must be a whole number above 0, not {text!r}")
        return int(text)
    return text


def _write(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RedactionSettings(_Settings):
    """The deployment's own fields and patterns that are taken out of statuses."""

    redacted_fields: str | None = None
    """Fields whose values are always hidden, with commas between them:
    `metadata.customer.email,metadata.*.phone`."""

    redacted_patterns: str | None = None
    """Regular expressions of texts that are also hidden, with spaces between them: `CUST-\\d{6} INV-\\d+`."""

    @property
    def fields_to_redact(self) -> tuple[str, ...]:
        """The paths in `redacted_fields`."""
        return tuple(path.strip() for path in (self.redacted_fields or "").split(",") if path.strip())

    @property
    def patterns_to_redact(self) -> tuple[str, ...]:
        """The expressions in `redacted_patterns`."""
        return tuple((self.redacted_patterns or "").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSettings(_RedactionSettings):
    """The destination of statuses, for code that reports them. With both, they go to the queue.

    AWS_REGION is the runtime's own.
    """

    status_publisher_function: str | None = None
    """ARN or name of the publisher, invoked asynchronously."""

    status_queue_url: str | None = None
    """The FIFO queue that feeds the publisher: keeps each job's order, and carries high volume."""

    status_user_id: str | None = None
    """The owner of jobs from trackers and hand-offs that name no user."""

    status_tenant_id: str | None = None
    """The tenant of that user."""

    status_table_name: str | None = None
    """The table of sessions that trackers write for programs which read DynamoDB directly."""

    status_table: str | None = None
    """The status table, where a job reads its request to cancel. Needs `dynamodb:GetItem`."""

    undelivered_key: str | None = field(default=None, repr=False)
    """A secret that signs the log lines of undelivered payloads, so that `redrive-log` can verify them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings(_RedactionSettings):
    """The publisher's settings."""

    appsync_api_url: str
    """GraphQL endpoint, e.g. https://<id>.appsync-api.<region>.amazonaws.com/graphql."""

    appsync_api_id: str
    user_sessions_table: str
    status_table: str

    log_retention_days: int = 7
    """The days that one status stays in the log."""

    job_retention_days: int = 90
    """The days that a job stays after its last status."""

    publisher_tenant: str | None = None
    """The one tenant whose statuses are taken; without it, every tenant's."""

    detail_bucket: str | None = None
    """The bucket for metadata that is too big for the log; without it, a mark replaces such metadata."""

    firewall_pass: str | None = field(default=None, repr=False)
    """The pass that each push shows to the API's firewall; without it, the firewall's rules apply to pushes
    too."""

    api_key_tenant: str | None = None
    """The one tenant that holders of the API key see; without it, the API has no key."""

    def __post_init__(self) -> None:
        if self.log_retention_days > self.job_retention_days:
            raise SettingError("LOG_RETENTION_DAYS", "must not be above JOB_RETENTION_DAYS")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailSettings(_Settings):
    """The settings of the reader of oversize detail."""

    detail_bucket: str
    """The bucket that the publisher wrote it to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopperSettings(_Settings):
    """The settings of the stopper of cancelled jobs' executions."""

    executions_table: str
    """The table with the running executions of each job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings(_Settings):
    """The settings of the two functions behind notifications."""

    status_table: str
    notification_channels: str
    """The channels, as `channels_text` writes them."""

    notification_queue_url: str
    """The FIFO queue of notifications to send."""

    lease_queue_url: str
    """The queue that holds a message for each running job until its lease may be over."""

    threads_table: str | None = None
    """The table of Slack threads; goes with a channel in Slack."""

    job_link: str | None = None
    """A page of the job, to which notifications link: an address that contains `{jobId}`."""

    @property
    def channels(self) -> tuple[NotificationChannel, ...]:
        """The channels in `notification_channels`. Raises SettingError."""
        try:
            return tuple(
                NotificationChannel(**{**one, "events": tuple(map(JobEventType, one["events"]))})
                for one in json.loads(self.notification_channels)
            )
        except (ValueError, TypeError, KeyError) as error:
            raise SettingError("NOTIFICATION_CHANNELS", "must be a JSON list of channels") from error


def channels_text(channels: tuple[NotificationChannel, ...]) -> str:
    """What `NotificationSettings.channels` reads back."""
    names = [f.name for f in fields(NotificationChannel)]
    return json.dumps([{name: getattr(one, name) for name in names} for one in channels])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSettings(_Settings):
    """The settings of the function that answers waiting states."""

    approvals_table: str
    """The table with the waiting states and their task tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings(_Settings):
    """The settings for view tokens: of the authorizer, and of a back end that mints them."""

    view_token_secret: str
    """ARN of the secret whose current and previous version sign view tokens."""

    view_token_audience: str
    """The audience a view token must name: one a stage, so that a token of one is refused in another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySettings(_Settings):
    """The canary's settings."""

    deployment_name: str
    """The name of the deployment, in the canary's reports."""

    deployment_outputs: str
    """The outputs of the deployment that the probe reads, as JSON."""

    canary_tenant: str
    """The tenant of the probe jobs."""

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs in `deployment_outputs`. Raises SettingError."""
        try:
            found = json.loads(self.deployment_outputs)
        except ValueError as error:
            raise SettingError("DEPLOYMENT_OUTPUTS", "must be a JSON object") from error
        if not isinstance(found, dict):
            raise SettingError("DEPLOYMENT_OUTPUTS", "must be a JSON object")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings(_Settings):
    """The bridge's settings. Readers are Cognito's (`user_pool_id`) or a provider's (`oidc_issuer`)."""

    status_table: str
    user_sessions_table: str

    view_token_secret: str | None = None
    """ARN of the secret that signs view tokens; without it, view tokens are refused."""

    view_token_audience: str | None = None
    """The audience that a view token must name; goes with the secret."""

    user_pool_id: str | None = None
    """The Cognito user pool whose tokens are accepted."""

    user_pool_client_ids: str | None = None
    """The app clients whose tokens are accepted, with spaces between; goes with the user pool."""

    oidc_issuer: str | None = None
    """The `iss` of a provider's tokens, in Cognito's place."""

    oidc_client_ids: str | None = None
    """The clients whose tokens are accepted, by `aud` or `azp`, with spaces between; goes with the issuer."""

    user_claim: str = USER_CLAIM
    """The claim of the readers' tokens that holds the user's id."""

    tenant_claim: str | None = None
    """The claim of the provider's tokens that holds the tenant."""

    roles_claim: str | None = None
    """The claim of the provider's tokens that holds the roles."""

    issuer_keys_url: str | None = None
    """The URL of the user pool's keys, if an emulator stands in for Cognito."""

    bridge_origins: str | None = None
    """The pages that may use the bridge, with spaces between: `https://a.example http://localhost:*`."""

    bridge_workflows: str | None = None
    """The workflows that readers may start, with spaces between: `<name>=<state machine's ARN>`. The first is
    the default."""

    status_queue_url: str | None = None
    """The queue of the publisher, whose backlog operators see."""

    bridge_streams: bool = True
    """Whether the bridge serves streams; not on Lambda, which bills the duration of each request."""

    bridge_heartbeat_seconds: int = 30
    """The most seconds between two messages of a WebSocket."""

    bridge_connections: int = BRIDGE_CONNECTIONS
    """The most streams of one process."""

    bridge_connections_per_user: int = 100
    """The most streams of one user in a process."""

    def __post_init__(self) -> None:
        if (self.view_token_secret is None) is not (self.view_token_audience is None):
            raise SettingError("VIEW_TOKEN_AUDIENCE", "goes together with VIEW_TOKEN_SECRET")
        if (self.user_pool_id is None) is not (self.user_pool_client_ids is None):
            raise SettingError("USER_POOL_CLIENT_IDS", "goes together with USER_POOL_ID")
        if self.oidc_issuer is not None and not (self.oidc_client_ids and self.tenant_claim):
            raise SettingError("OIDC_ISSUER", "needs OIDC_CLIENT_IDS and TENANT_CLAIM")
        for pair in (self.bridge_workflows or "").split():
            if not all(pair.partition("=")):
                raise SettingError("BRIDGE_WORKFLOWS", f"must be <name>=<ARN>, not {pair!r}")

    @property
    def user_claims(self) -> tuple[str, ...]:
        """The claims that may hold the user's id. A token has one of them."""
        name = self.user_claim
        return (name, ACCESS_USERNAME_CLAIM) if name == USERNAME_CLAIM else (name,)

    @property
    def app_clients(self) -> tuple[str, ...]:
        """The ids in `user_pool_client_ids` or `oidc_client_ids`."""
        return tuple((self.user_pool_client_ids or self.oidc_client_ids or "").split())

    @property
    def origins(self) -> tuple[str, ...]:
        """The pages in `bridge_origins`."""
        return tuple((self.bridge_origins or "").split())

    @property
    def workflows(self) -> dict[str, str]:
        """The ARNs in `bridge_workflows`, by name."""
        pairs = (pair.partition("=") for pair in (self.bridge_workflows or "").split())
        return {name: arn for name, _, arn in pairs}
