"""The end of a server of asyncio."""

import asyncio
from contextlib import suppress
from typing import Final

TURNS: Final = 3
"""Of the loop, from `accept` until a connection's protocol knows it: a task, `connection_made`, and
what follows them."""


async def stop_accepting(server: asyncio.Server) -> None:
    """Let nobody in any more, and lose nobody who has just come in.

    `asyncio.Server.close` alone forgets a connection that was accepted in the same turn of the
    loop: nobody closes its socket (CPython issue 109564). After this, who is connected is known to
    the protocols, which can close them.

    Parameters
    ----------
    server
        What is closed.
    """
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows, whose loop accepts otherwise
        for listening in server.sockets:
            loop.remove_reader(listening)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    server.close()
