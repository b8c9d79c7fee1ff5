"""A broadcast: blocks of sound go to an Icecast server as long as there is one.

The network has a thread of its own. Between it and who reads the feed is a queue of two seconds:
where the server is slow, sound is left out before it is encoded, so that what goes out is whole.
"""

import logging
import queue
import threading
import time
from typing import Final, Self

import soundfile

from streamson._printable import printable
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import StreamsonError
from streamson.live.encoding import FileEncoder
from streamson.live.icecast.address import IcecastAddress
from streamson.live.icecast.retrying import Retrying
from streamson.live.icecast.source import IcecastSource, SourceError
from streamson.live.icecast.timeline import FRAME_BYTES, Timeline
from streamson.model.feed import AudioBlock, Hello

MAX_WAITING: Final = 100
"""Blocks that wait for a slow server: 2 s, 700 kB."""

IDLE_S: Final = 0.5
"""A listener that told no sound for so long has gone, or hangs: silence goes out from then on."""

TELL_S: Final = 5.0
"""The shortest time between two words about what plays."""

MAX_SONG_CHARS: Final = 100

_log = logging.getLogger(__name__)


class Broadcast:
    """Sends sound to an Icecast server, and finds it again where it comes back.

    Parameters
    ----------
    address
        Of the mount.
    password
        Of the user in it.
    hello
        The listener's, which tells its sample rate; a new one may be set.

    Attributes
    ----------
    playing
        What sounds, for those who hear it.
    bytes_sent
        Encoded, to the server.
    left_out_s
        Seconds of sound for which the server was too slow.
    connections
        How often it was connected.
    error
        What ended it before its time: sound that can't be encoded, or what nobody foresaw.
    """

    def __init__(self, address: IcecastAddress, password: str, hello: Hello) -> None:
        self.hello = hello
        self.playing = ""
        self.bytes_sent = 0
        self.left_out_s = 0.0
        self.connections = 0
        self.error: Exception | None = None
        self._address = address
        self._password = password
        self._queue: queue.Queue[AudioBlock] = queue.Queue(MAX_WAITING)
        self._is_connected = False
        self._stopping = threading.Event()
        self._limited = RateLimitedLog(_log)
        # A daemon: nobody waits for a name server that does not answer.
        self._thread = threading.Thread(target=self._run, name="broadcast", daemon=True)

    def put(self, block: AudioBlock) -> None:
        """Take in a block of sound; never waits."""
        if not self._is_connected:
            return
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            self.left_out_s += len(block.samples) // FRAME_BYTES / self.hello.sample_rate
            self._limited.warning(
                "slow", "%s is too slow: %.1f s of sound left out so far", *self._slow()
            )

    def _slow(self) -> tuple[IcecastAddress, float]:
        return self._address, self.left_out_s

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(IDLE_S)
        self._limited.flush()

    def _run(self) -> None:
        retrying = Retrying(str(self._address))
        try:
            while not self._stopping.is_set():
                try:
                    with IcecastSource(self._address, self._password) as source:
                        retrying.connected(f"Heard on {self._address.url}")
                        self._serve(source)
                except SourceError as error:
                    self._stopping.wait(retrying.failed(str(error)))
                finally:
                    self._is_connected = False
        except soundfile.LibsndfileError as error:
            self.error = StreamsonError(
                f"no {self._address.form} of {self.hello.sample_rate} Hz: {error.error_string}"
            )
        except Exception as error:  # it is told where it is waited for
            self.error = error

    def _serve(self, source: IcecastSource) -> None:
        """Send what comes until the server goes, the sample rate changes, or it is to end."""
        hello = self.hello
        encoder = FileEncoder(self._address.form, hello)
        timeline = Timeline(hello.sample_rate)
        told = _Told(source, is_wanted=self._address.form == "mp3")
        while not self._queue.empty():  # what waited for the connection before
            self._queue.get_nowait()
        self._send(source, encoder.head)
        self.connections += 1
        self._is_connected = True
        heard_at, is_silent = time.monotonic(), False
        while not self._stopping.is_set() and self.hello.sample_rate == hello.sample_rate:
            try:
                block = timeline.take(self._queue.get(timeout=IDLE_S))
                heard_at = time.monotonic()
            except queue.Empty:
                now = time.monotonic()
                block, heard_at = timeline.silence(now - heard_at), now
                if not is_silent:
                    _log.warning("the listener tells no sound: silence goes out until it does")
                is_silent = True
            else:
                if is_silent:
                    _log.info("the listener is heard again")
                is_silent = False
            for encoded in encoder.encode(block):
                self._send(source, encoded)
            told.tell(self.playing)

    def _send(self, source: IcecastSource, data: bytes) -> None:
        source.send(data)
        self.bytes_sent += len(data)


class _Told:
    """What a server was told of what plays: changes, not too often, and not in vain."""

    def __init__(self, source: IcecastSource, *, is_wanted: bool) -> None:
        self._source = source
        self._is_wanted = is_wanted
        self._last = ""
        self._due = time.monotonic()

    def tell(self, playing: str) -> None:
        """Tell what plays, where that is new and due."""
        if not self._is_wanted or playing == self._last or time.monotonic() < self._due:
            return
        self._last, self._due = playing, time.monotonic() + TELL_S
        try:
            self._source.tell(printable(playing)[:MAX_SONG_CHARS])
        except SourceError as error:  # where the server is gone, the sound says so
            self._is_wanted = False
            _log.debug("what plays can't be told: %s", error)
