"""Who reads a feed, steers, and comes anew while others attack: how long each waits at most."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Self

from streamson import Publisher
from streamson.errors import StreamsonError
from streamson.model.command import Mute
from streamson.model.feed import AUDIO, STATISTICS, STREAMS, AudioBlock
from streamson.wire.control.client import CommandClient
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint

ASK_S = 0.25
COME_S = 1.0
PATIENCE_S = 10.0


class Honest:
    """Uses a listener until the block is left.

    Parameters
    ----------
    feed
        Where its feed is.
    doors
        Where producers come anew.

    Attributes
    ----------
    feed_s
        The longest time between two messages of the feed.
    answer_s
        The longest time that a command had no answer.
    newcomer_s
        The longest time until a new reader was told how things stand, or a new producer was let in.
    frames_missed
        Frames of sound that the reader was not told.
    """

    def __init__(self, feed: str, *doors: str) -> None:
        self.feed_s = self.answer_s = self.newcomer_s = 0.0
        self.frames_missed = 0
        self._feed = feed
        self._doors = doors
        self._stopping = threading.Event()
        self._reading = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._read, self._steer, self._come)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        if not self._reading.wait(2 * PATIENCE_S):
            raise SystemExit("the feed is not read")
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        frame = None
        with FeedReader(self._feed, (AUDIO, STREAMS, STATISTICS)) as reader:
            reader.wait_for_hello(PATIENCE_S)
            told_at = time.monotonic()
            self._reading.set()
            while not self._stopping.is_set():
                for _, message in reader.receive(0.05):
                    self.feed_s = max(self.feed_s, time.monotonic() - told_at)
                    told_at = time.monotonic()
                    if isinstance(message, AudioBlock):
                        if frame is not None:
                            self.frames_missed += message.frame - frame
                        frame = message.frame + len(message.samples) // 8
            self.feed_s = max(self.feed_s, time.monotonic() - told_at)

    def _steer(self) -> None:
        with CommandClient(control_endpoint(self._feed)) as client:
            while not self._stopping.wait(ASK_S):
                waited_s = _time(lambda: client.call(Mute(muted=False), PATIENCE_S).ok)
                self.answer_s = max(self.answer_s, waited_s)

    def _come(self) -> None:
        while not self._stopping.wait(COME_S):
            self.newcomer_s = max(self.newcomer_s, _time(self._is_told), *map(_let_in, self._doors))

    def _is_told(self) -> bool:
        with FeedReader(self._feed, ()) as reader:
            return bool(reader.wait_for_hello(PATIENCE_S))


def _let_in(door: str) -> float:
    def comes() -> bool:
        with Publisher(door, wait_s=0) as publisher:
            return publisher.wait_for_listener(PATIENCE_S)

    return _time(comes)


def _time(done: Callable[[], bool]) -> float:
    """Return how long something takes; infinity where it is not done."""
    began = time.monotonic()
    with contextlib.suppress(StreamsonError):
        if done():
            return time.monotonic() - began
    return float("inf")
