"""A JACK server with a dummy sound card, for the benchmarks that need a device."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

RATE = 44_100
BLOCK_FRAMES = 256


@contextmanager
def jack_server() -> Iterator[None]:
    """Run a server that PortAudio takes for the card; needs jackd (Debian: jackd2)."""
    name = f"bench{os.getpid()}"
    os.environ.update(JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1")
    card = ("-d", "dummy", "-r", str(RATE), "-p", str(BLOCK_FRAMES))
    server = subprocess.Popen(
        ["jackd", "-n", name, "-r", *card], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 20
        while "not running" in _ask(name):
            if time.monotonic() > deadline or server.poll() is not None:
                raise SystemExit("jackd did not start")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def _ask(name: str) -> str:
    asked = subprocess.run(
        ["jack_wait", "-s", name, "-c"], capture_output=True, text=True, check=False
    )
    return asked.stdout
