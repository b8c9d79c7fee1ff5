"""Programs of asyncio fill a queue in their own thread, and end when nobody reads any more."""

import asyncio
import threading
import time

import pytest

from streamson.errors import UsageError
from streamson.producers.base.asyncio_queue import CLOSE_S, AsyncioQueue
from streamson.producers.base.reading import Reading

SOON_S = 2.0
"""An end that waits for something that hangs takes longer."""


def test_what_it_pushes_comes_out_and_then_it_ends():
    async def fill(queue):
        for number in range(3):
            await asyncio.sleep(0)
            queue.push(Reading("s", {"x": number}))

    assert [reading.fields["x"] for reading in AsyncioQueue(fill)] == [0, 1, 2]


@pytest.mark.parametrize("error", [UsageError("no such topic"), RuntimeError("a fault")])
def test_what_it_raises_is_raised_after_what_it_pushed(error):
    async def fill(queue):
        queue.push(Reading("s", {"x": 1}))
        raise error

    readings = iter(AsyncioQueue(fill))
    assert next(readings).fields == {"x": 1}
    with pytest.raises(type(error), match=str(error)):
        next(readings)


def test_it_begins_with_the_first_look_and_is_cancelled_by_close():
    began, ended = threading.Event(), threading.Event()

    async def fill(queue):
        began.set()
        try:
            queue.push(Reading("s", {"x": 1}))
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    queue = AsyncioQueue(fill)
    assert not began.is_set()
    assert next(iter(queue)).fields == {"x": 1}
    queue.close()
    assert ended.is_set()


def test_a_cancellation_that_a_library_swallows_is_said_again():
    tries = []

    async def fill(queue):
        queue.push(Reading("s", {"x": 1}))
        while len(tries) < 2:
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                tries.append(time.monotonic())

    queue = AsyncioQueue(fill)
    next(iter(queue))
    began = time.monotonic()
    queue.close()
    assert len(tries) == 2
    assert time.monotonic() - began < CLOSE_S


def test_results_and_errors_of_what_blocks_come_through():
    async def fill(queue):
        loop = asyncio.get_running_loop()
        queue.push(Reading("s", {"x": await loop.run_in_executor(None, int, "7")}))
        await loop.run_in_executor(None, int, "x")

    readings = iter(AsyncioQueue(fill))
    assert next(readings).fields == {"x": 7}
    with pytest.raises(ValueError, match="invalid literal"):
        next(readings)


def test_what_hangs_holds_up_no_end():
    over = threading.Event()

    async def fill(queue):
        queue.push(Reading("s", {"x": 1}))
        await asyncio.get_running_loop().run_in_executor(None, over.wait, 20)

    queue = AsyncioQueue(fill)
    next(iter(queue))
    began = time.monotonic()
    queue.close()
    assert time.monotonic() - began < SOON_S
    over.set()
    for thread in threading.enumerate():
        if thread.name == "streamson-blocking":
            assert thread.daemon
            thread.join()


def test_closed_before_it_began_it_never_begins():
    began = threading.Event()

    async def fill(queue):
        began.set()

    queue = AsyncioQueue(fill)
    queue.close()
    assert list(queue) == []
    assert not began.is_set()
