"""`statusbeam replay`: replays a job's log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Any

from typer import Option

from ..options import JobId, Strict, UserOptions
from ..parser import command
from ..plain_text import print_line
from .updates import read_log

LONGEST_PAUSE = 5.0
"""The most seconds between two statuses."""


def replay(
    job: JobId,
    options: UserOptions,
    *,
    at: Annotated[
        int,
        Option(
            "--at",
            min=1,
            metavar="SEQ",
            help="begin with this status; the command shows earlier ones at once",
        ),
    ] = 1,
    speed: Annotated[
        float,
        Option(
            "--speed",
            min=0.01,
            metavar="FACTOR",
            help="factor by which the replay is faster than the job was",
        ),
    ] = 1.0,
    strict: Strict = False,
) -> int:
    """Replay the log of a job at its original speed.

    On a terminal the command replays the live view, in a pipe each status is a line. A pause takes at most 5
    seconds.
    """
    log = read_log(options.deployment(), job, strict=strict)
    play(job, log.updates, at=at, speed=speed)
    return 0


def pauses(moments: Sequence[float], *, at: int, speed: float) -> list[float]:
    """The pause before each status, from the times (seconds) of all. Those before `at` come at once."""
    waits = [0.0]
    for earlier, later in pairwise(moments):
        waits.append(min(LONGEST_PAUSE, max(0.0, later - earlier) / speed))
    return [0.0 if number < at else seconds for number, seconds in enumerate(waits, start=1)]


def play(
    job: str,
    updates: Sequence[Any],
    *,
    at: int,
    speed: float,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show the statuses one after the other."""
    from statusbeam.model.validation import moment_of  # noqa: PLC0415 - --help does without

    from ..status_line import columns_of, document_of  # noqa: PLC0415 - as above

    waits = pauses(
        [moment_of(update.timestamp).timestamp() for update in updates],
        at=at - (updates[0].sequence - 1 if updates else 0),
        speed=speed,
    )
    if sys.stdout.isatty():
        _play_live(job, updates, waits, sleep)
        return
    for update, seconds in zip(updates, waits, strict=True):
        sleep(seconds)
        print_line(*columns_of(document_of(update)))


def _play_live(
    job: str, updates: Sequence[Any], waits: Sequence[float], sleep: Callable[[float], None]
) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe does without
    from rich.live import Live  # noqa: PLC0415 - as above

    from statusbeam.log.snapshot.fold import fold  # noqa: PLC0415 - as above
    from statusbeam.model.validation import moment_of  # noqa: PLC0415 - as above

    from ..live_view import draw_job  # noqa: PLC0415 - as above
    from ..status_line import document_of  # noqa: PLC0415 - as above

    console = Console()
    documents = [document_of(update) for update in updates]
    with Live(console=console, auto_refresh=False) as live:
        for number, seconds in enumerate(waits, start=1):
            sleep(seconds)
            snapshot = fold(updates[:number])
            now = moment_of(updates[number - 1].timestamp).timestamp()
            view = draw_job(job, snapshot, documents[:number], height=console.height - 2, now=now)
            live.update(view, refresh=True)


COMMAND = command(replay, examples=("statusbeam replay job-1", "statusbeam replay job-1 --at 20 --speed 10"))
