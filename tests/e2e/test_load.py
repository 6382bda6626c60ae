"""Load on the deployed stacks: many jobs at once, while pushes are lost, doubled and swapped."""

from __future__ import annotations

import pytest

from tests.e2e.cloud import Cloud
from tests.soak import load


def test_jobs_under_load_lose_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "FOLLOWED_EVERY", 5)
    # without killed publishers, because each one delays its job for the queue's visibility timeout
    done = load.run(cloud, jobs=20, seed=1, kills=False, rounds=2)
    assert (done.jobs, done.followed, done.kills) == (20, 4, 0)
    assert len(done.megabytes) == 2
    assert done.statuses >= 20 * len(load.AGENTS) * load.STEPS


def test_a_status_that_was_lost_is_found(cloud: Cloud) -> None:
    with pytest.raises(load.LoadError, match=r"the log of job-1 has the sequences \[1, 3\]"):
        load._check_order("job-1", [1, 3], "the log of")
