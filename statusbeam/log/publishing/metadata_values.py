"""Values in metadata that have a meaning here, as the log takes them: in range, and in one form.

>>> settled({"leaseSeconds": 90_000, "note": "a"})
{'leaseSeconds': 86400, 'note': 'a', 'clamped': {'leaseSeconds': 90000}}

The fold clamps by itself as well. This mark shows in the log which numbers the caller sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from statusbeam.model.limits import MAX_LEASE_SECONDS, SECONDS_MAX, WHOLE_NUMBER_MAX
from statusbeam.model.metadata import MetadataKey
from statusbeam.model.numbers import clamped
from statusbeam.model.validation import moment_of, wire_time

from ..snapshot.progress import WEIGHT_MAX

_CLAMPED_KEPT: Final = 10
"""Numbers that one mark names."""

_ONE: Final[Mapping[str, int]] = {
    MetadataKey.LEASE_SECONDS: MAX_LEASE_SECONDS,
    MetadataKey.OPENED: WHOLE_NUMBER_MAX,
}
_GROUPS: Final[Mapping[str, Mapping[str, int]]] = {
    MetadataKey.TOKEN_USAGE: {"inputTokens": WHOLE_NUMBER_MAX, "outputTokens": WHOLE_NUMBER_MAX},
    MetadataKey.ETA: {"p50": SECONDS_MAX, "p90": SECONDS_MAX},
}
_STEP: Final = {"weight": WEIGHT_MAX}
_LEAST_WEIGHT: Final = 0.001


def settled(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata with its numbers in range, named under `clamped` where they were not, and times as the
    wire has them."""
    found: dict[str, Any] = {}
    values = _within({**metadata}, _ONE, "", found)
    for key, limits in _GROUPS.items():
        if isinstance(values.get(key), Mapping):
            values[key] = _within(values[key], limits, f"{key}.", found)
    if isinstance(values.get(MetadataKey.PLAN), list):
        values[MetadataKey.PLAN] = _steps(values[MetadataKey.PLAN], MetadataKey.PLAN, found)
    if isinstance(values.get(MetadataKey.WAITING), Mapping):
        values[MetadataKey.WAITING] = _on_time(values[MetadataKey.WAITING])
    if found:
        values[MetadataKey.CLAMPED] = dict(list(found.items())[:_CLAMPED_KEPT])
    return values


def _steps(steps: list[Any], path: str, found: dict[str, Any]) -> list[Any]:
    return [_step(step, f"{path}.{index}", found) for index, step in enumerate(steps)]


def _step(step: Any, path: str, found: dict[str, Any]) -> Any:
    if not isinstance(step, Mapping):
        return step
    values = _within(step, _STEP, f"{path}.", found)
    if isinstance(values.get("tools"), list):
        values["tools"] = _steps(values["tools"], f"{path}.tools", found)
    return values


def _within(
    values: Mapping[str, Any], limits: Mapping[str, int], path: str, found: dict[str, Any]
) -> dict[str, Any]:
    kept = dict(values)
    for name, highest in limits.items():
        number = clamped(kept.get(name), highest)
        if number is None or number == kept[name]:
            continue
        found[f"{path}{name}"] = kept[name]
        # A weight of 0 removes a step from the plan, and a negative one must not.
        kept[name] = _LEAST_WEIGHT if name == "weight" and kept[name] < 0 else number
    return kept


def _on_time(waiting: Mapping[str, Any]) -> dict[str, Any]:
    until = waiting.get("until")
    if not isinstance(until, str):
        return dict(waiting)
    try:
        moment = moment_of(until)
        return {**waiting, "until": wire_time(moment)} if moment.tzinfo else dict(waiting)
    except (ValueError, OverflowError):
        return dict(waiting)
