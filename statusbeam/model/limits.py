"""Every bound of the library, in one place. Lengths are in characters, sizes in bytes of UTF-8."""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
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
"""The most bytes of metadata in the log and in pushes; the publisher spills more."""
DETAIL_BYTES: Final = 100_000
"""The most bytes of metadata in a payload: doubled by escaping, it still fits a message of the queue."""
OPERATOR_BYTES: Final = 4_096
"""The most bytes of detail for operators before the publisher spills that, too."""
METADATA_DEPTH: Final = 16
METADATA_VALUES: Final = 1_000
"""The most values that the library reads, without numbers in lists: the caller waits meanwhile."""
SPILLED_KEYS: Final = 20
"""The most keys that the mark of spilled metadata names."""
TITLE_LENGTH: Final = 200
RUN_ID_LENGTH: Final = 64
WAITING_FOR_LENGTH: Final = 64
WAITING_PROMPT_LENGTH: Final = 1_000
REASON_LENGTH: Final = 1_000
"""The reason of a request to cancel a job."""
CLOCK_TOLERANCE_SECONDS: Final = 5
"""The most seconds that a sender's clock may be off, or a payload under way, without a correction. A status
from further ahead would keep a dead job alive."""
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
"""The most digits of a whole number in metadata. With more, clients in JavaScript read infinity; from 4 300
on, Python refuses to read it."""
NUMBER_DIGITS: Final = 3
"""Fractions are kept to thousandths, so that every store gives back the number it was given."""

# Redaction
REDACTED_LENGTH: Final = 100_000
"""The most characters of a text that are searched; the redactor cuts off the rest."""
REDACTION_STEPS: Final = 4_000_000
"""The most characters that the redactor searches in one status, counted at each search. A mark replaces the
rest."""
REDACTION_DEPTH: Final = 32
"""The depth to which structures are walked. Deeper ones are rejected or dropped."""
OWN_PATTERNS: Final = 20
"""Patterns that a deployment may add, each with the following bounds."""
OWN_PATTERN_LENGTH: Final = 200
OWN_PATTERN_MATCH: Final = 1_024
"""The most characters of one match."""
OWN_PATTERN_REPEATS: Final = 128
"""The most repetitions of `+` and `*` in a pattern."""
TAIL_LENGTH: Final = 256
"""The characters of earlier payloads in which a secret of the same invocation may have begun."""
TAILS: Final = 256
"""The most invocations whose last characters a process caches."""

# One payload
ENTRIES_PER_PAYLOAD: Final = 500
PAYLOAD_BYTES: Final = 1_000_000
"""The most bytes of one asynchronous invoke; Lambda takes 1 MiB."""
QUEUE_MESSAGE_BYTES: Final = 262_144
"""SQS takes 1 MiB since 2025; ten of these, one batch, stay below the 6 MB that Lambda takes at once."""
SEND_BYTES: Final = 60_000
"""The most bytes that scopes put into one payload. AWS bills queue and invokes by 64 KB, and an unsent
payload has to fit a line in CloudWatch (256 KB)."""
BUFFER_BYTES: Final = 8_000_000
"""The most bytes that wait in a process for sending; as many again may wait that its logs already hold."""

# One commit and one push
UPDATES_PER_COMMIT: Final = 49
AGENTS_PER_COMMIT: Final = 49
"""DynamoDB takes 100 actions and 4 MB a transaction: the head, the marker, the updates and the agents they
touch. At the limits above, that many of both stay below the 4 MB."""
STEPS_PER_PLAN: Final = 40
"""Steps one status can declare: each is an item of its transaction. A plan may come in parts."""
PUSH_BYTES: Final = 100_000
"""AppSync silently drops a push above 240 KB; escaping on its side can double what we count."""

# The rate limits of statuses
JOB_STATUSES_PER_SECOND: Final = 20
JOB_BURST: Final = 200
"""The burst of one job, from all publishers: the count is part of each commit."""
TENANT_STATUSES_PER_SECOND: Final = 200
TENANT_BURST: Final = 2_000
"""The burst of one tenant in each running publisher: in sum at most this times the publisher's
concurrency."""
JOBS_REMEMBERED: Final = 1_000
"""The most jobs and tenants that a publisher counts."""

# Connected clients
WATCHED_SECONDS: Final = 2
"""The seconds that a publisher caches whether a user is connected."""
USERS_REMEMBERED: Final = 1_000
"""The most users in that cache."""

SESSION_SECONDS: Final = 900
"""The seconds that a client's session lasts if syncSession does not extend it."""
CONNECTION_SECONDS: Final = 86_400
"""AppSync closes every connection after 24 hours: a session that no client extends lasts as long."""

# One request of a reader
JOBS_PER_PAGE: Final = 20
"""The page size of listJobs, if the caller gives no limit."""
JOBS_PER_PAGE_MAX: Final = 50
JOBS_PER_SEARCH: Final = 200
"""The jobs of each state that one page of listTenantJobs reads if it is filtered by workflow or title."""
JOBS_COUNTED: Final = 1_000
"""The most jobs of each state that countTenantJobs counts; the answer has a flag for more."""
UPDATES_PER_PAGE: Final = 100
"""The page size of listStatusUpdates: the default and the maximum."""
JOBS_PER_SYNC: Final = 25
"""The most jobs of one syncSession."""

# Liveness, see statusbeam/log/snapshot/liveness.py
HEARTBEAT_SECONDS: Final = 20
"""The seconds between heartbeats of an open and quiet scope."""
LEASE_SECONDS: Final = 75
"""The lease of one status: three heartbeats and 15 s for the delivery, so that slow delivery isn't stale."""
LOST_AFTER_SECONDS: Final = 240
"""The seconds that a job or an agent is stale before it is lost."""
MAX_LEASE_SECONDS: Final = 86_400
"""The longest lease a status may ask for with `metadata.leaseSeconds`, where no heartbeats can be sent."""

# Retention, in seconds
DAY_SECONDS: Final = 86_400
MARKER_SECONDS: Final = 21 * DAY_SECONDS
"""Longer than one payload can be delivered again: four days in the queue, two weeks as a dead letter. A
marker never outlives its job, so that a job id may be used again with the same batch ids."""

# View tokens
VIEW_TOKEN_SECONDS: Final = 900
VIEW_TOKEN_SECONDS_MAX: Final = 3_600
VIEW_TOKEN_JOBS: Final = JOBS_PER_SYNC
"""The most jobs of one token: those of one syncSession. With more than five, clients subscribe job by job:
AppSync's filters take no longer list."""
VIEW_TOKEN_SECRET_LENGTH: Final = 32
CLOCK_SKEW_SECONDS: Final = 30
"""The seconds that the clock of a token's issuer may be ahead of ours."""
