"""A broadcast's life: from the first look at a listener's feed until somebody ends it."""

import logging
from collections.abc import Callable
from typing import Final

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import MessageError
from streamson.live.icecast.address import IcecastAddress
from streamson.live.icecast.broadcast import Broadcast
from streamson.model.feed import AUDIO, HELLO, NOTE
from streamson.wire.feed.reader import FeedReader

HELLO_S: Final = 5.0
"""How long a listener is waited for."""

TURN_S: Final = 0.5
"""The longest time until it is looked whether the broadcast goes on."""

_log = logging.getLogger(__name__)


def run_broadcast(
    feed: str, address: IcecastAddress, password: str, *, on_end: Callable[[], None]
) -> None:
    """Send a listener's sound to an Icecast server until an exception ends it, which all do.

    Parameters
    ----------
    feed
        The listener's.
    address, password
        As of `Broadcast`.
    on_end
        Is called when it begins to end.

    Raises
    ------
    StreamsonError
        If nobody tells a feed there, or its sound can't be encoded.
    """
    limited = RateLimitedLog(_log)
    with FeedReader(feed, ()) as reader:
        hello = reader.wait_for_hello(HELLO_S)
        reader.subscribe(AUDIO)
        reader.subscribe(NOTE)
        broadcast = Broadcast(address, password, hello)
        try:
            with broadcast:
                try:
                    _read(reader, broadcast, limited)
                finally:
                    on_end()
        finally:
            _log.info("%s", _summary(broadcast))
            limited.flush()


def _read(reader: FeedReader, broadcast: Broadcast, limited: RateLimitedLog) -> None:
    """Hand on what a listener tells until the broadcast has ended."""
    while broadcast.error is None:
        try:
            _take_turn(reader, broadcast)
        except MessageError as error:
            limited.warning("feed", "%s", error)
    raise broadcast.error


def _take_turn(reader: FeedReader, broadcast: Broadcast) -> None:
    for topic, message in reader.receive(TURN_S):
        if topic == AUDIO:
            broadcast.put(message)
        elif topic == HELLO:
            broadcast.hello = message
        elif topic == NOTE:
            broadcast.playing = message.note.stream or broadcast.playing


def _summary(broadcast: Broadcast) -> str:
    if not broadcast.connections:
        return "sent nothing: no server took the sound"
    slow = f", left out {broadcast.left_out_s:.1f} s of sound" if broadcast.left_out_s else ""
    return (
        f"sent {broadcast.bytes_sent} bytes in {counted(broadcast.connections, 'connection')}{slow}"
    )
