"""Frames received in a process of its own, which may die: how Linux listens.

ZeroMQ aborts its process where it sees no way on: up to 4.3.5 a peer can bring that about with
heartbeats among more messages than are read, and a reset (zeromq/libzmq issue 4841). So the socket
lives in a forked process that hands frames on through a pipe, and is replaced when it dies;
publishers connect again by themselves.

Frames cross in packets. The listener asks for each as it begins to see to the one before, and says
how many frames it can see to in `PACKET_S`. So little is ahead of what comes next, and since ZeroMQ
takes from its peers in turn, nobody waits for another's flood.
"""

import logging
import os
import resource
import select
import struct
import time
from collections import deque
from contextlib import suppress
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import msgspec

from streamson._child_process import Child
from streamson._rate_limited_log import INTERVAL_S, RateLimitedLog
from streamson.errors import ChildError, StreamsonError
from streamson.keys.folder import KeyFolder
from streamson.wire.sockets.frame_socket import (
    MAX_TAKEN_BYTES,
    MAX_TAKEN_FRAMES,
    FrameCounts,
    FrameSocket,
)

APART_S: Final = 0.003
"""A packet follows another after so long at least: each costs as much as some ten points do, and a
note that begins so much later is not heard to be late."""

PACKET_S: Final = 0.003
"""The frames of a packet are so many as can be seen to in this time, as the last ones were."""

LEAST_FRAMES: Final = 16
"""Fewer would take longer to hand on than to see to."""

IDLE_S: Final = 0.2
"""The longest time until the listener learns what else the process has to tell."""

ANSWER_TIMEOUT_S: Final = 10.0
"""A process that has not bound its socket by then never will."""

END_TIMEOUT_S: Final = 2.0

AGAIN_AFTER_S: Final = 1.0
"""Time between two tries to replace a process whose endpoint can't be bound any more."""

MAX_MEMORY_BYTES: Final = 1 << 30
"""What the process may take beyond what it begins with: the guard holds it to a tenth of that."""

MAX_LINES: Final = 100
"""Lines of the log that wait to be told, and of a minute: of more, one of each kind is told."""

_REQUEST: Final = struct.Struct("=H")
"""How many frames the next packet may have."""

_END: Final = b""

_log = logging.getLogger(__name__)


class Packet(msgspec.Struct, array_like=True):
    """What the process hands on at a time.

    Attributes
    ----------
    frames
        What came, in the order in which it came.
    counts
        What was kept back since the process began.
    lines
        What it logged: each as the message before and after its arguments were filled in.
    """

    frames: list[bytes]
    counts: FrameCounts
    lines: list[tuple[str, str]]


class Reception:
    """A bound SUB socket in a process of its own.

    Parameters
    ----------
    endpoint
        Where to bind; ``tcp://127.0.0.1:*`` takes a free port.
    keys
        Who may publish what, where keys are asked for.

    Attributes
    ----------
    endpoint
        Where it is bound, with the real port.
    restarts
        How often the process died and was replaced.

    Raises
    ------
    UsageError
        If the endpoint is malformed, or this machine has no key and needs one.
    StreamsonError
        If the port is in use, or keys can't be read.
    """

    def __init__(self, endpoint: str, *, keys: KeyFolder | None = None) -> None:
        self.restarts = 0
        self._keys = keys
        self._limited = RateLimitedLog(_log)
        self._decoder = msgspec.msgpack.Decoder(Packet)
        self._before = FrameCounts()  # by processes that died
        self._now = FrameCounts()
        self._frames: list[bytes] = []
        self._child: Child | None = None
        self._poll = select.poll()
        self._due = 0.0
        self._minute_over = 0.0
        self._told = 0
        self._pace = _Pace()
        self.endpoint = endpoint
        self._start()

    @property
    def counts(self) -> FrameCounts:
        """What was kept back so far."""
        return self._before + self._now

    def wait(self, timeout_s: float) -> bool:
        """Return whether frames have come; wait at most `timeout_s`."""
        self._pace.end()
        end = time.monotonic() + timeout_s
        while not self._frames:
            left_s = max(end - time.monotonic(), 0.0)
            if self._child is None:
                time.sleep(min(left_s, IDLE_S))
                self._start_again()
            elif self._has_sent(left_s):
                self._read(self._child)
            else:
                break
            if not left_s:
                break
        return bool(self._frames)

    def take(self) -> list[bytes]:
        """Return frames that have come; empty where there are none."""
        if not self._frames:
            self._pace.end()
            if self._child is not None and self._has_sent(0.0):
                self._read(self._child)
        frames, self._frames = self._frames, []
        return frames

    def close(self) -> None:
        """End the process; publishers stop sending. Say what it has left to say."""
        if (child := self._child) is None:
            return
        self._child = None
        with suppress(EOFError, OSError, msgspec.DecodeError):
            child.pipe.send_bytes(_END)
            while child.pipe.poll(END_TIMEOUT_S):
                self._take_in(child.pipe.recv_bytes())
        child.end(END_TIMEOUT_S)
        self._limited.flush()

    def _start(self) -> None:
        child = Child(lambda pipe: _receive(pipe, self.endpoint, self._keys))
        try:
            self.endpoint = child.receive(ANSWER_TIMEOUT_S)
        except ChildError as error:
            child.end(0)
            raise ChildError(f"can't listen on {self.endpoint}: {error}") from None
        except BaseException:
            child.end(0)
            raise
        self._child = child
        self._poll = select.poll()
        self._poll.register(child.pipe, select.POLLIN)
        self._ask(child)

    def _has_sent(self, timeout_s: float) -> bool:
        """Return whether the process has sent anything, or is gone, after waiting for it.

        `Connection.poll` would do, but sets all up anew each time, twenty times a second at rest.
        """
        return bool(self._poll.poll(ceil(timeout_s * 1_000)))

    def _ask(self, child: Child) -> None:
        with suppress(OSError):  # it has died, which is seen when its packet is read
            child.pipe.send_bytes(_REQUEST.pack(self._pace.frames))

    def _read(self, child: Child) -> None:
        """Take in a packet, or the end of the process."""
        try:
            packed = child.pipe.recv_bytes()
            self._ask(child)
            self._take_in(packed)
            self._pace.begin(len(self._frames))
        except (EOFError, OSError, msgspec.DecodeError):
            child.kill(END_TIMEOUT_S)
            self._child = None
            self._before, self._now = self.counts, FrameCounts()
            self.restarts += 1
            self._limited.warning(
                "died",
                "the process that receives died and was replaced (%d so far): "
                "a peer may bring that about; points may be lost",
                self.restarts,
            )
            self._start_again()

    def _start_again(self) -> None:
        if time.monotonic() < self._due:
            return
        try:
            self._start()
        except StreamsonError as error:
            self._due = time.monotonic() + AGAIN_AFTER_S
            self._limited.warning("start", "nothing is received: %s", error)

    def _take_in(self, packed: bytes) -> None:
        packet = self._decoder.decode(packed)
        self._frames.extend(packet.frames)
        self._now = packet.counts
        for message, line in packet.lines:
            self._tell(message, line)

    def _tell(self, message: str, line: str) -> None:
        """Log what the process has told: it sees to it that these are few, as long as it lives."""
        now = time.monotonic()
        if now >= self._minute_over:
            self._minute_over, self._told = now + INTERVAL_S, 0
        self._told += 1
        if self._told <= MAX_LINES:
            _log.warning("%s", line)
        else:
            self._limited.warning(message, "%s", line)


