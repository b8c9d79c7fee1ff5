"""InfluxDB's line protocol: a point is a line, ``measurement,tag=word field=1.5 1700000000``.

The grammar is InfluxData's: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
No library of it fits. line-protocol-parser is quick, and made of C that reads what strangers send;
it takes one line at a time, so that where a line ends would still have to be found here, and it
reads the tags of each line anew. By remembering what lines begin with, this is as quick.
"""

import math
import re
from functools import lru_cache
from typing import Final, NamedTuple

from streamson._printable import printable
from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELD_CHARS
from streamson.producers.base.sample import MAX_LABELS, label_text

MAX_QUOTED_CHARS: Final = 60
"""Of what was found, in a message."""

# A backslash before one of the characters that would end a name makes it part of the name; before
# any other it is itself. Repetitions are possessive: no line takes longer than its length.
_MEASUREMENT: Final = rb"(?:[^\\, \n]++|\\[, ]?+)++"
_NAME: Final = rb"(?:[^\\,= \n]++|\\[,= ]?+)++"
_OPEN_TEXT: Final = rb'"(?:[^"\\]++|\\.)*+'
_FIELD: Final = rb"%b=(?:%b\"|[^\\,= \"\n]++)" % (_NAME, _OPEN_TEXT)
_KEY: Final = rb"(?:[^\\ \n]++|\\ ?+)++"
_FIELDS: Final = rb"%b(?:,%b)*+" % (_FIELD, _FIELD)

_SPACE: Final = rb" [ \t\0]*+"
_LINE: Final = re.compile(
    rb"(%b)%b(%b)(?:%b([^ \t\0]++))?+[ \t\0]*+" % (_KEY, _SPACE, _FIELDS, _SPACE), re.DOTALL
)
_BEGINS_TEXT: Final = re.compile(
    rb"%b%b(?:%b,)*+%b=%b" % (_KEY, _SPACE, _FIELD, _NAME, _OPEN_TEXT), re.DOTALL
)
_GOES_ON_WITH_TEXT: Final = re.compile(
    rb"(?:[^\"\\]++|\\.)*+(?:\"(?:,%b)*+,%b=%b)?+" % (_FIELD, _NAME, _OPEN_TEXT), re.DOTALL
)
_FLOAT: Final = rb"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?"
_EACH_FIELD: Final = re.compile(
    rb"(%b)=(?:(%b)(?![^,])|(%b\"|[^\\,= \"\n]++))" % (_NAME, _FLOAT, _OPEN_TEXT), re.DOTALL
)
_SERIES: Final = re.compile(rb"(%b)((?:,%b=%b)*+)" % (_MEASUREMENT, _NAME, _NAME))
_EACH_TAG: Final = re.compile(rb",(%b)=(%b)" % (_NAME, _NAME))
_ESCAPED: Final = re.compile(r"\\([,= ])")
_ESCAPED_OF_MEASUREMENT: Final = re.compile(r"\\([, ])")

_INTEGER: Final = re.compile(rb"-?[0-9]{1,20}")
_BOOLEANS: Final = {
    **dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), 1.0),
    **dict.fromkeys((b"f", b"F", b"false", b"False", b"FALSE"), 0.0),
}


class Series(NamedTuple):
    """What a line begins with: whose point it is.

    Attributes
    ----------
    measurement
        What is measured: "cpu".
    tags
        Words by name, in the line's order.
    """

    measurement: str
    tags: dict[str, str]


class Line(NamedTuple):
    """What a line says.

    Attributes
    ----------
    key
        Its beginning as it is written, for `parse_series`.
    fields
        Its numbers by name; true is 1, false 0. Texts are left out.
    timestamp
        As it is written, in units that the request says; None where there is none.
    """

    key: bytes
    fields: dict[str, float]
    timestamp: int | None


