"""What is asked of the system producer: groups, patterns, fields, pace, and what it says."""

import itertools
import signal
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson._printable import printable
from streamson.errors import UsageError
from streamson.producers.host import machine as module
from streamson.producers.host.groups import DEFAULT, GROUPS
from streamson.producers.host.machine import Machine
from streamson.producers.host.measured import Measured, numbered
from streamson.producers.host.selection import Selection
from streamson.producers.host.total import Total
from streamson.producers.system import command
from tests.conftest import until
from tests.producers.servers import words_of


def streams_of(produce, words, count):
    system = produce(*words, "--interval", "0.1", "--name", "me")
    system.await_points(count)
    code, err = system.interrupt()
    assert code == 130
    return {point.stream.removeprefix("me/") for point in system.points}, err


def test_this_machine_as_the_documents_show_it(produce):
    streams, err = streams_of(produce, words_of("this machine"), 14)
    assert {"cpu", "memory"} <= streams
    assert {stream.partition("/")[0] for stream in streams} <= set(DEFAULT)
    assert "not measured" not in err


def test_each_core_and_disk_as_the_documents_show_it(produce):
    streams, _ = streams_of(produce, words_of("each core and disk"), 12)
    assert "core/0" in streams
    assert {stream.partition("/")[0] for stream in streams} <= {"core", "disk"}
    assert "disk" not in streams


def test_patterns_choose_streams_and_fields(produce):
    words = ["system", "--only", "core/0,mem*", "--fields", "perc*"]
    streams, _ = streams_of(produce, words, 6)
    assert streams == {"core/0", "memory"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "cpus"], "--only: found 'cpus'; allowed: cpu, cores, load, "),
        (["--only", "temperature"], 'did you mean "temperatures"?'),
        (["--only", "cpu,"], "--only: found ''; allowed: cpu, "),
        (["--only", "\x1b[31m"], r"--only: found '\x1b[31m'; allowed: cpu, "),
        (["--only", "processes"], "--only: processes: say which: --process NAME"),
        (["--fields", "busy"], "--fields: found 'busy'; allowed: "),
        (["--only", "cpu", "--fields", "perzent"], 'allowed: percent; did you mean "percent"?'),
        (["--process", "a"] * 33, "--process: found 33 names; up to 32 names or "),
        (["--process", " "], "--process: found an empty name; "),
        (["--name", "n" * 101], "--name: found 101 characters; a name of up to 100 is allowed"),
        (["--name", ""], "--name: found 0 characters"),
        (["--only", "core*", "--only", "*x/y", "--only", "corex*"], "--only: found 'corex*'"),
    ],
)
def test_wrong_words_are_explained(words, message):
    with pytest.raises(UsageError) as told:
        command.main(words, standalone_mode=False)
    assert message in printable(str(told.value))


def test_a_wrong_word_ends_the_command(produce):
    code, err = produce("system", "--only", "cpu,cors").finish()
    assert code == 2
    assert err.startswith("streamson: --only: found 'cors'; allowed: cpu, cores, load, ")
    assert err.endswith('did you mean "cores"?\n')


def test_what_is_not_there_yet_is_awaited_and_what_there_is_named(produce):
    streams, err = streams_of(produce, ["system", "--only", "load,core/999,core/99*"], 2)
    assert streams == {"load"}
    told = "system: --only core/999: none at the moment, published once it is there; there are "
    assert f"{told}core/0" in err
    assert "--only core/99*: none" in err


def test_readings_that_could_not_be_made_in_time_are_left_out(produce):
    system = produce("system", "--interval", "0.1", "--name", "me", "--only", "load")
    system.await_points(3)
    system.process.send_signal(signal.SIGSTOP)
    resume_at = time.monotonic() + 1.0
    until(lambda: time.monotonic() > resume_at, "a second")
    system.process.send_signal(signal.SIGCONT)
    system.await_points(len(system.points) + 6)
    assert system.interrupt()[0] == 130
    gaps = [after.time - before.time for before, after in itertools.pairwise(system.points)]
    assert sum(gap > 0.8 for gap in gaps) == 1
    assert sum(gap < 0.02 for gap in gaps) <= 1  # no burst of what was missed


