"""A status as people and programs send it, in the words and characters of the contract.

    >>> normalized({"status": "invoking_geo_agent"})
    {'status': 'agent_invoking', 'agentName': 'Geo Agent'}
    >>> normalized({"status": "Running forecast"})
    {'status': 'progress', 'message': 'Running forecast'}

The library does this before it sends a status, and the publisher before it redacts one. It never raises. A
value that it can't read stays unchanged, and the validation refuses it by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from .fit import fit_message
from .limits import NAME_LENGTH, STATUS_LENGTH
from .metadata import MetadataKey
from .texts import one_line, printable
from .words import StatusType, StatusWord, is_word, read_qualified

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final

_ON_ONE_LINE: Final = (
    "agentName",
    "toolName",
    "qualifiedStatus",
    "eventId",
    "invocationId",
    "parentInvocationId",
)
"""Not the ids of job, user and tenant: a changed id would be another job, or another owner."""
_WORDS_OF_TYPES: Final = {
    StatusType.COMPLETE.value: StatusWord.COMPLETE.value,
    StatusType.ERROR.value: StatusWord.ERROR.value,
    StatusType.HEARTBEAT.value: StatusWord.HEARTBEAT.value,
}


def normalized(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The status with a word that every client knows, and with texts that every client can show."""
    status = with_word(status)
    changes: dict[str, Any] = {}
    if isinstance(message := status.get("message"), str):
        changes["message"] = printable(message)
    for field in _ON_ONE_LINE:
        if isinstance(name := status.get(field), str):
            changes[field] = one_line(name)
    return {**status, **changes}


def with_word(status: Mapping[str, Any], known: Iterable[str] = ()) -> Mapping[str, Any]:
    """The status with a word of the contract as its `status`.

    A qualified status, such as `invoking_geo_agent`, gives the word and the names in it; `known` are names
    that it may stand for. A text for people becomes the message of a `progress`, before the status's own
    message. With a `type` that ends the job, it becomes the message of that end.
    """
    given = status.get("status")
    if not isinstance(given, str):
        return status
    agent, tool = _text(status.get("agentName")), _text(status.get("toolName"))
    if _is_short(given, agent, tool) and _stays(given, agent, tool):
        return status
    word = given.strip()
    if not word:
        return status
    qualified = read_qualified(word, agent_name=agent, tool_name=tool, known=known)
    if qualified is not None:
        word, agent_name, tool_name = qualified
        named = {"agentName": agent_name, "toolName": tool_name}
        return {**status, "status": word} | {field: name for field, name in named.items() if name is not None}
    if _is_own_word(word):
        return {**status, "status": word}
    others = {field: value for field, value in status.items() if field != "type"}
    kind = status.get("type")
    known_word = _WORDS_OF_TYPES.get(kind) if isinstance(kind, str) else None
    return {
        **others,
        "status": known_word or StatusWord.PROGRESS.value,
        "message": fit_message(_joined(word, status.get("message"))),
    }


@lru_cache(maxsize=512)  # cached, because agents repeat the same few words, and wait for this call
def _stays(status: str, agent_name: str | None, tool_name: str | None) -> bool:
    """Whether `with_word` leaves a status with these names unchanged."""
    qualified = read_qualified(status, agent_name=agent_name, tool_name=tool_name)
    return qualified is None and _is_own_word(status)


def _is_short(status: str, agent_name: str | None, tool_name: str | None) -> bool:
    """Whether `_stays` may remember them."""
    return len(status) <= STATUS_LENGTH and max(len(agent_name or ""), len(tool_name or "")) <= NAME_LENGTH


def _is_own_word(word: str) -> bool:
    """Whether it is a word of the caller's, not a text: "Working..." is for people."""
    return is_word(word) and word[-1] not in ".:"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _joined(text: str, message: object) -> str:
    """A status that is a text, and the message beside it."""
    rest = message.strip() if isinstance(message, str) else ""
    if not rest or rest.startswith(text):
        return rest or text
    return f"{text}{'' if text[-1] in ':.!?…' else ':'} {rest}"


def with_plan_names(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata with the names in its plan as `normalized` writes them in the statuses of their agents."""
    plan = metadata.get(MetadataKey.PLAN)
    if not isinstance(plan, list):
        return metadata
    clean = [_step(step) for step in plan]
    return metadata if clean == plan else {**metadata, MetadataKey.PLAN: clean}


def _step(step: Any) -> Any:
    if isinstance(step, str):
        return one_line(step)
    if not isinstance(step, Mapping):
        return step
    changes: dict[str, Any] = {}
    for field in ("name", "invocationId"):
        if isinstance(step.get(field), str):
            changes[field] = one_line(step[field])
    for field in ("dependsOn", "tools"):
        if isinstance(step.get(field), list):
            changes[field] = [_step(item) for item in step[field]]
    return {**step, **changes}
