"""The lsl producer and instruments of the Lab Streaming Layer, each a process of its own."""

import contextlib
import json
import math
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from streamson.producers.base.backoff import LONGEST_S
from streamson.producers.devices.lsl_library import load_lsl
from streamson.producers.devices.lsl_source import Source
from tests.conftest import until
from tests.producers.servers import words_of

OUTLET = Path(__file__).with_name("outlet.py")


class Outlet:
    """An instrument that streams."""

    def __init__(self, name, channels, **said):
        said = {"name": name, "channels": channels, "id": f"id of {name}", **said}
        self.process = subprocess.Popen(
            [sys.executable, str(OUTLET), json.dumps(said)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout.readline() == "up\n"

    def await_listener(self):
        assert self.process.stdout.readline() == "heard\n"

    def push(self, *samples, age_s=0.0):
        print(json.dumps([age_s, *samples]), file=self.process.stdin, flush=True)

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Start instruments in a laboratory of our own."""
    session = f"test-{uuid.uuid4()}"
    configuration = tmp_path / "lab.cfg"
    configuration.write_text(
        f"[multicast]\nResolveScope = machine\n[lab]\nKnownPeers = {{127.0.0.1}}\n"
        f"SessionID = {session}\n"
    )
    monkeypatch.setenv("LSLAPICFG", str(configuration))
    outlets = []

    def start(name, channels, **said):
        outlets.append(Outlet(name, channels, **said))
        return outlets[-1]

    yield start
    for outlet in outlets:
        outlet.kill()


def await_points(producing, count):
    """Wait for so many points, of points and batches; return all."""

    def came():
        assert producing.process.poll() is None, producing.process.stderr.read()
        for message in producing.receiver.receive(0.01):
            producing.points += message.points()
        return len(producing.points) >= count

    until(came, f"{count} points")
    return producing.points


def test_an_instrument_is_heard_with_its_labels_and_times(lab, produce):
    eeg = lab("BioSemi", 3, type="EEG", rate=100, labels=["Fp1", "Cz", "Cz"])
    lsl = produce(*words_of("Lab Streaming Layer"))
    eeg.await_listener()
    began = time.time()
    eeg.push([1, 2.5, -3], [4, math.nan, math.inf])
    eeg.push([5, 6, 7], age_s=30)
    points = await_points(lsl, 3)
    assert {point.stream for point in points} == {"BioSemi"}
    assert points[0].fields == {"Fp1": 1, "Cz": 2.5, "Cz-3": -3}
    assert points[1].fields["Fp1"] == 4
    assert math.isnan(points[1].fields["Cz"])
    assert math.isnan(points[1].fields["Cz-3"])
    assert began - 0.01 <= points[0].time <= points[1].time <= time.time() + 0.01
    assert began - 30.01 <= points[2].time <= time.time() - 29.99
    started = time.monotonic()
    code, err = lsl.interrupt()
    assert (code, time.monotonic() - started < 2) == (130, True)
    assert "lsl: hearing BioSemi (EEG): 3 channels at 100 Hz\n" in err
    assert all(line.startswith("lsl: ") for line in err.splitlines() if line)


def test_an_instrument_that_was_killed_is_heard_again_and_that_is_said_once(lab, produce):
    lsl = produce("lsl", "Gaze")
    for number in range(2):
        gaze = lab("Gaze", 1)
        began = time.monotonic()
        gaze.await_listener()
        gaze.push([number])
        assert await_points(lsl, number + 1)[-1].fields == {"ch1": number}
        assert time.monotonic() - began < 5
        gaze.kill()
    until(lambda: _err_of(lsl).count("trying") == 2, "two losses")
    code, _ = lsl.interrupt()
    err = lsl.err
    assert code == 130
    assert err.count("Gaze: the stream has been lost; trying until it is there") == 2
    assert err.count("Gaze: there again after") == 1


def test_what_a_restarted_instrument_was_announced_as_is_no_loss(caplog):
    source = Source("Gaze")
    assert not source.connected("before")
    assert source.failed("before", "lost") < 1
    assert source.connected("after")
    # For some seconds it is also announced as it was.
    assert source.failed("before", "no answer") == LONGEST_S
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert source.failed("after", "lost") < 1


def _err_of(producing):
    """Return what it has written to standard error so far."""
    if not hasattr(producing, "err"):
        producing.err = ""
        os.set_blocking(producing.process.stderr.fileno(), False)
    with contextlib.suppress(BlockingIOError):
        producing.err += os.read(producing.process.stderr.fileno(), 65_536).decode()
    return producing.err


def test_only_what_is_wanted_is_heard(lab, produce):
    outlets = [
        lab("eeg1", 2, type="EEG", labels=["a", "b"]),
        lab("eeg2", 2, type="EEG"),
        lab("gaze1", 2, type="Gaze", format="int16"),
    ]
    by_type = produce("lsl", "*1", "--type", "EEG", "--stream", "{type}/{name}/{source}")
    by_xpath = produce("lsl", "--where", "starts-with(name,'gaze')", "--channels", "2,nose")
    for outlet in (outlets[0], outlets[2]):
        outlet.await_listener()
    for _ in range(2):
        for outlet in (outlets[0], outlets[2]):
            outlet.push([1, 2])
        points = await_points(by_type, 1) + await_points(by_xpath, 1)
    streams = {point.stream: point.fields for point in points}
    assert streams == {"EEG/eeg1/id of eeg1": {"a": 1, "b": 2}, "gaze1": {"ch2": 2}}
    assert "eeg2" not in by_type.interrupt()[1]
    assert "eeg" not in by_xpath.interrupt()[1]


def test_many_channels_are_several_streams_and_exact_numbers_stay_so(lab, produce):
    cap = lab("cap", 70, format="double64", rate=512)
    lsl = produce("lsl")
    cap.await_listener()
    cap.push([i / 3 for i in range(70)])
    first, second = sorted(await_points(lsl, 2), key=lambda point: len(point.stream))
    assert (first.stream, second.stream) == ("cap/1-64", "cap/65-70")
    assert first.fields["ch64"] == 63 / 3
    assert second.fields == {f"ch{i + 1}": i / 3 for i in range(64, 70)}
    assert first.time == second.time


def test_a_channel_that_is_not_there_is_told(lab, produce):
    eeg = lab("eeg", 2, labels=["Cz", "O\x1b1"])
    lsl = produce("lsl", "--channels", "Fz")
    eeg.await_listener()
    until(lambda: "eeg has no channel of --channels; it has Cz, ch2\n" in _err_of(lsl), "a word")
    assert lsl.interrupt()[0] == 130


def test_markers_are_events_or_numbers(lab, produce):
    markers = lab("Markers", 1, type="Markers", format="string")
    lsl = produce("lsl", "--stream", "{name}/{marker}")
    markers.await_listener()
    for text in ("start", "7", "\xff", "st\x1bop", ""):
        markers.push([text], age_s=1)
    began = time.time()
    points = await_points(lsl, 4)
    assert [(point.stream, point.fields) for point in points] == [
        ("Markers/start", {"event": 1}),
        ("Markers", {"value": 7}),
        ("Markers/st op", {"event": 1}),
        ("Markers", {"event": 1}),
    ]
    assert began - 2 < points[0].time < time.time() - 0.9
    _, err = lsl.interrupt()
    assert "lsl: 1 sample that is not UTF-8 left out" in err


def test_text_of_several_channels(lab, produce):
    markers = lab("m", 3, format="string", labels=["what", "x", "y"])
    lsl = produce("lsl", "--channels", "x,what")
    markers.await_listener()
    markers.push(["go", "1.5", "2"], ["go", "?", "2"])
    assert [point.fields for point in await_points(lsl, 2)] == [{"x": 1.5}, {"event": 1}]


def test_bad_options_are_explained(produce):
    code, err = produce("lsl", "--stream", "{nmae}").finish()
    assert (code, 'did you mean "name"?' in err) == (2, True)
    code, err = produce("lsl", "--where", "name='").finish()
    assert (code, '--where: found "name=\'"; a predicate of XPath is allowed' in err) == (2, True)


def test_it_says_that_nothing_is_there_and_ends(lab, produce):
    lsl = produce("lsl")
    told = "no stream on this network so far; looking on; there is none at all"
    until(lambda: told in _err_of(lsl), "a word")
    began = time.monotonic()
    code, _ = lsl.interrupt()
    assert (code, time.monotonic() - began < 2) == (130, True)


def test_it_says_what_there_is_where_nothing_is_as_wanted(lab, produce):
    lab("eeg1", 2, type="EEG")
    lsl = produce("lsl", "gaze*", "--type", "Gaze")
    told = "no stream gaze* of type Gaze on this network so far; looking on; there is eeg1 (EEG)"
    until(lambda: told in _err_of(lsl), "a word")


def test_the_library_takes_what_somebody_configured(tmp_path, monkeypatch):
    told = []

    monkeypatch.setattr("pylsl.set_config_content", told.append)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LSLAPICFG", raising=False)
    load_lsl()
    (tmp_path / "lsl_api.cfg").write_text("[lab]\nKnownPeers = {10.0.0.5}\n")
    load_lsl()
    (tmp_path / "other.cfg").write_text("[log]\nlevel = 2\n")
    monkeypatch.setenv("LSLAPICFG", "other.cfg")
    load_lsl()  # which wants to hear what liblsl does
    quiet = "\n[log]\nlevel = -3\n"
    assert told == [quiet, "[lab]\nKnownPeers = {10.0.0.5}\n" + quiet]
