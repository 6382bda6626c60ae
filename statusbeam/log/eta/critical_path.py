"""The remaining time: p50 and p90 of the remaining critical path, from the steps' durations in earlier runs.

    history = {"Geo Agent": StepHistory.from_item(...)}     of the job's (workflow, version), by step
    estimate(steps_of(job, now), history)                   Eta(p50=8.2, p90=14.9), or None: unknown
    observations(job)                                       the durations that a completed job adds

A step's time runs from ready (what it depends on has ended) to its end, so waiting and retries are in it.
Steps of one run correlate as they did in earlier runs (`step_correlation.py`), so the finished steps predict
the others. All samples have fixed seeds: equal input gives equal output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from statusbeam.model.words import OverallStatus

from ..snapshot.agent_state import AgentState, AgentStatus
from ..snapshot.job_state import Eta, Job
from .step_correlation import (
    MIN_RUNS,
    SAMPLES,
    loadings,
    normal_cdf,
    normal_quantile,
    normal_score,
    sample_paces,
    shuffled_scores,
)
from .step_history import Curve, StepHistory

END: Final = "(end)"
"""The step after the last agent: the orchestrator's work until the job's final status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node of the work. Several steps may share a name; a dependency that names no step is ignored."""

    name: str
    depends_on: tuple[str, ...] = ()
    elapsed: float | None = None  # seconds since it was ready; None while it waits for others
    done: bool = False
    took: float | None = None  # seconds, once it has completed


def estimate(steps: Sequence[Step], history: Mapping[str, StepHistory]) -> Eta | None:
    """Quantiles of the time until the last step is done; None where a step that is left has no history.

    Computed over SAMPLES imagined runs: the n-th number of each list below belongs to the n-th of them.
    """
    left = [step for step in steps if not step.done]
    if not steps or any(history.get(step.name, StepHistory()).runs < MIN_RUNS for step in left):
        return None
    follows = loadings({step.name: history[step.name] for step in steps if step.name in history})
    curves = {step.name: history[step.name].curve() for step in left}
    drawn = _paces(steps, history, curves, follows)
    last = [0.0] * SAMPLES
    ends: dict[str, list[float]] = {}
    for step, again in _in_order(left):
        own = shuffled_scores(f"{step.name}:{again}")
        seconds = _remaining(curves[step.name], step.elapsed or 0.0, follows[step.name], drawn, own)
        waits_for = step.depends_on if step.elapsed is None else ()
        end = _sum(seconds, _latest(ends, waits_for))
        ends[step.name] = _later(end, ends.get(step.name, end))
        last = _later(last, end)
    last.sort()
    return Eta(p50=_quantile(last, 0.5), p90=_quantile(last, 0.9))


def _paces(
    steps: Iterable[Step],
    history: Mapping[str, StepHistory],
    curves: Mapping[str, Curve],
    follows: Mapping[str, float],
) -> list[float]:
    """Equally likely paces of the run, from its finished and its running steps."""
    done, running = [], []
    for step in steps:
        if step.done and step.took is not None and history.get(step.name, StepHistory()).runs >= MIN_RUNS:
            done.append((follows[step.name], normal_score(step.took, history[step.name])))
        elif not step.done and step.elapsed:
            running.append((follows[step.name], curves[step.name].share_below(step.elapsed)))
    return sample_paces(done, running)


def _remaining(
    curve: Curve, elapsed: float, follows: float, drawn: Sequence[float], own: Sequence[float]
) -> list[float]:
    """The remaining time of a step after `elapsed` seconds, by the run's pace and the step's own chance."""
    alone = math.sqrt(1.0 - follows * follows)
    passed = curve.share_below(elapsed)
    if passed <= 0.0:
        shares = [
            normal_cdf(follows * pace + alone * chance) for pace, chance in zip(drawn, own, strict=True)
        ]
        return [curve.remaining_at(each, elapsed) for each in shares]
    # Of the step's own chances, only those that fit its time so far.
    point = normal_quantile(passed)
    seconds = []
    for pace, chance in zip(drawn, own, strict=True):
        gone = normal_cdf((point - follows * pace) / alone)
        remaining_chance = normal_quantile(min(1.0 - 1e-9, gone + (1.0 - gone) * normal_cdf(chance)))
        seconds.append(
            curve.remaining_at(max(passed, normal_cdf(follows * pace + alone * remaining_chance)), elapsed)
        )
    return seconds


def steps_of(job: Job, now: float) -> list[Step]:
    """The plan of a job as it stands at `now` (epoch seconds); empty for a job without a plan."""
    planned = _planned(job)
    steps = []
    for agent in planned:
        ready_ms = _ready_ms(job, planned, agent)
        since_ms = agent.started_ms if ready_ms is None else ready_ms
        elapsed = None if since_ms is None else max(0.0, now - since_ms / 1000)
        steps.append(
            Step(
                name=agent.name,
                depends_on=agent.depends_on,
                elapsed=elapsed,
                done=agent.ended,
                took=_duration(agent, ready_ms),
            )
        )
    if not steps:
        return []
    end_ms = _last_end_ms(planned)
    elapsed = None if end_ms is None else max(0.0, now - end_ms / 1000)
    names = tuple(dict.fromkeys(agent.name for agent in planned))
    return [*steps, Step(name=END, depends_on=names, elapsed=elapsed, done=job.head.ended)]


def observations(job: Job) -> list[tuple[str, float]]:
    """(step, seconds) of each planned step that completed in a completed job; empty for another job."""
    planned = _planned(job)
    if job.head.overall_status is not OverallStatus.COMPLETED or not planned:
        return []
    found = []
    for agent in planned:
        took = _duration(agent, _ready_ms(job, planned, agent))
        if took is not None:
            found.append((agent.name, took))
    end_ms = _last_end_ms(planned)
    if end_ms is not None and job.head.ended_ms is not None:
        found.append((END, max(0, job.head.ended_ms - end_ms) / 1000))
    return found


def _duration(agent: AgentState, ready_ms: int | None) -> float | None:
    """Seconds from the moment a step was ready to its completion; None without either."""
    if agent.status is not AgentStatus.SUCCESS or agent.completed_ms is None or ready_ms is None:
        return None
    return max(0, agent.completed_ms - ready_ms) / 1000


def _planned(job: Job) -> list[AgentState]:
    return [agent for agent in job.shown_agents if agent.planned]


def _ready_ms(job: Job, planned: Iterable[AgentState], agent: AgentState) -> int | None:
    """The end of the last dependency of `agent`; for a first step, the beginning of the job. None: not
    yet."""
    needed = [other for other in planned if other.name in agent.depends_on and other.name != agent.name]
    return _last_end_ms(needed) if needed else job.head.created_ms


def _last_end_ms(agents: Iterable[AgentState]) -> int | None:
    """The end of the last of `agents`; None while one has not ended."""
    ends = [agent.completed_ms if agent.ended else None for agent in agents]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _latest(ends: Mapping[str, list[float]], names: Iterable[str]) -> list[float]:
    latest = [0.0] * SAMPLES
    for name in names:
        latest = _later(latest, ends.get(name, latest))
    return latest


def _sum(one: list[float], other: list[float]) -> list[float]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _later(one: list[float], other: list[float]) -> list[float]:
    return [max(a, b) for a, b in zip(one, other, strict=True)]


def _quantile(ascending: Sequence[float], share: float) -> float:
    return round(ascending[int(share * len(ascending))], 3)


def _in_order(steps: Iterable[Step]) -> list[tuple[Step, int]]:
    """Each step after those it depends on, with how many of its name came before it.

    A circle is cut where no other step is left.
    """
    waiting = sorted(steps, key=lambda step: step.name)
    ordered: list[tuple[Step, int]] = []
    while waiting:
        names = {step.name for step in waiting}
        free = [not (names - {step.name}).intersection(step.depends_on) for step in waiting]
        if not any(free):
            free[0] = True
        taken = [step for step, is_free in zip(waiting, free, strict=True) if is_free]
        waiting = [step for step, is_free in zip(waiting, free, strict=True) if not is_free]
        for step in taken:
            ordered.append((step, sum(step.name == other.name for other, _ in ordered)))
    return ordered
