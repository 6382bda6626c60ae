"""The limit on the time of one message: the interrupted work, and the state after it."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from lambdas.status_publisher.time_limit import OutOfTimeError, time_limit

SHORT = 0.05


def spin() -> None:
    while True:
        # As a careless handler on the way would.
        with suppress(Exception):
            sum(range(100))


def match_for_ever() -> None:
    re.fullmatch("(a|a)*b", "a" * 64)


def wait_for_a_socket() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.recv(1)


@pytest.mark.parametrize("hanging", [spin, match_for_ever, wait_for_a_socket])
def test_any_hanging_code_is_interrupted(hanging: Callable[[], None]) -> None:
    with pytest.raises(OutOfTimeError), time_limit(SHORT):
        hanging()


def test_an_interruption_that_a_finalizer_swallows_is_repeated() -> None:
    swallowed: list[BaseException] = []

    def hangs() -> None:
        try:
            spin()
        except OutOfTimeError as error:
            swallowed.append(error)
        spin()

    with pytest.raises(OutOfTimeError), time_limit(SHORT):
        hangs()
    assert len(swallowed) == 1


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_an_expired_limit_interrupts_at_once(seconds: float) -> None:
    with pytest.raises(OutOfTimeError), time_limit(seconds):
        spin()


def test_a_block_that_ends_in_time_leaves_no_timer_and_the_old_handler() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(60):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_an_error_in_time_is_raised_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), time_limit(60):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_thread_has_no_limit() -> None:
    ran: list[bool] = []

    def work() -> None:
        with time_limit(0):
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
