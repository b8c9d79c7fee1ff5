"""The codec: encode then decode is identity, and nothing that comes in raises anything else."""

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.model.limits import (
    MAX_BATCH_POINTS,
    MAX_FIELD_CHARS,
    MAX_FIELDS,
    MAX_SOURCE_CHARS,
    MAX_STREAM_CHARS,
)
from streamson.model.point import Batch, DataPoint
from streamson.wire.limits import MAX_MESSAGE_BYTES
from streamson.wire.points import codec
from streamson.wire.points.codec import decode, encode

finite = st.floats(allow_nan=False, allow_infinity=False)
encodings = st.sampled_from(["msgpack", "json"])
# Surrogates are no Unicode text; control characters are refused in every name.
printable = st.characters(exclude_categories=["C", "Z"])
streams = st.text(printable, min_size=1, max_size=MAX_STREAM_CHARS)
names = st.text(printable, min_size=1, max_size=MAX_FIELD_CHARS)
sources = st.text(printable, max_size=MAX_SOURCE_CHARS)
sequences = st.none() | st.integers(0, 2**62)
points = st.builds(
    DataPoint,
    stream=streams,
    fields=st.dictionaries(names, finite, min_size=1, max_size=8),
    time=finite,
    source=sources,
    sequence=sequences,
)


@st.composite
def batches(draw):
    count = draw(st.integers(1, 20))
    column = st.lists(finite | st.just(math.nan), min_size=count, max_size=count).map(np.array)
    return Batch(
        draw(streams),
        draw(st.dictionaries(names, column, min_size=1, max_size=4)),
        np.array(draw(st.lists(finite, min_size=count, max_size=count))),
        draw(sources),
        draw(sequences),
    )


def decoded_or_refused(frame):
    try:
        return decode(frame)
    except MessageError as error:
        return str(error)


@given(points, encodings)
def test_a_point_comes_back_as_it_was(point, encoding):
    assert decode(encode(point, encoding)) == point


@given(batches(), encodings)
def test_a_batch_comes_back_as_it_was(batch, encoding):
    back = decode(encode(batch, encoding))
    assert isinstance(back, Batch)
    assert (back.stream, back.source, back.sequence) == (batch.stream, batch.source, batch.sequence)
    assert list(back.columns) == list(batch.columns)
    for name, column in batch.columns.items():
        np.testing.assert_array_equal(back.columns[name], column)
    np.testing.assert_array_equal(back.times, batch.times)


@given(batches())
def test_a_batch_is_its_points(batch):
    points = batch.points()
    assert len(points) == batch.size
    for i, point in enumerate(points):
        assert point.sequence == (None if batch.sequence is None else batch.sequence + i)
        for name, value in point.fields.items():
            np.testing.assert_equal(value, float(batch.columns[name][i]))


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda body: b"x\0" + body))
def test_arbitrary_bytes_are_decoded_or_refused(frame):
    assert decoded_or_refused(frame)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
keys = st.sampled_from(["fields", "columns", "time", "times", "source", "sequence", "other"])


@given(st.dictionaries(keys, json_values), st.booleans())
def test_payloads_of_the_wrong_shape_are_decoded_or_refused(payload, as_json):
    try:
        body = json.dumps(payload).encode() if as_json else msgspec.msgpack.encode(payload)
    except OverflowError:  # an integer that MessagePack can't hold
        return
    assert decoded_or_refused(b"x\0" + body)


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("encoding", ["msgpack", "json"])
def test_what_is_not_finite_is_missing(missing, encoding):
    back = decode(encode(DataPoint("x", {"a": missing, "b": 1.0}, 0.0), encoding))
    assert math.isnan(back.fields["a"])
    assert back.fields["b"] == 1.0
    raw = msgspec.msgpack.encode({"fields": {"a": missing}})
    assert math.isnan(decode(b"x\0" + raw).fields["a"])


def test_values_whose_sum_overflows_are_still_there():
    fields = {"a": 1.7e308, "b": 1.7e308}
    assert decode(encode(DataPoint("x", fields, 0.0))).fields == fields


