"""Load that a test makes is published as it is: by core, by program, and as pressure."""

import os
import re
import signal
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.host.measured import UnavailableError
from streamson.producers.host.pressure import Pressure, parse_pressure
from streamson.producers.host.processes import program_name
from tests.producers.host.conftest import amount, await_value, values, write_tree

PRESSURE = Path("/proc/pressure/cpu")


def test_a_busy_core_is_told_from_the_others(produce, burn):
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(burn().process.pid, {core})
    system = produce("system", "--interval", "0.2", "--name", "me", "--only", "cores,cpu,load")
    await_value(system, f"me/core/{core}", "percent", lambda percent: percent > 90)
    system.await_points(20)
    assert system.interrupt()[0] == 130
    streams = {point.stream for point in system.points}
    assert streams == {"me/cpu", "me/load", *(f"me/core/{i}" for i in range(psutil.cpu_count()))}
    assert all(0 <= value <= 100 for value in values(system, f"me/core/{core}", "percent"))


def test_what_a_program_computes_is_counted_from_its_start_to_its_end(produce, burn):
    system = produce("system", "--interval", "0.1", "--name", "me", "--only", "cpu,top")
    system.await_points(3)
    burner = burn()
    stream = f"me/top/{burner.name}"
    await_value(system, stream, "cpu_percent", lambda percent: percent > 20)
    burner.process.send_signal(signal.SIGSTOP)
    await_value(system, stream, "cpu_percent", 0.0)  # it is followed while it rests
    first = next(point for point in system.points if point.stream == stream)
    times = psutil.Process(burner.process.pid).cpu_times()
    assert first.fields["processes"] == 1
    assert 10_000 < first.fields["memory_bytes"] < 100e6
    before = max(p.time for p in system.points if p.stream == "me/cpu" and p.time < first.time)
    seen = amount(system, stream, "cpu_percent")
    seen += (first.time - before) * first.fields["cpu_percent"]
    assert seen / 100 == pytest.approx(times.user + times.system, abs=0.05)
    burner.end()
    count = len(values(system, stream, "cpu_percent"))
    for _ in range(10):
        system.await_points(len(system.points) + 1)
    assert len(values(system, stream, "cpu_percent")) <= count + 1
    assert system.interrupt()[0] == 130


def test_a_program_that_is_watched_is_published_also_while_it_does_not_run(produce, burn):
    burner = burn()
    words = ["--interval", "0.1", "--name", "me", "--only", "load", "--process", burner.name]
    system = produce("system", *words, "--process", "[b]urn?*")
    stream = f"me/process/{burner.name}"
    await_value(system, stream, "processes", 1)
    second = burn()
    await_value(system, stream, "processes", 2)
    burner.end()
    second.end()
    await_value(system, stream, "processes", 0)
    assert system.points[-1].fields == {"cpu_percent": 0, "memory_bytes": 0, "processes": 0}
    code, err = system.interrupt()
    assert code == 130
    assert re.fullmatch(r"system: \d+ points sent, 0 dropped\n+", err)
    assert {point.stream for point in system.points} == {"me/load", stream}


def kernel_us() -> int:
    found = re.search(r"some .*total=(\d+)", PRESSURE.read_text())
    assert found is not None
    return int(found[1])


def test_pressure_is_what_the_kernel_counts(produce, burn):
    if not PRESSURE.exists():
        pytest.skip("this kernel has no /proc/pressure")
    for _ in range(2):  # that want the same core
        os.sched_setaffinity(burn().process.pid, {0})
    began = kernel_us()
    system = produce("system", "--interval", "0.2", "--name", "me", "--only", "pressure")
    system.await_points(3)
    first = kernel_us()
    await_value(system, "me/pressure/cpu", "some_percent", lambda percent: percent > 50)
    system.await_points(24)
    system.interrupt()
    ended = kernel_us()
    stalled_us = amount(system, "me/pressure/cpu", "some_percent") / 100 * 1e6
    assert 0 < stalled_us <= (ended - began) * 1.02
    last = [point for point in system.points if point.stream == "me/pressure/cpu"][-1]
    assert list(last.fields) == ["some_percent"]
    assert stalled_us >= 0.5 * (ended - first) - 400_000  # what the first and last point lack
    streams = {point.stream: list(point.fields) for point in system.points}
    assert streams["me/pressure/io"] == ["some_percent", "full_percent"]
    assert set(streams) == {f"me/pressure/{name}" for name in ("cpu", "memory", "io")}


def test_pressure_is_the_share_of_time_that_was_lost(produce_on, tmp_path):
    averages = "avg10=0.00 avg60=0.00 avg300=0.00"

    def lose(resource, some_us, full_us):
        line = f"some {averages} total={some_us}\nfull {averages} total={full_us}"
        write_tree(tmp_path / "pressure", {resource: line})

    for resource in ("cpu", "memory", "io"):
        lose(resource, 10**12, 10**11)
    system = produce_on({"/proc/pressure": tmp_path / "pressure"}, "--interval 0.2")
    await_value(system, "me/pressure/io", "full_percent", 0)
    write_tree(tmp_path / "pressure", {"memory": "a kernel of another world"})
    lose("io", 10**12 + 50_000, 10**11 + 20_000)
    await_value(system, "me/pressure/io", "some_percent", lambda percent: percent > 0)
    assert amount(system, "me/pressure/io", "some_percent") / 100 == pytest.approx(0.05, rel=0.1)
    assert amount(system, "me/pressure/io", "full_percent") / 100 == pytest.approx(0.02, rel=0.1)
    assert set(values(system, "me/pressure/cpu", "some_percent")) == {0}
    lose("io", 10**12 + 50_000_000, 10**11)  # more than there is time for
    await_value(system, "me/pressure/io", "some_percent", 100)
    assert system.interrupt()[0] == 130


def test_where_the_kernel_counts_no_pressure_it_is_said(tmp_path):
    with pytest.raises(UnavailableError, match=r"there is no .*: Linux has it from 4.20 on"):
        Pressure(tmp_path)


@given(
    st.text() | st.from_regex(r"(some|full) avg10=\d\.\d\d total=\d{1,30}(\n.*)?", fullmatch=True)
)
def test_any_text_is_read_as_pressure_without_an_error(text):
    found = parse_pressure(text)
    assert set(found) <= {"some", "full"}
    assert all(0 <= value < 1e20 for value in found.values())


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_what_the_kernel_writes_is_read(some, full):
    averages = "avg10=7.86 avg60=2.52 avg300=5.71"
    text = f"some {averages} total={some}\nfull {averages} total={full}\n"
    assert parse_pressure(text) == {"some": some, "full": full}


@given(st.text())
def test_a_programs_name_is_never_empty_and_has_no_slash(name):
    found = program_name(name)
    assert found
    assert "/" not in found
    assert program_name(found) == found
