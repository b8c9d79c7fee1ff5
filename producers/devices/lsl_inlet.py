"""One stream of the Lab Streaming Layer: what it is, its samples, and their times."""

import time
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

OPEN_S: Final = 3.0
"""How long a stream that was announced may take to answer."""

BUFFER_S: Final = 30
"""Of samples that wait in liblsl; or so many hundreds of them, where there is no rate."""

MAX_SAMPLES: Final = 1_024
MAX_VALUES: Final = 65_536
"""Of one chunk."""

CORRECTION_S: Final = 2.0
"""How long to ask how far two clocks are apart, at first; it takes 0.64 s."""

CORRECTION_AGAIN_S: Final = 1.0
CORRECTION_INTERVAL_S: Final = 10.0

TEXT: Final = 3
FORMATS: Final = {1: "float32", 2: "float64", 4: "int32", 5: "int16", 6: "int8", 7: "int64"}
"""liblsl's formats of channels (lsl/common.h: lsl_channel_format_t), and numpy's."""


class TextSample(NamedTuple):
    """A sample of a stream whose channels are text.

    Attributes
    ----------
    values
        Of each channel.
    time
        Seconds since 1970.
    """

    values: list[str]
    time: float


class LslInlet:
    """Receives a stream.

    Parameters
    ----------
    pylsl
        The library.
    info
        The stream, as it was announced.

    Raises
    ------
    RuntimeError
        If it does not answer; from then on by all methods where it is lost.

    Attributes
    ----------
    info
        The whole description.
    channel_count
        How many values a sample has.
    is_text
        Whether its channels are text.
    """

    def __init__(self, pylsl: Any, info: Any) -> None:
        self._pylsl = pylsl
        # Not recovered by liblsl, which would not say that it is lost.
        self._inlet = pylsl.StreamInlet(info, max_buflen=BUFFER_S, recover=False)
        self.info = self._inlet.info(OPEN_S)
        self._inlet.open_stream(OPEN_S)
        # By the announcement, as pylsl does; what the stream itself says may be another matter.
        self.is_text = info.channel_format() == TEXT
        self._correction_s: float | None = None
        self._correction_due = 0.0
        self._correct(CORRECTION_S)
        channels = self.channel_count = info.channel_count()
        self._rows = max(1, min(MAX_SAMPLES, MAX_VALUES // channels))
        if not self.is_text:
            kind = FORMATS.get(info.channel_format())
            if kind is None:
                raise RuntimeError("its channels are of no kind that is known")
            self._buffer = np.empty((self._rows, channels), kind)

    def samples(self, timeout_s: float) -> tuple[NDArray[Any], NDArray[np.float64]] | None:
        """Return what came, of shape (samples, channels), and its times; None if nothing did."""
        _, stamps = self._inlet.pull_chunk(timeout_s, 1, dest_obj=self._buffer[:1])
        if not stamps:
            return None
        if self._rows > 1:
            _, more = self._inlet.pull_chunk(0.0, self._rows - 1, dest_obj=self._buffer[1:])
            stamps = [*stamps, *more]
        return self._buffer[: len(stamps)], self._times(np.asarray(stamps, np.float64))

    def texts(self, timeout_s: float) -> list[TextSample]:
        """Return what came to a stream of text.

        Raises
        ------
        UnicodeDecodeError
            If it is not UTF-8.
        """
        sample, stamp = self._inlet.pull_sample(timeout_s)
        if sample is None:
            return []
        (seconds,) = self._times(np.array([stamp], np.float64))
        return [TextSample(sample, float(seconds))]

    def _times(self, stamps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return seconds since 1970 of times by the clock of whoever sent it."""
        if self._correction_s is not None or time.monotonic() >= self._correction_due:
            self._correct(CORRECTION_AGAIN_S)
        now = time.time()
        if self._correction_s is None:  # what comes is new; how long it was on its way is not known
            return stamps + (now - stamps[-1])
        return stamps + (self._correction_s + now - self._pylsl.local_clock())

    def _correct(self, timeout_s: float) -> None:
        """Ask how far the clocks are apart; once that is known this takes no time."""
        try:
            self._correction_s = self._inlet.time_correction(timeout_s)
        except self._pylsl.util.TimeoutError:  # a firewall lets no datagrams through
            self._correction_due = time.monotonic() + CORRECTION_INTERVAL_S
