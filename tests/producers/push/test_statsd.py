"""StatsD: what clients send by UDP to the real command, and what its lines come to."""

import math
import socket
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.statsd import STREAM
from streamson.producers.push.statsd_metric import StatsdMetric, parse_statsd
from streamson.producers.push.statsd_totals import (
    MAX_MEMBERS,
    MAX_METRICS,
    MAX_TIMER_VALUES,
    SILENT_S,
    StatsdTotals,
)
from tests.conftest import until
from tests.producers.push.serving import lately
from tests.producers.servers import words_of


class Program:
    """A program that sends by UDP to the real command."""

    def __init__(self, produce, *words):
        self.port = free_udp_port()
        words = (*words_of("StatsD"), "--address", str(self.port), "--interval", "0.1", *words)
        self.producing = produce(*words)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.port))
        until(self._is_heard, "the producer")

    def _is_heard(self):
        """Return whether somebody listens: a port that nobody does answers that it is none."""
        try:
            self.socket.send(b"\n")
            self.socket.send(b"\n")
        except ConnectionRefusedError:
            return False
        return True

    def send(self, *lines):
        self.socket.send("\n".join(lines).encode())

    def points_of(self, stream, count=1):
        """Wait for points of a stream that say something; return their fields."""

        def found():
            self.producing.await_points(0)
            points = [p.fields for p in self.producing.points if p.stream == stream]
            return [fields for fields in points if any(fields.values())]

        until(lambda: len(found()) >= count, f"points of {stream}")
        return found()

    def interrupt(self):
        self.socket.close()
        return self.producing.interrupt()


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def program(produce):
    program = Program(produce)
    yield program
    program.socket.close()


def test_what_clients_send_is_heard(program):
    program.send(
        *("shop.orders:5|c|#host:web1,kind:book", "shop.orders:5|c|@0.5|#host:web1,kind:book"),
        *("heap:320|g", "took:10|ms", "took:30|ms|@0.5", "users:ann|s", "users:bob|s"),
    )
    (orders,) = program.points_of("web1/shop/orders/book")
    assert orders["per_second"] == pytest.approx(15 / 0.1, rel=0.9)
    assert program.points_of("heap") == [{"value": 320}]
    (took,) = program.points_of("took")
    assert took == {"mean": pytest.approx(70 / 3), "count": 3, "p95": 30, "max": 30}
    assert next(iter(took)) == "mean"
    assert program.points_of("users") == [{"count": 2}]
    program.send("heap:-20|g", "users:ann|s")
    assert program.points_of("heap", 2)[1] == {"value": 300}
    assert program.points_of("users", 2)[1] == {"count": 1}
    assert all(lately(point.time) for point in program.producing.points)
    code, err = program.interrupt()
    assert code == 130
    assert f"statsd: listening on 127.0.0.1:{program.port}, UDP" in err
    assert "left out" not in err


def test_garbage_is_counted_and_survived(program):
    program.socket.send(b"\xff\xfe:1|c")
    program.send("nothing", "a:1|x", "a:one|c", "a:1|c|@2", "_e{5,4}:title|text", "x" * 9_000)
    program.send("ok:1|g")
    assert program.points_of("ok") == [{"value": 1}]
    _, err = program.interrupt()
    for told in (
        "a line that is not UTF-8 left out",
        "1 line that is no metric left out",
        "1 line of an unknown type left out",
        "1 line without a number left out",
        "1 line with a wrong sample rate left out",
        "1 line with an event or a service check left out",
        "1 line of more than 8192 bytes left out",
    ):
        assert told in err


def test_streams_and_fields_are_chosen(produce):
    program = Program(produce, "--stream", "{service} {name}", "--fields", "p95,max")
    program.send("a.b:5|ms|#service:api", "a.b:1|g|#service:api")
    assert program.points_of("api a/b") == [{"p95": 5, "max": 5}]
    program.interrupt()


@pytest.mark.parametrize(
    ("words", "told", "expected"),
    [
        (["--address", "x"], "--address: found 'x'; [HOST:]PORT is allowed", 2),
        (["--address", "0.0.0.0:0"], "Add --insecure if that is", 2),
        (["--stream", "{name"], "--stream: found '{name'", 2),
        (["--interval", "0"], "--interval", 2),
    ],
)
def test_wrong_options_are_explained(produce, words, told, expected):
    code, err = produce("statsd", *words).finish()
    assert code == expected
    assert told in err


def test_a_port_in_use_is_told_at_once(produce, program):
    code, err = produce("statsd", "--address", str(program.port)).finish()
    assert code == 1
    assert "the port is in use" in err


def test_ctrl_c_ends_it_at_once(program):
    began = time.monotonic()
    code, _ = program.interrupt()
    assert code == 130
    assert time.monotonic() - began < 2


# What follows adds up without a socket.


