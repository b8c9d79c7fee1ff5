"""Readings of one stream of the Lab Streaming Layer: batches of numbers, or markers."""

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

from streamson._printable import printable
from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.pace import POLL_S
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading
from streamson.producers.base.sample import parse_number
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.unusable import Unusable
from streamson.producers.devices.lsl_channels import (
    batches_of,
    channel_names,
    choose_channels,
    group_channels,
    labels_of,
)
from streamson.producers.devices.lsl_inlet import LslInlet
from streamson.producers.devices.lsl_wanted import Wanted

MAX_MARKER_STREAMS: Final = 1_000
"""Streams at a time that are named by markers; markers of any further one are left out."""

GATHER_S: Final = 0.01
"""So long samples are gathered: one message for each of a thousand a second would be too many."""

MAX_SHOWN: Final = 16

_log = logging.getLogger(__name__)


class Readings:
    """Makes readings of samples. Several threads may use it, each for a stream.

    Parameters
    ----------
    queue
        Where they go.
    wanted
        Of which channels, and what streams are called.
    closing
        Is set when all ends.

    Attributes
    ----------
    unusable
        Counts what is left out.
    """

    def __init__(self, queue: PushQueue, wanted: Wanted, closing: threading.Event) -> None:
        self.unusable = Unusable("sample")
        self._queue = queue
        self._wanted = wanted
        self._closing = closing
        self._marker_streams = StreamLimit(MAX_MARKER_STREAMS)
        self._lock = threading.Lock()

    def reader_of(self, inlet: LslInlet) -> Callable[[], None]:
        """Return what waits a moment for samples of a stream, and pushes them."""
        return self._text_reader(inlet) if inlet.is_text else self._number_reader(inlet)

    def _number_reader(self, inlet: LslInlet) -> Callable[[], None]:
        info = inlet.info
        names = channel_names(labels_of(info), inlet.channel_count)
        groups = group_channels(self._wanted.stream(info), self._chosen(info, names))

        def read() -> None:
            chunk = inlet.samples(POLL_S)
            if chunk is not None:
                for batch in batches_of(groups, *chunk):
                    self._queue.push(BatchReading(batch))
                self._closing.wait(GATHER_S)

        return read

    def _text_reader(self, inlet: LslInlet) -> Callable[[], None]:
        info = inlet.info
        labels = labels_of(info)
        is_alone = inlet.channel_count == 1 and not any(labels)
        names = ["value"] if is_alone else channel_names(labels, inlet.channel_count)
        columns = dict(islice(self._chosen(info, names).items(), MAX_FIELDS))

        def read() -> None:
            try:
                samples = inlet.texts(POLL_S)
            except UnicodeDecodeError:
                self.unusable.add("that is not UTF-8")
                return
            for sample in samples if columns else ():
                texts = {name: sample.values[number] for name, number in columns.items()}
                self._push_texts(info, texts, sample.time)

        return read

    def _chosen(self, info: Any, names: Sequence[str]) -> dict[str, int]:
        chosen = choose_channels(names, self._wanted.channels)
        if not chosen:
            shown = printable(", ".join(names[:MAX_SHOWN]))
            more = " ..." if len(names) > MAX_SHOWN else ""
            name = printable(info.name())
            _log.warning("%s has no channel of --channels; it has %s%s", name, shown, more)
        return chosen

    def _push_texts(self, info: Any, texts: dict[str, str], when: float) -> None:
        """Push a sample of text: its numbers, or that it came."""
        numbers = {name: parse_number(text) for name, text in texts.items()}
        fields = {name: number for name, number in numbers.items() if number is not None}
        words = [text for name, text in texts.items() if text.strip() and numbers[name] is None]
        stream = self._wanted.stream(info, " ".join(words))
        with self._lock:
            if not self._marker_streams.admits(stream):
                self.unusable.add(self._marker_streams.reason, stream)
                return
        self._queue.push(Reading(stream, fields or {"event": 1.0}, time=when))