def test_points_of_a_moment_have_its_time(produce):
    system = produce("system", "--interval", "0.2", "--name", "me", "--only", "cores,cpu,load")
    system.await_points(8)
    system.interrupt()
    times = [point.time for point in system.points if point.stream in {"me/cpu", "me/load"}]
    assert len(set(times)) <= len(times) / 2 + 1


WORDS = [*GROUPS, "all", "core/0", "disk/sd*", "*", "*/0", "[cd]*", "temperature/*", "mem*", "cpu"]
PATHS = ["cpu", "core/0", "core/11", "disk", "disk/sda", "disk/loop0", "temperature/a/b", "memory"]


@given(st.lists(st.sampled_from(WORDS), min_size=1), st.sampled_from(PATHS), st.booleans())
def test_what_a_pattern_takes_is_in_a_group_that_is_measured(words, path, aside):
    selection = Selection(words, GROUPS)
    opened = {name for names in selection.words.values() for name in names}
    for group, (streams, _) in GROUPS.items():
        if streams.removesuffix("/*") != path.partition("/")[0] or ("/" in streams) != (
            "/" in path
        ):
            continue
        if selection.takes(group, Measured(path, {}, aside)):
            assert group in opened


@given(st.text())
def test_any_word_is_a_group_a_pattern_or_explained(word):
    with suppress(UsageError):
        assert Selection([word], GROUPS).words[word]


def test_what_is_aside_is_taken_by_a_pattern_alone():
    loop = Measured("disk/loop0", {}, aside=True)
    assert not Selection(["disks", "all"], GROUPS).takes("disks", loop)
    assert Selection(["disk/loop*"], GROUPS).takes("disks", loop)


class Devices:
    """Devices as a collector measures them, one collection after the other."""

    def __init__(self, *collections):
        self.collections = iter(collections)

    def collect(self):
        yield from next(self.collections)


def test_a_total_sums_the_rates_of_devices_that_come_and_go():
    sda, loop = Measured("disk/sda", {"read": 5.0}), Measured("disk/loop", {"read": 9.0}, True)
    usb = Measured("disk/sdb", {"read": 2.0})
    new = Measured("disk/sdb", {})
    total = Total("disk", Devices([new], [sda, new, loop], [sda, usb], [sda], []), ["read"])
    found = [list(total.collect()) for _ in range(5)]
    assert [[dict(one.fields) for one in each] for each in found] == [
        *([{}], [{"read": 5}], [{"read": 7}], [{"read": 5}], [])
    ]


def test_a_device_that_fails_is_counted_and_the_others_go_on(caplog):
    class Failing:
        def collect(self):
            yield Measured("disk/sda", {"read": 1.0})
            raise OSError(5, "Input/output error")

    cpu = Devices(*[[Measured("cpu", {"percent": 3.0})] for _ in range(3)])
    wanted = Selection(["disks", "cpu"], GROUPS)
    machine = Machine("me", {"disks": Failing(), "cpu": cpu}, wanted)
    caplog.set_level("INFO", "streamson.producers")
    for _ in range(3):
        assert [reading.stream for reading in machine.readings()] == ["me/disk/sda", "me/cpu"]
    machine.tell()
    assert "a reading of disks left out: [Errno 5] Input/output error" in caplog.text
    assert "3 readings of disks left out" in caplog.text


def test_streams_are_bounded(caplog, monkeypatch):
    monkeypatch.setattr(module, "MAX_STREAMS", 2)
    caplog.set_level("INFO", "streamson.producers")
    parts = [Measured(f"container/{i}", {"percent": 1.0}) for i in range(3)]
    wanted = Selection(["containers"], GROUPS)
    machine = Machine("me", {"containers": Devices(parts, parts)}, wanted)
    for _ in range(2):
        assert [one.stream for one in machine.readings()] == ["me/container/0", "me/container/1"]
    machine.tell()
    assert "2 readings of more than 2 streams (choose with --only) left out" in caplog.text


@given(st.lists(st.sampled_from(["a", "b", "a 2"])))
def test_numbered_names_are_as_many(names):
    found = list(numbered(names))
    assert len(found) == len(names)
    assert all(new.startswith(old) for old, new in zip(names, found, strict=True))
    assert len(set(found)) == len(found)
