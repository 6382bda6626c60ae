"""Every bound of the library, in one place. Lengths are in characters, sizes in bytes of UTF-8."""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

# One status
ID_LENGTH: Final = 128
"""Job, user, tenant, event and invocation ids: four bytes a character still fit DynamoDB's keys."""
BATCH_ID_LENGTH: Final = 100
"""Shorter than an id, because event ids are made of it."""
NAME_LENGTH: Final = 128
STATUS_LENGTH: Final = 64
QUALIFIED_STATUS_LENGTH: Final = 256
MESSAGE_LENGTH: Final = 2_000
METADATA_BYTES: Final = 8_192
"""What the log and the pushes hold of it; more is spilled."""
DETAIL_BYTES: Final = 100_000
"""What a payload may bring of it; escaping can double it, and then it still fits a message of the queue."""
OPERATOR_BYTES: Final = 4_096
"""What a status may hold for operators before that is spilled, too."""
METADATA_DEPTH: Final = 16
METADATA_VALUES: Final = 1_000
"""What the library reads of it, numbers in lists apart: the caller waits meanwhile."""
SPILLED_KEYS: Final = 20
"""Of metadata that was spilled, so many keys are named."""
TITLE_LENGTH: Final = 200
RUN_ID_LENGTH: Final = 64
WAITING_FOR_LENGTH: Final = 64
WAITING_PROMPT_LENGTH: Final = 1_000
REASON_LENGTH: Final = 1_000
"""Why somebody asks for a job to be cancelled."""
CLOCK_TOLERANCE_SECONDS: Final = 5
"""What a sender's clock may be off, and a payload be on its way, without being corrected. A status from
further ahead would keep a dead job alive."""
CLOCK_SLOW_SECONDS: Final = 86_400
"""A payload that was sent longer ago than this was late; its sender's clock may be right."""
CLOCK_BEHIND_SECONDS: Final = 90 * 86_400
"""A status from further behind would sort among jobs that are gone: it gets the time of receipt."""
PROGRESS_MAX: Final = 100
"""Progress is a percentage."""
ATTEMPT_MIN: Final = 1
WHOLE_NUMBER_MAX: Final = 2_147_483_647
"""GraphQL's Int has 32 bits."""
EXACT_INTEGER_MAX: Final = 2**53 - 1
"""JavaScript reads larger integers as others; in metadata they become texts."""
SECONDS_MAX: Final = 31_536_000
"""An estimate beyond a year is a mistake of units."""
INTEGER_DIGITS: Final = 308
"""Of a whole number in metadata: with more, clients in JavaScript read infinity, and from 4 300 on Python
refuses to read it."""
NUMBER_DIGITS: Final = 3
"""Fractions are kept to thousandths, so that every store gives back the number it was given."""

# Redaction
REDACTED_LENGTH: Final = 100_000
"""Of a text, in characters: what is behind is cut off before it is searched."""
REDACTION_STEPS: Final = 4_000_000
"""For one status: characters that are searched, each time they are. The rest gives way to a mark."""
REDACTION_DEPTH: Final = 32
"""As deep as structures are walked; deeper ones are refused or left out anyway."""
OWN_PATTERNS: Final = 20
"""Patterns that a deployment may add, each with the following bounds."""
OWN_PATTERN_LENGTH: Final = 200
OWN_PATTERN_MATCH: Final = 1_024
"""Characters that one may match."""
OWN_PATTERN_REPEATS: Final = 128
"""What `+` and `*` mean in one."""
TAIL_LENGTH: Final = 256
"""How far back a secret may have begun that goes over several payloads of one invocation."""
TAILS: Final = 256
"""Invocations whose last characters a process remembers."""

