"""Lines of StatsD: ``requests:1|c|@0.1|#host:web1``, with DogStatsD's tags.

https://github.com/statsd/statsd/blob/master/docs/metric_types.md
https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
"""

import re
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from streamson.errors import MessageError
from streamson.producers.base.sample import MAX_LABEL_CHARS, MAX_LABELS, label_text

MAX_LINE_BYTES: Final = 8_192
MAX_VALUES: Final = 1_000
"""Of a line; DogStatsD packs several."""

Kind: TypeAlias = Literal["c", "g", "ms", "s"]
"""Counter, gauge, timer, set."""

_KINDS: Final = {"c": "c", "g": "g", "ms": "ms", "h": "ms", "d": "ms", "s": "s"}
"""As they are written; histograms and distributions are what timers are."""

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]{1,3})?")
_DATADOG: Final = ("_e{", "_sc|")
"""What events and service checks begin with."""


class StatsdMetric(NamedTuple):
    """What a line says.

    Attributes
    ----------
    name
        Of the metric: "shop.requests".
    kind
        What it is.
    values
        As they are written: of a gauge a sign says that it is to be added.
    rate
        Which part of what happened was told.
    tags
        In the line's order, each a name and a value; the value is empty if there is none.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    rate: float
    tags: tuple[tuple[str, str], ...]


def parse_statsd(line: bytes) -> StatsdMetric:
    """Return what a line says.

    Raises
    ------
    MessageError
        In words that follow "a line".

    Examples
    --------
    >>> parse_statsd(b"shop.took:320|ms|@0.1|#host:web1,beta")
    StatsdMetric(name='shop.took', kind='ms', values=('320',), rate=0.1, \
tags=(('host', 'web1'), ('beta', '')))
    """
    if len(line) > MAX_LINE_BYTES:
        raise MessageError(f"of more than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise MessageError("that is not UTF-8") from None
    if text.startswith(_DATADOG):
        raise MessageError("with an event or a service check")
    head, *sections = text.split("|")
    name, colon, written = head.partition(":")
    if not (name.strip() and colon and written and sections):
        raise MessageError("that is no metric")
    kind = _KINDS.get(sections[0].strip())
    if kind is None:
        raise MessageError("of an unknown type")
    values = (written,) if kind == "s" else tuple(written.split(":", MAX_VALUES))
    if kind != "s" and not all(map(_NUMBER.fullmatch, values)):
        raise MessageError("without a number")
    rate, tags = 1.0, ""
    for section in sections[1:]:  # of others, such as c:CONTAINER, nothing is heard
        if section.startswith("@"):
            rate = _rate(section[1:])
        elif section.startswith("#"):
            tags = section[1:]
    return StatsdMetric(name.strip(), cast(Kind, kind), values, rate, _tags(tags))


def _rate(written: str) -> float:
    rate = float(written) if _NUMBER.fullmatch(written) else 0.0
    if not 1e-6 <= rate <= 1:
        raise MessageError("with a wrong sample rate")
    return rate


def _tags(written: str) -> tuple[tuple[str, str], ...]:
    tags = written.split(",") if written else []
    if len(tags) > MAX_LABELS:
        raise MessageError(f"with more than {MAX_LABELS} tags")
    parts = (tag.partition(":") for tag in tags)
    return tuple((name[:MAX_LABEL_CHARS], label_text(value)) for name, _, value in parts)