def test_any_language_publishes_in_a_line():
    point = decode(b'boiler\0{"fields": {"temperature": 71, "pressure": null}}', 12.5)
    assert point.stream == "boiler"
    assert point.fields["temperature"] == 71.0
    assert math.isnan(point.fields["pressure"])
    assert (point.time, point.source, point.sequence) == (12.5, "", None)
    batch = decode(b'boiler\0{"columns": {"temperature": [1, null, 3]}}', 12.5)
    np.testing.assert_array_equal(batch.columns["temperature"], [1, math.nan, 3])
    np.testing.assert_array_equal(batch.times, [12.5] * 3)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "no payload"),
        (b"boiler", "no payload"),
        (b"boiler\0", "no payload"),
        (b"\0{}", "1 to 200 printable"),
        (b"a\nb\0{}", "printable"),
        (b"\xff\0{}", "not UTF-8"),
        (b"x" * 201 + b"\0{}", "201 characters"),
        (b"x\0{}", "without fields or columns"),
        (b'x\0{"fields": {}}', "length >= 1"),
        (b'x\0{"fields": {"a": "1"}}', "Expected `float | null`"),
        (b'x\0{"fields": {"a": true}}', "Expected `float | null`"),
        (b'x\0{"fields": {"a": 1}, "sequence": -1}', ">= 0"),
        (b'x\0{"columns": {"a": [1], "b": [1, 2]}}', "differ in length"),
        (b'x\0{"columns": {"a": []}}', "empty"),
        (b'x\0{"columns": {"a": null}}', "null"),
        (b'x\0{"columns": {"a": ["1"]}}', "column 'a' refused"),
        (b"x\0" + msgspec.msgpack.encode({"columns": {"a": b"123"}}), "whole float64"),
        (b'x\0{"a":' + b"[" * 100_000, "payload refused"),
    ],
)
def test_what_is_refused_is_told_why(frame, words):
    with pytest.raises(MessageError, match=words.replace("|", r"\|")):
        decode(frame)


@pytest.mark.parametrize(
    "message",
    [
        DataPoint("x", {f"f{i}": 0.0 for i in range(MAX_FIELDS + 1)}, 0.0),
        DataPoint("x", {"f" * (MAX_FIELD_CHARS + 1): 0.0}, 0.0),
        DataPoint("x", {"": 0.0}, 0.0),
        DataPoint("x", {"a": 0.0}, 0.0, "s" * (MAX_SOURCE_CHARS + 1)),
        DataPoint("x" * (MAX_STREAM_CHARS + 1), {"a": 0.0}, 0.0),
        DataPoint("a\0b", {"a": 0.0}, 0.0),
        DataPoint("\ud800", {"a": 0.0}, 0.0),
        Batch("x", {"a": np.zeros(MAX_BATCH_POINTS + 1)}, np.zeros(MAX_BATCH_POINTS + 1)),
        Batch("x", {f"f{i}": np.zeros(10_000) for i in range(20)}, np.zeros(10_000)),
    ],
)
def test_limits_hold_on_the_sending_side_too(message):
    with pytest.raises(MessageError):
        encode(message)


def test_the_largest_batch_of_a_field_fits():
    batch = Batch("x", {"a": np.arange(60_000.0)}, np.arange(60_000.0))
    frame = encode(batch)
    assert len(frame) <= MAX_MESSAGE_BYTES
    assert decode(frame).size == 60_000


@pytest.mark.parametrize("bad", ["\x1b[31m", "a\nb", "\x9b", "\u202e", "\u2066", "\u200f", "\x7f"])
@pytest.mark.parametrize("encoding", [msgspec.json.encode, msgspec.msgpack.encode])
def test_no_name_steers_a_terminal(bad, encoding):
    payloads = [
        {"fields": {"a": 1, bad: 1}},
        {"columns": {bad: [1.0]}},
        {"fields": {"a": 1}, "source": bad},
        {"fields": {bad: "x"}},
        {"columns": {bad: "x"}},
    ]
    for payload in payloads:
        for _ in range(2):  # what was refused is not remembered as good
            told = decoded_or_refused(b"x\0" + encoding(payload))
            assert isinstance(told, str)
            assert told.isprintable()
    assert decoded_or_refused(bad.encode() + b"\0{}").isprintable()


def test_names_that_change_all_the_time_take_no_memory():
    for i in range(3 * codec._MAX_PRINTABLE_NAMES):
        decode(b"x\0" + msgspec.msgpack.encode({"fields": {f"f{i}": 1.0}, "source": f"s{i}"}))
    assert len(codec._printable_names) <= codec._MAX_PRINTABLE_NAMES


def test_lists_hold_no_more_values_than_a_message_of_raw_ones():
    columns = {f"c{i}": [1] * 65_536 for i in range(15)}
    frame = b"x\0" + msgspec.msgpack.encode({"columns": columns})
    assert len(frame) < MAX_MESSAGE_BYTES
    with pytest.raises(MessageError, match="more than 131072 values"):
        decode(frame)
