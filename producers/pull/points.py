"""Samples become readings: named, chosen, and bounded."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from streamson._printable import printable
from streamson.producers.base.first_fields import PartedStreams
from streamson.producers.base.pace import or_missing
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import Sample, choose_fields
from streamson.producers.base.stream_limit import StreamLimit
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable

MAX_STREAMS: Final = 10_000
"""Of one producer: as many as a listener follows."""

MAX_SHOWN: Final = 8

_log = logging.getLogger(__name__)


class Points:
    """Pushes what samples say to whoever publishes it.

    Parameters
    ----------
    queue
        Who publishes it.
    template
        The streams' names.
    patterns
        Which fields.
    unusable
        Counts what is left out; whoever reads for this counts there as well.
    parted
        Names what lacks the first field of its stream; None where somebody chose the names.
    """

    def __init__(
        self,
        queue: PushQueue,
        template: StreamTemplate,
        patterns: Sequence[str],
        unusable: Unusable,
        parted: PartedStreams | None = None,
    ) -> None:
        self._queue = queue
        self._template = template
        self._patterns = patterns
        self.unusable = unusable
        self._streams = StreamLimit(MAX_STREAMS)
        self._parted = parted
        self._said = False

    def named(
        self, samples: Iterable[Sample], known: Mapping[str, str], text: str
    ) -> list[tuple[str, Sample]]:
        """Return the samples that are wanted, each with its stream's name.

        Parameters
        ----------
        samples
            Of a text.
        known
            Labels that all of them have.
        text
            The text, as an example where nothing in it can be used.
        """
        found = []
        held = wanted = False
        for sample in samples:
            held = True
            fields = choose_fields(sample.fields, self._patterns)
            if fields:
                wanted = True
                self.unusable.add_time(sample.unread_time)
                stream = self._template.fill({**sample.labels, **known})
                if self._parted is not None:
                    stream = self._parted.name(stream, fields)
                if self._has_place(stream):
                    found.append((stream, sample._replace(fields=fields)))
        if not wanted:
            self.unusable.add("without wanted fields" if held else "without numbers", text)
        return found

    def push(self, stream: str, sample: Sample) -> None:
        """Publish one; what is not finite is missing."""
        fields = {name: or_missing(value) for name, value in sample.fields.items()}
        self._queue.push(Reading(stream, fields, time=sample.time))

    def push_chosen(self, stream: str, sample: Sample) -> None:
        """Publish what is wanted of one."""
        fields = choose_fields(sample.fields, self._patterns)
        if sample.fields and not fields:
            self.unusable.add("without wanted fields", f"{stream} {', '.join(sample.fields)}")
        elif fields and self._has_place(stream):
            self.push(stream, sample._replace(fields=fields))

    def suggest(self, named: Sequence[tuple[str, Sample]]) -> None:
        """Say, once, how to tell apart what has the same name."""
        if self._said or len({stream for stream, _ in named}) == len(named):
            return
        by_label: dict[str, set[str]] = {}
        for _, sample in named:
            for label, word in sample.labels.items():
                by_label.setdefault(label, set()).add(word)
        telling = [label for label, words in by_label.items() if len(words) > 1][:MAX_SHOWN]
        if telling:
            self._said = True
            _log.info(
                "%d things have the same name, %s; a --stream with one of %s tells them apart",
                len(named),
                named[0][0],
                printable(", ".join(f"{{{label}}}" for label in telling)),
            )

    def _has_place(self, stream: str) -> bool:
        has_place = self._streams.admits(stream)
        if not has_place:
            self.unusable.add(self._streams.reason, stream)
        return has_place
