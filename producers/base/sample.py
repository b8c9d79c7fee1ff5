"""What a source said at one moment: numbers, the words that name them, and when it was."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec

from streamson.errors import MessageError
from streamson.formats.nested import leaves
from streamson.formats.quantity import parse_quantity
from streamson.formats.table import is_time_name
from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.shortened import shortened

MAX_LABELS: Final = 64
MAX_LABEL_CHARS: Final = 200
MAX_SAMPLES: Final = 10_000
"""In one document; what is beyond is left out."""

MAX_LEAVES: Final = 1_024
"""Values that are looked at for one sample; what is beyond is left out."""

MAX_AROUND: Final = 64
"""Values around a list of objects, which each of them gets."""

SINCE_2001_S: Final = 1e9
"""A number that is called a time is one from there on; less is how long something took."""

_UNITS_OF_TIME: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (SINCE_2001_S, 1.0))
"""From which number on it is nanoseconds, microseconds, milliseconds or seconds since 1970."""

_STATES: Final = {"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0, "open": 1.0, "closed": 0.0}
_ID: Final = ("id", "Id", "ID")
_IDENTIFIER: Final = re.compile(r"(?:.*[._-])?(?:[ptug]?id|I[dD])|.*[a-z]I[dD]", re.DOTALL)

_Value = TypeVar("_Value")

_IS_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class Sample(NamedTuple):
    """Numbers that belong together.

    Attributes
    ----------
    fields
        Values by name.
    labels
        Words by name, of which a `StreamTemplate` makes the stream's name.
    time
        When it was measured, in seconds since 1970; None where it was not said.
    unread_time
        What is called a time, but can't be read as one; mostly empty.
    """

    fields: Mapping[str, float]
    labels: Mapping[str, str]
    time: float | None = None
    unread_time: str = ""


def label_text(text: str) -> str:
    """Return a word for a label: not too long, and other than that of another word."""
    return shortened(text, MAX_LABEL_CHARS)


def parse_time(found: object) -> float | None:
    """Return the seconds since 1970 of a time as programs write it; None if it is none.

    >>> parse_time("1970-01-01T00:01:00Z")
    60.0
    >>> parse_time(1_700_000_000_500)
    1700000000.5
    >>> parse_time(12)
    """
    if isinstance(found, str):
        if _IS_STAMP.match(found):
            try:
                return datetime.fromisoformat(found.strip()).timestamp()
            except (ValueError, OverflowError, OSError):
                return None
        quantity = parse_quantity(found.strip())
        found = quantity.value if quantity is not None and not quantity.unit else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    for least, per_second in _UNITS_OF_TIME:
        if least <= found < least * 1e3:
            return found / per_second
    return None


def parse_number(found: object) -> float | None:
    """Return the number that a value of a document is; None if it is none.

    Numbers, texts that are a number with or without a unit, true and false, on and off.

    >>> parse_number("21.5 °C"), parse_number(True), parse_number("OFF"), parse_number("hall")
    (21.5, 1.0, 0.0, None)
    """
    if isinstance(found, bool | int | float):
        try:
            number = float(found)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    if not isinstance(found, str):
        return None
    text = found.strip()
    quantity = parse_quantity(text)
    return quantity.value if quantity is not None else _STATES.get(text.lower())


def decode_json(data: bytes | str) -> object:
    """Return a document of JSON.

    Raises
    ------
    MessageError
        If it is none; with the place.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise MessageError(f"no JSON: {error or 'nested too deeply'}") from None


def choose_fields(fields: Mapping[str, float], patterns: Sequence[str]) -> dict[str, float]:
    """Return the fields that match one of the shell patterns, in their order; all without any.

    The first field of a point is what its pitch follows where no session says otherwise.
    """
    if not patterns:
        return dict(fields)
    return {
        name: value
        for pattern in patterns
        for name, value in fields.items()
        if fnmatchcase(name, pattern)
    }


def identifiers_last(fields: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return fields with those that say which thing it is behind what is measured of it.

    >>> list(identifiers_last({"id": 7, "user_id": 8, "took": 3, "humid": 4}))
    ['took', 'humid', 'id', 'user_id']
    """
    found = [name for name in fields if name[-2:] in _ID and _IDENTIFIER.fullmatch(name)]
    if not found:
        return dict(fields)
    others = {name: value for name, value in fields.items() if name not in found}
    return {**others, **{name: fields[name] for name in found}}


def samples_of(document: object, max_samples: int = MAX_SAMPLES) -> Iterator[Sample]:
    """Yield what a document of JSON says.

    An object is a sample: its numbers are fields, its texts labels, both named by their path, such
    as ``room.temperature``; a value that is called a time is its time. A list of objects is a
    sample each. A list of numbers is one whose fields are numbered; a number alone is ``value``.

    Parameters
    ----------
    document
        As a JSON decoder returns it.
    max_samples
        How many are yielded at most.

    Yields
    ------
    Sample
        Only of what holds numbers.
    """
    number = 0
    for one in _objects(document):
        sample = _sample(one)
        if sample.fields:
            yield sample
            number += 1
            if number == max_samples:
                return


def _objects(document: object) -> Iterator[object]:
    if isinstance(document, list) and any(isinstance(one, dict | list) for one in document):
        yield from (one for one in document if isinstance(one, dict | list))
        return
    if isinstance(document, dict):
        # One list of objects with words around it, as {"host": "a", "points": [{...}, {...}]}.
        lists = {key: inner for key, inner in document.items() if _is_objects(inner)}
        if len(lists) == 1:
            ((key, inner),) = lists.items()
            others = {other: value for other, value in document.items() if other != key}
            around = dict(islice(leaves(others), MAX_AROUND))
            yield from ({**around, **one} for one in inner)
            return
    yield document


def _is_objects(found: object) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(o, dict) for o in found)


def _sample(found: object) -> Sample:
    fields: dict[str, float] = {}
    labels: dict[str, str] = {}
    when = None
    unread_time = ""
    for path, leaf in islice(leaves(found), MAX_LEAVES):
        name = (path or "value").strip()[:MAX_FIELD_CHARS]
        if not name or not name.isprintable():
            continue
        if is_time_name(name.rpartition(".")[2]):
            moment = parse_time(leaf)
            if moment is not None:
                when = moment if when is None else when
                continue
            if isinstance(leaf, str) and leaf and parse_number(leaf) is None:
                unread_time = label_text(leaf)
        number = parse_number(leaf)
        if number is not None:
            if len(fields) < MAX_FIELDS:
                fields[name] = number
        elif isinstance(leaf, str) and leaf and len(labels) < MAX_LABELS:
            labels[name] = label_text(leaf)
    fields = identifiers_last(fields)
    return Sample(fields, labels, when, unread_time if when is None else "")
