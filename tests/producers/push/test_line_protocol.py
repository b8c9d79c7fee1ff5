"""InfluxDB's line protocol: every line that is one is read, every other is told with its number."""

import math
import time
import tracemalloc
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.producers.base.reading import BatchReading
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.push.batch_builder import MAX_HELD_POINTS
from streamson.producers.push.body import BodyRequest, PartlyRejectedError
from streamson.producers.push.influx import STREAM, LineProtocolParser
from streamson.producers.push.line_protocol import parse_line, parse_series
from streamson.producers.push.line_splitter import MAX_LINE_BYTES
from streamson.wire.points.codec import encode


def parser(*, template=STREAM, fields=(), **query):
    request = BodyRequest("/write", {}, query, StreamTemplate(template), fields)
    return LineProtocolParser(request, Unusable("field"))


def points_of(readings, template=STREAM):
    """Return (stream, fields, time) of all points, those of batches as well."""
    found = []
    for reading in readings:
        if isinstance(reading, BatchReading):
            encode(reading.batch)  # which refuses what no listener takes
            found += [
                (p.stream, {n: v for n, v in p.fields.items() if not math.isnan(v)}, p.time)
                for p in reading.batch.points()
            ]
        else:
            stream = StreamTemplate(template).fill(reading.labels)
            found.append((stream, dict(reading.fields), reading.time))
    return found


def read(body, *, size=1 << 20, **options):
    """Return the points of a body that comes in pieces, and what was wrong with it."""
    reader = parser(**options)
    found, wrong = [], None
    try:
        for at in range(0, len(body), size):
            found += reader.feed(body[at : at + size])
        found += reader.close()
    except PartlyRejectedError as error:
        wrong = error
    return points_of(found, options.get("template", STREAM)), wrong


def by_stream(points):
    streams = defaultdict(list)
    for stream, fields, when in points:
        streams[stream].append((fields, when))
    return dict(streams)


def escaped(text, special):
    return "".join("\\" + c if c in special else c for c in text)


def encoded(measurement, tags, fields, timestamp):
    """Write a line, as the specification says."""
    key = escaped(measurement, ", ") + "".join(
        f",{escaped(tag, ',= ')}={escaped(value, ',= ')}" for tag, value in tags.items()
    )
    values = []
    for name, value in fields.items():
        if isinstance(value, str):
            written = '"' + escaped(value, '"\\') + '"'
        elif isinstance(value, bool):
            written = "true" if value else "F"
        else:
            written = f"{value}i" if isinstance(value, int) else repr(value)
        values.append(f"{escaped(name, ',= ')}={written}")
    return f"{key} {','.join(values)} {timestamp}\n".encode()


# What a name ends in may not be a backslash, and none may stand before what has to be escaped: the
# protocol has no way to write that.
WORDS = st.text(
    st.characters(exclude_characters="\\\n", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf")),
    min_size=1,
    max_size=8,
)
NAMES = WORDS.filter(str.isprintable)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)
LINES = st.tuples(
    WORDS.filter(lambda word: word[0] not in "#\t\0"),
    st.dictionaries(WORDS, WORDS, max_size=4),
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=6),
    st.integers(0, 2**62),
)


@given(LINES)
def test_a_line_says_what_was_written(line):
    measurement, tags, fields, timestamp = line
    parsed = parse_line(encoded(*line).rstrip(b"\n"))
    assert parse_series(parsed.key) == (measurement, tags)
    numbers = {name: float(v) for name, v in fields.items() if not isinstance(v, str)}
    assert (parsed.fields, parsed.timestamp) == (numbers, timestamp)


@given(st.lists(LINES, max_size=12), st.integers(1, 200))
def test_a_body_says_the_same_in_pieces_of_any_size(lines, size):
    body = b'# comment "\n\n \t\n'.join(encoded(*line) for line in lines)
    in_pieces, wrong = read(body, size=size)
    assert wrong is None
    assert by_stream(in_pieces) == by_stream(read(body)[0])
    numbers = [[v for v in fields.values() if not isinstance(v, str)] for _, _, fields, _ in lines]
    assert len(in_pieces) == sum(map(bool, numbers))


