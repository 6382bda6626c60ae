"""The quotas of AWS that a status meets: defaults in us-east-1, with the source of each number and a remedy.

Nothing else here knows a quota. `--limit` of the command stands in for what an account was granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

READ_ON: Final = "2026-11-29"
"""The day on which the sources were read."""

_DOCS: Final = "https://docs.aws.amazon.com/"
_APPSYNC: Final = f"{_DOCS}general/latest/gr/appsync.html"
_DYNAMODB: Final = f"{_DOCS}amazondynamodb/latest/developerguide/Limits.html"
_PARTITION: Final = (
    f"{_DOCS}amazondynamodb/latest/developerguide/throttling-key-range-limit-exceeded-mitigation.html"
)
_MAPPING: Final = f"{_DOCS}lambda/latest/dg/services-sqs-scaling.html"
_STEP_FUNCTIONS: Final = f"{_DOCS}step-functions/latest/dg/service-quotas.html"

_MORE_TENANTS: Final = "spread the load over more tenants, or give the tenant a deployment of its own"
_DIVIDED: Final = "DynamoDB divides a tenant that stays busy by user, after a while"
_MORE_ACCOUNTS: Final = (
    "raise the quota; then split the tenants over deployments in several accounts or Regions"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One quota. `value` and `burst` are in the unit that `what` names."""

    name: str
    service: str
    what: str
    value: float
    burst: float | None = None
    """The most that one second may take; None: no more than `value`."""
    adjustable: bool
    code: str | None = None
    """Its code in Service Quotas."""
    source: str
    confirmed: bool = True
    """Whether the source itself showed the number. If not, copies of it did: look it up for your account."""
    remedy: str