# One payload
ENTRIES_PER_PAYLOAD: Final = 500
PAYLOAD_BYTES: Final = 1_000_000
"""What the library hands to one asynchronous invoke; Lambda takes 1 MiB."""
QUEUE_MESSAGE_BYTES: Final = 262_144
"""SQS takes 1 MiB since 2025; ten of these, one batch, stay below the 6 MB that Lambda takes at once."""
SEND_BYTES: Final = 60_000
"""What scopes put into one payload: within the 64 KB that queue and invokes are billed by, and below the 256
KB of a line in CloudWatch, where it goes when it can't be sent."""
BUFFER_BYTES: Final = 8_000_000
"""What may wait in a process to be sent; as much again may wait that is in the log already."""

# One commit and one push
UPDATES_PER_COMMIT: Final = 49
AGENTS_PER_COMMIT: Final = 49
"""DynamoDB takes 100 actions and 4 MB a transaction: the head, the marker, the updates and the agents they
touch. At the limits above, that many of both stay below the 4 MB."""
STEPS_PER_PLAN: Final = 40
"""Steps one status can declare: each is an item of its transaction. A plan may come in parts."""
PUSH_BYTES: Final = 100_000
"""AppSync silently drops a push above 240 KB; escaping on its side can double what we count."""

# How fast statuses are taken
JOB_STATUSES_PER_SECOND: Final = 20
JOB_BURST: Final = 200
"""Of one job, whoever publishes: the count is part of each commit."""
TENANT_STATUSES_PER_SECOND: Final = 200
TENANT_BURST: Final = 2_000
"""Of one tenant, for each running publisher: so at most this times the publisher's concurrency."""
JOBS_REMEMBERED: Final = 1_000
"""Jobs and tenants of which a publisher keeps count."""

# Who watches
WATCHED_SECONDS: Final = 2
"""How long a publisher caches that somebody is connected."""
USERS_REMEMBERED: Final = 1_000
"""Users of which it caches that."""

SESSION_SECONDS: Final = 900
"""How long a client's session lasts when syncSession does not extend it."""
CONNECTION_SECONDS: Final = 86_400
"""AppSync closes every connection after 24 hours: a session that no client extends lasts as long."""

# What a reader may ask for at once
JOBS_PER_PAGE: Final = 20
"""Of listJobs, when the caller gives no limit."""
JOBS_PER_PAGE_MAX: Final = 50
JOBS_PER_SEARCH: Final = 200
"""Of listTenantJobs: jobs of each state that one page looks at when it is narrowed by workflow or title."""
JOBS_COUNTED: Final = 1_000
"""Of countTenantJobs, for each state: with more, the answer says that there are more."""
UPDATES_PER_PAGE: Final = 100
"""Of listStatusUpdates: the default and the maximum."""
JOBS_PER_SYNC: Final = 25
"""Of syncSession."""

# Liveness, see statusbeam/log/snapshot/liveness.py
HEARTBEAT_SECONDS: Final = 20
"""How often something that is open and quiet reports."""
LEASE_SECONDS: Final = 75
"""What one status buys: three heartbeats and 15 s for the way, so that slow delivery isn't called stale."""
LOST_AFTER_SECONDS: Final = 240
"""How long something stays stale before it counts as lost."""
MAX_LEASE_SECONDS: Final = 86_400
"""The longest lease a status may ask for with `metadata.leaseSeconds`, where no heartbeats can be sent."""

# How long things are kept, in seconds
DAY_SECONDS: Final = 86_400
MARKER_SECONDS: Final = 21 * DAY_SECONDS
"""Longer than anybody goes on delivering one payload: four days in the queue, two weeks as a dead letter. A
marker never outlives its job, so that a job id may be used again with the same batch ids."""

# View tokens
VIEW_TOKEN_SECONDS: Final = 900
VIEW_TOKEN_SECONDS_MAX: Final = 3_600
VIEW_TOKEN_JOBS: Final = JOBS_PER_SYNC
"""As many as one syncSession asks about. With more than five, clients subscribe job by job: the filters of
AppSync take no longer list."""
VIEW_TOKEN_SECRET_LENGTH: Final = 32
CLOCK_SKEW_SECONDS: Final = 30
"""How far the clock of a token's maker may be ahead of ours."""
