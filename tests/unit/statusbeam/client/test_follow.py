"""`from statusbeam import follow`: the public iterators over a follower."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

import statusbeam
from statusbeam.client.errors import RefusedError
from statusbeam.client.follow import afollow, follow
from tests.unit.statusbeam.client.fake_service import JOB_ID, FakeService, status_of


class FakeDeployment:
    def __init__(self, service: FakeService) -> None:
        self._service = service

    def service(self, _: str) -> FakeService:
        return self._service


def deployment(*commits: list[dict[str, Any]], lost: int = 0) -> Any:
    return FakeDeployment(FakeService(list(commits), lost=lost))


def test_follow_yields_each_status_and_then_knows_the_job() -> None:
    following = follow(
        JOB_ID, deployment=deployment([status_of(1)], [status_of(2), status_of(3, "complete")])
    )
    assert [update.sequence for update in following] == [1, 2, 3]
    assert following.recovered
    assert following.job["overallStatus"] == "completed"
    assert list(following) == []


def test_follow_reports_expired_statuses() -> None:
    service = FakeService([[status_of(n) for n in (1, 2, 3)] + [status_of(4, "complete")]], lost=2)
    service.commit()
    following = follow(JOB_ID, deployment=FakeDeployment(service))  # type: ignore[arg-type]  # a fake
    assert [update.sequence for update in following] == [3, 4]
    assert not following.recovered


async def test_afollow_is_the_same_for_asyncio() -> None:
    async with afollow(JOB_ID, deployment=deployment([status_of(1, "complete")])) as following:
        assert [update.sequence async for update in following] == [1]
        assert following.recovered


def test_leaving_the_loop_ends_connection_and_thread() -> None:
    chosen = deployment([status_of(1)])
    threads = threading.active_count()
    with follow(JOB_ID, deployment=chosen) as following:
        assert next(following).sequence == 1
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    assert chosen.service(JOB_ID).is_closed


def test_an_error_reaches_the_caller_and_ends_the_thread() -> None:
    service = FakeService([[status_of(1)]])
    service.failures = [RefusedError("no")] * 2
    threads = threading.active_count()
    with pytest.raises(RefusedError):
        list(follow(JOB_ID, deployment=FakeDeployment(service)))  # type: ignore[arg-type]  # a fake
    assert threading.active_count() == threads


def test_the_import_loads_nothing_and_every_name_exists() -> None:
    script = "import sys, statusbeam; print(*(n for n in sys.modules if n.startswith('statusbeam.')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert sorted(statusbeam.__all__) == statusbeam.__all__
    assert all(getattr(statusbeam, name) is not None for name in statusbeam.__all__)
    with pytest.raises(AttributeError):
        _ = statusbeam.nothing
