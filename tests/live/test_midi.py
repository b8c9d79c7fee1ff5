"""Notes to a MIDI port: each sounds alone on its channel, at its pitch, and none for ever."""

from itertools import pairwise
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.live.midi.beats import Beats
from streamson.live.midi.messages import CHANNELS, Messages
from streamson.live.midi.player import BURST, MAX_NOTES_A_SECOND, MidiPlayer
from streamson.live.midi.port import choose_port
from streamson.live.midi.ports import PortName
from streamson.live.outlet.frame_clock import FrameClock
from streamson.model.note import Note
from streamson.music.general_midi import PROGRAMS
from streamson.session.load import load_session
from tests.live import made_up
from tests.live.midi_receiver import Understood

RATE = 44_100
CENT = 0.01
START, STOP, TICK = 0xFA, 0xFC, 0xF8


class Port:
    """Keeps what is sent, as a receiver understands it."""

    name = "kept"

    def __init__(self):
        self.now_s = 0.0
        self.heard = Understood()
        self.bytes = []

    def send(self, message):
        self.bytes.append(message)
        self.heard.take(self.now_s, message)

    def look(self, now_s):
        return False

    def close(self):
        pass


class Played:
    """A player whose time is told."""

    def __init__(self):
        self.port = Port()
        self.player = MidiPlayer(self.port)
        self.player.begin(made_up.hello(), FrameClock(RATE, 0.0))

    @property
    def notes(self):
        return self.port.heard.notes

    def play(self, at_s, note):
        self.go_on(at_s)
        self.player.play(note, at_s, at_s + note.duration_s)

    def go_on(self, to_s):
        while (due := self.player.turn(self.port.now_s)) < to_s:
            self.port.now_s = max(self.port.now_s, due)
        self.port.now_s = to_s
        self.player.turn(to_s)


def note(midi_note=60.0, duration_s=0.5, **more):
    told = {"level_db": -18.0, "pan": 0.0, "instrument": "sine", "stream": "a"}
    return Note(
        onset_frame=0,
        duration_s=duration_s,
        duration_frames=round(duration_s * RATE),
        midi_note=midi_note,
        **(told | more),
    )


notes = st.builds(
    note,
    midi_note=st.floats(-10, 140),
    duration_s=st.floats(0, 3),
    level_db=st.floats(-130, 20),
    pan=st.floats(-1, 1),
    brightness=st.floats(-1, 1),
    instrument=st.sampled_from(["sine", "bell", "mine"]),
    held_key=st.sampled_from([0, 0, 1, 2]),
    glide_frames=st.integers(0, 20_000),
    foreground=st.booleans(),
)


@given(st.lists(st.tuples(st.floats(0, 0.4), notes), max_size=60))
def test_whatever_comes_no_note_hangs_and_each_has_its_pitch(coming):
    played = Played()
    at_s, wanted = 0.0, []
    for pause_s, one in coming:
        at_s += pause_s
        before = len(played.notes)
        played.play(at_s, one)
        if len(played.notes) > before:
            wanted.append((before, one.midi_note))
            assert played.notes[-1].pitch == pytest.approx(one.midi_note, abs=0.3 * CENT)
            assert 1 <= played.notes[-1].velocity <= 127
    assert played.port.heard.sounding <= len(CHANNELS)
    if coming:
        played.go_on(at_s + 4)
        assert played.port.heard.sounding == 0
    assert len(played.notes) == len(wanted)
    for message in played.port.bytes:
        assert all(0 <= value < 128 for value in message[1:])


def test_a_receiver_is_told_of_the_zone_and_the_bend():
    heard = Played().port.heard
    assert heard.parameters.pop((0, (0, 6))) == 15
    assert heard.parameters == {(channel, (0, 0)): 48 for channel in CHANNELS}
    assert {heard.controls[channel, 101] for channel in CHANNELS} == {127}


def test_velocity_program_pan_and_brightness():
    played = Played()
    played.play(0.0, note(level_db=-6.0, pan=-1.0, brightness=1.0, instrument="bell"))
    played.play(0.1, note(level_db=-18.0))
    loud, soft = played.notes
    assert (loud.velocity, soft.velocity) == (127, 64)  # 12 dB are half: 40 log10(v / 127)
    assert (loud.program, soft.program) == (PROGRAMS["bell"], PROGRAMS["sine"])
    controls = played.port.heard.controls
    assert [controls[loud.channel, number] for number in (10, 74, 11)] == [0, 127, 127]
    assert [controls[soft.channel, number] for number in (10, 74, 11)] == [64, 64, 127]


