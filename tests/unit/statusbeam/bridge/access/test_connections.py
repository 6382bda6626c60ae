"""Open streams: their count, their limits, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from statusbeam.bridge.access.connections import Connections, EndReason, StreamEndedError
from statusbeam.bridge.access.ended_logins import MemoryEndedLogins, UserKey
from statusbeam.bridge.access.origins import Origins
from statusbeam.bridge.access.viewer import Viewer
from statusbeam.bridge.problems import Problem

ANA = Viewer(user_id="ana", tenant_id="city", signed_in_at=100)
BEN = Viewer(user_id="ben", tenant_id="city", signed_in_at=100)


async def streaming(connections: Connections, viewer: Viewer = ANA, dialect: str = "sse") -> EndReason:
    """A stream that waits for ever; why it was ended."""
    try:
        async with connections.open(viewer, dialect):
            await asyncio.Event().wait()
    except StreamEndedError as ended:
        return ended.reason
    raise AssertionError


async def test_streams_are_counted_by_dialect_and_none_is_left() -> None:
    connections = Connections(MemoryEndedLogins())
    async with connections.open(ANA, "sse"), connections.open(BEN, "ws5"), connections.open(BEN, "ws5"):
        assert (len(connections), connections.by_dialect()) == (3, {"sse": 1, "ws5": 2})
    assert len(connections) == 0


async def test_a_stream_that_fails_or_is_cancelled_is_no_longer_counted() -> None:
    connections = Connections(MemoryEndedLogins())
    with pytest.raises(ValueError, match="of its own"):
        async with connections.open(ANA, "sse"):
            raise ValueError("of its own")
    task = asyncio.create_task(streaming(connections))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(connections) == 0


async def test_the_time_out_of_what_a_stream_does_is_its_own() -> None:
    connections = Connections(MemoryEndedLogins())
    with pytest.raises(TimeoutError):
        async with connections.open(ANA, "sse"), asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_a_user_and_a_process_have_limits() -> None:
    connections = Connections(MemoryEndedLogins(), in_all=3, per_user=2)
    async with connections.open(ANA, "sse"), connections.open(ANA, "sse"):
        with pytest.raises(Problem) as refused:
            async with connections.open(ANA, "sse"):
                raise AssertionError
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "5")
        async with connections.open(BEN, "sse"):
            with pytest.raises(Problem, match="no room"):
                async with connections.open(BEN, "sse"):
                    raise AssertionError
    async with connections.open(ANA, "sse"):
        assert len(connections) == 1


async def test_streams_of_an_ended_login_end_and_all_others_stay() -> None:
    ended = MemoryEndedLogins()
    connections = Connections(ended, check_seconds=0.001)
    newer = Viewer(user_id="ana", tenant_id="city", signed_in_at=300)
    streams = [asyncio.create_task(streaming(connections, viewer)) for viewer in (ANA, ANA, BEN, newer)]
    await asyncio.sleep(0)
    ended.end("city", "ana", at=200)
    assert await asyncio.gather(*streams[:2]) == [EndReason.LOGIN_ENDED] * 2
    assert not streams[2].done()
    assert not streams[3].done()
    connections.end_all()
    assert await asyncio.gather(*streams[2:]) == [EndReason.SHUTTING_DOWN] * 2
    with pytest.raises(Problem, match="shutting down"):
        async with connections.open(ANA, "sse"):
            raise AssertionError


async def test_logins_are_checked_only_while_a_stream_is_open() -> None:
    class Counting(MemoryEndedLogins):
        checks = 0

        async def ended_at(self, users: Sequence[UserKey]) -> Mapping[UserKey, float]:
            self.checks += 1
            return await super().ended_at(users)

    ended = Counting()
    connections = Connections(ended, check_seconds=0.001)
    for _ in range(2):
        async with connections.open(ANA, "sse"):
            before = ended.checks
            while ended.checks == before:
                await asyncio.sleep(0.001)
        after = ended.checks
        await asyncio.sleep(0.01)
        assert ended.checks == after
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("allowed", "origin", "allows"),
    [
        ([], "https://any.example.com", True),
        (["https://a.example.com"], "https://a.example.com", True),
        (["https://a.example.com"], "https://aXexample.com", False),
        (["https://a.example.com"], "https://a.example.com.evil.example", False),
        (["https://a.example.com"], "null", False),
        (["https://a.example.com"], None, True),
        (["http://localhost:*"], "http://localhost:5173", True),
        (["http://localhost:*"], "http://localhost", True),
        (["http://localhost:*"], "http://localhost:5173.evil.example", False),
        (["http://localhost:*"], "https://localhost:5173", False),
    ],
)
def test_allowed_pages_may_use_the_bridge(allowed: list[str], origin: str | None, allows: bool) -> None:
    assert Origins(allowed).allows(origin) is allows
