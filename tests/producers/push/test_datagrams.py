"""What is said of datagrams that the kernel dropped."""

import asyncio
import contextlib
import socket

from streamson.producers.push import datagrams


def test_one_that_is_lost_is_one_datagram(monkeypatch, caplog):
    monkeypatch.setattr(datagrams, "LOSS_INTERVAL_S", 0.0)
    monkeypatch.setattr(datagrams, "lost_datagrams", lambda _: 1)

    async def receive(bound: socket.socket) -> None:
        receiving = datagrams.receive_datagrams(bound, lambda *_: None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(receiving, 0.1)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        asyncio.run(receive(bound))
    assert caplog.messages == [
        "1 datagram lost so far: they come faster than they are read",
        "1 datagram lost: they came too fast",
    ]