def test_nothing_is_told_twice():
    played = Played()
    for number in range(3 * len(CHANNELS)):
        played.play(number, note())
    kinds = [message[0] & 0xF0 for message in played.port.bytes]
    assert kinds.count(0xC0) == len(CHANNELS)


def test_a_held_voice_glides_and_stays_one_note():
    played = Played()
    played.play(0.0, note(60.0, 2.0, held_key=1))
    played.play(1.0, note(67.5, 2.0, held_key=1, glide_frames=RATE // 2, level_db=-30.0))
    (one,) = played.notes
    bends, before = [], len(played.port.bytes)
    for step in range(1, 61):
        played.go_on(1.0 + step / 100)
        bends.append(played.notes[0].pitch)
    assert bends == sorted(bends)
    assert bends[24] == pytest.approx(60 + 7.5 / 2, abs=0.2)
    assert bends[-1] == pytest.approx(67.5, abs=CENT)
    assert len(played.port.bytes) - before < 120
    assert played.port.heard.controls[one.channel, 11] == 32  # of -24 dB
    played.go_on(3.5)
    assert played.port.heard.sounding == 0
    assert played.notes[0].end_s == pytest.approx(3.0, abs=0.02)


def test_a_held_voice_ends_where_its_stream_is_muted():
    played = Played()
    played.play(0.0, note(60.0, 100.0, held_key=1))
    played.play(1.0, note(60.0, 100.0, held_key=1, level_db=-120.0))
    assert played.port.heard.sounding == 0
    played.play(2.0, note(60.0, 100.0, held_key=1))
    assert len(played.notes) == 2


def test_a_voice_that_goes_further_than_a_bend_begins_anew():
    played = Played()
    played.play(0.0, note(10.0, 9.0, held_key=1))
    played.play(1.0, note(80.0, 9.0, held_key=1))
    assert [one.pitch for one in played.notes] == pytest.approx([10, 80])
    assert played.port.heard.sounding == 1


def test_where_all_channels_are_taken_the_oldest_ends_but_no_earcon():
    played = Played()
    played.play(0.0, note(40.0, 100.0, foreground=True))
    played.play(0.01, note(41.0, 100.0, held_key=7))
    for number in range(len(CHANNELS)):
        played.play(0.1 + number / 100, note(50.0 + number, 100.0))
    assert played.player.stolen == 2
    assert [one.pitch for one in played.notes if one.end_s is not None] == [50.0, 51.0]
    assert "2 cut short" in played.player.summary()


def test_of_more_notes_than_a_port_carries_some_are_left_out_and_counted_but_no_earcon():
    played = Played()
    count = 20 * MAX_NOTES_A_SECOND
    for number in range(count):
        earcon = number % 100 == 99
        played.play(number / (10 * MAX_NOTES_A_SECOND), note(60.0, 0.05, foreground=earcon))
    played.go_on(3.0)
    assert played.port.heard.sounding == 0
    heard = len(played.notes)
    assert heard + played.player.left_out == count
    assert 2 * MAX_NOTES_A_SECOND <= heard <= 2 * MAX_NOTES_A_SECOND + BURST + count // 100
    times = [one.onset_s for one in played.notes]
    assert sum(100 * at_s % 5 == pytest.approx(4.95) for at_s in times) >= count // 100
    assert "left out for more than a port carries" in played.player.summary()


def test_what_is_less_than_a_port_carries_is_all_played():
    played = Played()
    for number in range(2 * MAX_NOTES_A_SECOND):
        played.play(number / MAX_NOTES_A_SECOND + 1e-6 * number, note(60.0, 0.05))
    assert (len(played.notes), played.player.left_out) == (2 * MAX_NOTES_A_SECOND, 0)


def test_all_fall_silent_when_all_is_muted():
    played = Played()
    for pitch in (60.0, 64.0):
        played.play(0.0, note(pitch, 100.0))
    played.player.take_state(made_up.state(muted=True))
    assert played.port.heard.sounding == 0


@pytest.mark.parametrize("tempo", [10.0, 96.0, 400.0])
def test_the_clock_keeps_to_the_beats_of_the_listener(tempo):
    port, clock = Port(), FrameClock(RATE, 0.15)
    clock.measure(RATE, 1000.0)
    port.now_s = 1000.0
    beats = Beats(Messages(), port.send)
    beats.follow(clock, tempo)
    while port.now_s < 1020.0:
        port.now_s = max(beats.turn(port.now_s), port.now_s + 1e-6)
    (started, first), *ticks = port.heard.clock
    assert first == START
    assert {kind for _, kind in ticks} == {TICK}
    assert 0.001 < ticks[0][0] - started <= 60 / tempo / 24 + 0.001
    beat = 60 / tempo * RATE
    frames = [clock.frame_at(at_s) for at_s, _ in ticks]
    assert frames[0] / beat == pytest.approx(round(frames[0] / beat), abs=1e-3)
    gaps = [b - a for a, b in pairwise(frames)]
    assert gaps == pytest.approx([beat / 24] * len(gaps), abs=1)
    assert len(ticks) >= (20 - 60 / tempo) * tempo / 60 * 24 - 25
    beats.follow(clock, None)
    assert port.heard.clock[-1][1] == STOP
    assert beats.turn(port.now_s) == inf


@pytest.mark.parametrize("off", [-200e-6, 0.0, 200e-6])
def test_ten_minutes_of_beats_do_not_drift_from_the_sound_card(off):
    """Whose clock is as far off as clocks of cards may be: 0.12 s by the end."""
    random = Random(7)
    port, clock, tempo, rate = Port(), FrameClock(RATE, 0.15), 120.0, RATE * (1 + off)
    beats = Beats(Messages(), port.send)
    told, held_up_s = 0.0, random.expovariate(200)  # 5 ms in the mean
    while told < 600.0:
        port.now_s = told + held_up_s
        clock.measure(round(told * rate), port.now_s)
        beats.follow(clock, tempo)
        told, held_up_s = told + 0.25, random.expovariate(200)
        while (due := beats.turn(port.now_s)) < told + held_up_s:
            port.now_s = max(due, port.now_s + 1e-6)
    assert [kind for _, kind in port.heard.clock].count(START) == 1
    ticks = [at_s for at_s, kind in port.heard.clock if kind == TICK]
    first = round(((ticks[0] - 0.15) * rate) / (RATE * 60 / tempo / 24))
    true_s = [(first + i) * (RATE * 60 / tempo / 24) / rate + 0.15 for i in range(len(ticks))]
    late = [at_s - wanted for at_s, wanted in zip(ticks, true_s, strict=True)]
    after = late[24 * 10 :]  # in the first 5 s the best moment may still be to come
    assert len(ticks) > 28_700
    assert max(after) - min(after) < 0.005
    assert abs(sum(after[:2_000]) / 2_000 - sum(after[-2_000:]) / 2_000) < 0.001


def test_a_clock_that_stood_starts_again():
    port, clock = Port(), FrameClock(RATE, 0.0)
    clock.measure(0, 0.0)
    beats = Beats(Messages(), port.send)
    beats.follow(clock, 120.0)
    for port.now_s in (0.0, 0.49, 0.5, 9.0, 9.49, 9.5):
        beats.turn(port.now_s)
    kinds = [kind for _, kind in port.heard.clock]
    assert kinds == [START, TICK, STOP, START, TICK]


def test_every_instrument_has_a_program():
    names = set(load_session(None).instruments)
    assert names
    assert not names - set(PROGRAMS)


PORTS = [
    PortName(2, 0, "Midi Through:Midi Through Port-0 14:0"),
    PortName(2, 1, "FLUID Synth (99):Synth input port (99:0) 128:0"),
    PortName(3, 0, "Midi-Bridge:FLUID Synth (99)"),
    PortName(3, 1, "a2j:one"),
    PortName(3, 2, "a2j:one more"),
]


@pytest.mark.parametrize(
    ("wanted", "number"), [("1", 1), ("fluid", 1), ("Through", 0), ("a2j:one", 3), ("more", 4)]
)
def test_a_port_is_chosen_by_number_or_a_part_of_its_name(wanted, number):
    assert choose_port(wanted, PORTS) == PORTS[number]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("9", "no port has that"),
        ("a2j", 'several ports have that. A number, a part of a name or virtual is allowed: "a2j:'),
        ("", "several ports have that"),
        ("a2j:on\x1b", r"found 'a2j:on\x1b'; no port has that"),
        ("a2j:oen more", 'did you mean "a2j:one more"?'),
    ],
)
def test_a_port_that_is_none_is_told_with_those_that_are(wanted, told):
    with pytest.raises(UsageError) as failed:
        choose_port(wanted, PORTS)
    assert told in str(failed.value)
    assert "\x1b" not in str(failed.value)
    with pytest.raises(UsageError, match="there is no MIDI port on this machine"):
        choose_port(wanted, [])
