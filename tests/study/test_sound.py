"""Trials as sound: what is played is what the data say, by the session that was asked for."""

import io
from random import Random

import numpy as np
import pytest
import soundfile

from streamson.errors import UsageError
from streamson.session.load import load_session, parse_session
from streamson.study.plan import Plan
from streamson.study.questions import Case, make_trial
from streamson.study.session_streams import session_streams
from streamson.study.sound import SILENT, SoundMaker


def trial(case, n_streams=4, seed=1):
    return make_trial("test", 1, Case(*case), Random(seed), n_streams)


@pytest.fixture(scope="module")
def maker():
    return SoundMaker(load_session(None))


@pytest.mark.parametrize("level", [40, 20, 10])
@pytest.mark.parametrize("truth", ["1", "2", "3"])
def test_the_notes_of_the_stream_that_changed_move_by_its_share_of_the_range(maker, truth, level):
    notes = list(maker.notes(trial(("stream", level, truth))))
    ranges = {}
    for number in range(3):
        pitches = [note.midi_note for note in notes if note.stream == f"stream{number + 1}"]
        ranges[str(number + 1)] = abs(np.mean(pitches[-4:]) - np.mean(pitches[:4]))
    moved = max(ranges, key=ranges.get)
    assert moved == truth
    # G3 to C6 are 29 semitones; a step is up to two.
    assert ranges[moved] == pytest.approx(0.29 * level, abs=2)
    assert all(moves < 1.5 for name, moves in ranges.items() if name != truth)


@pytest.mark.parametrize("truth", ["up", "down"])
def test_up_is_up(maker, truth):
    notes = [note.midi_note for note in maker.notes(trial(("direction", 20, truth)))]
    assert (notes[-1] > notes[0]) is (truth == "up")


@pytest.mark.parametrize("truth", [1, 2, 3, 4])
def test_as_many_streams_sound_as_are_to_be_counted(maker, truth):
    notes = list(maker.notes(trial(("count", truth, str(truth)))))
    assert len({note.stream for note in notes}) == truth
    assert len({(note.instrument, note.pan) for note in notes}) == truth


def test_streams_are_met_one_after_the_other(maker):
    notes = list(maker.notes(trial(("stream", 40, "2"))))
    first = {}
    for note in notes:
        first.setdefault(note.stream, note.onset_frame / maker.sample_rate)
    assert list(first) == ["stream1", "stream2", "stream3"]
    times = list(first.values())
    assert np.diff(times).min() > 1.2


def test_a_file_is_the_sound_and_the_same_each_time(maker):
    one = trial(("direction", 40, "up"))
    samples, rate = soundfile.read(io.BytesIO(maker.wav(one)), dtype="float32")
    assert rate == maker.sample_rate
    assert np.abs(samples - maker.samples(one)).max() < 2 / 32_768
    assert maker.wav(one) == maker.wav(one)
    # It ends where nothing is heard any more.
    loudest = np.abs(maker.samples(one)).max(axis=1)
    assert loudest[-1] > SILENT * loudest.max()


@pytest.mark.parametrize("name", ["article", "demo", "drone", "monitor", "orchestra", "sensor"])
def test_presets_can_be_studied(name):
    found = SoundMaker(load_session(name))
    assert len(found.streams) == 4
    up, down = (
        [
            note.midi_note
            for note in found.notes(trial(("direction", 40, truth)))
            if note.stream == found.streams[0].name and not note.foreground
        ]
        for truth in ("up", "down")
    )
    assert up[-1] - up[0] > 6
    assert down[0] - down[-1] > 6
    samples = found.samples(trial(("count", 4, "4")))
    assert 0.01 < np.abs(samples).max() < 1


def test_streams_have_the_names_and_fields_that_a_session_asks_for():
    session = parse_session(
        b"""
        [[part]]
        stream = "host?/cpu[ab]"
        pitch = { field = "load", rescale = { mode = "fixed", range = [0, 8] } }
        [[part]]
        stream = "quiet"
        mute = true
        [[part]]
        stream = "boiler"
        volume = { field = 2 }
        """,
        "own.toml",
    )
    found = session_streams(session)
    assert [stream.name for stream in found] == ["host1/cpua", "boiler", "host2/cpua", "host3/cpua"]
    assert found[0].point(25)["load"] == 2.0
    assert found[1].moves == "percent"
    assert list(found[1].point(10).values()) == [10.0, 50.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[[part]]\npitch = { value = 'C4' }\n", "no stream"),
        (b"[[part]]\nstream = 'one'\n", "one stream"),
    ],
)
def test_what_can_not_be_compared_is_said(text, words):
    with pytest.raises(UsageError, match=words):
        session_streams(parse_session(text, "own.toml"))


def test_two_streams_are_enough():
    session = parse_session(b"[[part]]\nstream = 'a'\n[[part]]\nstream = 'b'\n", "own.toml")
    found = SoundMaker(session)
    for one in Plan(1, 12, len(found.streams)).of(1):
        if one.phase != "headphones":
            assert {note.stream for note in found.notes(one)} <= {"a", "b"}
