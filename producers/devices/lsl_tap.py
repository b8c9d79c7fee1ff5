"""All wanted streams of the Lab Streaming Layer: found, read, lost, and found again."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from streamson._printable import counted, printable
from streamson.errors import UsageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import BatchReading, Reading
from streamson.producers.devices.lsl_channels import MAX_CHANNELS
from streamson.producers.devices.lsl_inlet import LslInlet
from streamson.producers.devices.lsl_readings import Readings
from streamson.producers.devices.lsl_source import Source, identity
from streamson.producers.devices.lsl_wanted import Wanted

MAX_INLETS: Final = 64
"""Streams that are read at a time."""

MAX_SOURCES: Final = 1_000
"""Instruments that were ever read, and may come back."""

LOOK_S: Final = 0.25
CLOSE_S: Final = 0.7
HINT_AFTER_S: Final = 3.0
MAX_SHOWN: Final = 8

_log = logging.getLogger(__name__)


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
        self._readings = Readings(self, wanted, self._closing)
        self._readers: dict[str, threading.Thread] = {}
        self._sources: dict[tuple[str, ...], Source] = {}
        self._due: dict[str, float] = {}
        self._refused: set[tuple[str, str]] = set()
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
        self._readings.unusable.tell()

    def _run(self) -> None:
        try:
            began = time.monotonic()
            has_hinted = False
            while not self._closing.wait(LOOK_S):
                infos = self._resolver.results()
                for info in infos:
                    self._look_at(info)
                if not (has_hinted or self._sources) and time.monotonic() - began > HINT_AFTER_S:
                    has_hinted = True
                    self._hint(infos)
        except Exception as error:  # whatever it is, the thread that publishes tells it
            self.end(error)

    def _hint(self, infos: Sequence[Any]) -> None:
        """Say what is waited for, and what there is instead."""
        shown = [_named(info) for info in infos[:MAX_SHOWN]] + ["..."] * (len(infos) > MAX_SHOWN)
        _log.info(
            "no stream%s on this network so far; looking on; there is %s",
            printable(self._wanted.told()),
            printable(", ".join(shown)) or "none at all",
        )

    def _look_at(self, info: Any) -> None:
        """Begin to read a stream if it is wanted, not read yet, and due."""
        uid = info.uid()
        reader = self._readers.get(uid)
        if reader is not None and reader.is_alive():
            return
        if time.monotonic() < self._due.get(uid, 0.0) or not self._wanted.is_wanted(info):
            return
        self._readers = {other: one for other, one in self._readers.items() if one.is_alive()}
        if reason := self._why_not(info):
            if (uid, reason) not in self._refused and len(self._refused) < MAX_SOURCES:
                self._refused.add((uid, reason))
                _log.warning("%s left out: %s", printable(info.name()), reason)
            return
        source = self._sources.setdefault(identity(info), Source(info.name()))
        thread = threading.Thread(
            target=self._read, args=(info, uid, source), name="streamson-inlet", daemon=True
        )
        self._readers[uid] = thread
        thread.start()

    def _why_not(self, info: Any) -> str:
        """Return why a stream can't be read; empty if it can."""
        if not 1 <= info.channel_count() <= MAX_CHANNELS:
            return f"it has {info.channel_count()} channels, 1 to {MAX_CHANNELS} are allowed"
        if len(self._readers) >= MAX_INLETS:
            return f"{MAX_INLETS} streams are read already; say which with NAME, --type or --where"
        if identity(info) not in self._sources and len(self._sources) >= MAX_SOURCES:
            return f"there were {MAX_SOURCES} others"
        return ""

    def _read(self, info: Any, uid: str, source: Source) -> None:
        """Read a stream until it is lost, or this is closed."""
        try:
            inlet = LslInlet(self._pylsl, info)
            if not source.connected(uid):
                _log.info("hearing %s", _described(inlet.info))
            read = self._readings.reader_of(inlet)
            while not self._closing.is_set():
                read()
        except Exception as error:  # lost, no answer in time, or nonsense: no other stream's matter
            if not self._closing.is_set():
                wait_s = source.failed(uid, str(error).rstrip(".") or type(error).__name__)
                if len(self._due) >= MAX_SOURCES:  # most are of streams that never come back
                    self._due.clear()
                self._due[uid] = time.monotonic() + wait_s


def _resolver(pylsl: Any, predicate: str | None) -> Any:
    """Return what goes on looking for streams."""
    try:
        return pylsl.ContinuousResolver(pred=predicate)
    except RuntimeError:
        if predicate is None:
            raise
        raise UsageError(
            f"--where: found {predicate!r}; a predicate of XPath is allowed, such as "
            "\"type='EEG' and starts-with(hostname,'lab')\""
        ) from None


def _named(info: Any) -> str:
    return f"{info.name()} ({info.type()})" if info.type() else str(info.name())


def _described(info: Any) -> str:
    rate = info.nominal_srate()
    pace = f"at {rate:g} Hz" if rate else "without a fixed rate"
    return f"{printable(_named(info))}: {counted(info.channel_count(), 'channel')} {pace}"
