"""The ids of a job in a handler's arguments: in an event of any kind, or as arguments themselves.

>>> keys = EventKeys("Records.0.body.jobId", "userId", "tenantId", "retryCount", "invocationId")
>>> value_at({"Records": [{"body": '{"jobId": "job-1"}'}]}, keys.job_id)
'job-1'
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from itertools import chain

from ..sending.own_work import warn
from .plain_numbers import to_count
from .plain_texts import to_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    Find = Callable[[tuple[Any, ...], Mapping[str, Any]], "EventIds | None"]

_JSON_CHARACTERS: Final = 1_000_000
"""The longest text that is searched for ids: SQS takes no longer message."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class EventKeys:
    """Where in an event the ids are: keys, with dots between those of nested objects."""

    job_id: str
    user_id: str
    tenant_id: str
    retry_count: str
    invocation_id: str


@dataclass(frozen=True, slots=True)
class EventIds:
    """The job, the owner and the invocation of a call."""

    job_id: str
    user_id: str
    tenant_id: str
    attempt: int | None = None  # from 1 on
    invocation_id: str | None = None


def ids_of_event(keys: EventKeys, handler: Callable[..., Any]) -> Find:
    """Finds the ids in the arguments of a call of the handler."""
    names = _positional_names(handler)

    def find(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> EventIds | None:
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        for event in chain(args, kwargs.values(), (arguments,)):
            found = {name: value_at(event, getattr(keys, name)) for name in EventKeys.__slots__}
            ids = _checked(found)
            if ids is not None:
                return ids
        _warn_of_missing(", ".join((keys.job_id, keys.user_id, keys.tenant_id)))
        return None

    return find


def ids_by_function(keys: EventKeys, ids: Callable[..., Any]) -> Find:  # noqa: ARG001 - as the other
    """Finds the ids by the caller's own function, which gets the handler's arguments."""

    def find(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> EventIds | None:
        try:
            given = ids(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the caller's function may raise anything
            warn(__name__, "ids=<%s> | nothing is reported: it raised", type(error).__name__)
            return None
        if given is None:
            return None
        found = {name: value_at(given, name) for name in EventKeys.__slots__}
        result = _checked({**found, "attempt": value_at(given, "attempt")})
        if result is None:
            _warn_of_missing("job_id, user_id, tenant_id")
        return result

    return find


def _warn_of_missing(keys: str) -> None:
    warn(__name__, "keys=<%s> | nothing is reported: the event lacks an id", keys)


def _checked(found: Mapping[str, Any]) -> EventIds | None:
    """The ids, if there is one of each."""
    names = ("job_id", "user_id", "tenant_id")
    if any(found[name] is None for name in names):
        return None
    job_id, user_id, tenant_id = (to_id(found[name], name) for name in names)
    if not (job_id and user_id and tenant_id):
        return None
    retries, attempt = to_count(found["retry_count"]), to_count(found.get("attempt"))
    return EventIds(
        job_id,
        user_id,
        tenant_id,
        attempt or (None if retries is None else retries + 1),
        to_id(found["invocation_id"], "invocation_id"),
    )


def delivery_count(arguments: Iterable[Any]) -> int | None:
    """How often SQS delivered the message that is an argument of a call, or the first message of a batch."""
    count = "attributes.ApproximateReceiveCount"
    paths = (f"Records.0.{count}", count)
    found = (to_count(value_at(argument, path)) for argument in arguments for path in paths)
    return next((number for number in found if number is not None), None)


def value_at(event: Any, path: str) -> Any:
    """The value at the path in an event; None if there is none. Never raises."""
    try:
        for key in path.split("."):
            event = _part(event, key)
            if event is None:
                return None
    except Exception:  # noqa: BLE001 - the event's class may raise anything
        return None
    return event


def _part(value: Any, key: str) -> Any:
    if isinstance(value, str | bytes | bytearray):
        value = json.loads(value) if len(value) <= _JSON_CHARACTERS else None
    if isinstance(value, Mapping):
        found = value.get(key)
        return value.get(_snake_case(key)) if found is None else found
    if isinstance(value, Sequence):
        return value[int(key)]
    return _attribute(value, key)


def _attribute(value: Any, key: str) -> Any:
    """A field of a dataclass, a pydantic model or another object; by its name, its alias or in snake case."""
    if type(value).__module__ == "unittest.mock":  # it has every attribute; contexts in tests are mocks
        return None
    fields = getattr(type(value), "__pydantic_fields__", None)
    if isinstance(fields, dict):
        for name, field in fields.items():
            if key in (field.alias, field.validation_alias):
                return getattr(value, name)
    found = getattr(value, key, None)
    return getattr(value, _snake_case(key), None) if found is None else found


def _snake_case(key: str) -> str:
    return _HUMP.sub("_", key).lower()


def _positional_names(handler: Callable[..., Any]) -> list[str]:
    """The names of the handler's arguments, for ids that are arguments themselves."""
    try:
        parameters = signature(handler).parameters.values()
    except (TypeError, ValueError):  # of a class without one, such as some that are written in C
        return []
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds]
