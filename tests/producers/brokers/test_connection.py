"""Staying connected: what is tried again, what is told at once, and how it ends."""

import asyncio
from collections.abc import Callable

import pytest

from streamson.errors import UsageError
from streamson.producers.base.push_queue import MAX_READINGS, PushQueue
from streamson.producers.base.reading import Reading
from streamson.producers.brokers.backpressure import HIGH_FILL, room_in
from streamson.producers.brokers.connection import first_end, stay_connected

Connected = Callable[[], None]


def test_a_session_whose_library_swallows_a_cancellation_is_cancelled_again():
    async def stubborn(connected: Connected) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.ensure_future(stay_connected("x", stubborn, (OSError,)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_a_refusal_ends_it_only_before_the_first_connection():
    async def refused(connected: Connected) -> None:
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        asyncio.run(stay_connected("x", refused, (OSError,)))

    sessions = 0

    async def refused_later(connected: Connected) -> None:
        nonlocal sessions
        sessions += 1
        if sessions == 2:
            raise UsageError("no")
        connected()
        if sessions == 3:
            raise KeyError
        raise OSError

    with pytest.raises(KeyError):
        asyncio.run(stay_connected("x", refused_later, (OSError,)))


def test_the_first_part_that_fails_ends_the_others():
    ended = []

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("long")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise UsageError("gone")

    with pytest.raises(UsageError, match="gone"):
        asyncio.run(first_end([long(), failing()]))
    assert ended == ["long"]


def test_room_is_waited_for():
    queue = PushQueue()
    for number in range(int(HIGH_FILL * MAX_READINGS) + 1):
        queue.push(Reading("s", {"v": number}))

    async def main() -> None:
        waiting = asyncio.ensure_future(room_in(queue))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        next(iter(queue))
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())