QUOTAS: Final = (
    Quota(
        name="queue-requests",
        service="SQS",
        what="requests a second and action of a FIFO queue with high throughput",
        value=70_000,
        adjustable=True,
        source=f"{_DOCS}AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html",
        remedy="`tenant_queues`: a tenant with a queue of its own; larger batches",
    ),
    Quota(
        name="account-concurrency",
        service="Lambda",
        what="concurrent runs of all functions",
        value=1_000,
        adjustable=True,
        code="L-B99A9384",
        source=_MAPPING,
        remedy="raise the quota; larger batches",
    ),
    Quota(
        name="mapping-concurrency",
        service="Lambda",
        what="concurrent runs for one queue",
        value=1_250,
        adjustable=True,
        source=_MAPPING,
        remedy="`tenant_queues`: each queue has its own; AWS Support raises it; larger batches",
    ),
    Quota(
        name="table-writes",
        service="DynamoDB",
        what="write units a second of the status table",
        value=40_000,
        adjustable=True,
        code="L-AB614373",
        source=_DYNAMODB,
        confirmed=False,
        remedy="raise the quota; larger batches",
    ),
    Quota(
        name="table-reads",
        service="DynamoDB",
        what="read units a second of the status table",
        value=40_000,
        adjustable=True,
        code="L-CF0CBE56",
        source=_DYNAMODB,
        confirmed=False,
        remedy="raise the quota",
    ),
    Quota(
        name="tenant-index",
        service="DynamoDB",
        what="write units a second of one key of the index by tenant",
        value=1_000,
        adjustable=False,
        source=_PARTITION,
        remedy=_MORE_TENANTS,
    ),
    Quota(
        name="workflow-history",
        service="DynamoDB",
        what="write units a second of one workflow's history",
        value=1_000,
        adjustable=False,
        source=_PARTITION,
        remedy="nothing is lost but samples for estimates; several `workflow` names divide it",
    ),
    Quota(
        name="session-table-writes",
        service="DynamoDB",
        what="write units a second of the table of sessions",
        value=40_000,
        adjustable=True,
        code="L-AB614373",
        source=_DYNAMODB,
        confirmed=False,
        remedy="a longer `timing.poll` of the clients; raise the quota; the bridge",
    ),
    Quota(
        name="tenant-session-writes",
        service="DynamoDB",
        what="write units a second of one tenant's sessions",
        value=1_000,
        adjustable=False,
        source=_PARTITION,
        remedy=f"a longer `timing.poll`; {_MORE_TENANTS}; the bridge. {_DIVIDED}",
    ),
    Quota(
        name="tenant-session-reads",
        service="DynamoDB",
        what="read units a second of one tenant's sessions",
        value=3_000,
        adjustable=False,
        source=_PARTITION,
        remedy=f"larger batches; {_MORE_TENANTS}. {_DIVIDED}",
    ),
    Quota(
        name="request-tokens",
        service="AppSync",
        what="tokens a second of queries and mutations, for the account",
        value=10_000,
        adjustable=True,
        source=f"{_DOCS}appsync/latest/devguide/monitoring.html",
        remedy=f"a longer `timing.poll` of the clients; the bridge, if watchers share jobs; {_MORE_ACCOUNTS}",
    ),
    Quota(
        name="connections",
        service="AppSync",
        what="new connections a second of an API",
        value=2_000,
        adjustable=True,
        code="L-C01DB6E6",
        source=_APPSYNC,
        confirmed=False,
        remedy="raise the quota; the bridge",
    ),
    Quota(
        name="inbound-messages",
        service="AppSync",
        what="mutations a second with subscribers, of an API",
        value=10_000,
        adjustable=True,
        code="L-A1B022A0",
        source=_APPSYNC,
        confirmed=False,
        remedy="raise the quota; larger batches, with `joined: true` of each client; the bridge",
    ),
    Quota(
        name="outbound-messages",
        service="AppSync",
        what="deliveries of 5 kB a second of an API",
        value=1_000_000,
        adjustable=True,
        code="L-5DE70651",
        source=_APPSYNC,
        confirmed=False,
        remedy="the bridge, which encodes a message once for all of its clients; raise the quota",
    ),
    Quota(
        name="logins",
        service="Cognito",
        what="sign-ins and renewals a second",
        value=120,
        adjustable=True,
        source=f"{_DOCS}cognito/latest/developerguide/quotas.html",
        confirmed=False,
        remedy="raise the quota, which is billed; view tokens or a provider of yours",
    ),
    Quota(
        name="executions",
        service="Step Functions",
        what="started executions a second",
        value=300,
        burst=1_300,
        adjustable=True,
        source=_STEP_FUNCTIONS,
        confirmed=False,
        remedy="raise the quota; a queue before StartExecution",
    ),
    Quota(
        name="state-transitions",
        service="Step Functions",
        what="state transitions a second",
        value=5_000,
        adjustable=True,
        source=_STEP_FUNCTIONS,
        confirmed=False,
        remedy="raise the quota; fewer states: report from the agents, not from checkpoints",
    ),
    Quota(
        name="bus-events",
        service="EventBridge",
        what="PutEvents requests a second",
        value=10_000,
        adjustable=True,
        code="L-9B653E91",
        source=f"{_DOCS}eventbridge/latest/userguide/eb-quota.html",
        remedy="raise the quota; a channel takes fewer events (`events`)",
    ),
)
"""Quotas of a steady load, in the order in which a status meets them."""

FUNCTION_SCALING: Final = Quota(
    name="function-scaling",
    service="Lambda",
    what="more environments a second of a function",
    value=100,
    burst=1_000,
    adjustable=False,
    source=f"{_DOCS}lambda/latest/dg/scaling-behavior.html",
    remedy="provisioned concurrency for the publisher",
)
MAPPING_SCALING: Final = Quota(
    name="mapping-scaling",
    service="Lambda",
    what="more concurrent runs a second for one queue",
    value=5,
    burst=5,
    adjustable=False,
    source=_MAPPING,
    confirmed=False,  # the page says it of standard queues
    remedy="larger batches; statuses wait in the queue meanwhile, and callers do not",
)
WARM_THROUGHPUT: Final = Quota(
    name="warm-throughput",
    service="DynamoDB",
    what="write units a second of a table that had fewer so far",
    value=4_000,
    adjustable=True,
    source="https://repost.aws/knowledge-center/on-demand-table-throttling-dynamodb",
    remedy="set the table's warm throughput before an expected peak",
)
GROWTH: Final = (FUNCTION_SCALING, MAPPING_SCALING, WARM_THROUGHPUT)
"""Quotas of a load that grows: the simulation meets them."""

ALL: Final = (*QUOTAS, *GROWTH)
