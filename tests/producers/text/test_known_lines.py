"""Lines of programs, as they really wrote them: with no options, streams that make sense."""

import math
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS
from streamson.producers.base.unusable import Unusable
from streamson.producers.text.event_counts import EventCounter
from streamson.producers.text.line_formats import LINE_FORMATS
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.line_readings import LineReadings, LineSettings
from streamson.producers.text.line_sources import SourceLine
from streamson.producers.text.stream_names import MAX_ROWS
from tests.conftest import DATA

SOME = 16_384


def readings_of(lines, parser=LineReader, misses="count"):
    settings = LineSettings(parser, None, (), misses, None, ())
    readings = LineReadings(settings, EventCounter(1e9), Unusable("line"))
    return list(readings.read(SourceLine(line, "stdin") for line in lines))


def recorded(name):
    return (DATA / "lines" / f"{name}.txt").read_text().splitlines()


def summary(name, **options):
    """Return each stream's name with its first point's first fields."""
    found = {}
    for reading in readings_of(recorded(name), **options):
        found.setdefault(reading.stream, dict(list(reading.fields.items())[:3]))
    return found


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("ping", {"ping/127.0.0.1": {"time_ms": 0.02, "lost": 0}}),
        ("tcpdump", {"tcpdump": {"length": 0}}),
        ("tcpdump_icmp", {"tcpdump": {"length": 64}}),
        ("vmstat", {"vmstat": {"us": 39, "sy": 5, "r": 1}}),
        ("vmstat_t", {"vmstat": {"us": 39, "sy": 5, "r": 1}}),
        (
            "iostat",
            {
                "iostat/cpu": {"%user": 34.33, "%system": 5.23, "%iowait": 0.16},
                "iostat/vda": {"%util": 0.55, "r/s": 54.8, "rkB/s": 1158.78},
            },
        ),
        (
            "free",
            {
                "free/Mem": {"used": 927452, "available": 23756640, "total": 24684092},
                "free/Swap": {"used": 0, "total": 0, "free": 0},
            },
        ),
        (
            "free_h",
            {
                "free/Mem": {"used": 905 * 2**20, "available": 22 * 2**30, "total": 23 * 2**30},
                "free/Swap": {"used": 0, "total": 0, "free": 0},
            },
        ),
        (
            "df",
            {
                "df/dev": {"Use%": 0, "Used": 0, "1K-blocks": 12334492},
                "df/dev/shm": {"Use%": 1, "Used": 288, "1K-blocks": 24684092},
                "df/root": {"Use%": 33, "Used": 34423756, "1K-blocks": 264212084},
                "df/sys/fs/cgroup": {"Use%": 0, "Used": 0, "1K-blocks": 12342044},
            },
        ),
        (
            "mpstat",
            {
                "mpstat/all": {"%usr": 3.03, "%sys": 2.02, "%iowait": 0},
                "mpstat/0": {"%usr": 2.02, "%sys": 2.02, "%iowait": 0},
                "mpstat/1": {"%usr": 4.04, "%sys": 2.02, "%iowait": 0},
            },
        ),
        (
            "kubectl_pods",
            {
                "kubernetes/web-5d5dd5db49-rvmhc": {"RESTARTS": 3, "READY": 1},
                "kubernetes/web-5d5dd5db49-x2x2x": {"RESTARTS": 0, "READY": 0},
            },
        ),
        ("kubectl_events", {"kubernetes/events": {"per_second": 4e-9}}),
        (
            "nginx",
            {
                "access/2xx": {"bytes": 5, "status": 200},
                "access/4xx": {"bytes": 153, "status": 404},
                "access/5xx": {"bytes": 157, "status": 502},
            },
        ),
        (
            "apache_timed",
            {
                "access/2xx": {"request_time_s": 355e-6, "bytes": 6, "status": 200},
                "access/4xx": {"request_time_s": 112e-6, "bytes": 236, "status": 404},
            },
        ),
    ],
)
def test_a_program_is_heard_with_no_options(name, streams):
    assert summary(name) == {stream: pytest.approx(fields) for stream, fields in streams.items()}


def test_no_line_of_an_output_is_missed(caplog):
    caplog.set_level("INFO")
    for path in (DATA / "lines").glob("*.txt"):
        assert readings_of(path.read_text().splitlines()), path
    assert [record.getMessage() for record in caplog.records] == []


def test_the_number_of_a_processor_is_no_measurement():
    assert all("CPU" not in reading.fields for reading in readings_of(recorded("mpstat")))


