"""Letting what is stored wait where it is, until there is room for it here."""

import asyncio
from typing import Final

from streamson.producers.base.push_queue import PushQueue

HIGH_FILL: Final = 0.5
"""Of the queue: from there on a broker that keeps its messages is asked for no more."""

POLL_S: Final = 0.01


async def room_in(queue: PushQueue) -> None:
    """Wait until a queue has room: what comes at once after that does not drop what waits."""
    while queue.fill > HIGH_FILL:
        await asyncio.sleep(POLL_S)
