"""Every stream of the Lab Streaming Layer that is wanted: found, read, lost, and found again."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Final, NamedTuple

from streamson._printable import counted, printable
from streamson.errors import UsageError
from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.backoff import LONGEST_S, Backoff
from streamson.producers.base.pace import POLL_S
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading
from streamson.producers.base.sample import MAX_LABEL_CHARS, parse_number
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.devices.lsl_channels import (
    MAX_CHANNELS,
    batches_of,
    channel_names,
    choose_channels,
    group_channels,
    labels_of,
)
from streamson.producers.devices.lsl_inlet import LslInlet

MAX_INLETS: Final = 64
"""Streams that are read at a time."""

MAX_SOURCES: Final = 1_000
"""Streams that were ever read, and may come back."""

MAX_MARKER_STREAMS: Final = 1_000
"""Streams that are named by markers; markers of any further one are left out."""

LOOK_S: Final = 0.25
GATHER_S: Final = 0.01
"""So long samples are gathered: one message for each of a thousand a second would be too many."""

CLOSE_S: Final = 0.7
HINT_AFTER_S: Final = 3.0
MAX_SHOWN: Final = 16

_log = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """Which streams are wanted, and what of them.

    Attributes
    ----------
    names
        Shell patterns; all if there are none.
    kind
        The type, such as EEG; any if None.
    predicate
        What liblsl is asked for, in XPath; anything if None.
    channels
        Shell patterns and numbers; all if there are none.
    template
        The streams' names.
    """

    names: Sequence[str]
    kind: str | None
    predicate: str | None
    channels: Sequence[str]
    template: StreamTemplate

    def is_wanted(self, info: Any) -> bool:
        """Return whether a stream that was announced is wanted."""
        if self.kind is not None and info.type() != self.kind:
            return False
        return not self.names or any(fnmatchcase(info.name(), name) for name in self.names)


class _Source:
    """An instrument that may restart: then it is announced anew, and for a while also as it was.

    Parameters
    ----------
    name
        Its stream's, from the network.
    """

    def __init__(self, name: str) -> None:
        self._backoff = Backoff(printable(name))
        self._heard: set[str] = set()
        self._lock = threading.Lock()

    def connected(self, uid: str) -> bool:
        """Take in that it is there, as what it was announced as; return whether it is back."""
        with self._lock:
            was_gone = self._backoff.is_waiting
            self._heard.add(uid)
            self._backoff.connected()
            return was_gone

    def failed(self, uid: str, reason: str) -> float:
        """Take in that it is not, as what it was announced as; return the seconds to wait."""
        with self._lock:
            self._heard.discard(uid)
            return LONGEST_S if self._heard else self._backoff.failed(reason)


class LslTap(PushQueue):
    """Readings of all wanted streams.

    One thread looks for streams, and each stream has a thread that reads it.

    Parameters
    ----------
    pylsl
        The library.
    wanted
        Which.

    Raises
    ------
    UsageError
        If the predicate is none.
    """

    def __init__(self, pylsl: Any, wanted: Wanted) -> None:
        super().__init__()
        self._pylsl = pylsl
        self._wanted = wanted
        self._resolver = _resolver(pylsl, wanted.predicate)
        self._closing = threading.Event()
        self._unusable = Unusable("sample")
        self._readers: dict[str, threading.Thread] = {}
        self._sources: dict[tuple[str, ...], _Source] = {}
        self._due: dict[str, float] = {}
        self._refused: set[tuple[str, str]] = set()
        self._marker_streams: set[str] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="streamson-lsl", daemon=True)

    def __iter__(self) -> Iterator[Reading | BatchReading]:
        self._thread.start()
        return super().__iter__()

    def close(self) -> None:
        """End all threads, and tell what was left out."""
        self._closing.set()
        self.end()
        deadline = time.monotonic() + CLOSE_S
        for thread in (self._thread, *list(self._readers.values())):
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._unusable.tell()

    def _run(self) -> None:
        try:
            began = time.monotonic()
            has_hinted = False
            while not self._closing.wait(LOOK_S):
                for info in self._resolver.results():
                    self._look_at(info)
                if not (has_hinted or self._sources) and time.monotonic() - began > HINT_AFTER_S:
                    has_hinted = True
                    _log.info("no such stream on this network so far; looking on")
        except Exception as error:  # whatever it is, the thread that publishes tells it
            self.end(error)

    def _look_at(self, info: Any) -> None:
        """Begin to read a stream if it is wanted, not read yet, and due."""
        uid = info.uid()
        reader = self._readers.get(uid)
        if reader is not None:
            if reader.is_alive():
                return
            del self._readers[uid]
        if time.monotonic() < self._due.get(uid, 0.0) or not self._wanted.is_wanted(info):
            return
        if reason := self._why_not(info):
            if (uid, reason) not in self._refused and len(self._refused) < MAX_SOURCES:
                self._refused.add((uid, reason))
                _log.warning("%s left out: %s", printable(info.name()), reason)
            return
        source = self._sources.setdefault(_identity(info), _Source(info.name()))
        thread = threading.Thread(
            target=self._read, args=(info, uid, source), name="streamson-inlet", daemon=True
        )
        self._readers[uid] = thread
        thread.start()

    def _why_not(self, info: Any) -> str:
        if not 1 <= info.channel_count() <= MAX_CHANNELS:
            return f"it has {info.channel_count()} channels, 1 to {MAX_CHANNELS} are allowed"
        self._readers = {uid: one for uid, one in self._readers.items() if one.is_alive()}
        if len(self._readers) >= MAX_INLETS:
            return f"{MAX_INLETS} streams are read already; say which with NAME, --type or --where"
        if _identity(info) not in self._sources and len(self._sources) >= MAX_SOURCES:
            return f"there were {MAX_SOURCES} others"
        return ""

    def _read(self, info: Any, uid: str, source: _Source) -> None:
        """Read a stream until it is lost, or this is closed."""
        try:
            inlet = LslInlet(self._pylsl, info)
            is_back = source.connected(uid)
            read = self._text_reader(inlet) if inlet.is_text else self._number_reader(inlet)
            if not is_back:
                _log.info("hearing %s", _described(inlet.info))
            while not self._closing.is_set():
                read()
        except Exception as error:  # lost, no answer in time, or nonsense: no other stream's matter
            if not self._closing.is_set():
                wait_s = source.failed(uid, str(error).rstrip(".") or type(error).__name__)
                if len(self._due) >= MAX_SOURCES:  # most are of streams that never come back
                    self._due.clear()
                self._due[uid] = time.monotonic() + wait_s

    def _number_reader(self, inlet: LslInlet) -> Callable[[], None]:
        """Return what reads the next samples of a stream of numbers."""
        info = inlet.info
        names = channel_names(labels_of(info), inlet.channel_count)
        groups = group_channels(self._stream(info), self._chosen(info, names))

        def read() -> None:
            chunk = inlet.samples(POLL_S)
            if chunk is not None:
                for batch in batches_of(groups, *chunk):
                    self.push(BatchReading(batch))
                self._closing.wait(GATHER_S)

        return read

    def _text_reader(self, inlet: LslInlet) -> Callable[[], None]:
        """Return what reads the next sample of a stream of markers: each is an event."""
        info = inlet.info
        count = inlet.channel_count
        labels = labels_of(info)
        names = ["value"] if count == 1 and not any(labels) else channel_names(labels, count)
        columns = dict(islice(self._chosen(info, names).items(), MAX_FIELDS))

        def read() -> None:
            try:
                samples = inlet.texts(POLL_S)
            except UnicodeDecodeError:
                self._unusable.add("that is not UTF-8")
                return
            for sample in samples:
                texts = {name: sample.values[number] for name, number in columns.items()}
                self._push_text(info, texts, sample.time)

        return read

    def _chosen(self, info: Any, names: Sequence[str]) -> dict[str, int]:
        chosen = choose_channels(names, self._wanted.channels)
        if not chosen:
            shown = printable(", ".join(names[:MAX_SHOWN]))
            more = " ..." if len(names) > MAX_SHOWN else ""
            name = printable(info.name())
            _log.warning("%s has no channel of --channels; it has %s%s", name, shown, more)
        return chosen

    def _push_text(self, info: Any, texts: dict[str, str], when: float) -> None:
        numbers = {name: parse_number(text) for name, text in texts.items()}
        fields = {name: number for name, number in numbers.items() if number is not None}
        words = [text for name, text in texts.items() if text.strip() and numbers[name] is None]
        stream = self._stream(info, " ".join(words))
        with self._lock:
            if len(self._marker_streams) < MAX_MARKER_STREAMS:
                self._marker_streams.add(stream)
            if stream not in self._marker_streams:
                self._unusable.add(f"of more than {MAX_MARKER_STREAMS} streams", stream)
                return
        if texts:  # else none of its channels is wanted
            self.push(Reading(stream, fields or {"event": 1.0}, time=when))

    def _stream(self, info: Any, marker: str = "") -> str:
        labels = {
            "name": info.name(),
            "type": info.type(),
            "host": info.hostname(),
            "source": info.source_id(),
            "marker": marker,
        }
        return self._wanted.template.fill(
            {label: text[:MAX_LABEL_CHARS] for label, text in labels.items()}
        )


def _resolver(pylsl: Any, predicate: str | None) -> Any:
    try:
        return pylsl.ContinuousResolver(pred=predicate)
    except RuntimeError:
        if predicate is None:
            raise
        raise UsageError(
            f"--where: found {predicate!r}; a predicate of XPath is allowed, such as "
            "\"type='EEG' and starts-with(hostname,'lab')\""
        ) from None


def _identity(info: Any) -> tuple[str, ...]:
    return info.name(), info.type(), info.hostname(), info.source_id()


def _described(info: Any) -> str:
    rate = info.nominal_srate()
    name = f"{info.name()} ({info.type()})" if info.type() else info.name()
    pace = f"at {rate:g} Hz" if rate else "without a fixed rate"
    return f"{printable(name)}: {counted(info.channel_count(), 'channel')} {pace}"