def parse_line(line: bytes) -> Line:
    """Return what a line says.

    Parameters
    ----------
    line
        Without white space before it or the end of line after it; no comment.

    Raises
    ------
    MessageError
        With what was found and what is allowed.

    Examples
    --------
    >>> parse_line(b'cpu,host=web1 idle=84.25,users=3i,ok=t,os="any" 1700000000')
    Line(key=b'cpu,host=web1', fields={'idle': 84.25, 'users': 3.0, 'ok': 1.0}, \
timestamp=1700000000)
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise MessageError(
            f"found {_quoted(line)}; measurement,tag=word field=1.5,other=2i 1700000000 is allowed"
        )
    key, written, timestamp = match.groups()
    fields: dict[str, float] = {}
    for name, number, other in _EACH_FIELD.findall(written):
        if number:
            fields[_field_name(name)] = float(number)
        elif other[0] != 34:  # of a text's quote
            fields[_field_name(name)] = _number(name, other)
    if not math.isfinite(sum(fields.values())):
        _check_finite(fields)
    return Line(key, fields, None if timestamp is None else _timestamp(timestamp))


def parse_series(key: bytes) -> Series:
    r"""Return the measurement and the tags that a line begins with.

    Raises
    ------
    MessageError
        With what was found and what is allowed.

    Examples
    --------
    >>> parse_series(rb"disk\ use,host=web1,path=/my\ data")
    Series(measurement='disk use', tags={'host': 'web1', 'path': '/my data'})
    """
    match = _SERIES.fullmatch(key)
    if match is None:
        raise MessageError(f"found {_quoted(key)}; measurement,tag=word,other=word is allowed")
    tags: dict[str, str] = {}
    for name, value in _EACH_TAG.findall(match[2]):
        tag = _unescape(name)
        if tag in tags:
            raise MessageError(f"tag {_quoted(name)} is there twice")
        tags[tag] = label_text(_unescape(value))
    if len(tags) > MAX_LABELS:
        raise MessageError(f"found {len(tags)} tags; at most {MAX_LABELS} are allowed")
    measurement = _ESCAPED_OF_MEASUREMENT.sub(r"\1", _text(match[1]))
    return Series(measurement, tags)


def is_line(line: bytes) -> bool:
    """Return whether a line has the form of one, whatever its values are."""
    return _LINE.fullmatch(line) is not None


def ends_in_text(line: bytes, *, began_in_text: bool) -> bool:
    r"""Return whether a text goes on beyond a line's end: a text may hold ends of lines.

    Parameters
    ----------
    line
        With its end of line.
    began_in_text
        Whether it is not the first line of that text.

    Examples
    --------
    >>> ends_in_text(b'log text="two\n', began_in_text=False)
    True
    >>> ends_in_text(b'lines",level=3i\n', began_in_text=True)
    False
    """
    grammar = _GOES_ON_WITH_TEXT if began_in_text else _BEGINS_TEXT
    return grammar.fullmatch(line) is not None


def _number(name: bytes, value: bytes) -> float:
    """Return the value of a field that is neither a float nor a text."""
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _INTEGER.fullmatch(value, endpos=len(value) - 1):
        whole = int(value[:-1])
        if value[-1:] == b"i" and -(2**63) <= whole < 2**63:
            return float(whole)
        if value[-1:] == b"u" and 0 <= whole < 2**64:
            return float(whole)
    raise MessageError(
        f"field {_quoted(name)}: found {_quoted(value)}; a number such as 1.5, 2i or 3u, true, "
        'false, or a "text" is allowed'
    )


def _check_finite(fields: dict[str, float]) -> None:
    """Refuse what is no float64; a sum alone may be none without one of them being none."""
    for name, value in fields.items():
        if not math.isfinite(value):
            raise MessageError(f"field '{printable(name)}': found more than a float64 can be")


def _timestamp(written: bytes) -> int:
    if _INTEGER.fullmatch(written):
        found = int(written)
        if -(2**63) <= found < 2**63:
            return found
    raise MessageError(f"found the time {_quoted(written)}; a whole number is allowed")


@lru_cache(maxsize=4_096)
def _field_name(written: bytes) -> str:
    """Return a field's name as points have it; most come again and again."""
    name = _unescape(written)
    if len(name) > MAX_FIELD_CHARS or not name.isprintable():
        raise MessageError(
            f"found a field named {_quoted(written)}; up to {MAX_FIELD_CHARS} printable characters "
            "are allowed"
        )
    return name


def _unescape(written: bytes) -> str:
    text = _text(written)
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _text(written: bytes) -> str:
    try:
        return written.decode()
    except UnicodeDecodeError:
        raise MessageError(f"{_quoted(written)} is not UTF-8") from None


def _quoted(found: bytes) -> str:
    """Return what was found for a message: bounded, and in printable characters."""
    text = found[: 4 * MAX_QUOTED_CHARS].decode(errors="replace")
    shown = printable(text[:MAX_QUOTED_CHARS])
    return f"'{shown}'" if len(text) <= MAX_QUOTED_CHARS else f"'{shown} ...'"
