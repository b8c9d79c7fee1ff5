"""A listener that is watched and steered by its feed, as tests need it."""

import contextlib
import itertools
from pathlib import Path
from typing import Any

import numpy as np

from streamson import Listener, Publisher
from streamson.model.command import Answer, Command
from streamson.model.feed import EVENT, MESSAGE_TYPES, STATE, AudioBlock
from streamson.wire.control.client import CommandClient
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


class Watched:
    """A feed with all that it told, and the commands beside it."""

    def __init__(self, feed: str, topics=tuple(MESSAGE_TYPES)) -> None:
        self.told: dict[str, list[Any]] = {topic: [] for topic in MESSAGE_TYPES}
        self.reader = FeedReader(feed, topics)
        self.client = CommandClient(control_endpoint(feed))

    def read(self) -> None:
        for topic, message in self.reader.receive(0.02):
            self.told[topic].append(message)

    def until(self, condition, what: str, timeout_s: float = 20.0) -> None:
        """Read until a condition holds."""

        def read():
            self.read()
            return condition()

        until(read, what, timeout_s)

    def until_told(self, topic: str, fits=lambda message: True) -> Any:
        """Read until something is told; return it."""
        self.until(lambda: any(map(fits, self.told[topic])), f"{topic} as it should be")
        return next(message for message in self.told[topic] if fits(message))

    def event(self, kind: type, fits=lambda event: True) -> Any:
        """Read until an event is told, and return it."""
        told = self.until_told(EVENT, lambda m: isinstance(m.event, kind) and fits(m.event))
        return told.event

    def state(self, fits) -> Any:
        """Read until the state is as it should be, and return it."""
        return self.until_told(STATE, fits)

    def call(self, command: Command) -> Answer:
        """Carry out a command that can be."""
        answer = self.client.call(command, timeout_s=10)
        assert answer.ok, answer.text
        return answer

    def refused(self, command: Command) -> str:
        """Return why a command is not carried out."""
        answer = self.client.call(command, timeout_s=10)
        assert not answer.ok
        assert answer.result is None
        return answer.text

    def close(self) -> None:
        self.reader.close()
        self.client.close()


@contextlib.contextmanager
def watched(**options):
    """Yield a listener in this process, somebody who publishes, and somebody who watches."""
    options = {"output": "none", "feed": ANY_PORT, **options}
    with (
        Listener(ANY_PORT, **options) as listener,
        Publisher(listener.endpoint) as publisher,
        contextlib.closing(Watched(listener.feed_endpoint)) as watcher,
    ):
        assert publisher.wait_for_listener(20)
        watcher.until_told("hello")
        yield listener, publisher, watcher


def samples_of(block: AudioBlock) -> np.ndarray:
    """Return a block's samples, shape (frames, 2)."""
    return np.frombuffer(block.samples, "<f4").reshape(-1, 2)


def sound_of(blocks: list[AudioBlock]) -> tuple[int, np.ndarray]:
    """Return the first frame of blocks that follow one another, and their samples."""
    for before, after in itertools.pairwise(blocks):
        assert after.frame == before.frame + len(samples_of(before)), "sound is missing"
    return blocks[0].frame, np.concatenate([samples_of(block) for block in blocks])


def wav_files(folder: Path) -> list[Path]:
    """Return the recordings in a folder."""
    return sorted(folder.glob("streamson-*.wav"))
