"""Packets of Open Sound Control: the numbers of each message in them, by python-osc's readers.

Its own OscPacket is not used: a bundle whose element has a negative size makes it read for ever,
and it loses its place at types that it does not know.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from pythonosc.parsing import osc_types

from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.sample import label_text

MAX_DEPTH: Final = 8
"""Of bundles in bundles."""

MAX_CLOCK_ERROR_S: Final = 86_400.0
"""A time tag that is further from now is none: some senders fill in zeros, or count from boot."""

EVENT: Final = {"value": 1.0}
"""What a message without arguments says: it came."""

_BUNDLE: Final = b"#bundle\0"


def _skip(size: int) -> Callable[[bytes, int], tuple[None, int]]:
    return lambda _data, at: (None, at + size)


_READERS: Final[dict[str, Callable[[bytes, int], tuple[Any, int]]]] = {
    "i": osc_types.get_int,
    "h": osc_types.get_int64,
    "f": osc_types.get_float,
    "d": osc_types.get_double,
    "s": osc_types.get_string,
    "S": osc_types.get_string,
    "b": lambda data, at: (None, osc_types.get_blob(data, at)[1]),
    "T": lambda _data, at: (True, at),
    "F": lambda _data, at: (False, at),
    "N": _skip(0),
    "I": _skip(0),
    "c": _skip(4),
    "r": _skip(4),
    "m": _skip(4),
    "t": _skip(8),
}
"""All types of OSC 1.0: some of them are no numbers, and only their length counts."""


class OscMessage(NamedTuple):
    """What a message says.

    Attributes
    ----------
    address
        Such as ``/synth/1/freq``.
    numbers
        ``value`` of a single argument, or by their place, from 1.
    words
        Arguments that are text, by their place.
    time
        Of the bundle that it is in; None without one.
    """

    address: str
    numbers: dict[str, float]
    words: dict[str, str]
    time: float | None


def parse_osc(data: bytes, now: float) -> Iterator[OscMessage]:
    """Yield each message of a packet.

    Parameters
    ----------
    data
        The packet.
    now
        Seconds since 1970: time tags are near it, or none.

    Raises
    ------
    MessageError
        Where the packet goes wrong; with what is wrong. Messages before that are yielded.
    """
    try:
        yield from _messages(data, None, now, 0)
    except (osc_types.ParseError, ValueError):  # which a text that is not UTF-8 raises
        raise MessageError("that is cut off or garbled") from None


def _messages(data: bytes, time: float | None, now: float, depth: int) -> Iterator[OscMessage]:
    if data.startswith(b"/"):
        yield _message(data, time)
        return
    if not data.startswith(_BUNDLE):
        raise MessageError("that is no OSC")
    if depth == MAX_DEPTH:
        raise MessageError(f"with more than {MAX_DEPTH} bundles in each other")
    tag, at = osc_types.get_date(data, len(_BUNDLE))
    time = tag if abs(tag - now) < MAX_CLOCK_ERROR_S else None
    while at < len(data):
        size, _ = osc_types.get_int(data[at : at + 4], 0)
        start, at = at + 4, at + 4 + size
        if size <= 0 or at > len(data):
            raise MessageError("that is cut off or garbled")
        yield from _messages(data[start:at], time, now, depth + 1)


def _message(data: bytes, time: float | None) -> OscMessage:
    address, at = osc_types.get_string(data, 0)
    if at == len(data):  # an old sender leaves out that there are no types
        return OscMessage(address, dict(EVENT), {}, time)
    types, at = osc_types.get_string(data, at)
    if not types.startswith(","):
        raise MessageError("without types of its arguments")
    types = types[1:].replace("[", "").replace("]", "")  # a list's items are arguments
    if not types:
        return OscMessage(address, dict(EVENT), {}, time)
    numbers: dict[str, float] = {}
    words: dict[str, str] = {}
    for number, letter in enumerate(types[:MAX_FIELDS], 1):
        reader = _READERS.get(letter)
        if reader is None:
            break  # how long it is nobody knows: so nobody knows what follows
        value, end = reader(data, at)
        if end < at or (end > len(data) and letter != "f"):  # Reaktor leaves out zeros at the end
            raise MessageError("that is cut off or garbled")
        at = end
        if isinstance(value, str):
            words[str(number)] = label_text(value)
        elif value is not None and math.isfinite(value):
            numbers["value" if len(types) == 1 else str(number)] = float(value)
    return OscMessage(address, numbers, words, time)
