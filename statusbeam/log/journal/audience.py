"""The live sessions when a commit is pushed: the job's user's, and those of the tenant's operators."""

from __future__ import annotations

from enum import Enum


class Audience(Enum):
    """The kinds of audiences that the publisher distinguishes."""

    NOBODY = "nobody"  # there is none
    JOINED = "joined"  # every client reads `earlier`
    PLAIN = "plain"  # at least one client reads one status a push