TOP = """\
top - 23:30:18 up 12:11,  0 user,  load average: 3.25, 4.15, 3.59
Tasks:  91 total,   2 running,  89 sleeping,   0 stopped,   0 zombie
%Cpu(s): 50.0 us, 50.0 sy,  0.0 ni,  0.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st
MiB Mem :  24105.6 total,  20408.6 free,    982.4 used,   3030.3 buff/cache
MiB Swap:      0.0 total,      0.0 free,      0.0 used.  23123.2 avail Mem

  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
28014 root      20   0   15.3g  40400  11768 R  93.8   0.2   0:00.41 python
   17 root      20   0       0      0      0 S   6.2   0.0   0:00.91 kworker/0:1-events
   18 root      20   0       0      0      0 S   1.5   0.0   0:00.91 tmux: server"""

PS = """\
USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root         1  0.2  0.1  49536 18484 ?        SLl  11:18   2:01 /sbin/init --port 2024 --addr 0.0
root         2  0.0  0.0      0     0 ?        S    11:18   0:00 [kthreadd]"""

PIDSTAT = """\
Linux 6.18.44 (vm) 	11/27/26 	_x86_64_	(2 CPU)

23:30:18      UID       PID    %usr %system  %guest   %wait    %CPU   CPU  Command
23:30:19        0     28014  102.00   10.00    0.00    0.00  112.00     1  pytest"""

