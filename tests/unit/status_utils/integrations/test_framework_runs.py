"""The common part of the adapters: a framework's runs as scopes, with callbacks in any order and thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_utils import JobScope, MemoryTransport, current_scope, job, report_progress
from status_utils.integrations import open_runs
from status_utils.integrations.framework_runs import FrameworkRuns, RunFailedError
from tests.unit.status_utils.published import statuses


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> FrameworkRuns:
    return FrameworkRuns(request.node.name)  # a registry of the test's own


def in_job(transport: MemoryTransport) -> JobScope:
    return job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport)


def reported(transport: MemoryTransport) -> list[tuple[str, str | None, str | None]]:
    return [(u.status, u.agent_name, u.tool_name) for u in statuses(transport) if u.agent_name]


def elsewhere(work: Callable[[], object]) -> None:
    """Do it in another thread, where no scope is the current one."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_run_is_the_current_scope_until_it_ends(runs: FrameworkRuns, transport: MemoryTransport) -> None:
    with in_job(transport) as outer:
        runs.agent_started("a", "Geo Agent")
        runs.tool_started("t", "location", parent="a")
        report_progress(0.5, "Half")
        runs.tool_ended("t")
        runs.agent_ended("a")
        assert current_scope() is outer
    assert reported(transport) == [
        ("agent_invoking", "Geo Agent", None),
        ("calling_tool", "Geo Agent", "location"),
        ("progress", "Geo Agent", "location"),
        ("tool_complete", "Geo Agent", "location"),
        ("agent_complete", "Geo Agent", None),
    ]


def test_a_run_may_continue_and_end_in_other_threads(runs: FrameworkRuns, transport: MemoryTransport) -> None:
    with in_job(transport):
        runs.agent_started("a", "Geo Agent")
        elsewhere(lambda: runs.tool_started("t", "location", parent="a"))
        elsewhere(lambda: runs.agent_started("b", "Street Agent", parent="t"))
        elsewhere(lambda: runs.agent_ended("b"))
        elsewhere(lambda: runs.tool_ended("t", RunFailedError("no map")))
        elsewhere(lambda: runs.agent_ended("a"))
    seen = statuses(transport)
    street = next(update for update in seen if update.agent_name == "Street Agent")
    geo = next(update for update in seen if update.agent_name == "Geo Agent")
    assert street.parent_invocation_id == geo.invocation_id
    assert [word for word, *_ in reported(transport)][-2:] == ["tool_error", "agent_complete"]


def test_a_frameworks_own_frame_leads_to_its_caller(runs: FrameworkRuns, transport: MemoryTransport) -> None:
    with in_job(transport):
        runs.agent_started("a", "Geo Agent")
        runs.unreported_started("node", "a")
        runs.unreported_started("step", "node")
        runs.model_started("model", parent="step")
        runs.model_ended("model", {"inputTokens": 7, "outputTokens": 0})
        elsewhere(lambda: runs.tool_started("t", "location", parent="step"))
        runs.unreported_ended("step")
        runs.unreported_ended("node")
        runs.agent_ended("a")
    assert ("calling_tool", "Geo Agent", "location") in reported(transport)
    assert (statuses(transport)[-2].metadata or {})["tokenUsage"] == {"inputTokens": 7, "outputTokens": 0}


def test_runs_of_a_given_scope_belong_to_it_from_whatever_thread(transport: MemoryTransport) -> None:
    with in_job(transport) as outer, outer.agent("Orchestrator") as orchestrator:
        runs = FrameworkRuns("given scope", orchestrator)
        elsewhere(lambda: runs.agent_started("a", "Geo Agent"))
        elsewhere(lambda: runs.agent_ended("a"))
    geo = next(update for update in statuses(transport) if update.agent_name == "Geo Agent")
    assert geo.parent_invocation_id == orchestrator.invocation_id


