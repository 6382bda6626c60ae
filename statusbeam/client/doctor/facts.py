"""The facts of an examination. None: not read, or the caller may not read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .measures import Measures

Transport = Literal["queue", "invoke"]
"""How code reports statuses to the publisher."""

_THROTTLED = re.compile(r"throttl|throughputexceeded|requestlimitexceeded|toomanyrequests", re.IGNORECASE)
_DENIED = re.compile(r"access ?denied|unauthorized|not authorized|forbidden|http_?\s?40[13]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed: the code of the service, or the name of the SDK's error, and the message."""

    code: str
    message: str

    @property
    def is_throttled(self) -> bool:
        """Whether a service throttled the request."""
        return bool(_THROTTLED.search(self.code) or _THROTTLED.search(self.message))

    @property
    def is_denied(self) -> bool:
        """Whether a service refused the caller."""
        return bool(_DENIED.search(self.code) or _DENIED.search(self.message))


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """The named stack."""

    name: str
    region: str | None
    known_regions: tuple[str, ...] = ()
    failure: Failure | None = None
    found_in: tuple[str, ...] = ()
    """Other regions that have a stack of this name."""
    others: tuple[str, ...] = ()
    """Status stacks of the region."""
    is_status_stack: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderFacts:
    """The reading user, and the answer of the API."""

    user: str | None = None
    tenant: str | None = None
    how: str = ""
    failure: Failure | None = None
    token_expires_at: float | None = None
    newest_job_at: str | None = None
    """When the newest job of the user began."""
    is_in_user_pool: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyFacts:
    """The API key in the stack's outputs."""

    expires_at: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table, by what it is for."""

    name: str
    purpose: str
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherFacts:
    """The configuration of the publisher function."""

    name: str
    failure: Failure | None = None
    state: str | None = None
    state_reason: str | None = None
    variables: Mapping[str, str] | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    """The variables with values from the stack's outputs."""
    reserved_concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """The queue in front of the publisher."""

    url: str
    failure: Failure | None = None
    feed: Literal["on", "off", "none"] | None = None
    """Whether the queue delivers to the publisher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFacts:
    """The publisher's answer to one status, while the status's user is subscribed."""

    failure: Failure | None = None
    """Why the function could not be invoked."""
    error: Failure | None = None
    """What the function raised: the type of the error, and its message."""
    rejected: str | None = None
    pushed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFacts:
    """A job that was published and followed."""

    job_id: str
    transport: Transport
    connect_failure: Failure | None = None
    answer: AnswerFacts | None = None
    send_failure: Failure | None = None
    measures: Measures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """A recent job of the tenant that is not the reader's."""

    job_id: str
    owner: str
    began_at: str
    owner_in_pool: bool | None = None
    id_of_name: str | None = None
    """The id of the user with this sign-in name, if the owner is a sign-in name."""
    is_watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedJobFacts:
    """The job that the caller names. `owner` is None for a job without a status."""

    job_id: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts that were collected so far."""

    now: float
    """This machine's clock."""
    is_local: bool = False
    clock_ahead: float | None = None
    """By how many seconds this machine's clock is ahead of AWS's; below 0: behind."""
    api_clock_ahead: float | None = None
    """The same, compared with the clock of the API's resolvers."""
    stack: StackFacts | None = None
    tables: tuple[TableFacts, ...] = ()
    reader: ReaderFacts | None = None
    api_key: ApiKeyFacts | None = None
    publisher: PublisherFacts | None = None
    queue: QueueFacts | None = None
    probe: ProbeFacts | None = None
    named_job: NamedJobFacts | None = None
    other_jobs: tuple[JobFacts, ...] = ()
