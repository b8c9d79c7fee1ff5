"""Readers of a listener's feed, and somebody who publishes, in a process of their own."""

import multiprocessing
import sys
import time
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamson import Listener

STREAMS = 5
POINTS_A_SECOND = 4
TIMEOUT_S = 30.0


def reading(listener: "Listener", readers: int, *, publishes: bool = True) -> BaseProcess:
    """Let so many read all that a listener tells, and streams play there; return the process.

    It ends with this one.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(
        target=_read,
        args=(listener.feed_endpoint, listener.endpoint if publishes else None, readers),
        daemon=True,
    )
    process.start()
    deadline = time.monotonic() + TIMEOUT_S
    while listener.stats().feed_readers < readers:
        if time.monotonic() > deadline:
            sys.exit("the readers of the feed did not come")
        time.sleep(0.01)
    return process


def _read(feed: str, endpoint: str | None, readers: int) -> None:
    import os

    import zmq

    from streamson import Publisher
    from streamson.model.feed import MESSAGE_TYPES

    parent = os.getppid()
    context, poller = zmq.Context.instance(), zmq.Poller()
    for _ in range(readers):
        socket = context.socket(zmq.SUB)
        for topic in MESSAGE_TYPES:
            socket.subscribe(f"{topic}\0")
        socket.connect(feed)
        poller.register(socket)
    publisher = Publisher(endpoint) if endpoint else None
    due, number = time.monotonic(), 0
    while os.getppid() == parent:
        for socket, _ in poller.poll(50):
            socket.recv()
        if publisher is not None and time.monotonic() >= due:
            due += 1 / POINTS_A_SECOND
            number += 1
            for stream in range(STREAMS):
                publisher.send(f"bench/{stream}", value=float(number * (stream + 3) % 20))
