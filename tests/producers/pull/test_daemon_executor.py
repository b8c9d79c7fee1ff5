"""Look-ups that hang are not waited for."""

import asyncio
import threading
import time

import pytest

from streamson.producers.pull.daemon_executor import DaemonExecutor


def run(function, *args, timeout_s=10.0):
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        async with asyncio.timeout(timeout_s):
            return await loop.run_in_executor(None, function, *args)

    return asyncio.run(main())


def test_results_and_errors_come_through():
    assert run(int, "7") == 7
    with pytest.raises(ValueError, match="invalid literal"):
        run(int, "x")


def test_what_hangs_holds_up_no_end():
    over = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        run(over.wait, 20, timeout_s=0.05)
    assert time.monotonic() - began < 2
    over.set()
    for thread in threading.enumerate():
        if thread.name == "streamson-lookup":
            assert thread.daemon
            thread.join()
