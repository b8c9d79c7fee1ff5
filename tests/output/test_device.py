"""Playing on a real stream: what a second client hears is what offline rendering gives."""

import ctypes
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamson.errors import DeviceError
from streamson.output.device import find_device, output_devices
from streamson.output.player import Player, choose_device
from streamson.output.tap import TapFanOut
from streamson.recording.recorder import Recorder
from streamson.synth.engine import Engine
from tests.conftest import until
from tests.synth.notes import RATE, PlainNote, rendered

CAPTURE = Path(__file__).with_name("capture_jack.py")
SECONDS = 4
pytestmark = pytest.mark.jack


@pytest.fixture
def busy():
    """Two more Python threads that want the interpreter all the time."""
    Engine(RATE)  # compiling, where that was never done, would take minutes beside them
    stopping = threading.Event()

    def work():
        while not stopping.is_set():
            sum(range(1_000))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stopping.set()
    for thread in threads:
        thread.join()


def tune(start: int) -> list[PlainNote]:
    return [
        PlainNote(
            onset_frame=start + i * 2_205,
            duration_frames=2_205 + 97 * (i % 7),
            frequency_hz=196 * 2 ** (i % 25 / 12),
            level_db=-12 - i % 5,
            pan=(i % 5 - 2) / 2,
        )
        for i in range(int((SECONDS - 1) * RATE / 2_205))
    ]


def test_a_second_client_hears_the_samples_of_the_offline_rendering(jack, busy, tmp_path):
    engine = Engine(RATE)
    recorder = Recorder(TapFanOut(engine), tmp_path / "take.wav")
    player = Player(engine, find_device("auto")).start()
    capture = subprocess.Popen(
        [sys.executable, str(CAPTURE), jack.name, str(SECONDS * RATE), tmp_path / "heard.npy"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert capture.stdout is not None
    assert capture.stdout.readline() == "ready\n"
    start = engine.frame + RATE // 4
    for note in tune(start):
        assert engine.play(note) is not None
    done = capture.stdout.readline()
    capture.wait()
    player.stop()
    recorder.stop()
    capture.stdout.close()

    offline = rendered(tune(0), SECONDS * RATE)
    heard = np.load(tmp_path / "heard.npy")
    assert done == "done\n"
    # The first frame of a note is 0: the envelope begins there.
    first = int(np.flatnonzero(heard.any(axis=1))[0]) - 1
    length = SECONDS * RATE - first
    assert length > (SECONDS - 1) * RATE
    assert np.array_equal(heard[first:], offline[:length])

    recorded, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert rate == RATE
    # 24 bits: half a step is 2 ** -24.
    assert np.abs(recorded[start : start + length] - offline[:length]).max() <= 2.0**-23


def test_the_sound_goes_on_while_the_interpreter_stands_still(jack):
    engine = Engine(RATE)
    for i in range(64):
        engine.play(PlainNote(duration_frames=20 * RATE, frequency_hz=110 + 20 * i, level_db=-40))
    player = Player(engine, find_device("auto")).start()
    until(lambda: engine.state["blocks"] > 100, "the device to run in")
    before = int(engine.state["blocks"])
    ctypes.PyDLL(None).usleep(500_000)  # unlike CDLL, it keeps the interpreter's lock meanwhile
    came = int(engine.state["blocks"]) - before
    player.stop()
    # 86 blocks are due. A callback in Python would have had none but the one after; a third of
    # them is left for a machine with other work.
    assert came > 57


def test_a_device_that_goes_away_is_taken_again_when_it_is_back(jack, caplog):
    engine = Engine(RATE)
    player = Player(engine, find_device("auto")).start()
    until(lambda: engine.frame > 10_000, "sound")
    assert "system" in player.description

    jack.kill()
    until(lambda: player.description == "without sound", "the loss to be noticed")
    frame = engine.frame
    until(lambda: engine.frame > frame + 10_000, "the null device to go on")

    jack.start()
    until(lambda: "system" in player.description, "the device to be taken again")
    frame = engine.frame
    until(lambda: engine.frame > frame + 10_000, "sound")
    player.stop()
    said = [record.message for record in caplog.records if "sound device" in record.message]
    assert len(said) == 2, said
    assert "is gone" in said[0]
    assert "is back" in said[1]
    assert player.devices_lost == 1


def test_devices_are_found_by_number_and_by_part_of_a_name(jack):
    devices = output_devices()
    assert [device.is_default for device in devices].count(True) == 1
    first = devices[0]
    assert find_device(str(first.number)) == first
    assert find_device(first.name[1:4].upper()) == first
    with pytest.raises(DeviceError, match=r'no sound device "systen"; there are: .*did you mean'):
        find_device("systen")


def test_without_a_device_auto_goes_on_and_says_so(caplog):
    assert output_devices() == []
    assert choose_device("auto") is None
    assert len(caplog.records) == 1
    assert "Going on without sound" in caplog.text
    with pytest.raises(DeviceError):
        choose_device("0")
