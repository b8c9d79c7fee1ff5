"""The finished files of a recording, of which only so much is kept."""

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamson.recording.sidecar import Log

LOG_SHARE: Final = 0.25
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
    sound, log
        Bytes of the two.
    """

    audio: Path
    others: list[Path] = field(default_factory=list)
    sound: int = 0
    log: int = 0

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return self.sound + self.log

    def delete(self) -> None:
        """Delete its files."""
        for path in (self.audio, *self.others):
            path.unlink(missing_ok=True)


class Kept:
    """Finished segments, the oldest first.

    Parameters
    ----------
    most
        Bytes that all files of the recording may take; None is no limit.
    log
        What is written beside the sound.
    """

    def __init__(self, most: int | None, log: Log) -> None:
        self.most = most
        self._log = log
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
                self.add(Segment(other, sound=other.stat().st_size))
                last = max(last, int(match[1]))
        return last

    def drop_missing(self) -> None:
        """Take in that others deleted files."""
        there = [segment for segment in self._segments if segment.audio.exists()]
        self._segments = deque(there)
        self.size = sum(segment.size for segment in there)

    def largest_log(self, sound: int) -> int:
        """Return what points and notes may need beside so many bytes of sound."""
        largest = max((segment.log for segment in self._segments), default=0)
        return min(largest, round(LOG_SHARE * sound))

    def make_room(self, size: int) -> bool:
        """Let so many bytes fit beside what is kept; return whether they do.

        Points that take more than their share go first, then whole segments, the oldest first.
        """
        while self.most is not None and self.size + size > self.most:
            if not self._segments:
                return False
            if not self._trim():
                oldest = self._segments.popleft()
                oldest.delete()
                self.size -= oldest.size
                self._log.forget(oldest.audio)
        return True

    def _trim(self) -> bool:
        for segment in self._segments:
            if segment.log > LOG_SHARE * segment.sound:
                left = self._log.trim(segment.audio)
                if left < segment.log:
                    self.size -= segment.log - left
                    segment.log = left
                    return True
        return False
