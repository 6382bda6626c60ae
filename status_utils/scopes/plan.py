"""The plan of a job as its first statuses carry it.

>>> list(plan_parts(["Geo Agent", {"name": "Street Agent", "depends_on": ["Geo Agent"]}], {}))
[{'plan': ['Geo Agent', {'name': 'Street Agent', 'dependsOn': ['Geo Agent']}]}]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from statusbeam.model.limits import STEPS_PER_PLAN
from statusbeam.model.metadata import MetadataKey

from .failures import log_not_reported
from .plain_texts import to_name
from .plain_values import plain_object

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any

_PART_CHARACTERS = 4_000
"""The bytes of a plan in one status, below the metadata limit. A longer plan has several parts."""


def plan_parts(
    plan: Iterable[str | Mapping[str, Any]], fields: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The plan as metadata, in parts within the limits; one empty part without a plan."""
    part: list[Any] = []
    size = 0
    for step in _steps(plan, fields):
        found = plain_object({"step": _schema_step(step)})
        if part and (size + found.size > _PART_CHARACTERS or len(part) == STEPS_PER_PLAN):
            yield {MetadataKey.PLAN: part}
            part, size = [], 0
        part.append(found["step"])
        size += found.size
    yield {MetadataKey.PLAN: part} if part else {}


def _steps(plan: Any, fields: Mapping[str, Any]) -> list[Any]:
    """The steps of any caller's value; the steps before an error count."""
    steps: list[Any] = []
    try:
        is_single = isinstance(plan, str | Mapping) or not isinstance(plan, Iterable)
        steps.extend([plan] if is_single else plan)
    except Exception as error:  # noqa: BLE001 - such as an iterator that raises
        log_not_reported("plan", fields, error)
    return steps


def step_name(step: Any) -> str:
    return to_name(step.get("name") if isinstance(step, Mapping) else step)


def _schema_step(step: str | Mapping[str, Any]) -> Any:
    """A step of a plan by the schema's names."""
    if not isinstance(step, Mapping):
        return step
    converted = dict(step)
    for name, schema_name in (("depends_on", "dependsOn"), ("invocation_id", "invocationId")):
        if name in converted:
            converted[schema_name] = converted.pop(name)
    return converted
