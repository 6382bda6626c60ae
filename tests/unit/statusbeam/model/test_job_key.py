"""The key of a job: its tenant and its id, in one unique text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from statusbeam.model import limits
from statusbeam.model.job_key import JobKey

parts = st.text(st.sampled_from("a#%23"), max_size=6)
keys = st.builds(JobKey, parts, parts)


@given(keys, keys)
def test_two_jobs_never_have_one_text(one: JobKey, other: JobKey) -> None:
    assert (one.text == other.text) == (one == other)


def test_a_job_of_plain_ids_is_readable_in_its_key() -> None:
    assert JobKey("city", "report #7, 50 %").text == "city#report %237, 50 %25"


def test_the_longest_key_fits_dynamo() -> None:
    widest = JobKey("\U0001f6e3" * limits.ID_LENGTH, "#" * limits.ID_LENGTH)
    assert len(f"REFUSED#{widest.text}".encode()) < 2_048
