"""A server of asyncio that ends: who has just come in is not forgotten."""

import asyncio
import gc
import socket
import warnings

import pytest

from streamson._asyncio_server import stop_accepting


class Noted(asyncio.Protocol):
    def __init__(self, known):
        self._known = known

    def connection_made(self, transport):
        self._known.append(transport)


async def come_in_and_end(turns):
    """End a server so many turns after somebody came; return how many it knew, of how many."""
    known = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Noted(known), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    with socket.create_connection(address):
        for _ in range(turns):
            await asyncio.sleep(0)
        await stop_accepting(server)
        for transport in known:
            transport.abort()
        await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
        pass
    return len(known)


@pytest.mark.parametrize("turns", range(6))
def test_who_came_in_is_known_or_has_not_come(turns):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        known = asyncio.run(come_in_and_end(turns))
        gc.collect()
    assert known <= 1
    assert not warned


def test_a_server_that_is_closed_is_closed_again():
    async def twice():
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        await stop_accepting(server)
        await stop_accepting(server)

    asyncio.run(twice())
