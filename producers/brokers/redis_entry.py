"""What an entry of a stream of Redis says."""

from collections.abc import Mapping

from streamson.errors import MessageError
from streamson.producers.base.sample import Sample, decode_json, samples_of


def samples_in_entry(entry: Mapping[bytes, bytes]) -> list[Sample]:
    """Return an entry's numbers, with its words; a value may be JSON in its turn.

    What is no text is left out.

    >>> samples_in_entry({b"temperature": b"21.5", b"room": b"hall"})
    [Sample(fields={'temperature': 21.5}, labels={'room': 'hall'}, time=None)]
    """
    document = {}
    for name, value in entry.items():
        try:
            document[name.decode()] = _decoded(value.decode())
        except UnicodeDecodeError:
            continue
    return list(samples_of(document))


def _decoded(text: str) -> object:
    if text.startswith(("{", "[")):
        try:
            return decode_json(text)
        except MessageError:
            pass
    return text