def test_a_given_scope_yields_to_one_below_it_but_not_to_one_above(transport: MemoryTransport) -> None:
    with in_job(transport) as outer:
        orchestrator = outer.agent("Orchestrator").start()
        runs = FrameworkRuns("given scope", orchestrator)
        runs.agent_started("a", "Geo Agent")  # the job is current here, above the given scope
        runs.agent_started("b", "Street Agent")  # now Geo Agent is, below it
    parents = {update.agent_name: update.parent_invocation_id for update in statuses(transport)}
    ids = {update.agent_name: update.invocation_id for update in statuses(transport)}
    assert parents["Geo Agent"] == ids["Orchestrator"]
    assert parents["Street Agent"] == ids["Geo Agent"]


def test_a_run_that_begins_again_without_having_ended_is_ended_where_keys_recur(
    transport: MemoryTransport,
) -> None:
    runs = FrameworkRuns("keys recur", keys_recur=True)
    with in_job(transport):
        runs.agent_started("a", "Geo Agent")
        runs.agent_started("a", "Geo Agent")
        runs.agent_ended("a")
    seen = [update for update in statuses(transport) if update.agent_name]
    words: dict[str | None, list[str]] = {}
    for update in seen:
        words.setdefault(update.invocation_id, []).append(update.status)
    assert list(words.values()) == [["agent_invoking", "agent_error"], ["agent_invoking", "agent_complete"]]


NAMES = [
    ("Geo\nAgent", "Geo Agent"),
    ("RunnableParallel<" + "a," * 200, ("RunnableParallel<" + "a," * 200)[:128]),
    ("", "Agent"),
    (" \n", "Agent"),
]


class UnreadableName:
    def __str__(self) -> str:
        raise LookupError("postgres://ana:hunter2@db")


def test_errors_of_reporting_are_logged_without_secrets(
    runs: FrameworkRuns, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    with in_job(transport):
        runs.agent_started("a", UnreadableName())  # type: ignore[arg-type]
    assert "call=<agent_started>" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_a_name_that_no_status_takes_is_made_to_fit(
    runs: FrameworkRuns, transport: MemoryTransport, name: str, shown: str
) -> None:
    with in_job(transport):
        runs.agent_started("a", name)
        runs.tool_started("t", name or "tool", parent="a")
        runs.tool_ended("t")
        runs.agent_ended("a")
    assert {update.agent_name for update in statuses(transport) if update.agent_name} == {shown}
    assert len(reported(transport)) == 4


def test_a_tool_that_no_agent_uses_is_skipped(runs: FrameworkRuns, transport: MemoryTransport) -> None:
    with in_job(transport):
        runs.tool_started("t", "location", parent="nobody")
        runs.tool_ended("t")
    assert reported(transport) == []


def test_outside_of_a_job_nothing_is_remembered(runs: FrameworkRuns) -> None:
    runs.agent_started("a", "Geo Agent")
    runs.tool_started("t", "location", parent="a")
    runs.model_started("m", parent="a")
    runs.model_ended("m", {"inputTokens": 1, "outputTokens": 1})
    runs.agent_ended("a")
    assert runs.raised("a") is None
    assert current_scope() is None


_NUMBERS = count()
_KEYS = st.sampled_from(["a", "b", "c", ("a", 1)])
_NAMES = st.sampled_from(["Geo Agent", "Street Agent"])
_NEWS = st.one_of(
    st.builds(partial, st.just(FrameworkRuns.agent_started), key=_KEYS, name=_NAMES, parent=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.tool_started), key=_KEYS, tool_name=_NAMES, parent=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.agent_ended), key=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.tool_ended), key=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.unreported_started), key=_KEYS, parent=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.unreported_ended), key=_KEYS),
    st.builds(partial, st.just(FrameworkRuns.tool_waits), key=_KEYS, for_=_NAMES),
    st.builds(partial, st.just(FrameworkRuns.agent_waits), key=_KEYS, for_=_NAMES),
)


