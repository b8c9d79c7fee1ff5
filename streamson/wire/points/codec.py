"""Encoding of points: ``stream name, 0x00, payload`` with a MessagePack or JSON map as payload.

The payload's first byte tells the two apart: JSON begins with ``{``, which as MessagePack would be
a number. A point is ``{"fields": {name: value}}`` with optional ``time``, ``source`` and
``sequence``; a batch is ``{"columns": {name: values}}`` with optional ``times`` and the last two;
a goodbye is ``{"ended": true}`` with an optional ``source``. In JSON a column is a list of numbers
and nulls; in MessagePack it may also be the raw bytes of little-endian float64, which decode
without a loop.
"""

from collections.abc import Callable, Set
from math import isfinite, nan
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streamson._printable import printable
from streamson.errors import MessageError
from streamson.model.limits import (
    MAX_BATCH_POINTS,
    MAX_FIELD_CHARS,
    MAX_FIELDS,
    MAX_SOURCE_CHARS,
    MAX_STREAM_CHARS,
)
from streamson.model.point import Batch, DataPoint, Goodbye
from streamson.wire.limits import MAX_BATCH_VALUES, MAX_MESSAGE_BYTES

Encoding: TypeAlias = Literal["msgpack", "json"]

_FieldName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_FIELD_CHARS)]
_Sequence: TypeAlias = Annotated[int, Meta(ge=0, le=2**62)]
_Source: TypeAlias = Annotated[str, Meta(max_length=MAX_SOURCE_CHARS)]
_ListColumn: TypeAlias = Annotated[list[float | None], Meta(max_length=MAX_BATCH_POINTS)]
_RawColumn: TypeAlias = Annotated[bytes, Meta(max_length=8 * MAX_BATCH_POINTS)]
_FieldCount: Final = Meta(min_length=1, max_length=MAX_FIELDS)

_JSON_START: Final = ord("{")
_REFUSALS: Final = (msgspec.MsgspecError, RecursionError, ValueError)  # bad UTF-8 is a ValueError
_FLOAT64: Final = np.dtype("<f8")


class _Payload(msgspec.Struct):
    """What comes in. Columns stay encoded until it is known that there are not too many values."""

    time: float | None = None
    source: _Source = ""
    sequence: _Sequence | None = None
    fields: Annotated[dict[_FieldName, float | None], _FieldCount] | None = None
    columns: Annotated[dict[_FieldName, msgspec.Raw], _FieldCount] | None = None
    times: msgspec.Raw = msgspec.Raw()
    ended: bool = False


class _PointOut(msgspec.Struct, omit_defaults=True):
    fields: dict[str, float | None]
    time: float
    source: str = ""
    sequence: int | None = None


class _BatchOut(msgspec.Struct, omit_defaults=True):
    columns: dict[str, bytes | list[float | None]]
    times: bytes | list[float | None]
    source: str = ""
    sequence: int | None = None


class _GoodbyeOut(msgspec.Struct, omit_defaults=True):
    ended: bool
    source: str = ""


_Values: TypeAlias = bytes | list[float | None] | None
_DecodeValues: TypeAlias = Callable[[msgspec.Raw], _Values]

_decode_json = msgspec.json.Decoder(_Payload).decode
_decode_msgpack = msgspec.msgpack.Decoder(_Payload).decode
_decode_json_values: _DecodeValues = msgspec.json.Decoder(_ListColumn | None).decode
_decode_msgpack_values: _DecodeValues = msgspec.msgpack.Decoder(
    _RawColumn | _ListColumn | None
).decode
_encode_json = msgspec.json.Encoder().encode
_encode_msgpack = msgspec.msgpack.Encoder().encode

_printable_names: set[str] = {""}
"""Names of fields and sources that were checked: most come again and again."""

_MAX_PRINTABLE_NAMES: Final = 4_096
"""Names of 128 characters take at most 600 bytes each: in all 2.5 MB."""

_known_names: dict[bytes, str] = {}
"""Names of streams that were checked, by what carries them."""

_MAX_KNOWN_NAMES: Final = 16_384
_MAX_KNOWN_NAME_BYTES: Final = 64
"""Of streams, as many as a listener plays: some 400 bytes each, in all 7 MB. Longer ones are
checked each time that they come."""


def encode(message: DataPoint | Batch | Goodbye, encoding: Encoding = "msgpack") -> bytes:
    """Return the frame that carries a point, a batch or a goodbye.

    Parameters
    ----------
    message
        What to send. NaN and infinities travel as missing values.
    encoding
        ``"msgpack"`` (compact, exact) or ``"json"`` (readable, just as exact).

    Raises
    ------
    MessageError
        If a name or the size breaks a limit of `streamson.wire.limits`.
    """
    payload: _PointOut | _BatchOut | _GoodbyeOut
    if isinstance(message, DataPoint):
        payload = _point_payload(message)
    elif isinstance(message, Batch):
        payload = _batch_payload(message, raw=encoding == "msgpack")
    else:
        payload = _GoodbyeOut(ended=True, source=message.source)
    body = _encode_json(payload) if encoding == "json" else _encode_msgpack(payload)
    frame = b"%s\0%s" % (stream_bytes(message.stream), body)
    decode(frame)  # a publisher must not send what every listener refuses
    return frame


