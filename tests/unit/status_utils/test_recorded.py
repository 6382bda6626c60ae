"""`recorded()`: the statuses that tests of reporting code get."""

from __future__ import annotations

import pytest

from status_utils import InvalidStatusError, inject, job, publish_orchestrator_status
from status_utils.testing import Recording, recorded


def refused(recording: Recording) -> list[tuple[str | None, str]]:
    return [(each.status.get("status"), getattr(each.error, "code", "")) for each in recording.refused]


def test_a_recording_lists_what_library_and_publisher_refused() -> None:
    with recorded() as recording:
        with (
            job(job_id="job-1", user_id="ana", tenant_id="city") as j,
            j.agent("Geo Agent", invocation_id="x" * 200),
        ):
            pass
        publish_orchestrator_status("job-2", "ana#1", "city", "validating", "…")
        publish_orchestrator_status("job-1", "bob", "city", "validating", "…")
    assert refused(recording) == [
        ("agent_invoking", "too_long"),
        ("agent_complete", "too_long"),
        ("validating", "bad_characters"),
        ("validating", "foreign_owner"),
    ]
    assert recording.statuses() == ["loading_agents", "complete", "validating"]


def test_without_a_refusal_a_strict_recording_is_like_any_other() -> None:
    with recorded(strict=True) as recording:
        with job(job_id="job-1", user_id="ana", tenant_id="city"):
            pass
        assert not recording.refused


def test_a_strict_recording_raises_the_first_refusal() -> None:
    with pytest.raises(InvalidStatusError) as raised, recorded(strict=True):
        publish_orchestrator_status("job-1", "ana", "ci#ty", "validating", "…")
        publish_orchestrator_status("job-2", "ana#1", "city", "validating", "…")
    assert (raised.value.field, raised.value.code) == ("tenantId", "bad_characters")
    assert "of 2 refused statuses the first" in raised.value.__notes__[0]


def test_a_strict_recording_leaves_the_tests_own_failure_alone() -> None:
    with pytest.raises(ZeroDivisionError), recorded(strict=True):
        publish_orchestrator_status("job-1", "ana", "ci#ty", "validating", "…")
        raise ZeroDivisionError


def test_a_call_that_failed_in_the_library_is_listed_too() -> None:
    class Broken(dict[str, str]):
        def __setitem__(self, key: str, value: str) -> None:
            raise RuntimeError

    with recorded() as recording, job(job_id="job-1", user_id="ana", tenant_id="city"):
        inject(Broken())
    assert [type(each.error) for each in recording.refused] == [RuntimeError]
