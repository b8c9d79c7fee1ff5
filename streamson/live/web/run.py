"""The page's life: from the first look at a listener to the last browser."""

import asyncio
from collections.abc import Callable
from typing import Final

from streamson.live.web.access import Access
from streamson.live.web.hub import Hub
from streamson.live.web.server import PageServer
from streamson.live.web.serving import serve_until_ended
from streamson.live.web.sound import load_pyav
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
    load_pyav()  # before anybody hears, whose sound it would hold up
    reader = FeedReader(endpoint, ())
    try:
        hello = reader.wait_for_hello(HELLO_S)
    except BaseException:
        reader.close()
        raise
    hub = Hub(reader, hello)
    serve_until_ended(
        lambda stopping: _serve(hub, access, endpoint, on_ready, stopping), on_end=on_end
    )


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
