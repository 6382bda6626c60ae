"""The tokens that models used, as `metadata.tokenUsage` has them.

>>> token_usage({"input": 1200, "output": 85, "cache_read": 900}, "claude-sonnet-5")[0]
{'inputTokens': 1200, 'outputTokens': 85, 'cacheReadInputTokens': 900, 'model': 'claude-sonnet-5'}

The snapshot adds up `inputTokens` and `outputTokens`. The other keys are for readers of the log.
"""

from __future__ import annotations

from collections.abc import Mapping

from .plain_numbers import to_count
from .plain_texts import to_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

MODEL: Final = "model"
"""The model that was called last."""

KEYS: Final = {
    "input": "inputTokens",
    "output": "outputTokens",
    "cache_read": "cacheReadInputTokens",
    "cache_write": "cacheWriteInputTokens",
    "reasoning": "reasoningTokens",
}


def token_usage(counts: Mapping[str, Any], model: Any = None) -> tuple[dict[str, Any], str]:
    """The usage by the schema's names, and the names of values that are no count. None means: not known."""
    usage: dict[str, Any] = {}
    unknown = []
    for name, count in counts.items():
        number = to_count(count)
        if number is not None:
            usage[KEYS[name]] = number
        elif count is not None or name in ("input", "output"):
            unknown.append(KEYS[name])
    if model:
        usage[MODEL] = to_name(model)
    return usage, ", ".join(unknown)


def added_usage(total: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The total with the usage of one more call of a model."""
    counts = {key: total.get(key, 0) + count for key, count in usage.items() if key != MODEL}
    return {**total, **counts, **{key: usage[key] for key in usage if key == MODEL}}