class Sum:
    """Totals, of lines and told when a test wants."""

    def __init__(self):
        self.totals = StatsdTotals(StreamTemplate(STREAM))
        self.now = 0.0

    def add(self, *lines):
        for line in lines:
            self.totals.add(parse_statsd(line.encode()), self.now)

    def take(self, elapsed_s=1.0):
        return {reading.stream: reading.fields for reading in self.totals.take(elapsed_s)}


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ("a:1|c", StatsdMetric("a", "c", ("1",), 1.0, ())),
        ("a:-1.5e3|g", StatsdMetric("a", "g", ("-1.5e3",), 1.0, ())),
        ("a:1:2:3|d|@0.5", StatsdMetric("a", "ms", ("1", "2", "3"), 0.5, ())),
        ("a:b:c|s", StatsdMetric("a", "s", ("b:c",), 1.0, ())),
        (
            "a:1|h|#x:1:2,y|c:4f|T1656581400",
            StatsdMetric("a", "ms", ("1",), 1.0, (("x", "1:2"), ("y", ""))),
        ),
    ],
)
def test_lines_of_the_documents(line, metric):
    assert parse_statsd(line.encode()) == metric


def test_counters_and_sets_are_told_as_0_where_nothing_comes_and_gauges_are_not():
    total = Sum()
    total.add("c:2|c", "c:2|c|@0.5", "s:x|s", "t:5|ms", "g:5|g")
    assert total.take(2.0) == {
        "c": {"per_second": 3},
        "s": {"count": 1},
        "g": {"value": 5},
        "t": {"count": 1, "mean": 5, "p95": 5, "max": 5},
    }
    none = {"mean": None, "count": 0, "p95": None, "max": None}
    assert total.take() == {"c": {"per_second": 0}, "s": {"count": 0}, "t": none}
    total.add("g:+2|g", "g:-10|g")
    assert total.take()["g"] == {"value": -3}


def test_tags_tell_metrics_apart():
    total = Sum()
    total.add("c:1|c|#host:a,x:1", "c:2|c|#host:b,x:1", "c:4|c|#host:a,x:1", "c:8|c|#beta")
    assert {stream: fields["per_second"] for stream, fields in total.take().items()} == {
        "a/c/1": 5,
        "b/c/1": 2,
        "c/beta": 8,
    }


def test_timers_with_many_values_keep_their_count_and_find_their_percentile():
    total = Sum()
    total.add(*(f"t:{i}|ms" for i in range(20 * MAX_TIMER_VALUES)))
    fields = total.take()["t"]
    number = 20 * MAX_TIMER_VALUES
    assert fields["count"] == number
    assert fields["mean"] == (number - 1) / 2
    assert fields["max"] == number - 1
    assert fields["p95"] == pytest.approx(0.95 * number, rel=0.06)  # 6 of its deviations


def test_there_are_only_so_many_metrics_and_those_silent_long_make_room():
    total = Sum()
    total.add(*(f"m{i}:1|c" for i in range(MAX_METRICS)))
    with pytest.raises(MessageError, match="of more than 10000 metrics"):
        total.add("new:1|c")
    total.now = SILENT_S
    total.add("m0:1|c", "new:1|c")
    found = total.take()
    assert len(found) == MAX_METRICS
    assert found["m0"] == {"per_second": 2}
    assert "m1" not in found
    assert found["new"] == {"per_second": 1}


def test_there_are_only_so_many_members_of_sets():
    total = Sum()
    total.add(*(f"s{i % 7}:{i}|s" for i in range(MAX_MEMBERS)))
    with pytest.raises(MessageError, match="beyond 200000 members"):
        total.add("s:one|s")
    assert sum(fields["count"] for fields in total.take().values()) == MAX_MEMBERS
    total.add("s:one|s")


NAMES = st.text(st.characters(exclude_characters=":|\n"), min_size=1).filter(
    lambda name: name == name.strip() and not name.startswith("_e{") and name.isprintable()
)
TAGS = st.text(
    st.characters(exclude_characters=":|,\n", exclude_categories=("Cs",)),
    min_size=1,
    max_size=20,
)


@given(
    NAMES,
    st.sampled_from(["c", "g", "ms"]),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    st.sampled_from([1.0, 0.5, 0.01]),
    st.lists(st.tuples(TAGS, TAGS), max_size=4),
)
def test_a_line_says_what_was_written(name, kind, values, rate, tags):
    written = f"{name}:{':'.join(map(repr, values))}|{kind}|@{rate}"
    if tags:
        written += "|#" + ",".join(f"{tag}:{value}" for tag, value in tags)
    parsed = parse_statsd(written.encode())
    assert parsed == StatsdMetric(name, kind, tuple(map(repr, values)), rate, tuple(tags))


@given(
    st.lists(
        st.binary(max_size=40)
        | st.text("ab.:|@#,c0.5g+-1mshd\x1b").map(str.encode)
        | st.builds(
            lambda values, kind: f"m:{values}|{kind}".encode(),
            st.text("0123456789+-.e:", min_size=1),
            st.sampled_from(["c", "g", "ms", "s"]),
        )
    )
)
def test_whatever_comes_is_added_or_left_out(lines):
    total = Sum()
    for line in lines:
        with suppress(MessageError):
            total.totals.add(parse_statsd(line), 0.0)
    for fields in total.take().values():
        assert all(map(math.isfinite, fields.values()))
