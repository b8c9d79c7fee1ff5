"""A MIDI instrument that plays nothing: what comes to its port, with the time, and what it means.

Run as a program it is a client of a JACK server that prints each message as a line of JSON.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from typing import NamedTuple

from streamson.live.midi.messages import BEND_SEMITONES, MAX_BEND
from tests.conftest import until

PERCUSSION = 9


class Sounded(NamedTuple):
    """A note as a receiver of MPE understands it; `end_s` is None as long as it sounds."""

    onset_s: float
    end_s: float | None
    pitch: float
    velocity: int
    channel: int
    program: int


class Understood:
    """What messages mean to a receiver of MPE."""

    def __init__(self):
        self.notes = []
        self.controls = {}
        self.parameters = {}
        self.clock = []
        self._open = {}
        self._bends = dict.fromkeys(range(16), 0.0)
        self._programs = dict.fromkeys(range(16), 0)

    def take(self, at_s, data):
        status, channel = data[0] & 0xF0, data[0] & 0x0F
        if data[0] >= 0xF8:
            self.clock.append((at_s, data[0]))
        elif status == 0x90:
            assert channel not in (0, PERCUSSION)
            assert channel not in self._open, "a channel has one note at a time"
            pitch = data[1] + self._bends[channel]
            self._open[channel] = len(self.notes), data[1]
            self.notes.append(Sounded(at_s, None, pitch, data[2], channel, self._programs[channel]))
        elif status == 0x80:
            number, key = self._open.pop(channel)
            assert data[1] == key
            self.notes[number] = self.notes[number]._replace(end_s=at_s)
        elif status == 0xB0:
            self._control(channel, data[1], data[2])
        elif status == 0xC0:
            assert channel not in self._open, "what sounds keeps its program"
            self._programs[channel] = data[1]
        elif status == 0xE0:
            bend = (data[1] | data[2] << 7) - MAX_BEND
            self._bends[channel] = bend / MAX_BEND * BEND_SEMITONES
            if channel in self._open:
                number, key = self._open[channel]
                pitch = key + self._bends[channel]
                self.notes[number] = self.notes[number]._replace(pitch=pitch)
        else:
            raise AssertionError(data)

    def _control(self, channel, control, value):
        self.controls[channel, control] = value
        if control == 6:  # data, of the registered parameter that is chosen
            chosen = self.controls[channel, 101], self.controls[channel, 100]
            self.parameters[channel, chosen] = value

    @property
    def sounding(self):
        return len(self._open)


class MidiReceiver(Understood):
    """A client of a JACK server, in a process of its own."""

    def __init__(self, name="synth"):
        super().__init__()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.midi_receiver", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            self.take(*json.loads(line))

    def await_notes(self, count):
        until(lambda: len(self.notes) >= count, f"{count} notes")

    def close(self):
        self._process.stdin.close()
        self._thread.join()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _receive(name):
    import jack

    client = jack.Client(name, no_start_server=True)
    port = client.midi_inports.register("in")
    found = queue.SimpleQueue()

    def process(_frames):
        now = time.monotonic()
        for _, data in port.incoming_midi_events():
            found.put((now, list(bytes(data))))

    client.set_process_callback(process)

    def tell():
        while (message := found.get()) is not None:
            print(json.dumps(message), flush=True)

    telling = threading.Thread(target=tell)
    with client:
        print("ready", flush=True)
        telling.start()
        sys.stdin.read()
    found.put(None)
    telling.join()


if __name__ == "__main__":
    _receive(sys.argv[1])
