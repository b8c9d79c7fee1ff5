"""What was handed to the callback, until it reports that it began."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import PLAYED_RING, REFUSED

MAX_VOLUMES: Final = 64
"""Changes of the volume whose report is awaited: of more the last one waits for its turn."""

MAX_AWAITED: Final = PLAYED_RING - MAX_VOLUMES
"""Notes whose report is awaited: as many as the ring of reports has room for beside changes of
the volume. So no report is ever left out, and what was played is known."""

LATENCIES_KEPT: Final = 1_000
"""Latency figures are those of so many last notes."""


class StartedNote(NamedTuple):
    """A note that began.

    Attributes
    ----------
    note
        With its real onset.
    handed_ns
        When its first sample was handed to the device, by `synth.clock.now_ns`.
    session
        Number of the session that it was played by.
    """

    note: Note
    handed_ns: int
    session: int


class StartedVolume(NamedTuple):
    """A change of the volume that began at a frame."""

    frame: int
    volume_db: float


class _Awaited(NamedTuple):
    note: Note
    received_ns: int | None
    session: int


class NoteDispatcher:
    """Hands notes and changes of volume to an engine, and reads what it reports of them.

    Parameters
    ----------
    engine
        The engine.

    Attributes
    ----------
    dropped
        Notes for which there was no room.
    """

    def __init__(self, engine: Engine) -> None:
        self.dropped = 0
        self._engine = engine
        self._awaited: dict[int, _Awaited] = {}
        self._latencies_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._volume_lock = threading.Lock()
        self._volume_due: tuple[float, int] | None = None
        self._volumes: dict[int, float] = {}
        self._void_before = self._forgotten_before = 0

    @property
    def is_awaiting(self) -> bool:
        """Whether anything was handed over that has not begun yet."""
        return bool(self._awaited or self._volumes or self._volume_due)

    def dispatch(self, note: Note, received_ns: int | None, session: int) -> None:
        """Hand over a note.

        Parameters
        ----------
        note
            The note.
        received_ns
            When its point was received, where it is to begin as soon as possible.
        session
            Number of the session that it is played by.
        """
        number = self._engine.play(note) if len(self._awaited) < MAX_AWAITED else None
        if number is None:
            self.dropped += 1
            return
        self._awaited[number] = _Awaited(note, received_ns, session)

    def glide_to(self, volume_db: float, frame: int = AS_SOON_AS_POSSIBLE) -> None:
        """Let the volume glide to a level; where there is no room, `started` tries it again.

        Any thread may call it.
        """
        with self._volume_lock:
            has_room = len(self._volumes) < MAX_VOLUMES
            number = self._engine.set_volume(volume_db, frame=frame) if has_room else None
            self._volume_due = (volume_db, frame) if number is None else None
            if number is not None:
                self._volumes[number] = volume_db

    def started(self) -> Iterator[StartedNote | StartedVolume]:
        """Yield what began since the last time; to be called often, by one thread."""
        if self._volume_due is not None:
            self.glide_to(*self._volume_due)
        # What is void since the last time was reported by then, if it was at all.
        void_before, self._void_before = self._void_before, int(self._engine.state["void_before"])
        if not self._engine.played and void_before <= self._forgotten_before:
            return  # as at rest, many times a second
        with self._volume_lock:  # what is reported has its place in _volumes by now
            (reports,) = self._engine.played.read()
        for number, onset_frame, handed_ns in reports.tolist():
            if number in self._volumes:
                yield StartedVolume(onset_frame, self._volumes.pop(number))
            elif number in self._awaited:
                note, received_ns, session = self._awaited.pop(number)
                if onset_frame == REFUSED:  # the engine counts it
                    continue
                if received_ns is not None:
                    self._latencies_ms.append((handed_ns - received_ns) / 1e6)
                note = msgspec.structs.replace(note, onset_frame=onset_frame)
                yield StartedNote(note, handed_ns, session)
        if void_before > self._forgotten_before:
            self._forgotten_before = void_before
            yield from self._forget(void_before)

    def _forget(self, void_before: int) -> Iterator[StartedVolume]:
        """Await no more what a callback that died had taken; its volume is in force since then."""
        for number in [number for number in self._awaited if number < void_before]:
            del self._awaited[number]
        for number in [number for number in self._volumes if number < void_before]:
            yield StartedVolume(self._engine.frame, self._volumes.pop(number))

    def latency_ms(self, share: float) -> float | None:
        """Return the latency that such a share of the last notes had at most; None before any."""
        latencies = sorted(self._latencies_ms)
        return latencies[int(share * len(latencies))] if latencies else None
