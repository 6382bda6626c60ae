"""AppSync's subscription filters on published values: basic, enhanced and invalidation filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Index = tuple[str, Any]

# The hub indexes subscriptions by one of these fields first.
PREFERRED_INDEX = ("userId", "tenantId")
MAX_DEPTH = 5
MAX_VALUES = 5


class FilterError(Exception):
    """AppSync would refuse the filter. The message names the part."""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(found: Any, wanted: Any) -> bool:
    """Equal as JSON values are: 1 is 1.0, but true isn't 1 and "1" isn't 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return bool(found == wanted)


def _comparable(found: Any, wanted: Any) -> bool:
    """Whether the two can be compared: both numbers or both strings."""
    return (_number(found) and _number(wanted)) or (isinstance(found, str) and isinstance(wanted, str))


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    return isinstance(found, list | tuple) and any(_equal(item, wanted) for item in found)


def _in(found: Any, wanted: Any) -> bool:
    return any(_equal(found, one) for one in wanted)


def _between(found: Any, wanted: Any) -> bool:
    low, high = wanted
    return _comparable(found, low) and _comparable(found, high) and low <= found <= high


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda found, wanted: not _equal(found, wanted),
    "le": lambda found, wanted: _comparable(found, wanted) and found <= wanted,
    "lt": lambda found, wanted: _comparable(found, wanted) and found < wanted,
    "ge": lambda found, wanted: _comparable(found, wanted) and found >= wanted,
    "gt": lambda found, wanted: _comparable(found, wanted) and found > wanted,
    "contains": _contains,
    "notContains": lambda found, wanted: not _contains(found, wanted),
    "beginsWith": lambda found, wanted: isinstance(found, str) and found.startswith(wanted),
    "in": _in,
    "notIn": lambda found, wanted: not _in(found, wanted),
    "between": _between,
    "containsAny": lambda found, wanted: any(_contains(found, one) for one in wanted),
}
_LISTS = frozenset({"in", "notIn", "between", "containsAny"})
_SCALARS = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison; `path` are the names on the way to the value."""

    path: tuple[str, ...]
    operator: str
    value: Any

    def matches(self, published: Mapping[str, Any]) -> bool:
        """Whether the published value satisfies the rule."""
        found: Any = published
        for name in self.path:
            if not isinstance(found, Mapping):
                return False
            found = found.get(name)
        return _OPERATORS[self.operator](found, self.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """A value passes when all rules of one group hold, or when there is no group."""

    groups: tuple[tuple[Rule, ...], ...] = ()

    def matches(self, published: Mapping[str, Any]) -> bool:
        """Whether a published value passes."""
        if not self.groups:
            return True
        return any(all(rule.matches(published) for rule in group) for group in self.groups)

    @property
    def index(self) -> Index | None:
        """A top-level field and the value that it has in every value that passes, if there is one."""
        common: set[Index] | None = None
        for group in self.groups:
            pairs = {(rule.path[0], rule.value) for rule in group if _is_indexable(rule)}
            common = pairs if common is None else common & pairs
        if not common:
            return None
        rank = {name: place for place, name in enumerate(PREFERRED_INDEX)}
        return min(common, key=lambda pair: (rank.get(pair[0], len(rank)), pair[0], str(pair[1])))

    @property
    def key(self) -> str:
        """Equal for filters with the same rules, whatever their order."""
        groups = [
            sorted(json.dumps([rule.path, rule.operator, rule.value], sort_keys=True) for rule in group)
            for group in self.groups
        ]
        return json.dumps(sorted(groups))


def _is_indexable(rule: Rule) -> bool:
    # only strings, because the hub looks values up by equality, and in Python 1, 1.0 and True are equal
    return rule.operator == "eq" and len(rule.path) == 1 and isinstance(rule.value, str)


def basic_filter(arguments: Mapping[str, Any]) -> Filter:
    """Each argument must equal the field of its name. Null matches null; an absent argument matches all."""
    rules = tuple(Rule((name,), "eq", value) for name, value in arguments.items())
    return Filter((rules,)) if rules else Filter()


def enhanced_filter(given: Any) -> Filter:
    """The argument of `extensions.setSubscriptionFilter`. Raises FilterError."""
    groups = given.get("filterGroup") if isinstance(given, Mapping) else None
    if not isinstance(groups, Sequence) or isinstance(groups, str):
        raise FilterError("a subscription filter needs a list filterGroup")
    return Filter(tuple(_rules(group) for group in groups))


def _rules(group: Any) -> tuple[Rule, ...]:
    filters = group.get("filters") if isinstance(group, Mapping) else None
    if not isinstance(filters, Sequence) or isinstance(filters, str) or not filters:
        raise FilterError("each entry of filterGroup needs a list filters with at least one entry")
    return tuple(_rule(entry) for entry in filters)


def _rule(entry: Any) -> Rule:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("fieldName"), str):
        raise FilterError("each filter needs a fieldName")
    name, operator, value = entry["fieldName"], entry.get("operator"), entry.get("value")
    if operator not in _OPERATORS:
        raise FilterError(f"the filter operator {operator} of {name} is not supported")
    path = tuple(name.split("."))
    if len(path) > MAX_DEPTH:
        raise FilterError(f"the filter field {name} is nested deeper than {MAX_DEPTH} levels")
    if operator in _LISTS:
        values = list(value) if isinstance(value, list | tuple) else [None]
        fits = all(isinstance(one, _SCALARS) for one in values)
        if not fits or (operator == "between" and len(values) != 2):
            raise FilterError(f"the filter operator {operator} of {name} needs a list of values")
        if len(values) > MAX_VALUES:
            raise FilterError(f"the filter operator {operator} of {name} takes at most {MAX_VALUES} values")
    elif not isinstance(value, _SCALARS):
        raise FilterError(f"the filter operator {operator} of {name} needs one value")
    return Rule(path, operator, value)