@given(st.lists(st.one_of(st.binary(max_size=30), LINES.map(lambda line: encoded(*line)))))
def test_whatever_comes_is_read_or_rejected(pieces):
    body = b"\n".join(pieces)
    points, wrong = read(body, size=7)
    assert all(fields for _, fields, _ in points)
    assert wrong is None or 0 < wrong.rejected <= body.count(b"\n") + 1


@given(st.text('m f=,"\\ 1ti\n#', max_size=40))
def test_bad_lines_cost_no_good_ones(noise):
    """Whatever is before them: but for a text that they end."""
    good = b"cpu,host=web1 idle=1 5\n"
    points, _ = read(noise.encode() + b'\nm f=""\n' + 3 * good)
    assert [point for point in points if point[0] == "web1/cpu"][-3:] == [
        ("web1/cpu", {"idle": 1.0}, 5e-9)
    ] * 3


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"m a=1,b=-2.5e+3,c=.5,d=7.", {"a": 1, "b": -2500, "c": 0.5, "d": 7}),
        (b"m a=3i,b=18446744073709551615u", {"a": 3, "b": 2.0**64}),
        (b"m a=t,b=T,c=true,d=True,e=TRUE", dict.fromkeys("abcde", 1.0)),
        (b"m a=f,b=F,c=false,d=False,e=FALSE", dict.fromkeys("abcde", 0.0)),
        (rb'm s="a, \"b\" = c\\",n=1', {"n": 1}),
        (rb"m,t=a\ b f\=g\,\ h=1", {"f=g, h": 1}),
        (rb"m\,x\y f=1", {"f": 1}),
        ("messung,ort=Köln °C=21.5".encode(), {"°C": 21.5}),
        (b"m  \tf=1 \t12 \t", {"f": 1}),
    ],
)
def test_lines_of_the_specification(line, fields):
    assert parse_line(line).fields == fields


def test_only_what_would_end_a_name_is_escaped():
    measurement, tags = parse_series(rb"a\=b\,c\ d\e,f\=g=\ h\i")
    assert (measurement, tags) == (r"a\=b,c d\e", {"f=g": r" h\i"})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"m", "found 'm'"),
        (b"m f=", "found 'm f='"),
        (b"m f=1,", "found 'm f=1,'"),
        (b"m f=1 2 3", "found 'm f=1 2 3'"),
        (b"m f=nan", "field 'f': found 'nan'"),
        (b"m f=+1", "field 'f': found '+1'"),
        (b"m f=1_0", "field 'f': found '1_0'"),
        (b"m f=0x1", "field 'f': found '0x1'"),
        (b"m f=1e999", "field 'f': found more than a float64 can be"),
        (b"m f=9223372036854775808i", "field 'f': found '9223372036854775808i'"),
        (b"m f=-1u", "field 'f': found '-1u'"),
        (b"m f=yes", "field 'f': found 'yes'"),
        (b"m f=1 soon", "the time 'soon'"),
        (b"m f=1 9223372036854775808", "the time '9223372036854775808'"),
        (b"m,t= f=1", "found 'm,t='"),
        (b"m,t=a,t=b f=1", "tag 't' is there twice"),
        (b"m \xff=1", "is not UTF-8"),
        (b"m \x1b[31m=1", r"named '\x1b[31m'"),
        (b"m " + b"x" * 201 + b"=1", "up to 200 printable characters"),
    ],
)
def test_what_is_no_line_is_told_with_its_number(line, told):
    points, wrong = read(b"a x=1 5\n# no line\n" + line + b"\nb x=2 6\nno\n")
    assert points == [("a", {"x": 1.0}, 5e-9), ("b", {"x": 2.0}, 6e-9)]
    assert wrong is not None
    assert str(wrong).startswith("line 3: ")
    assert told in str(wrong)
    assert wrong.rejected == 2


def test_a_text_that_does_not_end_costs_its_line_alone():
    body = b'a x=1 1\nbad s="oops\nb x=2 2\nc s="two\nlines",x=3 3\nd x=4 4\n'
    points, wrong = read(body)
    assert [point[0] for point in points] == ["a", "b", "c", "d"]
    assert (str(wrong), wrong.rejected) == ("line 2: a text in quotes does not end", 1)


