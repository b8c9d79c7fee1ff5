"""A machine: all that is wanted of it, measured at one moment after another."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import clean_name
from streamson.producers.base.unusable import Unusable
from streamson.producers.host.measured import Collector, Measured, first_line
from streamson.producers.host.selection import Selection

MAX_STREAMS: Final = 2_000
"""Containers and programs come and go; of more the points are left out."""

ERRORS: Final = (OSError, RuntimeError, ValueError)
"""What reading a device that goes meanwhile raises, beside psutil's own."""


class Machine:
    """Measures a machine's streams.

    Parameters
    ----------
    name
        What it is called.
    collectors
        Who measures, by group.
    wanted
        Which streams are published.
    fields
        Patterns of fields that are; all without any.
    errors
        What a collector may raise and go on, beside `ERRORS`.
    """

    def __init__(
        self,
        name: str,
        collectors: Mapping[str, Collector],
        wanted: Selection,
        fields: Sequence[str] = (),
        errors: tuple[type[Exception], ...] = (),
    ) -> None:
        self._name = name
        self._collectors = collectors
        self._wanted = wanted
        self._fields = fields
        self._errors: tuple[type[Exception], ...] = (*ERRORS, *errors)
        self._unusable = Unusable("reading")
        self._limit = StreamLimit(MAX_STREAMS)

    def readings(self) -> Iterator[Reading]:
        """Measure what is wanted; rates are those since the last time, and none at the first."""
        when = time.time()
        for group, measured in self.measure():
            fields = choose_fields(measured.fields, self._fields)
            if not fields or not self._wanted.takes(group, measured):
                continue
            stream = clean_name(f"{self._name}/{measured.path}")
            if self._limit.admits(stream):
                yield Reading(stream, fields, time=when)
            else:
                self._unusable.add(f"{self._limit.reason} (choose with --only)", stream)

    def measure(self) -> Iterator[tuple[str, Measured]]:
        """Measure all that the collectors know, and say of which group each is."""
        for group, collector in self._collectors.items():
            try:
                for measured in collector.collect():
                    yield group, measured
            except self._errors as error:
                self._unusable.add(f"of {group}", first_line(error))

    def tell(self) -> None:
        """Log what was left out; for the end."""
        self._unusable.tell()
