"""The tokens of one call of a model as frameworks report them, by the keys of `metadata.tokenUsage`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..scopes.token_usage import added_usage, token_usage


def usage_of(
    *,
    input: Any = None,  # noqa: A002 - what everybody calls them
    output: Any = None,
    cache_read: Any = None,
    cache_write: Any = None,
    reasoning: Any = None,
    model: Any = None,
) -> dict[str, Any]:
    """The usage without what is unknown or zero; empty if no tokens were used."""
    given = {"input": input, "output": output, "cache_read": cache_read, "cache_write": cache_write}
    usage, _ = token_usage({**given, "reasoning": reasoning})
    used = {key: count for key, count in usage.items() if count}
    if not used:
        return {}
    counts = {"inputTokens": 0, "outputTokens": 0, **used}
    return {**counts, **token_usage({}, model)[0]} if isinstance(model, str) else counts


def summed_usage(usages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The usage of several calls together."""
    total: dict[str, Any] = {}
    for usage in usages:
        total = added_usage(total, usage)
    return total