TCPDUMP = """\
tcpdump: verbose output suppressed, use -v[v]... for full protocol decode
listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes
12:00:00.1 IP 127.0.0.1.40 > 127.0.0.1.50: Flags [.], ack 1, win 512, length 64
5 packets captured
34 packets received by filter
0 packets dropped by kernel"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            TOP,
            {
                "top/python": {"%CPU": 93.8, "%MEM": 0.2},
                "top/kworker": {"%CPU": 6.2, "%MEM": 0},
                "top/tmux": {"%CPU": 1.5, "%MEM": 0},
            },
        ),
        (
            PS,
            {
                "ps/init": {"%CPU": 0.2, "%MEM": 0.1, "RSS": 18484},
                "ps/kthreadd": {"%CPU": 0, "%MEM": 0, "RSS": 0},
            },
        ),
        (
            PIDSTAT,
            {"pidstat/pytest": {"%CPU": 112, "%usr": 102, "%system": 10, "%guest": 0, "%wait": 0}},
        ),
        (TCPDUMP, {"tcpdump": {"length": 64}}),
    ],
)
def test_of_processes_the_processor_is_heard_and_no_identifier(text, expected):
    readings = readings_of(text.splitlines())
    assert {reading.stream: reading.fields for reading in readings} == expected
    assert {next(iter(reading.fields)) for reading in readings} <= {"%CPU", "length"}


@pytest.mark.parametrize("parser", [LineReader, LINE_FORMATS["logfmt"]])
def test_an_identifier_is_heard_last(parser):
    (reading,) = readings_of(["id=77 status=200 dur=12ms"], parser)
    assert list(reading.fields) == ["status", "dur", "id"]


@pytest.mark.parametrize("parser", [LineReader, LINE_FORMATS["json"]])
def test_an_identifier_in_json_is_heard_last(parser):
    (reading,) = readings_of(['{"user": {"id": 3}, "orderId": 4, "ms": 5, "paid": 6}'], parser)
    assert list(reading.fields) == ["ms", "paid", "user.id", "orderId"]


def test_of_sar_the_time_of_programs_comes_first():
    lines = [
        "12:00:01     CPU     %user     %nice   %system",
        "12:00:02     all  86.43  0.5  13.07",
    ]
    (reading,) = readings_of(lines)
    assert list(reading.fields) == ["%user", "%system", "%nice"]


def test_sar_names_its_columns_behind_a_time():
    assert {r.stream for r in readings_of(recorded("sar"))} == {
        *("stdin/lo", "stdin/ifb0", "stdin/ifb1", "stdin/eth0"),
    }


@pytest.mark.parametrize(
    ("name", "line_format", "points"),
    [
        ("nginx", "nginx", 5),
        ("nginx_timed", "nginx", 5),
        ("apache", "apache", 6),
        ("apache_timed", "apache", 6),
        ("ping", "ping", 3),
        ("tcpdump", "tcpdump", 14),
        ("tcpdump_icmp", "tcpdump", 6),
        ("vmstat", "vmstat", 3),
    ],
)
def test_a_format_by_name_finds_the_same(name, line_format, points):
    found = readings_of(recorded(name), LINE_FORMATS[line_format], "tell")
    assert len(found) == points
    guessed = readings_of(recorded(name))
    assert [(r.stream, r.fields) for r in found] == [(r.stream, r.fields) for r in guessed]
    if name != "vmstat":
        assert [r.time for r in found] == [r.time for r in guessed]


def test_vmstat_is_known_without_its_names():
    (reading,) = readings_of(recorded("vmstat")[-1:], LINE_FORMATS["vmstat"], "tell")
    assert (reading.stream, reading.fields["us"], reading.fields["st"]) == ("vmstat", 5, 0)


def test_the_status_and_the_time_of_each_request_are_read():
    readings = readings_of(recorded("nginx_timed"))
    assert [reading.fields["status"] for reading in readings] == [200, 404, 502, 200, 400]
    assert readings[-1].fields["request_time_s"] == 0.007
    assert {r.time for r in readings} == {
        datetime(2026, 11, 27, 19, 39, 25, tzinfo=UTC).timestamp()
    }


@pytest.mark.parametrize(
    ("rest", "request_time_s"),
    [
        ("", None),
        ('"-" "curl"', None),
        ('"-" "curl" 0.005', 0.005),
        ('"-" "curl" "0.005"', 0.005),
        ('"-" "curl" 5000', 0.005),
        ('"-" "curl" rt=0.25 uct="0.1"', 0.25),
        ('"-" "curl" request_time=3ms', 0.003),
        ('"-" "curl" - 7', None),
        ('"-" "0.5 curl"', None),
        ('"-" "cu\\"rl 5" 0.125', 0.125),
    ],
)
def test_the_request_time_is_what_follows_the_browser(rest, request_time_s):
    line = f'::1 - Ann B [27/Nov/2026:10:00:00 +0100] "GET /a?b=c HTTP/2" 304 - {rest}'.strip()
    (parsed,) = LineReader().parse(line)
    assert parsed.fields.get("request_time_s") == request_time_s
    assert (parsed.fields["bytes"], parsed.fields["status"]) == (0, 304)
    assert parsed.labels == {
        "host": "::1",
        "status": "304",
        "class": "3xx",
        "method": "GET",
        "path": "/a",
    }
    assert parsed.time == datetime(2026, 11, 27, 9, tzinfo=UTC).timestamp()


def test_replies_of_ping_that_are_missing_are_counted():
    reply = "64 bytes from one.example (192.0.2.1): icmp_seq={} ttl=57 time=12.3 ms"
    numbers = [1, 2, 5, 4, 6, 6, 65_535, 0, 1, 4]
    readings = readings_of([reply.format(number) for number in numbers])
    assert [r.fields["lost"] for r in readings] == [0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    readings = readings_of([reply.format(number) for number in (65_534, 1, 4)])
    assert [r.fields["lost"] for r in readings] == [0, 2, 2]
    assert {r.stream for r in readings} == {"ping/one.example"}


@pytest.mark.parametrize(
    "line",
    [
        "[1795805657.25] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.5 ms",  # ping -D
        "64 bytes from 192.0.2.1: seq=0 ttl=64 time=0.5 ms",  # BusyBox
        "64 bytes from 192.0.2.1: icmp_seq=0 ttl=64 time=0.5 ms (DUP!)",
    ],
)
def test_pings_of_other_systems_are_known(line):
    (parsed,) = LineReader().parse(line)
    assert (parsed.row, parsed.fields["time_ms"]) == ("192.0.2.1", 0.5)
    assert parsed.time == (1795805657.25 if line[0] == "[" else None)


@pytest.mark.parametrize(
    ("line", "length"),
    [
        ("10:00:00.5 IP6 fe80::1 > ff02::1: ICMP6, router advertisement, length 56", 56),
        ("10:00:00.5 ARP, Request who-has 192.0.2.1 tell 192.0.2.2, length 28", 28),
        ("10:00:00.5 IP a.1 > b.53: 5+ A? example.com. (29)", 29),
        ("10:00:00.5 lo    In  IP 127.0.0.1.1 > 127.0.0.1.2: UDP, length 5", 5),
        ("10:00:00.5 IP a.1 > b.2: UDP, bad length 500 > 72, length 80", 80),
        ("2026-11-27 10:00:00.5 IP a.1 > b.2: Flags [.], ack 1, length 7: HTTP: GET / x=9", 7),
    ],
)
def test_packets_of_many_protocols_have_their_length(line, length):
    (parsed,) = LineReader().parse(line)
    assert (parsed.program, parsed.fields) == ("tcpdump", {"length": length})


@pytest.mark.parametrize(
    ("line", "app", "fields", "severity"),
    [
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "su", {"severity": 2}, "critical"),
        (
            '<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [x@32 iut="3" a="]"] took=5ms',
            "evntslog",
            {"took": 5, "severity": 5},
            "notice",
        ),
        (
            "<13>1 2003-10-11T22:14:15Z - cron 5 - - \ufeffx=1",
            "cron",
            {"x": 1, "severity": 5},
            "notice",
        ),
        ("Nov  7 18:54:17 host sshd[123]: port: 22", "sshd", {"port": 22}, None),
        ("2026-11-27T18:54:17.250123+00:00 host app[1]: queue=5", "app", {"queue": 5}, None),
        ("Nov 27 18:54:17 host kernel: [12.5] CPU0: 85 C", "kernel", {"c3": 85}, None),
    ],
)
def test_the_message_of_syslog_is_read_as_any_line(line, app, fields, severity):
    for parser in (LineReader(), LINE_FORMATS["syslog"]()):
        (parsed,) = parser.parse(line)
        assert dict(parsed.fields) == fields
        assert parsed.row == app
        assert parsed.labels.get("severity") == severity
        assert parsed.time is not None


def test_words_of_messages_name_no_columns():
    readings = readings_of(
        [
            "Nov 27 18:54:16 host sshd[1]: Connection closed by somebody",
            "Nov 27 18:54:17 host sshd[1]: Accepted 5 of 7",
            "2026-11-27 18:54:18 connection was closed",
            "2026-11-27 18:54:19 accepted 5 connections",
        ]
    )
    assert [r.fields for r in readings] == [{"c2": 5, "c4": 7}, {"c4": 5}]


@pytest.mark.parametrize(
    ("line_format", "line", "fields", "labels"),
    [
        ("logfmt", 'level=info msg="n=5 of it" took=5.5ms', {"took": 5.5}, {"msg": "n=5 of it"}),
        ("logfmt", "ts=2026-11-27T00:00:00Z n=1", {"n": 1}, {}),
        ("json", '{"time": 1795805657250, "a": {"b": 5}, "h": "x"}', {"a.b": 5}, {"h": "x"}),
        ("json", "[1, 2]", {"c1": 1, "c2": 2}, {}),
    ],
)
def test_formats_of_names_and_values(line_format, line, fields, labels):
    (parsed,) = LINE_FORMATS[line_format]().parse(line)
    assert dict(parsed.fields) == fields
    assert labels.items() <= parsed.labels.items()
    assert (parsed.time is not None) == ("2026" in line or "1795" in line)


def test_what_is_of_another_format_is_nothing():
    lines = ["x", "", "{", "<999>Oct 11 22:14:15 a b: c", 'a - - [x] "y" 99 5', "= == =", "{}", "0"]
    for name in LINE_FORMATS.keys() - {"vmstat"}:
        for line in lines[:-1]:
            assert list(LINE_FORMATS[name]().parse(line)) == [], (name, line)


@given(st.sampled_from(sorted(LINE_FORMATS)), st.lists(st.text(max_size=200), max_size=4))
def test_whatever_comes_what_is_read_can_be_published(name, lines):
    readings = readings_of(lines, LINE_FORMATS[name], "tell")
    for reading in readings:
        assert 0 < len(reading.fields) <= MAX_FIELDS
        assert all(0 < len(field) <= MAX_FIELD_CHARS for field in reading.fields)


HUGE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["9" * 400, "1e308", "1.7e308", "-1e308", "1e-320", "5", "9" * 300]),
    st.sampled_from(["", ".", ".5"]),
    st.sampled_from(["", "kB", " kB", "B", "%", "T", "Ti", "h", "ms"]),
)


@given(
    st.sampled_from(["", *sorted(LINE_FORMATS)]),
    st.lists(
        st.builds(
            str.format,
            st.sampled_from(
                [
                    *("{}", "x={} y=1", "x: {}, y: {}", "a {} b", '{{"x": {}, "y": "{}"}}', "x {}"),
                    *("time={} x={}", "{} {}", "x={}", "[{}] 64 bytes from a: seq=1 time={} ms"),
                    *('1 - - [27/Nov/2026:10:00:00 +0100] "x" 200 {} "" "" {}', "[{}, 1]"),
                    "10:00:00.5 IP a > b: length {}",
                ]
            ),
            HUGE,
            HUGE,
        ),
        max_size=4,
    ),
)
def test_numbers_without_bounds_are_read_or_left_out(name, lines):
    parser = LINE_FORMATS[name] if name else LineReader
    for reading in readings_of(lines, parser):
        assert all(x is None or math.isfinite(x) for x in reading.fields.values())
        assert reading.time is None or abs(reading.time) < 1e12


KNOWN = [
    line
    for path in sorted((DATA / "lines").glob("*.txt"))
    for line in path.read_text().splitlines()
]


@given(st.data())
def test_a_line_that_is_damaged_is_read_or_left_out(data):
    """Cut, doubled and mixed, as where two programs write into one file."""
    one, other = (data.draw(st.sampled_from(KNOWN)) for _ in range(2))
    cut = data.draw(st.integers(0, len(one)))
    middle = data.draw(st.text(max_size=5))
    line = one[:cut] + middle + other[data.draw(st.integers(0, len(other))) :]
    for reading in readings_of([one, line, other]):
        assert reading.fields
        assert reading.stream.isprintable()


def test_a_table_of_very_many_things_is_one_stream():
    lines = ["name value"] + [f"thing{number} {number}" for number in range(2 * MAX_ROWS)]
    readings = readings_of(lines)
    assert len(readings) == 2 * MAX_ROWS
    assert len({reading.stream for reading in readings}) == MAX_ROWS + 1
    assert readings[-1].stream == "stdin"


def test_colours_are_no_part_of_a_line():
    (parsed,) = LineReader().parse("\x1b[1;32mload\x1b[0m=5 \x1b[31mx=6\x1b[m")
    assert parsed.fields == {"load": 5, "x": 6}


@pytest.mark.parametrize(
    ("lines", "stream", "fields"),
    [
        (  # docker stats, which clears the screen before each table
            [
                "\x1b[2J\x1b[HCONTAINER ID   NAME   CPU %     MEM USAGE / LIMIT     MEM %   PIDS",
                "0b1b2c3d4e5f   web    0.15%     10.5MiB / 1.944GiB   0.53%   5",
            ],
            "docker/web",
            {"CPU %": 0.15, "MEM %": 0.53, "MEM USAGE / LIMIT": 10.5},
        ),
        (  # kubectl top pods
            ["NAME     CPU(cores)   MEMORY(bytes)", "web-1    250m         64Mi"],
            "stdin/web-1",
            {"CPU(cores)": 250, "MEMORY(bytes)": 64 * 2**20},
        ),
        (  # nvidia-smi dmon
            ["# gpu   pwr gtemp mtemp", "# Idx     W     C     C", "    0    43    35     -"],
            "stdin",
            {"gpu": 0, "pwr": 43, "gtemp": 35},
        ),
        (  # dstat
            ["----total-usage---- -dsk/total-", "usr sys| read  writ", "  1   2|  10k   20M"],
            "stdin",
            {"usr": 1, "sys": 2, "read": 10_240, "writ": 20 * 2**20},
        ),
        (["Core 0:  +43.0°C  (high = +80.0°C, crit = +100.0°C)"], "stdin", {"Core 0": 43}),
        (["Epoch 1/10 loss: 0.5 acc: 0.8"], "stdin", {"loss": 0.5, "acc": 0.8}),
        (
            ["32/32 [======] - 1s 3ms/step - loss: 0.5 - acc: 0.8"],
            "stdin",
            {"loss": 0.5, "acc": 0.8},
        ),
        (["INFO:root:loss=0.5 acc=0.9"], "stdin", {"loss": 0.5, "acc": 0.9}),
        (["peer: 10.0.0.1 port: 80 load: 5"], "stdin", {"port": 80, "load": 5}),
    ],
)
def test_more_that_people_run(lines, stream, fields, caplog):
    reading = readings_of(lines)[-1]
    assert (reading.stream, reading.fields) == (stream, fields)
    assert not caplog.records


@pytest.mark.parametrize("name", [*LINE_FORMATS, ""])
@pytest.mark.parametrize(
    "part",
    [
        *("a", " ", "=", '"', "\\", "[", "] ", "a=b ", 'a="b" ', "<1>", "1:1", "length ", "(1)"),
        *("x > y:", "64 bytes from ", '] "', "{", "[[", "\x1b[", "| ", "-1,5 ", "Nov 27 18:54:17 "),
    ],
)
def test_no_line_takes_long(name, part):
    """A quadratic one would take seconds."""
    heads = (
        *("", "64 bytes from a: icmp_seq=1 ", "10:00:00.5 IP a > b: ", "Nov 27 18:54:17 h a[1]: "),
        *("<1>1 2026-11-27T10:00:00Z h a 1 2 [", '1 - - [27/Nov/2026:10:00:00 +0100] "'),
        *('1 - - [27/Nov/2026:10:00:00 +0100] "x" 200 1 "', "2026-11-27T18:54:17.250Z "),
    )
    parser = LINE_FORMATS[name]() if name else LineReader()
    begin = time.process_time()
    for head in heads:
        parser.parse((head + part * SOME)[:SOME])
    assert time.process_time() - begin < 1
