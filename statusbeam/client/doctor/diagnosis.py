"""The first fault that the facts show. The function is pure, so that each finding has a test.

    diagnose(facts)  # Finding, or None

Each check depends on the checks before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from . import access_checks, delivery_checks, owner_checks, publisher_checks
from .facts import Facts
from .findings import Finding

CHECKS: Final[tuple[Callable[[Facts], Finding | None], ...]] = (
    access_checks.clock,
    access_checks.stack,
    access_checks.tables,
    access_checks.reader,
    access_checks.api_key,
    publisher_checks.publisher,
    publisher_checks.queue,
    delivery_checks.connection,
    publisher_checks.answer,
    delivery_checks.sending,
    delivery_checks.delivery,
    owner_checks.named_job,
    owner_checks.other_jobs,
)


def diagnose(facts: Facts) -> Finding | None:
    """The finding of the first check that has one."""
    return next((finding for check in CHECKS if (finding := check(facts))), None)
