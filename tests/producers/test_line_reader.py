"""Numbers in lines of text, as programs and people write them."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.formats.quantity import Quantity, parse_quantity
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.line_splitter import MAX_LINE_BYTES

VMSTAT = """\
procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
 r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st
 1  0      0 239650  12345  67890    0    0    17     9  150  300  3  1 96  0  0
 2  0      0 239651  12345  67890    0    0    17     9  150  301  4  1 95  0  0
"""


def read(text, columns=None):
    reader = LineReader(columns)
    said = [reader.parse(line) for line in text.splitlines()]
    return [parsed[0].fields for parsed in said if parsed and parsed[0].fields]


def one(line, reader=None):
    """Return what a line says: topic and fields."""
    parsed = (reader or LineReader()).parse(line)
    return (parsed[0].topic, parsed[0].fields) if parsed else ("", {})


def test_vmstat_names_its_columns_in_its_last_header():
    rows = read(VMSTAT * 2)
    assert len(rows) == 4
    assert rows[0]["free"] == 239_650
    assert [row["us"] for row in rows] == [3, 4, 3, 4]
    assert list(rows[0])[:4] == ["us", "sy", "r", "free"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1 2\n", [{"c1": 1, "c2": 2}]),
        ("a,b\n1,2\n3,4\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        ("a b\n1 2 3\n", [{"c1": 1, "c2": 2, "c3": 3}]),
        ("cpu=3.5 mem=40% host=web\n", [{"cpu": 3.5, "mem": 40}]),
        ("eth0: 12 13\n", [{"c2": 12, "c3": 13}]),
        ("nan 1\n", [{"c2": 1}]),
        ("\n\nwords only\n", []),
        ("-1e3\t5", [{"c1": -1_000, "c2": 5}]),
    ],
)
def test_lines_of_many_kinds(text, rows):
    assert read(text) == rows


def test_columns_are_chosen_by_name_or_number():
    assert read(VMSTAT, ["us", "4"])[0] == {"us": 3, "free": 239_650}
    assert read(VMSTAT, ["nonsense"]) == []


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("T=21.5C", {"T": 21.5}),
        ("humidity: 40 %", {"humidity": 40}),
        ("temperature: 21.5 C, humidity: 40 %", {"temperature": 21.5, "humidity": 40}),
        ("cpu: 3 mem: 4", {"cpu": 3, "mem": 4}),
        ('{"a": {"b": 1.5, "c": "22 C"}, "d": [1, 2], "ok": true}', None),
        ("64 bytes from ::1: icmp_seq=1 ttl=57 time=12.3 ms", None),
        ("1st 2nd 3", {"c3": 3}),
        ("5 12ms 0x1f", {"c1": 5, "c2": 12}),
        ("x: 1e999", {}),
        ('{"a": NaN}', {}),
        ("{" * 30_000, {}),
    ],
)
def test_a_line(line, fields):
    nested = {"a.b": 1.5, "a.c": 22, "d.1": 1, "d.2": 2}
    ping = {"time_ms": 12.3, "lost": 0}
    expected = {"{": nested, "6": ping}.get(line[0], {}) if fields is None else fields
    assert one(line) == ("", expected)


@pytest.mark.parametrize(
    ("line", "stream", "fields"),
    [
        ("home/kitchen/temp 21.5", "home/kitchen/temp", {"value": 21.5}),
        ("home/kitchen/temp=21.5C", "home/kitchen/temp", {"value": 21.5}),
        ('home/x {"t": 21, "h": {"v": 4}}', "home/x", {"t": 21, "h.v": 4}),
        ("home/x T=21.5C hum=4", "home/x", {"T": 21.5, "hum": 4}),
        ("home/x 22 4%", "home/x", {"c1": 22, "c2": 4}),
        ("req/s=3 err/s=4", "", {"req/s": 3, "err/s": 4}),
        ("27/11 22 4", "", {"c2": 22, "c3": 4}),
        ("and/or 5 apples 6", "", {"c2": 5, "c4": 6}),
        ("a/b none", "", {}),
        ("/" * 300 + " 1", "", {"c2": 1}),
    ],
)
def test_a_topic_is_the_stream(line, stream, fields):
    assert one(line) == (stream, fields)


def test_a_field_stays_in_its_unit():
    reader = LineReader()
    lines = ["size=900kB", "size=1.2MB", "size=5", "size=3 s"]
    assert [one(line, reader)[1]["size"] for line in lines] == [900, 1_200, 5, 3]
    lines = ["t=2ms", "t=1s", "t=500us"]
    assert [one(line, reader)[1]["t"] for line in lines] == [2, 1_000, 0.5]


def test_a_column_that_is_not_there_is_log_once():
    told = []
    reader = LineReader(["nope", "a"], told.append)
    assert [one(f"a={i} b=2", reader)[1] for i in range(3)] == [{"a": i} for i in range(3)]
    assert told == ["no column 'nope' in a line; it has a, b"]


@given(
    st.floats(-1e9, 1e9).map(lambda x: round(x, 3)), st.sampled_from(["", "%", "C", "ms", "MB/s"])
)
def test_a_quantity_is_read_as_it_is_written(value, unit):
    for text in (f"{value}{unit}", f"{value} {unit}" if unit else f"{value}"):
        assert parse_quantity(text) == Quantity(value, unit)


@given(st.text(max_size=200))
def test_any_line_is_read_or_left_out(line):
    stream, fields = one(line)
    assert all(value is None or math.isfinite(value) for value in fields.values())
    assert stream.isprintable()


@pytest.mark.parametrize(
    "part",
    ["a: 1 C ", "a ", "a=b ", "x", "{", "/", "a/", "1", "1.1", "a: ", "=", '{"a":', "1 ", "a b c "],
)
def test_no_line_takes_long(part):
    line = (part * MAX_LINE_BYTES)[:MAX_LINE_BYTES]
    begin = time.monotonic()
    LineReader().parse(line)
    assert time.monotonic() - begin < 1  # a quadratic one takes half a minute


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (["temp;hum", "21,5;41,1"], {"temp": 21.5, "hum": 41.1}),
        (["Temperatur: 21,5 °C"], {"Temperatur": 21.5}),
        (["T=21,5"], {"T": 21.5}),
        (["load average: 0,15, 0,30, 0,20"], {"c3": 0.15, "c4": 0.3, "c5": 0.2}),
        (["1,2,3"], {"c1": 1, "c2": 2, "c3": 3}),
        (["us,sy", "1,2"], {"us": 1, "sy": 2}),
        (
            ["2026-01-01 12:00:01 temperature: 21.5 C, humidity: 41 %"],
            {"temperature": 21.5, "humidity": 41},
        ),
        (["time temp", "1700000001 21.5"], {"temp": 21.5}),
        (['{"ts": 1700000001, "T": 3}'], {"T": 3}),
        (["time", "5"], {"time": 5}),
    ],
)
def test_commas_and_times_are_understood(lines, fields):
    reader = LineReader()
    assert [one(line, reader) for line in lines][-1][1] == pytest.approx(fields)


def test_columns_are_counted_among_all_words():
    line = '203.0.113.9 - - [31/Jan/2026:12:00:01 +0000] "GET / HTTP/1.1" 200 512'
    assert one(line, LineReader(columns=["10"]))[1] == {"c10": 512}
    reader = LineReader(columns=["3"])
    reader.parse("time temp hum")
    assert one("12:00:01 21.5 41", reader)[1] == {"hum": 41}
