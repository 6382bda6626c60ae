"""The progress of the work: a weighted tree, tool → agent → job, that never goes backwards.

    plan = parse_plan(["Load", {"name": "Geo", "weight": 3, "dependsOn": ["Load"], "tools": ["geocode"]}])

Everything is in whole thousandths of a percent (FULL = 100 %) and whole thousandths of a weight, so that
Python, JavaScript and every store agree to the last digit. Shares are rounded down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from statusbeam.model.limits import ID_LENGTH, NAME_LENGTH, STEPS_PER_PLAN
from statusbeam.model.numbers import clamped
from statusbeam.model.replace import replace

from .texts import short_text

FULL: Final = 100_000
"""100 %."""

PLAN_MAX: Final = 99_000
"""The most that a plan alone can show: only the job's final status makes it 100 %."""

WEIGHT: Final = 1_000
"""The weight 1, which is the default."""

WEIGHT_MAX: Final = 1_000_000
_LEAST_WEIGHT: Final = 1
TOOLS_PER_STEP: Final = 16
DEPENDENCIES_PER_STEP: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One planned agent. Weight 0 takes the step out of the plan."""

    name: str
    invocation_id: str  # the name, unless the plan names the invocation
    weight: int = WEIGHT
    depends_on: tuple[str, ...] = ()  # names of agents
    tool_weights: tuple[tuple[str, int], ...] = ()  # the tools it will use


def parse_plan(value: Any) -> tuple[PlanStep, ...]:
    """The steps of `metadata.plan`, a list of names or of
    `{"name", "weight"?, "dependsOn"?: [name], "tools"?: [name | {"name", "weight"?}], "invocationId"?}`.

    Never raises: what can't be read is left out, of equal invocations the first counts, and STEPS_PER_PLAN.
    """
    steps: dict[str, PlanStep] = {}
    for entry in value if isinstance(value, list) else []:
        step = _step(entry if isinstance(entry, Mapping) else {"name": entry})
        if step is not None and len(steps) < STEPS_PER_PLAN:
            steps.setdefault(step.invocation_id, step)
    return tuple(steps.values())


def _step(entry: Mapping[str, Any]) -> PlanStep | None:
    name = short_text(entry.get("name"), NAME_LENGTH)
    if name is None:
        return None
    depends_on = entry.get("dependsOn")
    names = (short_text(one, NAME_LENGTH) for one in (depends_on if isinstance(depends_on, list) else []))
    return PlanStep(
        name=name,
        invocation_id=short_text(entry.get("invocationId"), ID_LENGTH) or name,
        weight=_weight(entry.get("weight")),
        depends_on=tuple(dict.fromkeys(one for one in names if one))[:DEPENDENCIES_PER_STEP],
        tool_weights=_tool_weights(entry.get("tools")),
    )


def _tool_weights(value: Any) -> tuple[tuple[str, int], ...]:
    weights: dict[str, int] = {}
    for entry in value if isinstance(value, list) else []:
        tool = entry if isinstance(entry, Mapping) else {"name": entry}
        name = short_text(tool.get("name"), NAME_LENGTH)
        if name is not None and len(weights) < TOOLS_PER_STEP:
            weights.setdefault(name, _weight(tool.get("weight")))
    return tuple(weights.items())


def _weight(value: Any) -> int:
    weight = clamped(value, WEIGHT_MAX)
    if weight is None:
        return WEIGHT
    # Weight 0 removes a step from the plan, and a negative one must not.
    return _LEAST_WEIGHT if value < 0 else min(WEIGHT_MAX, math.floor(weight * WEIGHT + 0.5))


def agent_progress(
    reported: int | None, tools: Iterable[tuple[str, int]], tool_weights: Sequence[tuple[str, int]]
) -> int | None:
    """An agent's progress: the larger of its own report and the share of its planned tools.

    Tools outside the plan don't count: their number is unknown. None when nothing is known.
    """
    total = sum(weight for _, weight in tool_weights)
    if total == 0:
        return reported
    done = dict(tools)
    share = sum(weight * done.get(name, 0) for name, weight in tool_weights) // total
    return max(share, reported or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedProgress:
    """A job's progress over its agents, kept up to date from those that change without reading the others.

    The total changes when the plan grows or an unplanned agent reports. Then the percentage stays, and the
    rest of the bar covers the rest of the work. So the percentage neither falls back nor stalls.
    """

    total: int = 0  # sum of the weights
    done: int = 0  # sum of weight x progress
    shown: int = 0  # the number that the bar shows
    revised_at: tuple[int, int] = (0, 0)  # (shown, true share) when the total was last revised

    @property
    def share(self) -> int:
        """The true share: the part of the weight that is done."""
        return min(FULL, self.done // self.total) if self.total else 0

    def moved(self, total: int, done: int) -> WeightedProgress:
        """With `total` and `done` added; both may be negative. `shown` waits for `advanced`."""
        return replace(self, total=max(0, self.total + total), done=max(0, self.done + done))

    def advanced(self, *, revised: bool) -> WeightedProgress:
        """With `shown` brought up to date; `revised`: the total has changed since."""
        if revised:
            shown = max(self.shown, self.share)
            return replace(self, shown=shown, revised_at=(shown, self.share))
        shown_then, share_then = self.revised_at
        if share_then >= FULL:
            return self
        gained = (FULL - shown_then) * max(0, self.share - share_then) // (FULL - share_then)
        return replace(self, shown=max(self.shown, shown_then + gained))

    def to_item(self) -> list[int]:
        """Five integers."""
        return [self.total, self.done, self.shown, *self.revised_at]

    @classmethod
    def from_item(cls, numbers: Any) -> Self:
        """The progress in an item of `to_item`; numbers may be Decimals."""
        if not numbers:
            return cls()
        total, done, shown, shown_then, share_then = (int(number) for number in numbers)
        return cls(total=total, done=done, shown=shown, revised_at=(shown_then, share_then))
