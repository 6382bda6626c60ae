"""All errors, as one tree. Callers branch on `code` and `retriable`, never on the message.

StatusError
├── SettingError         an environment variable is missing or malformed    fix the deployment
├── InvalidStatusError   a caller's status breaks a rule or a limit         rejected, the others go on
├── ForeignOwnerError    a status for a job of another user of the tenant   rejected, kept as evidence
├── JournalError         the status table did not take a commit             nothing stored, delivered again
├── SessionStoreError    the sessions table did not answer                  committed, delivered again
├── DetailStoreError     oversize detail could not be stored or read        committed without, marked
├── BroadcastError       AppSync did not accept a push                      committed, delivered again
├── NotificationError    a webhook, Slack or an event bus took no event     retried from the queue
├── TransportError       a payload did not reach the publisher              logged whole, re-driven from there
├── UnknownAgentError    an agent was called by an unregistered name       raised to the caller
├── ViewTokenError       a view token is forged, expired, for others        denied without detail
└── IssuerTokenError     a token of a user pool or provider is not valid    denied; the message may be shown
"""

from __future__ import annotations

from enum import StrEnum


class RejectionCode(StrEnum):
    """The reason why the publisher rejected a status."""

    MISSING = "missing"  # a required field is absent
    WRONG_TYPE = "wrong_type"  # text where a number belongs, and the like
    TOO_LONG = "too_long"  # more characters or bytes than the field's limit
    BAD_CHARACTERS = "bad_characters"  # empty, unprintable, or not allowed in this field
    OUT_OF_RANGE = "out_of_range"  # a number outside its limits
    BAD_TIME = "bad_time"  # not a point in time with its offset
    BAD_JSON = "bad_json"  # metadata that is not a JSON object
    TOO_DEEP = "too_deep"  # metadata nested deeper than clients follow
    TOO_MANY = "too_many"  # more entries than a payload may have
    UNKNOWN_FIELD = "unknown_field"  # a field that StatusInput doesn't have, mostly a typing error
    NOT_ALLOWED = "not_allowed"  # a field that only the publisher sets
    CONTRADICTION = "contradiction"  # a type that the status word doesn't have
    FOREIGN_OWNER = "foreign_owner"  # the job belongs to another user of the tenant
    FOREIGN_TENANT = "foreign_tenant"  # the publisher is bound to another tenant
    BATCH_REUSED = "batch_reused"  # the batch id was used for other statuses before


class StatusError(Exception):
    """Base of all errors of this library.

    `code` is a stable word for programs. `retriable` is True if the same call can succeed later.
    """

    def __init__(self, message: str, *, code: str, retriable: bool) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retriable = retriable


class SettingError(StatusError):
    """An environment variable is missing or malformed. Fix the deployment."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}", code="bad_setting", retriable=False)
        self.variable = variable


class InvalidStatusError(StatusError):
    """A status breaks a rule: `field` is its name on the wire, None for the whole. Don't send it again."""

    def __init__(self, message: str, *, code: str, field: str | None) -> None:
        super().__init__(message, code=code, retriable=False)
        self.field = field


class ForeignOwnerError(StatusError):
    """The job belongs to another user of the tenant. Nothing is committed; the evidence is kept."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"job {job_id} belongs to another user of the tenant",
            code=RejectionCode.FOREIGN_OWNER,
            retriable=False,
        )
        self.job_id = job_id


class DetailStoreError(StatusError):
    """Oversize detail could not be stored or read. The status is committed without it, with a mark."""


class JournalError(StatusError):
    """The status table did not take a commit. Nothing of the batch is stored; deliver the payload again."""


class SessionStoreError(StatusError):
    """The sessions table did not answer. Everything is committed; deliver the payload again for its push."""


class BroadcastError(StatusError):
    """AppSync did not accept a push. The statuses are committed; clients get them by replay, or by the push
    of the next delivery."""


class NotificationError(StatusError):
    """A channel did not take a notification. The queue delivers it again, and finally moves it to the dead
    letters.

    The message names no address: it may hold a secret.
    """

    def __init__(self, message: str, *, code: str, retry_after: int | None = None) -> None:
        super().__init__(message, code=code, retriable=True)
        self.retry_after = retry_after
        """The seconds that the receiver asks the sender to wait."""


class TransportError(StatusError):
    """A payload did not reach the publisher. `publish_*` logs it whole; it can be re-driven from there."""


class UnknownAgentError(StatusError, ValueError):
    """No agent is registered by that name. Nothing was called or reported. A ValueError too."""

    def __init__(self, agent_name: str) -> None:
        super().__init__(f"no agent is registered as {agent_name}", code="unknown_agent", retriable=False)
        self.agent_name = agent_name


class ViewTokenError(StatusError):
    """A view token is refused. `code` is for the process's logs; the bearer gets no reason."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, code=code, retriable=False)


class IssuerTokenError(StatusError):
    """A token of a user pool or an OpenID Connect provider is refused. The message is for its bearer."""

    def __init__(self, message: str = "You are not authorized to make this call.") -> None:
        super().__init__(message, code="bad_token", retriable=False)
