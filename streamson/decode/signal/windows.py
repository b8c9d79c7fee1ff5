"""A sound in windows that overlap, so that of any length only so much is held."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW_S: Final = 20.0
"""Seconds whose notes are found at a time: 15 MB of spectra, of which several are held."""

SILENCE_S: Final = 0.25
"""Silence is heard before the beginning and after the end."""


class Window(NamedTuple):
    """A stretch of a sound.

    Attributes
    ----------
    sound
        Float32, shape (frames, channels).
    sample_rate
        Its frames a second.
    first_s
        When its first frame is; below 0 in the silence before the beginning.
    begin_s, end_s
        From when up to when the notes begin that are to be found in it.
    """

    sound: NDArray[np.float32]
    sample_rate: int
    first_s: float
    begin_s: float
    end_s: float


def windows(
    blocks: Iterable[NDArray[np.float32]], sample_rate: int, *, margin_s: float
) -> Iterator[Window]:
    """Yield the windows of a sound, of which each hears a margin before and after itself.

    Parameters
    ----------
    blocks
        The sound, of shape (frames, channels), or (frames,) of one channel.
    sample_rate
        Its frames a second.
    margin_s
        Seconds.
    """
    core, margin = round(WINDOW_S * sample_rate), round(margin_s * sample_rate)
    silence = round(SILENCE_S * sample_rate)
    waiting: list[NDArray[np.float32]] = []
    count, first, begin = 0, -silence, 0

    def window(sound: NDArray[np.float32], end: float) -> Window:
        return Window(sound, sample_rate, first / sample_rate, begin / sample_rate, end)

    for block in _blocks(blocks, silence):
        waiting.append(block)
        count += len(block)
        while first + count >= begin + core + margin:
            held = np.concatenate(waiting)
            heard = begin + core + margin - first
            yield window(held[:heard], (begin + core) / sample_rate)
            begin += core
            left = max(begin - margin, first)
            waiting = [held[left - first :]]
            count, first = len(waiting[0]), left
    if count and first + count > begin:
        yield window(np.concatenate(waiting), np.inf)


def _blocks(blocks: Iterable[NDArray[np.float32]], silence: int) -> Iterator[NDArray[np.float32]]:
    """Yield the blocks as float32 of shape (frames, channels), with silence before and after."""
    channels = 0
    for block in blocks:
        if not len(block):
            continue
        shaped = np.asarray(block, np.float32).reshape(len(block), -1)
        if not channels:
            channels = shaped.shape[1]
            yield np.zeros((silence, channels), np.float32)
        yield shaped
    if channels:
        yield np.zeros((silence, channels), np.float32)