class _Pace:
    """How many frames the listener sees to in `PACKET_S`, as it was with the last packets.

    A packet tells as much of that as it was full: the end of a burst, of three frames, says little
    of what a hundred take. No more than twice as many as a full one had are asked for: what the
    next ones cost nobody knows.
    """

    def __init__(self) -> None:
        self.frames = LEAST_FRAMES
        self._frame_s = PACKET_S / LEAST_FRAMES
        self._count = 0
        self._began = 0.0

    def begin(self, count: int) -> None:
        """Take in that so many frames are seen to from now on."""
        self._count, self._began = count, time.monotonic()

    def end(self) -> None:
        """Take in that they have been seen to."""
        if not self._count:
            return
        took_s = max(time.monotonic() - self._began, 1e-6)
        full = min(self._count / self.frames, 1.0)
        self._frame_s += full * (took_s / self._count - self._frame_s)
        most = 2 * self.frames if full == 1 else self.frames
        fitting = min(round(PACKET_S / self._frame_s), most, MAX_TAKEN_FRAMES)
        self.frames = max(fitting, LEAST_FRAMES)
        self._count = 0


class _Lines(logging.Handler):
    """Keeps what is logged, for the process that can tell it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._waiting: deque[tuple[str, str]] = deque(maxlen=MAX_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._waiting.append((record.msg, record.getMessage()))

    def taken(self) -> list[tuple[str, str]]:
        lines = []
        while self._waiting:
            lines.append(self._waiting.popleft())
        return lines


def _receive(pipe: Connection, endpoint: str, keys: KeyFolder | None) -> None:
    """Hand on what comes, in the process of its own, until the listener wants it to end."""
    parent = os.getppid()
    _limit_memory()
    lines = _Lines()
    logger = logging.getLogger("streamson.wire")
    logger.handlers, logger.propagate = [lines], False
    encoder = msgspec.msgpack.Encoder()
    told = FrameCounts()
    sent_at = 0.0

    def send(found: list[bytes]) -> bool:
        """Send a packet, if there is anything to tell; return whether there was."""
        nonlocal told
        said = lines.taken()
        if not (found or said or frames.counts != told):
            return False
        told = msgspec.structs.replace(frames.counts)
        pipe.send_bytes(encoder.encode(Packet(found, told, said)))
        return True

    frames = FrameSocket(endpoint, watch_memory=True, keys=keys)
    pipe.send(frames.endpoint)
    asked = 0
    while os.getppid() == parent:
        if pipe.poll(0 if asked else IDLE_S):
            if (request := pipe.recv_bytes()) == _END:
                break
            (asked,) = _REQUEST.unpack(request)
        if not asked:
            frames.wait(0.0)  # who connects while the listener is busy is welcomed all the same
            continue
        found = []
        if frames.wait(IDLE_S, pipe.fileno()):
            found = _gather(frames, asked, sent_at + APART_S)
        if send(found):
            asked = 0
        if found:
            sent_at = time.monotonic()
    frames.close()
    send([])


def _gather(frames: FrameSocket, most: int, until: float) -> list[bytes]:
    """Return frames that have come, and others that come until then; fewer where they are large."""
    found = frames.take(most)
    size = sum(map(len, found))
    while found and len(found) < most and size < MAX_TAKEN_BYTES:
        left_s = until - time.monotonic()
        if left_s <= 0 or not frames.wait(left_s):
            break
        more = frames.take(most - len(found))
        found += more
        size += sum(map(len, more))
    return found


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MAX_MEMORY_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
