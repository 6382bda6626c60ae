"""Whether jobs are published for a user who cannot see them.

Each check looks at facts and gives a finding, or None.
"""

from __future__ import annotations

from .facts import Facts, JobFacts, ReaderFacts
from .findings import Finding, Kind


def named_job(facts: Facts) -> Finding | None:
    """The named job belongs to another user, or has no status."""
    job, reader = facts.named_job, facts.reader
    if job is None or reader is None or job.owner == reader.user:
        return None
    if job.owner is None:
        return Finding(
            "job_unknown",
            Kind.NOT_FOUND,
            f"The tenant {reader.tenant} has no status of the job {job.job_id}.",
            "Check the job id and the tenant id in the code that reports. Look for statuses that it could "
            "not send in its written log lines (`undelivered`).",
        )
    return _foreign(job.job_id, job.owner, reader)


def other_jobs(facts: Facts) -> Finding | None:
    """A recent job was published for an unknown user id."""
    reader = facts.reader
    if reader is None or reader.user is None:
        return None
    suspects = (job for job in facts.other_jobs if _is_nobodys(job, reader))
    return next((_foreign(job.job_id, job.owner, reader, job) for job in suspects), None)


def _is_nobodys(job: JobFacts, reader: ReaderFacts) -> bool:
    if reader.newest_job_at is not None and job.began_at <= reader.newest_job_at:
        return False  # a newer job of the reader shows that the code knows the reader's id
    if job.id_of_name is not None:
        return True
    if job.is_watched or job.owner_in_pool:
        return False
    # If the user pool does not know the reader, the application chooses its user ids. Then a job
    # counts only if the reader has no job at all.
    knows_readers = job.owner_in_pool is False and reader.is_in_user_pool is True
    return knows_readers or reader.newest_job_at is None


def _foreign(job_id: str, owner: str, reader: ReaderFacts, job: JobFacts | None = None) -> Finding:
    whose = f"You read as {reader.user}. Only its own user sees a job."
    if job is not None and job.id_of_name is not None:
        return Finding(
            "nobodys_user_id",
            Kind.NOT_FOUND,
            f"The job {job_id} was published for `{owner}`. This is a sign-in name, not a user id. {whose}",
            f'Publish with user_id="{job.id_of_name}", the `sub` of that user\'s token.',
        )
    unknown = "" if job is None else " No known user and no connected client has this id."
    return Finding(
        "nobodys_user_id",
        Kind.NOT_FOUND,
        f"The job {job_id} was published for the user `{owner}`.{unknown} {whose}",
        f'Publish with user_id="{reader.user}", the `sub` of the token, or sign in as `{owner}`.',
    )
