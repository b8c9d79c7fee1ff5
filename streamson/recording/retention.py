"""The finished files of a recording, of which only so much is kept."""

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamson.recording.sidecar import Sidecar

SIDECAR_SHARE: Final = 0.25
"""Where room is short, points and notes may take such a share of what the sound they belong to
takes: the sound is the last thing to go, and yet an ordinary session keeps its points."""


@dataclass
class Segment:
    """The files of one stretch of time.

    Attributes
    ----------
    audio
        The sound.
    others
        What belongs to it.
    sound_bytes, sidecar_bytes
        Of the two.
    """

    audio: Path
    others: list[Path] = field(default_factory=list)
    sound_bytes: int = 0
    sidecar_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return self.sound_bytes + self.sidecar_bytes

    def delete(self) -> None:
        """Delete its files."""
        for path in (self.audio, *self.others):
            path.unlink(missing_ok=True)


class Retention:
    """Finished segments, the oldest first.

    Parameters
    ----------
    max_total_bytes
        Bytes that all files of the recording may take; None is no limit.
    sidecar
        What is written beside the sound.

    Attributes
    ----------
    size
        Bytes of all that is kept.
    """

    def __init__(self, max_total_bytes: int | None, sidecar: Sidecar) -> None:
        self.max_total_bytes = max_total_bytes
        self._sidecar = sidecar
        self._segments: deque[Segment] = deque()
        self.size = 0

    def add(self, segment: Segment) -> None:
        """Take in a segment that is finished."""
        self._segments.append(segment)
        self.size += segment.size

    def adopt(self, path: Path) -> int:
        """Take in the numbered sound files of the run before; return the last one's number."""
        pattern = re.compile(rf"{re.escape(path.stem)}-(\d{{4,}})")
        last = 0
        for other in sorted(path.parent.glob(f"*{path.suffix}")):
            match = pattern.fullmatch(other.stem)
            if match:
                self.add(Segment(other, sound_bytes=other.stat().st_size))
                last = max(last, int(match[1]))
        return last

    def drop_missing(self) -> None:
        """Take in that others deleted files."""
        there = [segment for segment in self._segments if segment.audio.exists()]
        self._segments = deque(there)
        self.size = sum(segment.size for segment in there)

    def largest_sidecar(self, sound: int) -> int:
        """Return what points and notes may need beside so many bytes of sound."""
        largest = max((segment.sidecar_bytes for segment in self._segments), default=0)
        return min(largest, round(SIDECAR_SHARE * sound))

    def free(self, size: int) -> bool:
        """Free what it takes for so many more bytes; return whether they fit.

        Points that take more than their share go first, then whole segments, the oldest first.
        """
        while self.max_total_bytes is not None and self.size + size > self.max_total_bytes:
            if not self._segments:
                return False
            if not self._trim():
                oldest = self._segments.popleft()
                oldest.delete()
                self.size -= oldest.size
                self._sidecar.forget(oldest.audio)
        return True

    def _trim(self) -> bool:
        for segment in self._segments:
            if segment.sidecar_bytes > SIDECAR_SHARE * segment.sound_bytes:
                left = self._sidecar.trim(segment.audio)
                if left < segment.sidecar_bytes:
                    self.size -= segment.sidecar_bytes - left
                    segment.sidecar_bytes = left
                    return True
        return False
