"""Which run of an agent a scope is: its invocation id and its attempt.

>>> Runs("job-1", attempt=2).next("Geo Agent", None, None).invocation_id
'job-1-geo_agent'
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count

from statusbeam.model.limits import ATTEMPT_MIN, ID_LENGTH, WHOLE_NUMBER_MAX

from ..sending.truncate import id_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOT_WORD = re.compile(r"[\W_]+")
_TOKEN_LENGTH = 40


class Run:
    """One run: its id, its attempt, and the attempt if somebody counts: it holds for those below as well."""

    def __init__(self, invocation_id: str, counted: int | None) -> None:
        self.invocation_id = invocation_id
        self.attempt = 1 if counted is None else counted
        self.counted = counted


class Runs:
    """Names the runs of agents under one job or agent, whose id is `root`."""

    def __init__(self, root: str, attempt: int | None) -> None:
        self._root = root
        self._attempt = _counted(attempt)
        self._numbers: dict[str, Iterator[int]] = {}

    def next(self, agent_name: str, attempt: int | None, invocation_id: str | None) -> Run:
        """The run that begins now.

        Where attempts are counted, the n-th run of an agent has the same id in each of them, in any process.
        """
        counted = self._attempt if attempt is None else _counted(attempt)
        invocation_id = id_text(invocation_id)
        if invocation_id is None:
            token = _NOT_WORD.sub("_", agent_name.lower()).strip("_")[:_TOKEN_LENGTH] or "agent"
            invocation_id = self._made_up(token) if counted is None else self._numbered(token, counted)
        return Run(invocation_id, counted)

    @staticmethod
    def _made_up(token: str) -> str:
        return f"{token}-{os.urandom(6).hex()}"

    def _numbered(self, token: str, attempt: int) -> str:
        number = next(self._numbers.setdefault(f"{token}/{attempt}", count(1)))
        name = f"{self._root}-{token}" if number == 1 else f"{self._root}-{token}-{number}"
        return name if len(name) <= ID_LENGTH else _digest(name)


def _counted(attempt: Any) -> int | None:
    """The attempt, from 1 on; what is none (a count from 0, a text) is as if nobody counted."""
    if isinstance(attempt, int) and ATTEMPT_MIN <= attempt <= WHOLE_NUMBER_MAX:
        return int(attempt)
    if attempt is not None:
        import logging  # noqa: PLC0415 - loading it costs as much as the rest of this library

        logging.getLogger(__name__).warning("attempt=<%.20s> | no number from 1 on: not counted", attempt)
    return None


def _digest(name: str) -> str:
    import hashlib  # noqa: PLC0415 - loading it costs as much as the rest of this library

    return hashlib.sha256(name.encode()).hexdigest()
