"""Messages of a broker become readings."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from streamson._printable import printable
from streamson.errors import MessageError
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import (
    Sample,
    choose_fields,
    decode_json,
    parse_number,
    samples_of,
)
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""Of a message; a longer one is a file, and no measurement."""

MAX_LEVELS: Final = 32
"""Of a topic, subject or key that can be named in a template."""

MAX_SHOWN_CHARS: Final = 200

_log = logging.getLogger(__name__)


class MessageReader:
    """Reads messages, names the streams, chooses the fields, and counts what is no point.

    Parameters
    ----------
    template
        The streams' names.
    fields
        Patterns of wanted fields; all without any.
    arrange
        Puts the fields of a sample in order where none are asked for.

    Attributes
    ----------
    unusable
        Counts what has no numbers.
    """

    def __init__(
        self,
        template: StreamTemplate,
        fields: Sequence[str],
        arrange: Callable[[Sample], Sample] = lambda sample: sample,
    ) -> None:
        self.unusable = Unusable("message")
        self._template = template
        self._fields = fields
        self._arrange = arrange
        self._heard = False
        self._told = False

    def tell_quiet(self, what: str, where: Sequence[str]) -> None:
        """Log, once, that nothing came so far, if so.

        Parameters
        ----------
        what
            What is connected to.
        where
            What is listened to there.
        """
        if not self._heard and not self._told:
            self._told = True
            shown = printable(", ".join(where))[:MAX_SHOWN_CHARS]
            _log.info("%s: connected; nothing came on %s so far", what, shown)

    def read(
        self,
        queue: PushQueue,
        labels: Mapping[str, str],
        payload: bytes,
        time: float | None = None,
    ) -> None:
        """Push what a message says.

        Parameters
        ----------
        queue
            Where to.
        labels
            What is known of it, for the streams' names. Words in it are known as well.
        payload
            The message. An empty one says nothing: so brokers are told to forget a value.
        time
            When it was sent, where it does not say itself when it was measured.
        """
        self._heard = True
        if not payload:
            return
        if len(payload) > MAX_PAYLOAD_BYTES:
            self.unusable.add(f"longer than {MAX_PAYLOAD_BYTES} bytes")
            return
        try:
            samples = list(samples_in(payload))
        except UnicodeDecodeError:
            self.unusable.add("in binary", payload)
        except MessageError:
            self.unusable.add("in broken JSON", payload)
        else:
            self.push(queue, labels, samples, time, payload)

    def push(
        self,
        queue: PushQueue,
        labels: Mapping[str, str],
        samples: Sequence[Sample],
        time: float | None,
        example: bytes,
    ) -> None:
        """Push the samples of a message; the example is shown where there are none."""
        self._heard = True
        if not samples:
            self.unusable.add("without numbers", example)
        for sample in samples:
            arranged = self._arrange(sample)
            fields = self._choose(arranged.fields, sample.fields)
            if not fields:
                self.unusable.add("without wanted fields", example)
                continue
            stream = self._template.fill({**sample.labels, **labels})
            when = time if arranged.time is None else arranged.time
            if when is None:
                self.unusable.add_time(sample.unread_time)
            queue.push(Reading(stream, fields, time=when))

    def _choose(
        self, arranged: Mapping[str, float], every: Mapping[str, float]
    ) -> Mapping[str, float]:
        """Return the wanted fields in the order of the patterns: the first is the pitch."""
        return choose_fields(every, self._fields) if self._fields else arranged


def samples_in(payload: bytes) -> Iterator[Sample]:
    """Yield what a message says: JSON, a number, a quantity such as ``21.5 °C``, ON or OFF.

    Raises
    ------
    UnicodeDecodeError
        If it is no text.
    MessageError
        If it begins like JSON, and is none.

    Examples
    --------
    >>> [sample.fields for sample in samples_in(b"21.5 C")]
    [{'value': 21.5}]
    """
    text = payload.decode("utf-8-sig").strip(" \t\r\n\0")
    if text.startswith(("{", "[", '"')):
        yield from samples_of(decode_json(text))
        return
    number = parse_number(text)
    if number is not None:
        yield Sample({"value": number}, {})


def levels(name: str, separator: str) -> dict[str, str]:
    """Return the levels of a topic, by number from 1.

    >>> levels("home/kitchen", "/")
    {'1': 'home', '2': 'kitchen'}
    """
    parts = name.split(separator, MAX_LEVELS)[:MAX_LEVELS]
    return {str(number): part for number, part in enumerate(parts, 1)}
