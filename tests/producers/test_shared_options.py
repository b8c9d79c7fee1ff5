"""What every producer can: print what it would publish, and publish no more than so much."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points

import pytest

from streamson.cli.produce import GROUP

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (\S+) (\S+=\S+(?: \S+=\S+)*)")


def run(*words, **options):
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 60, **options}
    return subprocess.run(
        [sys.executable, "-m", "streamson", "produce", *words], check=False, text=True, **options
    )


def test_a_dry_run_prints_points_without_a_listener():
    done = run("tail", "--dry-run", "--stream", "a room", input="x=1 y=2C\nx=3 y=4C\n", stdin=None)
    assert done.returncode == 0
    points = [LINE.fullmatch(line).groups() for line in done.stdout.splitlines()]
    assert points == [("a_room", "x=1 y=2"), ("a_room", "x=3 y=4")]
    assert done.stderr == "tail: 2 points printed\n"


def test_an_endpoint_whose_name_nobody_knows_is_told():
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamson",
            "produce",
            "system",
            "--endpoint",
            "tcp://nohost.invalid:5570",
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told = [process.stderr.readline() for _ in range(2)]
        process.kill()
    assert told[0].endswith("tcp://nohost.invalid:5570; until then nothing is taken in\n")
    assert told[1].startswith("system: --endpoint: nohost.invalid can't be found: ")


def test_an_interval_may_have_a_unit():
    done = run("tail", "--dry-run", "--count", "n=x", "--interval", "1s", input="x\n", stdin=None)
    assert done.returncode == 0
    assert "stdin/n per_second=" in done.stdout


def test_one_point_is_one_point():
    done = run("tail", "--dry-run", input="x=1\n", stdin=None)
    assert done.stderr == "tail: 1 point printed\n"


@pytest.mark.parametrize("at_terminal", [True, False])
def test_ctrl_c_leaves_no_empty_line(at_terminal):
    ours, its = os.openpty() if at_terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "streamson", "produce", "eta", "--dry-run"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its,
        text=True,
    ) as process:
        os.close(its)
        assert LINE.match(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        told = _rest_of(ours)
    assert process.returncode == 130
    assert re.fullmatch(b"\r\n" * at_terminal + rb"eta: \d+ points? printed\r?\n", told)


def _rest_of(descriptor):
    told = b""
    with contextlib.suppress(OSError):  # so a terminal ends
        while chunk := os.read(descriptor, 1000):
            told += chunk
    os.close(descriptor)
    return told


def test_a_dry_run_ends_with_its_reader():
    with subprocess.Popen(
        [sys.executable, "-m", "streamson", "produce", "eta", "--dry-run", "--rate", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert LINE.match(process.stdout.readline())
        process.stdout.close()
        assert process.wait(20) == 141
        assert "Traceback" not in process.stderr.read()


def test_names_from_outside_are_words_of_a_line():
    done = run("tail", "--dry-run", input='{"\\u202e a b": 1, "c": 2}\n', stdin=None)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert LINE.fullmatch(done.stdout.strip())


def test_a_rate_lets_the_last_value_through(produce):
    tail = produce("tail", "--rate", "4", stdin=subprocess.PIPE)
    began = time.monotonic()
    for number in range(100):
        print(f"load={number}", file=tail.process.stdin, flush=True)
    points = tail.await_points(2)
    assert [point.fields["load"] for point in points] == [0, 99]
    assert time.monotonic() - began > 0.25
    tail.process.stdin.close()
    tail.process.stdin = None
    code, err = tail.finish()
    assert (code, err) == (0, "tail: 2 points sent, 0 dropped, 98 left out by --rate\n")


def test_a_point_that_cant_be_sent_is_left_out_and_the_others_go(produce, tmp_path, monkeypatch):
    (tmp_path / "odd.py").write_text(
        "import click\n"
        "from streamson.producers.base.reading import Production, Reading\n"
        "@click.command()\n"
        "def command():\n"
        "    fields = ({'x': 1.0}, {}, {'y' * 500: 1.0}, {'x': 2.0})\n"
        "    return Production([Reading('s', one) for one in fields], keep=True)\n"
    )
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[streamson.producers]\nodd = odd:command\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    odd = produce("odd")
    code, err = odd.finish()
    assert code == 0
    assert [point.fields for point in odd.points] == [{"x": 1.0}, {"x": 2.0}]
    assert "a reading left out: " in err
    assert "odd: 2 points sent, 0 dropped" in err


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "fast"])
def test_a_wrong_rate_is_wrong_use(rate):
    done = run("system", "--rate", rate)
    assert done.returncode == 2
    assert "--rate" in done.stderr


@pytest.mark.parametrize("name", sorted(entry.name for entry in entry_points(group=GROUP)))
def test_each_producers_help_has_three_examples(name):
    done = run(name, "--help")
    assert done.returncode == 0
    examples = re.findall(rf"streamson (?:produce )?{name}\b", done.stdout.partition("Options:")[0])
    assert len(examples) >= 3
