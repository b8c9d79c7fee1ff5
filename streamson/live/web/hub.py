"""The hub: reads a listener's feed in a thread, and hands it to all browsers and players."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from streamson.errors import MessageError
from streamson.live.encoding import MP3, OGG, Encoder, FileEncoder
from streamson.live.mirror import Mirror
from streamson.live.speech.words import (
    LISTENER_BACK,
    LISTENER_GONE,
    Announcement,
    announcement,
)
from streamson.live.web.limits import (
    MAX_PLAYER_BYTES,
    MAX_RECORDINGS,
    MAX_ROWS,
    MAX_SOUND_BYTES,
    MAX_VIEW_BYTES,
)
from streamson.live.web.outbox import Outbox
from streamson.live.web.sound import OpusEncoder, Pcm16Encoder
from streamson.model.event.recordings import RecordingEnded
from streamson.model.feed import (
    AUDIO,
    EVENT,
    HELLO,
    LEVEL,
    NOTE,
    PAST,
    STATE,
    STATISTICS,
    STREAMS,
    EventTold,
    Hello,
    StreamRow,
    Streams,
)
from streamson.wire.feed.reader import FeedReader

TURN_S: Final = 0.05
"""The longest time until somebody who wants to hear is seen to."""

EVENTS_OF_BEFORE: Final = 50
"""Events that a newcomer is told."""

VIEW: Final = "view"
PCM: Final = "pcm16"
OPUS: Final = "opus"

ENCODERS: Final[dict[str, Callable[[Hello], Encoder]]] = {
    PCM: Pcm16Encoder,
    OPUS: OpusEncoder,
    MP3: lambda hello: FileEncoder(MP3, hello),
    OGG: lambda hello: FileEncoder(OGG, hello),
}
"""Forms of the sound."""

MAX_WAITING: Final = {VIEW: MAX_VIEW_BYTES, MP3: MAX_PLAYER_BYTES, OGG: MAX_PLAYER_BYTES}
"""Bytes that wait for one of them; for the rest it is `MAX_SOUND_BYTES`."""

_VIEW_TOPICS: Final = (NOTE, LEVEL)
_ALWAYS: Final = (STATE, STREAMS, EVENT, PAST, STATISTICS)

_log = logging.getLogger(__name__)


class Hub:
    """Hands on what a listener tells.

    Parameters
    ----------
    reader
        Of its feed; from `start` on the hub's alone.
    hello
        Its first message.

    Attributes
    ----------
    mirror
        What is known; changed by the event loop alone.
    dropped
        Browsers and players that were too slow.
    recordings
        Those that were finished since the page began, by their number.
    broken
        Forms of the sound that can't be made here.
    """

    def __init__(self, reader: FeedReader, hello: Hello) -> None:
        self.mirror = Mirror()
        self.mirror.update(HELLO, hello)
        self.dropped = 0
        self.recordings: dict[int, RecordingEnded] = {}
        self.broken: set[str] = set()
        self._reader = reader
        self._hello = hello
        self._outboxes: dict[str, set[Outbox]] = {kind: set() for kind in (VIEW, *ENCODERS)}
        self._heads: dict[str, bytes] = {}
        self._beginnings = dict.fromkeys(ENCODERS, 0)
        self._rows: dict[str, None] = {}
        self._frame = 0
        self._finished = 0
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    @property
    def browsers(self) -> int:
        """Pages that are open."""
        return len(self._outboxes[VIEW])

    @property
    def hearers(self) -> int:
        """Browsers and players that get sound."""
        return sum(len(self._outboxes[kind]) for kind in ENCODERS)

    def start(self) -> None:
        """Begin; to be called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def join(self, kind: str, drop: Callable[[], None], *welcome: bytes) -> Outbox:
        """Return an outbox for somebody who wants to see, or to hear the sound in one form.

        Parameters
        ----------
        kind
            `VIEW`, or the form.
        drop
            Is called where he is too slow.
        welcome
            What he is told before all else.
        """
        outbox = Outbox(MAX_WAITING.get(kind, MAX_SOUND_BYTES), drop)
        if kind == VIEW:
            for message in (*welcome, *self._present()):
                outbox.put(message)
        elif not self._outboxes[kind]:
            self._beginnings[kind] += 1  # an encoder of before is not gone on with
        elif head := self._heads.get(kind):
            outbox.put(head)
        self._outboxes[kind].add(outbox)
        return outbox

    def leave(self, kind: str, outbox: Outbox) -> None:
        """Let go of an outbox."""
        self._outboxes[kind].discard(outbox)
        self.dropped += outbox.is_overflown

    def _present(self) -> list[bytes]:
        """Return what a newcomer is told: how things stand."""
        mirror = self.mirror
        rows = tuple(row for name, row in mirror.rows.items() if name in self._rows)
        told: list[tuple[str, Any]] = [
            (HELLO, mirror.hello),
            *((topic, getattr(mirror, topic)) for topic in (STATE, STATISTICS)),
            (STREAMS, Streams(frame=0, count=len(mirror.rows), rows=rows)),
            *((EVENT, event) for event in list(mirror.events)[-EVENTS_OF_BEFORE:]),
            ("recordings", self._recordings_told()),
            ("connected", mirror.is_there),
        ]
        return [_encode(topic, message) for topic, message in told if message is not None]

    def _recordings_told(self) -> list[dict[str, Any]]:
        return [
            {"number": number, "path": ended.path, "seconds": ended.seconds}
            for number, ended in self.recordings.items()
        ]

    def _tell(self, topic: str, message: Any) -> None:
        """Take in a message, and hand it to all who see; in the event loop."""
        if topic in (STATE, STREAMS):
            if message.frame < self._frame - self._hello.sample_rate:
                self.mirror.rows.clear()  # another listener took the place of the one before
            self._frame = message.frame
        for told in self.mirror.update(topic, message):
            self._tell_event(told)
            if topic == EVENT:  # the past is read, not said
                self._say(announcement(told.event))
        if topic == STREAMS:
            message = self._shown(message)
        if topic not in (EVENT, PAST):
            self._send(VIEW, _encode(topic, message))

    def _tell_connected(self, is_there: bool) -> None:
        self._send(VIEW, _encode("connected", is_there))
        self._say(LISTENER_BACK if is_there else LISTENER_GONE)

    def _say(self, said: Announcement | None) -> None:
        """Let pages say something that are to speak."""
        if said is not None:
            told = {"text": said.text, "urgent": said.is_urgent}
            self._send(VIEW, _encode("said", told))

    def _tell_event(self, told: EventTold) -> None:
        self._send(VIEW, _encode(EVENT, told))
        if isinstance(told.event, RecordingEnded):
            self._finished += 1
            self.recordings[self._finished] = told.event
            if len(self.recordings) > MAX_RECORDINGS:
                del self.recordings[next(iter(self.recordings))]
            self._send(VIEW, _encode("recordings", self._recordings_told()))

    def _shown(self, message: Streams) -> Streams:
        """Return what a page shows of a message: the first streams."""
        gone = tuple(self._rows.keys() - self.mirror.rows.keys())  # told, or not told of for long
        for name in gone:
            del self._rows[name]
        for row in message.rows:
            if len(self._rows) < MAX_ROWS:
                self._rows.setdefault(row.name)
        rows: tuple[StreamRow, ...] = tuple(r for r in message.rows if r.name in self._rows)
        return msgspec.structs.replace(message, rows=rows, gone=gone)

    def _send(self, kind: str, message: bytes) -> None:
        for outbox in self._outboxes[kind]:
            outbox.put(message)

    def _begin(self, kind: str, head: bytes) -> None:
        """Let a form of the sound begin with its head."""
        if head:
            self._heads[kind] = head
            self._send(kind, head)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Let the event loop do something; where it has ended there is nobody left to tell."""
        assert self._loop is not None
        if not self._stopping.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _run(self) -> None:
        reader, encoders = self._reader, dict[str, tuple[int, Encoder]]()
        subscribed: set[str] = set()
        for topic in _ALWAYS:
            reader.subscribe(topic)
        was_there = True
        while not self._stopping.is_set():
            wanted = {AUDIO} if self.hearers else set()
            wanted |= set(_VIEW_TOPICS) if self.browsers else set()
            for topic in wanted - subscribed:
                reader.subscribe(topic)
            for topic in subscribed - wanted:
                reader.unsubscribe(topic)
            subscribed = wanted
            try:
                for topic, message in reader.receive(TURN_S):
                    if topic == AUDIO:
                        self._encode_sound(message, encoders)
                    else:
                        if topic == HELLO:
                            if message.sample_rate != self._hello.sample_rate:
                                encoders.clear()
                            self._hello = message
                        self._call(self._tell, topic, message)
            except MessageError as error:
                _log.warning("%s", error)
            if self.mirror.is_there != was_there:
                was_there = not was_there
                self._call(self._tell_connected, was_there)
        reader.close()

    def _encode_sound(self, message: Any, encoders: dict[str, tuple[int, Encoder]]) -> None:
        for kind in ENCODERS:
            if not self._outboxes[kind]:
                encoders.pop(kind, None)
                continue
            try:
                self._encode_as(kind, message, encoders)
            except Exception as error:  # of an encoder: the others go on
                _log.warning("no sound as %s: %s", kind, error)
                self._call(self._give_up, kind)

    def _encode_as(self, kind: str, message: Any, encoders: dict[str, tuple[int, Encoder]]) -> None:
        number = self._beginnings[kind]
        begun, encoder = encoders.get(kind, (0, None))
        if encoder is None or begun != number:
            encoder = ENCODERS[kind](self._hello)
            encoders[kind] = number, encoder
            self._call(self._begin, kind, encoder.head)
        for encoded in encoder.encode(message):
            self._call(self._send, kind, encoded)

    def _give_up(self, kind: str) -> None:
        """Offer a form of the sound no more."""
        self.broken.add(kind)
        for outbox in self._outboxes[kind]:
            outbox.end()


def _encode(topic: str, message: Any) -> bytes:
    return msgspec.json.encode({"topic": topic, "message": message})
