"""The event model: one status, as callers report it and the log keeps it.

    >>> update = StatusUpdate.from_wire(entry)      # camelCase, as in graphql/schema.graphql's StatusInput
    >>> update.agent_name, update.sequence
    ('Geo Agent', None)
    >>> update.to_wire()["agentName"]
    'Geo Agent'

A StatusUpdate is valid: its constructor checks every field. The methods that return a changed one keep it
valid and raise nothing. Its wire format is defined here only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import RejectionCode
from .limits import (
    ATTEMPT_MIN,
    ID_LENGTH,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    PROGRESS_MAX,
    QUALIFIED_STATUS_LENGTH,
    SECONDS_MAX,
    STATUS_LENGTH,
)
from .replace import replace
from .texts import cut, one_line, printable, without_open_isolates
from .validation import (
    JsonObject,
    identifier,
    json_object,
    json_text,
    message,
    number,
    one_word,
    refuse,
    time,
    whole_number,
)
from .words import StatusType, status_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Self

    from .validation import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """One event of a job, for the job's readers.

    Raises InvalidStatusError when a field breaks its rule.
    """

    job_id: str  # the job, one run of a workflow
    user_id: str  # the owner of the job; no `#`
    tenant_id: str  # the tenant of the owner; no `#`
    event_id: str  # the same in each delivery of this status
    sequence: int | None = None  # the place in the job's log, from 1 on; None until committed
    type: StatusType  # the type that `status` implies
    status: str  # a StatusWord or a word of the caller's own
    qualified_status: str | None = None  # one token that names the agent or tool as well
    message: str  # for people
    agent_name: str | None = None  # the agent that reports
    invocation_id: str | None = None  # one run of that agent
    parent_invocation_id: str | None = None  # the run that started it
    attempt: int | None = None  # the attempt, from 1 on, of a retried invocation
    tool_name: str | None = None  # the tool that the agent uses
    progress: float | None = None  # percent, 0 to 100
    eta_seconds: float | None = None  # estimate of the remaining time
    execution_time_ms: int | None = None  # the duration
    timestamp: str  # when it happened, UTC, 2026-11-20T09:30:00.000Z
    metadata: Mapping[str, Any] | None = None  # a JSON object of the caller's
    earlier: tuple[StatusUpdate, ...] | None = None  # in a push: the same commit's preceding updates

    def __post_init__(self) -> None:
        for name, (field, read) in _FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, read(field, value))
            elif name in _REQUIRED:
                raise refuse(field, RejectionCode.MISSING, "is missing")
        implied = status_type(self.status, of_job=self.of_job)
        if self.type is not implied:
            problem = f"must be {implied} for the status {self.status}"
            raise refuse("type", RejectionCode.CONTRADICTION, problem)

    @property
    def of_job(self) -> bool:
        """Whether the status is about the job, not about one agent of it."""
        return not (self.invocation_id or self.agent_name)

    def numbered(self, sequence: int) -> Self:
        """The same status at its place in the job's log."""
        return replace(self, sequence=sequence)

    def with_message(self, text: str) -> Self:
        """The same status with another message: printable, and cut to its length."""
        return replace(self, message=cut(printable(without_open_isolates(text)), MESSAGE_LENGTH))

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> Self:
        """The same status with other metadata, made of a valid status's and of the publisher's own."""
        return replace(self, metadata=metadata)

    def with_fields_in_metadata(self) -> Self:
        """The same status with its tool's name and its execution time in the metadata as well.

        So clients that select only the seven fields of the first contract receive them. A key of the caller's
        own stays unchanged.
        """
        values = {"toolName": self.tool_name, "executionTimeMs": self.execution_time_ms}
        added = {field: value for field, value in values.items() if value is not None}
        return self.with_metadata({**added, **(self.metadata or {})}) if added else self

    def with_earlier(self, earlier: Sequence[StatusUpdate]) -> Self:
        """The same status with the preceding ones of its commit."""
        return replace(self, earlier=tuple(earlier) or None)

    @classmethod
    def from_store(cls, wire: Mapping[str, Any]) -> Self:
        """The status of a wire format from a store that holds only valid ones: its fields are not checked
        again."""
        copy = object.__new__(cls)
        for name, (field, _) in _FIELDS.items():
            object.__setattr__(copy, name, wire.get(field))
        object.__setattr__(copy, "type", StatusType(copy.type))
        if copy.metadata is not None:
            object.__setattr__(copy, "metadata", JsonObject(json.loads(wire["metadata"])))
        return copy

    def to_wire(self) -> dict[str, Any]:
        """The StatusInput: camelCase, metadata as JSON text, without fields that are None."""
        wire: dict[str, Any] = {}
        for name, (field, _) in _FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                wire[field] = value
        wire["type"] = self.type.value
        metadata = self.metadata
        if metadata is not None:
            wire["metadata"] = metadata.text if isinstance(metadata, JsonObject) else json_text(metadata)
        if self.earlier is not None:
            wire["earlier"] = [update.to_wire() for update in self.earlier]
        return wire

    @classmethod
    def from_wire(cls, entry: Mapping[str, Any]) -> Self:
        """The status that a whole StatusInput describes; a field that is null counts as absent.

        Raises InvalidStatusError for fields that are missing, unknown, or break their rule.
        """
        refuse_unknown_fields(entry)
        values: dict[str, Any] = {name: entry.get(field) for name, (field, _) in _FIELDS.items()}
        return cls(**values)


