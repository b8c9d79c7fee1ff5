"""The page's life: from the first look at a listener to the last browser."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from streamson.live.web.access import Access
from streamson.live.web.hub import Hub
from streamson.live.web.server import PageServer
from streamson.live.web.steering import Steering
from streamson.wire.control.client import CommandClient
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint

HELLO_S: Final = 5.0
"""How long a listener is waited for."""


def run_page(
    endpoint: str,
    access: Access,
    *,
    on_ready: Callable[[list[str]], None],
    on_end: Callable[[], None],
) -> None:
    """Serve the page of a listener until somebody ends it.

    Parameters
    ----------
    endpoint
        Of the listener's feed.
    access
        Where the page is, and for whom.
    on_ready
        Is called with lines for a person, once it can be opened.
    on_end
        Is called when it begins to end.

    Raises
    ------
    StreamsonError
        If nobody is there, or the address is taken.
    """
    reader = FeedReader(endpoint, ())
    try:
        hello = reader.wait_for_hello(HELLO_S)
    except BaseException:
        reader.close()
        raise
    hub, loop, stopping = Hub(reader, hello), asyncio.new_event_loop(), asyncio.Event()

    def serve() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_serve(hub, access, endpoint, on_ready, stopping))

    # In a thread of its own: what a signal raises in this one would be raised amid asyncio, which
    # loses what it was about to do, and waits for that for ever.
    with ThreadPoolExecutor(1, thread_name_prefix="page") as thread:
        serving = thread.submit(serve)
        try:
            serving.result()
        finally:
            on_end()
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stopping.set)


async def _serve(
    hub: Hub,
    access: Access,
    endpoint: str,
    on_ready: Callable[[list[str]], None],
    stopping: asyncio.Event,
) -> None:
    client = CommandClient(control_endpoint(endpoint))
    refusal = client.refusal()  # so that nobody is told that a page steers which can't
    steering = Steering(client)
    server = PageServer(access, hub, steering)
    port = await server.start()
    on_ready(server.links(port, refusal))
    await stopping.wait()
    await server.stop()
    steering.close()