@given(news=st.lists(_NEWS, max_size=12), threads=st.lists(st.booleans(), min_size=12, max_size=12))
def test_news_in_any_order_raise_nothing_and_never_mix_invocations(
    news: list[Callable[[FrameworkRuns], None]], threads: list[bool]
) -> None:
    transport, runs = MemoryTransport(), FrameworkRuns(str(next(_NUMBERS)))
    with in_job(transport):
        for tell, other_thread in zip(news, threads, strict=False):
            if other_thread:
                elsewhere(partial(tell, runs))
            else:
                tell(runs)
    by_invocation: dict[str, list[Any]] = {}
    for update in statuses(transport):
        if update.invocation_id:
            by_invocation.setdefault(update.invocation_id, []).append(update)
    for seen in by_invocation.values():
        assert len({update.agent_name for update in seen}) == 1
        words = [update.status for update in seen]
        assert words[0] == "agent_invoking"
        assert words.count("agent_invoking") == 1
        assert words.count("agent_complete") + words.count("agent_error") <= 1


def test_two_adapters_of_one_framework_report_a_run_once(transport: MemoryTransport) -> None:
    adapters = [FrameworkRuns("twice"), FrameworkRuns("twice")]
    with in_job(transport):
        for adapter in adapters:
            adapter.agent_started("a", "Geo Agent")
        for adapter in adapters:
            adapter.tool_started("t", "location", parent="a")
        for adapter in reversed(adapters):
            adapter.tool_ended("t")
        for adapter in adapters:
            adapter.model_started("m", parent="a")
        for adapter in adapters:
            adapter.model_ended("m", {"inputTokens": 7, "outputTokens": 2})
        for adapter in adapters:
            adapter.agent_ended("a")
    words = ["agent_invoking", "calling_tool", "tool_complete", "agent_complete"]
    assert [word for word, *_ in reported(transport)] == words
    usage = (statuses(transport)[-2].metadata or {})["tokenUsage"]
    assert usage == {"inputTokens": 7, "outputTokens": 2}


def test_an_adapter_of_an_earlier_job_leaves_runs_to_the_adapters_of_the_current_one() -> None:
    earlier, later = MemoryTransport(), MemoryTransport()
    with in_job(earlier) as outer:
        old = FrameworkRuns("warm", outer)
    with in_job(later) as outer:
        new = FrameworkRuns("warm", outer)
        for runs in (old, new):
            elsewhere(partial(runs.agent_started, "a", "Geo Agent"))
        for runs in (old, new):
            elsewhere(partial(runs.agent_ended, "a"))
    assert reported(earlier) == []
    assert [word for word, *_ in reported(later)] == ["agent_invoking", "agent_complete"]


def test_runs_whose_ends_never_come_are_given_up_in_the_end(
    runs: FrameworkRuns, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_runs, "OPEN_RUNS", 3)
    with in_job(transport):
        for number in range(5):
            runs.agent_started(number, "Geo Agent", parent="nobody")
    assert [word for word, *_ in reported(transport)].count("agent_error") == 2


def test_a_call_that_failed_and_is_repeated_is_the_next_attempt_of_its_invocation(
    runs: FrameworkRuns, transport: MemoryTransport
) -> None:
    with in_job(transport):
        for attempt in range(3):
            runs.agent_started(attempt, "Geo Agent", same_as="task")
            runs.agent_ended(attempt, RunFailedError("no map") if attempt < 2 else None)
        runs.agent_started("next", "Geo Agent", same_as="task")
        runs.agent_ended("next")
    agents = [update for update in statuses(transport) if update.agent_name]
    assert [update.attempt for update in agents] == [1, 1, 2, 2, 3, 3, 1, 1]
    assert len({update.invocation_id for update in agents[:6]}) == 1
    assert agents[6].invocation_id != agents[0].invocation_id, "a call that completed is not repeated"