@pytest.mark.parametrize("text", [b"", b'"'])
def test_a_line_without_end_takes_no_memory_and_costs_itself_alone(text):
    reader = parser()
    found = list(reader.feed(b"a x=1 1\nlong x=" + text))
    for _ in range(100):
        found += reader.feed(b"y" * MAX_LINE_BYTES)
    found += reader.feed(b"\nb x=2 2\n")
    with pytest.raises(PartlyRejectedError, match="line 2: more than 65536 bytes"):
        found += reader.close()
    assert [p[0] for p in points_of(found)] == ["a", "b"]


def test_points_of_a_stream_come_as_a_batch_with_nan_where_a_field_is_missing():
    body = b"cpu,host=a x=1,y=2 1000000000\ncpu,host=b x=9 5\ncpu,host=a y=4 2000000000\n"
    batch, alone = [*(reader := parser()).feed(body.ljust(16 << 10, b"\n")), *reader.close()]
    assert batch.batch.stream == "a/cpu"
    np.testing.assert_array_equal(batch.batch.columns["x"], [1, np.nan])
    np.testing.assert_array_equal(batch.batch.columns["y"], [2, 4])
    np.testing.assert_array_equal(batch.batch.times, [1, 2])
    assert alone.fields == {"x": 9.0}


def test_streams_are_named_by_measurement_and_tags():
    points, _ = read(b"cpu,cpu=cpu0,host=web1 x=1 1\ndisk,path=/,mode=rw x=1 1\n")
    assert [point[0] for point in points] == ["web1/cpu/cpu0", "disk/rw"]
    points, _ = read(b"cpu,cpu=cpu0,host=web1 x=1 1\n", template="{measurement} of {host}")
    assert points[0][0] == "cpu of web1"


def test_fields_are_chosen_and_not_too_many():
    points, _ = read(b"m idle=1,user=2,user_nice=3 1\n", fields=("user*",))
    assert points[0][1] == {"user": 2.0, "user_nice": 3.0}
    many = ",".join(f"f{i}={i}" for i in range(100))
    points, wrong = read(f"m {many} 1\n".encode())
    assert (len(points[0][1]), wrong) == (64, None)
    # Points with few fields, which together have too many for one batch.
    points, wrong = read("".join(f"m f{i}={i} {i}\n" for i in range(200)).encode())
    assert [fields for _, fields, _ in points] == [{f"f{i}": i} for i in range(200)]


@pytest.mark.parametrize(
    ("precision", "written"), [("ns", "1700000000500000000"), ("us", "1700000000500000")]
)
def test_times_are_in_the_units_that_the_request_says(precision, written):
    points, _ = read(f"m x=1 {written}\n".encode(), precision=precision)
    assert points[0][2] == 1700000000.5
    with pytest.raises(MessageError, match="precision: found 'fortnight'; ns, us, ms and s are"):
        parser(precision="fortnight")


def test_a_point_without_a_time_is_of_now():
    before = time.time()
    ((_, _, when),), _ = read(b"m x=1")
    assert before <= when <= time.time()


def test_points_of_many_streams_are_held_for_a_while_only():
    reader = parser()
    body = b"".join(b"m%d x=1\n" % i for i in range(3 * MAX_HELD_POINTS))
    assert len(list(reader.feed(body))) >= 2 * MAX_HELD_POINTS
    assert len(list(reader.close())) <= MAX_HELD_POINTS


def test_a_long_body_takes_constant_memory():
    """And every point of it comes once, in order."""
    reader = parser()
    piece = b"".join(b"cpu,host=h%d x=%d,y=2.5 %d\n" % (i % 50, i, i) for i in range(2_000))
    count = 0
    tracemalloc.start()
    try:
        for _ in range(8):
            for reading in reader.feed(piece):
                count += reading.batch.size
        count += sum(reading.batch.size for reading in reader.close())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 16_000
    assert peak < 12e6