def refuse_unknown_fields(entry: Mapping[Any, Any]) -> None:
    """Raise InvalidStatusError for a field that StatusInput doesn't have."""
    for field in entry:
        if field not in _NAMES:
            named = one_line(str(field)[:ID_LENGTH])  # it goes into a line of log output
            raise refuse(named, RejectionCode.UNKNOWN_FIELD, "is not a field of a status")


def _type(field: str, value: Any) -> StatusType:
    try:
        return StatusType(value)
    except ValueError as error:
        known = ", ".join(StatusType)
        raise refuse(field, RejectionCode.WRONG_TYPE, f"must be one of {known}") from error


def _earlier(field: str, value: Any) -> tuple[StatusUpdate, ...]:
    if not isinstance(value, list | tuple):
        raise refuse(field, RejectionCode.WRONG_TYPE, "must be a list of statuses")
    for update in value:
        if not isinstance(update, StatusUpdate | Mapping):
            raise refuse(field, RejectionCode.WRONG_TYPE, "must be a list of statuses")
    return tuple(u if isinstance(u, StatusUpdate) else StatusUpdate.from_wire(u) for u in value)


_ID = identifier(ID_LENGTH)
_OWNER = identifier(ID_LENGTH, forbidden="#")  # `#` parts them in the tables' keys
_NAME = identifier(NAME_LENGTH)

_FIELDS: Final[dict[str, tuple[str, Reader]]] = {
    "job_id": ("jobId", _ID),
    "user_id": ("userId", _OWNER),
    "tenant_id": ("tenantId", _OWNER),
    "event_id": ("eventId", _ID),
    "sequence": ("sequence", whole_number(1)),
    "type": ("type", _type),
    "status": ("status", one_word(STATUS_LENGTH)),
    "qualified_status": ("qualifiedStatus", identifier(QUALIFIED_STATUS_LENGTH)),
    "message": ("message", message(MESSAGE_LENGTH)),
    "agent_name": ("agentName", _NAME),
    "invocation_id": ("invocationId", _ID),
    "parent_invocation_id": ("parentInvocationId", _ID),
    "attempt": ("attempt", whole_number(ATTEMPT_MIN)),
    "tool_name": ("toolName", _NAME),
    "progress": ("progress", number(PROGRESS_MAX)),
    "eta_seconds": ("etaSeconds", number(SECONDS_MAX)),
    "execution_time_ms": ("executionTimeMs", whole_number(0)),
    "timestamp": ("timestamp", time),
    "metadata": ("metadata", json_object),
    "earlier": ("earlier", _earlier),
}
_NAMES: Final = {field: name for name, (field, _) in _FIELDS.items()}
_REQUIRED: Final = frozenset(
    ("job_id", "user_id", "tenant_id", "event_id", "type", "status", "message", "timestamp")
)

FIELDS: Final = tuple(_NAMES)
"""Every field's name on the wire, in the schema's order."""
