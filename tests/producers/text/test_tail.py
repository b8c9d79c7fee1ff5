"""The tail producer as a person runs it: programs piped into it, logs that rotate, the journal."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import DATA, until
from tests.producers.servers import documented, free_port, needs, server, words_of

LINES = DATA / "lines"
JOURNAL = Path("/run/systemd/journal/socket")


def run(*words, **options):
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 60, **options}
    command = [sys.executable, "-m", "streamson", "produce", "tail", *words]
    return subprocess.run(command, check=False, text=True, **options)


def piped(what, produce, points):
    """Run a documented pipe, ``PROGRAM | streamson produce tail ...``, and await points."""
    program = documented(what).partition(" | ")[0].split()
    needs(program[0])
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        try:
            tail = produce(*words_of(what), stdin=writer.stdout)
            return tail.await_points(points)
        finally:
            writer.kill()


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def end_input(tail):
    tail.process.stdin.close()
    tail.process.stdin = None
    return tail.finish()


def test_vmstat_is_heard(produce):
    first, second = piped("vmstat", produce, 2)[:2]
    assert {first.stream, second.stream} == {"vmstat"}
    assert next(iter(first.fields)) == "us"
    assert 0 <= second.fields["us"] <= 100
    assert second.fields["free"] > 0


def test_ping_is_heard(produce):
    points = piped("ping", produce, 2)
    assert {point.stream for point in points} == {"ping/127.0.0.1"}
    assert list(points[0].fields) == ["time_ms", "lost"]
    assert 0 < points[0].fields["time_ms"] < 1_000


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at packets")
def test_tcpdump_is_heard(produce):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        program = documented("tcpdump").partition(" | ")[0].split()
        needs(program[0])
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            try:
                tail = produce(*words_of("tcpdump"), stdin=writer.stdout)

                def heard():
                    sender.sendto(b"x" * 321, ("127.0.0.1", 9))
                    tail._receive(0.01)
                    return [p for p in tail.points if p.fields["length"] == 321]

                until(heard, "the packet")
                packet = heard()[0]
            finally:
                writer.kill()
    assert packet.stream == "tcpdump"
    assert abs(packet.time - time.time()) < 30


@pytest.fixture
def nginx(tmp_path):
    """A server that writes an access log; returns the port, the log and its process."""
    program, port, log = needs("nginx"), free_port(), tmp_path / "access.log"
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid;"
        f"error_log {tmp_path}/error.log; events {{}} http {{ server {{ access_log {log};"
        f"listen 127.0.0.1:{port}; location / {{ return 200 hello; }}"
        " location /no { return 404; } location /bad { return 502; } } }"
    )

    def ready():
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    command = [program, "-e", f"{tmp_path}/error.log", "-c", str(tmp_path / "nginx.conf")]
    with server(command, ready, "nginx") as process:
        yield port, log, process


def request(port, path):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        while client.recv(4_096):
            pass


def test_a_log_of_nginx_is_heard(produce, nginx, tmp_path):
    port, _, _ = nginx
    command = documented("a log of nginx").partition(" | ")[0].split()
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writer:
        try:
            tail = produce(*words_of("a log of nginx"), stdin=writer.stdout)
            for path in ("/?a=5", "/no", "/bad"):
                request(port, path)
            points = tail.await_points(3)
        finally:
            writer.kill()
    assert [(p.stream, p.fields["status"]) for p in points[:3]] == [
        *(("access/2xx", 200), ("access/4xx", 404), ("access/5xx", 502)),
    ]
    assert points[0].fields["bytes"] == 5
    assert abs(points[0].time - time.time()) < 30


@pytest.mark.parametrize("how", ["create", "copytruncate"])
def test_a_log_that_logrotate_rotates_is_heard_on(produce, nginx, tmp_path, how):
    port, log, process = nginx
    logrotate = needs("logrotate")
    tmp_path.chmod(0o755)
    (tmp_path / "rotate.conf").write_text(
        f"{log} {{\n rotate 2\n {how}\n nomail\n size 0\n su root root\n"
        f" postrotate\n  kill -USR1 {process.pid}\n endscript\n}}\n"
    )
    (tmp_path / "rotate.conf").chmod(0o644)
    tail = produce(*words_of("a log that rotates", one="app.log -> access.log"))
    sent = 0

    def heard():
        # The first may come before the file is followed.
        request(port, f"/{sent}")
        tail._receive(0.3)
        return tail.points

    until(heard, "the first request")
    for _ in range(2):
        command = [logrotate, "--force", "--state", f"{tmp_path}/state", f"{tmp_path}/rotate.conf"]
        before = len(tail.points)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rotated = time.monotonic()
        for number in range(3):
            request(port, f"/no/{rotated}/{number}")
        points = tail.await_points(before + 3)
        assert time.monotonic() - rotated < 5
        assert [p.stream for p in points[-3:]] == ["access/4xx"] * 3
    assert (tmp_path / "access.log.2").exists()
    code, err = tail.interrupt()
    assert code == 130
    assert "left out" not in err


def test_files_are_streams_and_come_and_go(produce, tmp_path):
    (tmp_path / "a.log").write_text("time,x,y\n1,2,3\n")
    tail = produce("tail", "a.log", "b.log")

    def heard(name, line, stream):
        append(tmp_path / name, f"{line}\n")
        tail._receive(0.1)
        return tail.points and tail.points[-1].stream == stream

    until(lambda: heard("a.log", "2,5,6", "a"), "a line of a.log")
    # What was there before named the columns.
    assert dict(tail.points[0].fields) == {"time": 2, "x": 5, "y": 6}
    until(lambda: heard("b.log", "n=1", "b"), "a line of b.log")
    (tmp_path / "b.log").unlink()
    append(tmp_path / "b.log", "n=2\n")
    until(lambda: tail._receive(0.05) and tail.points[-1].fields.get("n") == 2, "b.log again")
    assert {point.stream for point in tail.points} == {"a", "b"}
    asked = time.monotonic()
    code, err = tail.interrupt()
    assert code == 130
    assert time.monotonic() - asked < 2
    assert "b.log: there is no such file; trying until it is there" in err


@pytest.mark.parametrize(
    ("files", "streams"),
    [
        (["a.log", "web.example.log"], {"a", "web.example"}),
        (["a.log", "a.err"], {"a.log", "a.err"}),
        (["x/a.log", "y/a.log", "b.log"], {"x/a.log", "y/a.log", "b"}),
    ],
)
def test_files_are_called_so_that_they_differ(produce, tmp_path, files, streams):
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("n=1\n")
    tail = produce("tail", "--from-start", *files)
    assert {point.stream for point in tail.await_points(len(files))} == streams


def test_a_file_is_read_from_its_start_where_that_is_wanted(produce, tmp_path):
    shutil.copy(LINES / "nginx.txt", tmp_path / "access.log")
    tail = produce("tail", "access.log", "--from-start", "--fields", "status")
    points = tail.await_points(5)
    assert [dict(p.fields) for p in points] == [{"status": s} for s in (200, 404, 502, 200, 400)]
    assert points[0].time == datetime(2026, 11, 27, 19, 39, 25, tzinfo=UTC).timestamp()


def test_errors_in_a_log_are_counted_also_when_there_are_none(produce, tmp_path):
    (tmp_path / "app.log").write_text("ERROR an old one\n")
    tail = produce(*words_of("errors in a log"), "--interval", "0.5")
    tail.await_points(2)
    append(tmp_path / "app.log", "ERROR 1\nINFO 2\nERROR 3\n")
    until(
        lambda: tail._receive(0.01) and any(p.fields["per_second"] for p in tail.points), "errors"
    )
    more = len(tail.points) + 2
    points = tail.await_points(more)
    assert {p.stream for p in points} == {"app/errors"}
    # Less than 2 where a busy machine lets two intervals pass at once.
    assert 0 < sum(p.fields["per_second"] for p in points) * 0.5 < 2.01
    assert points[0].fields["per_second"] == points[-1].fields["per_second"] == 0


def test_a_log_of_json_is_heard(produce, tmp_path):
    (tmp_path / "app.log").write_text("")
    tail = produce(*words_of("a log of JSON"), "--from-start", "--stream", "{file}/{host}")
    append(tmp_path / "app.log", '{"ts": 1700000000.5, "host": "a", "m": {"x": 1}}\n{nonsense\n')
    append(tmp_path / "app.log", '[{"host": "b", "x": 2}, {"host": "c", "x": 3}]\n')
    points = tail.await_points(3)
    assert [(p.stream, dict(p.fields)) for p in points] == [
        *(("app/a", {"m.x": 1}), ("app/b", {"x": 2}), ("app/c", {"x": 3})),
    ]
    assert points[0].time == 1700000000.5
    assert "1 line of another format left out" in tail.interrupt()[1]


def test_events_of_kubernetes_are_heard_without_numbers(produce):
    """kubectl needs a cluster: what it prints comes from the documentation."""
    tail = produce(*words_of("Kubernetes"), "--interval", "0.3", stdin=subprocess.PIPE)
    tail.process.stdin.write((LINES / "kubectl_events.txt").read_text())
    tail.process.stdin.flush()
    points = tail.await_points(3)
    assert {p.stream for p in points} == {"kubernetes/events"}
    assert 0 < sum(p.fields["per_second"] for p in points) * 0.3 < 4.01
    assert end_input(tail)[0] == 0


def test_lines_without_numbers_are_counted_and_that_is_said_once(produce):
    tail = produce("tail", "--interval", "0.3", stdin=subprocess.PIPE)
    for _ in range(9):
        print("something happened", file=tail.process.stdin, flush=True)
    points = tail.await_points(4)
    assert {p.stream for p in points} == {"stdin/lines"}
    assert 0 < sum(p.fields["per_second"] for p in points) * 0.3 < 9.01
    assert points[-1].fields["per_second"] == 0
    code, err = end_input(tail)
    assert code == 0
    assert err.count("lines without numbers: from now on stdin/lines tells") == 1
    assert "left out" not in err


@pytest.mark.parametrize(
    ("words", "points"),
    [
        (["--event", "GET"], [("stdin", {"value": 1})] * 3),
        (["--event"], [("stdin", {"value": 1})] * 5),
        (
            ["--event", "(?P<method>GET|POST)", "--stream", "web/{method}"],
            [(f"web/{m}", {"value": 1}) for m in ("GET", "GET", "POST", "GET")],
        ),
        (
            ["--pattern", r'"(?P<method>\w+) .*" (?P<status>\d+)', "--stream", "{method}"],
            [
                (m, {"status": s})
                for m, s in zip(("GET", "GET", "POST", "GET"), (200, 404, 502, 200), strict=True)
            ],
        ),
        (["--columns", "10"], [("stdin", {"c10": b}) for b in (5, 153, 157, 5)]),
        (["--count", "n=GET"], [("stdin/n", {"per_second": 0.3})]),
        (
            ["--count", "n=GET", "--count", "p=POST", "--stream", "web"],
            [("web/n", {"per_second": 0.3}), ("web/p", {"per_second": 0.1})],
        ),
        (["--count", "n=GET", "--stream", "{count}"], [("n", {"per_second": 0.3})]),
        (["--count", "n=GET", "--stream", "web"], [("web", {"per_second": 0.3})]),
        (
            ["--count", "n=GET", "--event", "502", "--stream", "web"],
            [("web", {"value": 1}), ("web/n", {"per_second": 0.3})],
        ),
    ],
)
def test_what_is_wanted_of_lines(produce, words, points):
    with (LINES / "nginx.txt").open() as lines:
        tail = produce("tail", *words, "--interval", "10", stdin=lines)
        code, err = tail.finish()
    assert code == 0, err
    assert [(p.stream, dict(p.fields)) for p in tail.points] == points


def test_what_a_dry_run_prints_is_published_as_it_was(produce):
    printed = run(
        "--format", "nginx", "--dry-run", input=(LINES / "nginx.txt").read_text(), stdin=None
    )
    tail = produce("tail", stdin=subprocess.PIPE)
    tail.process.stdin.write(printed.stdout)
    assert end_input(tail)[0] == 0
    assert [(p.stream, p.fields["status"]) for p in tail.points][:3] == [
        *(("access/2xx", 200), ("access/4xx", 404), ("access/5xx", 502)),
    ]
    assert len(tail.points) == 5
    assert tail.points[0].time == datetime(2026, 11, 27, 19, 39, 25, tzinfo=UTC).timestamp()


def test_garbage_is_survived_and_counted(produce):
    tail = produce("tail", "--format", "logfmt", stdin=subprocess.PIPE)
    raw = tail.process.stdin.buffer
    raw.write(b"n=1\n" + os.urandom(2_000).translate(None, b"\r\n=") + b"\n")
    raw.write(b"\x1b]0;evil\x07\n" + b"x" * 200_000 + b"\nn=2\n")
    code, err = end_input(tail)
    assert code == 0
    assert [p.fields["n"] for p in tail.points] == [1, 2]
    assert "2 lines of another format left out" in err
    assert "1 line of more than 64 KiB left out" in err
    assert "\x1b" not in err


def test_a_pattern_that_takes_ages_ends_nothing(produce):
    tail = produce("tail", "--pattern", r"(?P<n>(?:\d|\d\d)+)$", stdin=subprocess.PIPE)
    print("1" * 60 + "x\n7", file=tail.process.stdin, flush=True)
    assert tail.await_points(1)[0].fields == {"n": 7}
    assert "a line that a pattern takes too long for left out" in end_input(tail)[1]


@pytest.mark.parametrize("words", [[], ["none.log"]])
def test_ctrl_c_ends_it_within_a_second_while_nothing_comes(produce, words, tmp_path):
    reading, writing = os.pipe()
    try:
        tail = produce("tail", *words, "--count", "n=x", "--interval", "0.1", stdin=reading)
        tail.await_points(1)
        asked = time.monotonic()
        tail.process.send_signal(signal.SIGINT)
        tail.process.wait(5)
        assert time.monotonic() - asked < 2  # a second, and what a busy machine adds
        assert tail.finish()[0] == 130
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--format", "ngnix"],
            "--format: found 'ngnix'; allowed: .*did you mean \"nginx\"",
        ),
        (["--pattern", "("], "--pattern: found '\\('; a regular expression is allowed"),
        (["--pattern", "x"], "--pattern: found no named group"),
        (["--count", "n=x", "--fields", "y"], "--fields chooses numbers, which with --count"),
        (["--interval", "2 days"], "a time such as 20, 20s, 200ms, 5min or 1h is allowed"),
        (["--interval", "2h"], "is not in the range"),
        (["--count", "x"], "--count: found 'x'; NAME=PATTERN is allowed"),
        (["--pattern", "(?P<n>x)", "--columns", "a"], "found --columns and --pattern; one of them"),
        (["--journal", "a", "b.log"], "found FILE and --journal"),
        (["--journal", ""], "--journal: found ''; a unit is allowed"),
        (["--stream", "{"], "--stream: found '{'; a name is allowed"),
        (["--interval", "0"], "--interval"),
        (["--event", "."], "--event: found '.', which is a file"),
        ([f"{number}.log" for number in range(257)], "found 257 files; up to 256 are allowed"),
    ],
)
def test_wrong_use_is_explained(words, message):
    done = run(*words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) < 6
    assert re.search(message, done.stderr), done.stderr


def test_a_folder_is_no_log(tmp_path):
    done = run(str(tmp_path))
    assert (done.returncode, "Is a directory" in done.stderr) == (1, True)


def test_a_machine_without_journalctl_is_told_so(tmp_path):
    done = run("--journal", "a.service", env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "journalctl is not installed" in done.stderr


@pytest.fixture
def journal():
    """A running journal: the machine's, or one that is started for the test; returns a writer."""
    needs("journalctl")
    if os.geteuid() != 0:
        pytest.skip("only root may write messages of a unit to the journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:

        def write(message, unit="web.service", priority=4):
            text = f"PRIORITY={priority}\nSYSLOG_IDENTIFIER=web\nOBJECT_SYSTEMD_UNIT={unit}\n"
            client.sendto(f"MESSAGE={message}\n{text}".encode(), str(JOURNAL))

        def answers():
            try:
                write("are you there?", "nobody.service")
            except OSError:
                return False
            return True

        if answers():
            yield write
            return
        there = [
            path
            for path in map(Path, ("/run/systemd/journal", "/run/log/journal"))
            if not path.exists()
        ]
        daemon = needs("/lib/systemd/systemd-journald")
        with server([daemon], answers, "journald"):
            yield write
        for path in there:
            shutil.rmtree(path, ignore_errors=True)


def journalctl_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def test_each_kind_of_line_is_heard():
    done = run("--dry-run", input="took 3 ms\nqueue is 13 long\ntook 4 ms\n", stdin=None)
    words = [line.split()[1:] for line in done.stdout.splitlines()]
    assert words == [["stdin", "c2=3"], ["stdin/c3", "c3=13"], ["stdin", "c2=4"]]
    assert done.stderr.count("what has no c2 is a stream of its own, such as stdin/c3") == 1
    done = run("--dry-run", "--stream", "{file}", input="a=1\nb=2\nb=3\n", stdin=None)
    assert {line.split()[1] for line in done.stdout.splitlines()} == {"stdin"}
    assert done.stderr.count("stdin: a point has no a, which came first: it is not heard") == 1
    assert "2 points lack the first field" in done.stderr


def test_a_pattern_that_matches_no_line_or_no_number_is_told():
    done = run("--dry-run", "--pattern", r"is (?P<is>\w+)", input="is on\nis off\n", stdin=None)
    assert (
        "--pattern matches, but none of its groups is a number: --event or --count" in done.stderr
    )
    assert "2 lines in which --pattern matches no number left out" in done.stderr
    command = [sys.executable, "-m", "streamson", "produce", "tail", "--dry-run"]
    with subprocess.Popen(
        [*command, "--pattern", r"Took (?P<ms>\d+)"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tail:
        print("took 1 ms\ntook 2 ms", file=tail.stdin, flush=True)
        told = tail.stderr.readline()  # while nothing more comes
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=20)
    assert told == "tail: --pattern matches none of 2 lines so far, such as: took 1 ms\n"


def test_a_number_that_a_pattern_matches_names_streams_too():
    words = ("--pattern", r"(?P<method>\w+) (?P<status>\d+)", "--stream", "{method}/{status}")
    done = run("--dry-run", *words, input="GET 200\nGET 404\n", stdin=None)
    streams = [line.split()[1] for line in done.stdout.splitlines()]
    assert streams == ["GET/200", "GET/404"]


def test_a_name_that_nothing_has_is_told():
    done = run("--dry-run", "--stream", "{fle}/{file}", input="x=1\nx=2\n", stdin=None)
    assert done.stderr.count("--stream: nothing that came has a word {fle}; there is {file}") == 1
    assert 'did you mean "file"?' in done.stderr


def test_the_journal_of_a_service_is_heard(produce, journal):
    words = words_of("the journal of a service", one="nginx.service -> web.service")
    tail = produce(*words, "--journal", "db.service")

    def heard():
        journal("took=12ms")
        return tail._receive(0.1)

    until(heard, "the first message")
    journal("x=1", "other.service")
    journal("x=2", "db.service", 3)
    journal("no numbers", priority=6)
    until(lambda: tail._receive(0.05) and tail.points[-1].fields["severity"] == 6, "all of them")
    web = [p for p in tail.points if p.stream == "web"]
    assert dict(web[0].fields) == {"took": 12, "severity": 4}
    quiet = [dict(p.fields) for p in tail.points if p.stream == "web/severity"]
    assert quiet == [{"severity": 6}]
    assert [dict(p.fields) for p in tail.points if p.stream == "db"] == [{"x": 2, "severity": 3}]
    assert abs(web[0].time - time.time()) < 30
    (child,) = journalctl_of(tail.process)
    os.kill(child, signal.SIGKILL)
    journal("took=99ms")
    killed = time.monotonic()
    until(
        lambda: tail._receive(0.05) and tail.points[-1].fields.get("took") == 99,
        "what came meanwhile",
    )
    assert time.monotonic() - killed < 5
    (child,) = journalctl_of(tail.process)
    code, err = tail.interrupt()
    assert code == 130
    assert "journalctl: it ended with -9; trying until it is there" in err
    assert not Path(f"/proc/{child}").exists()


def test_it_says_what_it_waits_for_where_a_unit_has_no_lines(produce, journal):
    tail = produce("tail", "--journal", "nope.service")
    line = tail.process.stderr.readline()
    told = "waiting for lines of nope.service; these units have some: journalctl -F _SYSTEMD_UNIT"
    assert line == f"tail: {told}\n"
    assert told not in tail.interrupt()[1]
