"""A job's plan as metadata, by the schema's names.

>>> list(plan_parts(["Load", {"name": "Geo Agent", "depends_on": ["Load"]}]))
[{'plan': ['Load', {'name': 'Geo Agent', 'dependsOn': ['Load']}]}]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAN_CHARACTERS = 4_000
"""Of a plan's part in one status, below the metadata limit. A longer plan is reported in several parts."""


def plan_parts(plan: Iterable[str | Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The plan as metadata, in parts within the limit; one empty part without a plan."""
    part: list[Any] = []
    size = 0
    given: Any = plan  # callers may give anything
    is_single = isinstance(given, str | Mapping) or not isinstance(given, Iterable)
    for step in [given] if is_single else given:
        converted = _schema_step(step)
        step_size = len(str(converted))
        if part and size + step_size > _PLAN_CHARACTERS:
            yield {"plan": part}
            part, size = [], 0
        part.append(converted)
        size += step_size
    yield {"plan": part} if part else {}


def _schema_step(step: str | Mapping[str, Any]) -> Any:
    """A step of a plan by the schema's names."""
    if not isinstance(step, Mapping):
        return step
    converted = dict(step)
    for name, schema_name in (("depends_on", "dependsOn"), ("invocation_id", "invocationId")):
        if name in converted:
            converted[schema_name] = converted.pop(name)
    return converted