def decode(frame: bytes, received_at: float = 0.0) -> DataPoint | Batch | Goodbye:
    """Return the point, the batch or the goodbye that a frame carries.

    Parameters
    ----------
    frame
        One ZeroMQ frame, as `encode` makes it.
    received_at
        Time for points whose producer gave none, seconds since 1970.

    Raises
    ------
    MessageError
        If the frame breaks the format or a limit; the message says which.
    """
    if len(frame) > MAX_MESSAGE_BYTES:
        raise MessageError(f"message of {len(frame)} bytes; at most {MAX_MESSAGE_BYTES}")
    name, separator, body = frame.partition(b"\0")
    if not separator or not body:
        raise MessageError("no payload: a message is the stream's name, a zero byte, a payload")
    stream = _known_names.get(name) or _stream_name(name)
    is_json = body[0] == _JSON_START
    try:
        payload = _decode_json(body) if is_json else _decode_msgpack(body)
    except _REFUSALS as error:
        raise MessageError(f"payload refused: {printable(str(error))}") from None
    if payload.source not in _printable_names:
        _check_names("source", {payload.source})
    if payload.fields is not None:
        return _point(stream, payload, payload.fields, received_at)
    if payload.columns is not None:
        decode_values = _decode_json_values if is_json else _decode_msgpack_values
        return _batch(stream, payload, payload.columns, decode_values, received_at)
    if payload.ended:
        return Goodbye(stream, payload.source)
    raise MessageError("payload without fields or columns")


def stream_bytes(name: str) -> bytes:
    """Return a stream's name as the frame carries it, checked."""
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        raise MessageError(f"stream name {name!r} is not valid Unicode") from None
    _stream_name(encoded)
    return encoded


def _stream_name(encoded: bytes) -> str:
    """Return a stream's name, checked; it is known from now on."""
    try:
        name = encoded.decode()
    except UnicodeDecodeError:
        raise MessageError("stream name is not UTF-8") from None
    if not name or len(name) > MAX_STREAM_CHARS or not name.isprintable():
        raise MessageError(
            f"stream name {name[:40]!r} ({len(name)} characters): "
            f"1 to {MAX_STREAM_CHARS} printable characters are allowed"
        )
    if len(encoded) <= _MAX_KNOWN_NAME_BYTES:
        if len(_known_names) >= _MAX_KNOWN_NAMES:
            _known_names.clear()
        _known_names[encoded] = name
    return name


def _check_names(kind: str, names: Set[str]) -> None:
    """Raise `MessageError` for a name that could steer a terminal or forge a line of a log."""
    for name in names:
        if not name.isprintable():
            raise MessageError(f"{kind} {name[:40]!r}: only printable characters are allowed")
    if len(_printable_names) + len(names) > _MAX_PRINTABLE_NAMES:
        _printable_names.clear()
    _printable_names.update(names)


def _point_payload(point: DataPoint) -> _PointOut:
    return _PointOut(
        fields={name: value if isfinite(value) else None for name, value in point.fields.items()},
        time=point.time,
        source=point.source,
        sequence=point.sequence,
    )


def _batch_payload(batch: Batch, *, raw: bool) -> _BatchOut:
    def pack(values: NDArray[np.float64]) -> bytes | list[float | None]:
        if raw:
            return np.ascontiguousarray(values, _FLOAT64).tobytes()
        return [value if isfinite(value) else None for value in values.tolist()]

    return _BatchOut(
        columns={name: pack(values) for name, values in batch.columns.items()},
        times=pack(batch.times),
        source=batch.source,
        sequence=batch.sequence,
    )


def _point(
    stream: str, payload: _Payload, fields: dict[str, float | None], received_at: float
) -> DataPoint:
    if not fields.keys() <= _printable_names:
        _check_names("field", fields.keys())
    values = fields.values()
    # One sum finds the rare point with a missing value; an overflowing sum only costs the check.
    if None in values or not isfinite(sum(values)):  # type: ignore[arg-type]
        fields = {n: nan if v is None or not isfinite(v) else v for n, v in fields.items()}
    time = payload.time
    if time is None or not isfinite(time):
        time = received_at
    return DataPoint(stream, fields, time, payload.source, payload.sequence)  # type: ignore[arg-type]


def _batch(
    stream: str,
    payload: _Payload,
    encoded: dict[str, msgspec.Raw],
    decode_values: _DecodeValues,
    received_at: float,
) -> Batch:
    if not encoded.keys() <= _printable_names:
        _check_names("field", encoded.keys())
    columns: dict[str, NDArray[np.float64]] = {}
    room = MAX_BATCH_VALUES
    for name, raw in encoded.items():
        column = _column(name, raw, decode_values)
        if column is None:
            raise MessageError(f"column {name!r} is null")
        columns[name] = column
        room -= len(column)
        if room < 0:  # what is left is not even decoded: that would take most of the time
            raise MessageError(f"batch of more than {MAX_BATCH_VALUES} values")
    lengths = {len(column) for column in columns.values()}
    count = lengths.pop()
    times = _column("times", payload.times, decode_values) if payload.times else None
    if times is None:
        times = np.full(count, received_at)
    else:
        times[np.isnan(times)] = received_at
        lengths.add(len(times))
    if count == 0 or lengths - {count}:
        raise MessageError("batch whose columns are empty or differ in length")
    return Batch(stream, columns, times, payload.source, payload.sequence)


def _column(
    name: str, raw: msgspec.Raw, decode_values: _DecodeValues
) -> NDArray[np.float64] | None:
    try:
        values = decode_values(raw)
    except _REFUSALS as error:
        raise MessageError(f"column {name!r} refused: {printable(str(error))}") from None
    if values is None:
        return None
    if isinstance(values, bytes):
        if len(values) % 8:
            raise MessageError(f"column {name!r} is not whole float64 values")
        column = np.frombuffer(values, _FLOAT64).astype(np.float64)
    else:
        column = np.array(values, np.float64)
    column[~np.isfinite(column)] = nan
    return column
