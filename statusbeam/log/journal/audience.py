"""Who has a live session when a commit is pushed: the user of the job, and the operators of its tenant."""

from __future__ import annotations

from enum import Enum


class Audience(Enum):
    """The live sessions, by what the publisher has to know of them."""

    NOBODY = "nobody"  # there is none
    JOINED = "joined"  # every client reads `earlier`
    PLAIN = "plain"  # at least one client reads one status a push
