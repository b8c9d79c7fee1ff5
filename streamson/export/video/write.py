"""A video in a file: images and sound, in step, written piece by piece."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamson._optional import import_optional
from streamson.errors import InputFileError, OutputFileError, UsageError
from streamson.export.plot.scene import shortened
from streamson.export.video.painter import FUTURE_S, ORBIT_POINTS, PAST_S, Painter
from streamson.export.video.window import Window, find_ranges, notes_of
from streamson.offline.piece import Piece

MAX_SEEN: Final = 4_000
"""Notes that are seen at a time; of more, only the last."""

LONGEST_NOTE_S: Final = 10.0
"""A bar that began longer ago is not seen any more."""

AAC_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
AAC_BITS: Final = 192_000
MIN_SIDE, MAX_SIDE, MAX_RATIO = 128, 4_096, 4


class VideoFormat(NamedTuple):
    """How large and how smooth a video is.

    Attributes
    ----------
    width, height
        In pixels, even numbers.
    fps
        Frames a second.
    title
        By default the piece's.
    """

    width: int = 1280
    height: int = 720
    fps: int = 30
    title: str | None = None

    def check(self) -> None:
        """Raise `UsageError` if there is no such video."""
        for side in (self.width, self.height):
            if side % 2 or not MIN_SIDE <= side <= MAX_SIDE:
                raise UsageError(
                    f"a video of {self.width}x{self.height} pixels; even numbers from {MIN_SIDE} "
                    f"to {MAX_SIDE} are allowed"
                )
        if max(self.width, self.height) > MAX_RATIO * min(self.width, self.height):
            raise UsageError(
                f"a video of {self.width}x{self.height} pixels; one side may be {MAX_RATIO} times "
                "as long as the other at most"
            )
        if not 1 <= self.fps <= 120:
            raise UsageError(f"a video of {self.fps} frames a second; 1 to 120 are allowed")


def write_video(
    piece: Piece,
    path: Path,
    video: VideoFormat = VideoFormat(),  # noqa: B008  # it can't be changed
    progress: Callable[[float], None] = lambda _: None,
) -> str:
    """Write a piece to an ``.mp4`` video; return what is in it.

    Parameters
    ----------
    piece
        The piece.
    path
        The file.
    video
        Size and frames a second.
    progress
        Is told which share is done.

    Raises
    ------
    MissingDependencyError
        If PyAV or Pillow is not installed.
    UsageError
        If there is no such video.
    InputFileError
        If there are no notes.
    OutputFileError
        If it can't be written.
    """
    video.check()
    if piece.sample_rate not in AAC_RATES:
        rates = ", ".join(map(str, AAC_RATES))
        raise UsageError(f"a video has no sound of {piece.sample_rate} Hz; it has {rates} Hz")
    av = import_optional("av", "video", "a video")
    import_optional("PIL", "video", "a video")
    from PIL import Image, ImageDraw, ImageFont

    pillow = SimpleNamespace(Image=Image, ImageDraw=ImageDraw, ImageFont=ImageFont)
    ranges = find_ranges(piece)
    if not ranges.streams:
        raise InputFileError(f"{piece.title}: there are no notes to show")
    told = piece.legend()
    painter = Painter(
        pillow,
        (video.width, video.height),
        ranges,
        title=shortened(video.title or piece.title),
        legend=[(stream, shortened(stream) + line.removeprefix(stream)) for stream, line in told],
        sample_rate=piece.sample_rate,
    )
    try:
        with av.open(str(path.absolute()), "w", format="mp4") as container:
            mux = _Mux(av, container, video, piece.sample_rate)
            images = _images(piece, painter, video.fps)
            for block in piece.sound():
                mux.add_sound(block, images)
                progress(mux.seconds / max(piece.length_s, 1.0))
            mux.finish(images)
    except (OSError, av.FFmpegError) as error:
        raise OutputFileError(f"can't write {path}: {error.strerror or error}") from None
    return f"{mux.seconds:.1f} s, {video.width}x{video.height} at {video.fps} frames a second"


def _images(piece: Piece, painter: Painter, fps: int) -> Iterator[NDArray[np.uint8]]:
    """Yield image after image without end; each is that of the middle of its time."""
    rate = piece.sample_rate
    notes = Window(notes_of(piece), lambda note: note.onset_frame / rate, MAX_SEEN)
    orbit = Window(
        (
            (moment.frame / rate, value)
            for moment in piece.moments()
            if (value := moment.complex_value) is not None
        ),
        lambda item: item[0],
        ORBIT_POINTS,
    )
    for number in count():
        now_s = (number + 0.5) / fps
        notes.move(now_s - PAST_S - LONGEST_NOTE_S, now_s + FUTURE_S)
        orbit.move(float("-inf"), now_s)
        yield painter.image(now_s, list(notes.held), [value for _, value in orbit.held])


class _Mux:
    """Encodes sound, and as many images as belong to it."""

    def __init__(self, av: Any, container: Any, video: VideoFormat, sample_rate: int) -> None:
        self._av = av
        self._container = container
        self._fps = video.fps
        self._rate = sample_rate
        self._video = container.add_stream("libx264", rate=video.fps)
        self._video.width, self._video.height = video.width, video.height
        self._video.pix_fmt = "yuv420p"
        self._video.options = {"preset": "veryfast", "crf": "20", "tune": "animation"}
        self._video.codec_context.thread_count = 0  # as many as there are processors
        self._video.codec_context.thread_type = "FRAME"
        self._audio = container.add_stream("aac", rate=sample_rate, layout="stereo")
        self._audio.bit_rate = AAC_BITS
        self._fifo = av.AudioFifo()
        self._frames = 0
        self._shown = 0

    @property
    def seconds(self) -> float:
        """Length of the sound so far."""
        return self._frames / self._rate

    def add_sound(self, block: NDArray[np.float32], images: Iterator[NDArray[np.uint8]]) -> None:
        """Encode samples of shape (frames, 2), and the images whose time is over with them."""
        # Pieces of one image's length, so that sound and images lie side by side in the file.
        step = max(self._rate // self._fps, 1)
        for start in range(0, len(block), step):
            piece = block[start : start + step]
            frame = self._av.AudioFrame.from_ndarray(
                np.ascontiguousarray(piece.T), format="fltp", layout="stereo"
            )
            frame.sample_rate = self._rate
            # So the encoder knows when what it adds before the sound is, and players leave it out.
            frame.pts, frame.time_base = self._frames, Fraction(1, self._rate)
            self._fifo.write(frame)
            self._frames += len(piece)
            self._encode_sound(last=False)
            while (self._shown + 1) * self._rate <= self._frames * self._fps:
                self._show(next(images))

    def finish(self, images: Iterator[NDArray[np.uint8]]) -> None:
        """Encode what is left."""
        if self._shown * self._rate < self._frames * self._fps:
            self._show(next(images))
        self._encode_sound(last=True)
        for stream in (self._video, self._audio):
            self._container.mux(stream.encode(None))

    def _encode_sound(self, *, last: bool) -> None:
        size = self._audio.codec_context.frame_size or 1_024
        while (frame := self._fifo.read(size, partial=last)) is not None:
            self._container.mux(self._audio.encode(frame))

    def _show(self, image: NDArray[np.uint8]) -> None:
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts = self._shown
        frame.time_base = Fraction(1, self._fps)
        self._shown += 1
        self._container.mux(self._video.encode(frame))
