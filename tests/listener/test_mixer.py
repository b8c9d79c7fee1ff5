"""What is muted and soloed: of each note whether it is heard, and of a held voice at once."""

import threading
from math import inf

import numpy as np
import pytest
import soundfile

from streamson.errors import UsageError
from streamson.listener.mixer import (
    GLIDE_FRAMES,
    MAX_HELD,
    MAX_STEERED_STREAMS,
    SILENT_DB,
    Mixer,
)
from streamson.model.command import HearAll, Mute, MuteStream, SetVolume, SoloStream
from streamson.model.event.steering import StreamMuted, StreamSoloed
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from tests.conftest import until
from tests.listener.watching import watched


@pytest.fixture
def mixer():
    levels, events = [], []
    mixer = Mixer(-6.0, glide_to=levels.append, on_event=events.append)
    mixer.levels, mixer.events = levels, events
    return mixer


def note(stream, **changed):
    found = {
        "onset_frame": AS_SOON_AS_POSSIBLE,
        "duration_s": 1.0,
        "duration_frames": 44_100,
        "midi_note": 60.0,
        "level_db": -20.0,
        "pan": 0.0,
        "instrument": "sine",
        "stream": stream,
    }
    return Note(**found | changed)


def heard(mixer, *streams):
    return [stream for stream in streams if mixer.mix(note(stream), 0) is not None]


def test_notes_of_muted_streams_are_left_out_and_counted(mixer):
    mixer.mute_stream("a", muted=True, frame=7)
    assert heard(mixer, "a", "b", "c") == ["b", "c"]
    assert mixer.notes_muted == 1
    mixer.mute_stream("a", muted=False, frame=8)
    assert heard(mixer, "a", "b", "c") == ["a", "b", "c"]
    assert mixer.events == [
        StreamMuted(frame=7, stream="a", muted=True),
        StreamMuted(frame=8, stream="a", muted=False),
    ]


def test_what_is_so_already_is_no_event(mixer):
    mixer.mute_stream("a", muted=False, frame=0)
    mixer.solo_stream("a", soloed=False, alone=False, frame=0)
    mixer.hear_all(frame=0)
    assert mixer.events == []


def test_only_soloed_streams_are_heard_and_a_muted_one_not_even_then(mixer):
    mixer.solo_stream("a", soloed=True, alone=False, frame=0)
    mixer.solo_stream("b", soloed=True, alone=False, frame=0)
    assert heard(mixer, "a", "b", "c") == ["a", "b"]
    mixer.mute_stream("a", muted=True, frame=0)
    assert heard(mixer, "a", "b", "c") == ["b"]
    mixer.solo_stream("c", soloed=True, alone=True, frame=0)
    assert (mixer.soloed_streams, heard(mixer, "a", "b", "c")) == (("c",), ["c"])
    mixer.hear_all(frame=0)
    assert (mixer.muted_streams, mixer.soloed_streams) == ((), ())
    assert heard(mixer, "a", "b", "c") == ["a", "b", "c"]


def test_alerts_are_heard_all_the_same(mixer):
    mixer.mute_stream("a", muted=True, frame=0)
    mixer.solo_stream("b", soloed=True, alone=True, frame=0)
    assert mixer.mix(note("a", foreground=True), 0) is not None


def test_a_solo_of_streams_that_are_gone_silences_nobody(mixer):
    mixer.solo_stream("a", soloed=True, alone=False, frame=0)
    mixer.solo_stream("b", soloed=True, alone=False, frame=0)
    mixer.forget_gone({"b", "c"}.__contains__, frame=5)
    assert (mixer.soloed_streams, heard(mixer, "b", "c")) == (("b",), ["b"])
    mixer.forget_gone({"c"}.__contains__, frame=6)
    assert (mixer.soloed_streams, heard(mixer, "a", "c")) == ((), ["a", "c"])
    assert mixer.events[-2:] == [
        StreamSoloed(frame=5, streams=("b",)),
        StreamSoloed(frame=6, streams=()),
    ]


def test_a_muted_stream_that_is_gone_stays_muted_as_long_as_there_is_room(mixer):
    for i in range(MAX_STEERED_STREAMS - 1):
        mixer.mute_stream(f"gone {i}", muted=True, frame=0)
    mixer.forget_gone(lambda stream: False, frame=0)
    assert len(mixer.muted_streams) == MAX_STEERED_STREAMS - 1
    mixer.mute_stream("there", muted=True, frame=0)
    with pytest.raises(UsageError, match=f"more than {MAX_STEERED_STREAMS}"):
        mixer.mute_stream("one more", muted=True, frame=0)
    mixer.forget_gone("there".__eq__, frame=0)
    assert mixer.muted_streams == ("there",)


def test_so_many_can_be_soloed(mixer):
    for i in range(MAX_STEERED_STREAMS):
        mixer.solo_stream(f"s{i}", soloed=True, alone=False, frame=0)
    with pytest.raises(UsageError, match=f"more than {MAX_STEERED_STREAMS}"):
        mixer.solo_stream("one more", soloed=True, alone=False, frame=0)
    mixer.solo_stream("s3", soloed=True, alone=False, frame=0)  # one that is
    mixer.solo_stream("other", soloed=True, alone=True, frame=0)
    assert mixer.soloed_streams == ("other",)


def test_a_held_voice_falls_silent_at_once_and_comes_back(mixer):
    held = note("a", held_key=3, glide_frames=400_000)
    assert mixer.mix(held, 1_000) == held
    assert mixer.remix(2_000) == []
    mixer.mute_stream("a", muted=True, frame=2_000)
    (silent,) = mixer.remix(12_025)
    assert (silent.level_db, silent.held_key, silent.onset_frame) == (SILENT_DB, 3, -1)
    assert (silent.duration_frames, silent.glide_frames) == (33_075, GLIDE_FRAMES)
    assert silent.duration_s == pytest.approx(0.75)
    assert mixer.remix(12_025) == []
    following = mixer.mix(note("a", held_key=3, midi_note=65.0), 20_000)
    assert (following.level_db, following.midi_note) == (SILENT_DB, 65)
    mixer.mute_stream("a", muted=False, frame=0)
    (again,) = mixer.remix(30_000)
    assert (again.level_db, again.midi_note) == (-20, 65)  # as the last point has it
    assert mixer.notes_remixed == 2
    assert mixer.notes_muted == 0


def test_a_held_voice_that_has_ended_does_not_begin_again(mixer):
    mixer.mute_stream("a", muted=True, frame=0)
    mixer.mix(note("a", held_key=1), 0)
    mixer.mute_stream("a", muted=False, frame=0)
    assert mixer.remix(44_100) == []


def test_solo_lets_other_held_voices_fall_silent(mixer):
    for key, stream in enumerate("abc", 1):
        mixer.mix(note(stream, held_key=key), 0)
    mixer.solo_stream("b", soloed=True, alone=True, frame=0)
    assert {n.stream: n.level_db for n in mixer.remix(10)} == {"a": SILENT_DB, "c": SILENT_DB}
    mixer.hear_all(frame=0)
    assert {n.stream: n.level_db for n in mixer.remix(20)} == {"a": -20, "c": -20}


def test_held_voices_without_end_are_not_remembered_for_ever(mixer):
    for key in range(1, 3 * MAX_HELD):
        mixer.mix(note("a", held_key=key), 0)
    mixer.mute_stream("a", muted=True, frame=0)
    assert len(mixer.remix(10)) == MAX_HELD


def test_the_volume_while_it_is_muted_is_for_later(mixer):
    mixer.mute(muted=True)
    mixer.set_volume(-30.0)
    mixer.mute(muted=False)
    assert mixer.levels == [-inf, -30.0]
    for wrong in (float("nan"), 25.0, inf):
        with pytest.raises(UsageError):
            mixer.set_volume(wrong)
    assert mixer.volume_db == -30


def test_many_threads_may_steer(mixer):
    def steer(number):
        for i in range(200):
            mixer.mute_stream(f"{number} {i % 7}", muted=i % 2 == 0, frame=i)
            mixer.solo_stream(f"{number} {i % 5}", soloed=i % 3 == 0, alone=False, frame=i)
            mixer.mute(muted=i % 2 == 0)
            mixer.set_volume(-float(i % 20))

    threads = [threading.Thread(target=steer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    muted = {}
    for event in mixer.events:
        if isinstance(event, StreamMuted):
            assert muted.get(event.stream, False) != event.muted  # each one changes something
            muted[event.stream] = event.muted
    assert {stream for stream, is_muted in muted.items() if is_muted} == set(mixer.muted_streams)
    assert mixer.levels[-1] == (-inf if mixer.muted else mixer.volume_db)


def level_at(sound, rate, second, length_s=0.1):
    """Return how loud a recording is at a time, in dB."""
    piece = sound[round(second * rate) : round((second + length_s) * rate)]
    return 20 * np.log10(np.sqrt(np.mean(piece**2)) + 1e-9)


def test_a_stream_that_drones_can_be_muted_between_its_points(tmp_path):
    """Its voice is held for a quarter of an hour, and glides for four seconds."""
    take = tmp_path / "take.wav"
    with watched(session="drone", record=take) as (listener, publisher, watcher):
        publisher.send("a", x=1.0)
        rate = listener.engine.sample_rate
        until(lambda: listener.engine.frame > 2 * rate, "two seconds of it")
        watcher.call(MuteStream(stream="a"))
        muted_s = listener.engine.frame / rate
        until(lambda: listener.engine.frame > (muted_s + 6.5) * rate, "its room to fall silent")
        watcher.call(MuteStream(stream="a", muted=False))
        heard_s = listener.engine.frame / rate
        until(lambda: listener.engine.frame > (heard_s + 1.5) * rate, "it to be back")
        stats = listener.stats()
    sound, _ = soundfile.read(take)
    before = level_at(sound, rate, muted_s - 0.5)
    assert before > -50
    # The room takes five seconds for 60 dB.
    assert level_at(sound, rate, muted_s + 1.0) < before - 8
    assert level_at(sound, rate, heard_s - 0.2) < before - 40
    assert level_at(sound, rate, heard_s + 1.0) > before - 6
    assert (stats.notes_played, stats.notes_waiting, stats.points_received) == (1, 0, 1)


def test_statistics_tell_what_was_muted():
    with watched() as (listener, publisher, watcher):
        for stream in ("a", "b"):
            publisher.send(stream, x=1.0)
        until(lambda: listener.stats().notes_played == 2, "the first notes")
        watcher.call(SoloStream(stream="a", alone=True))
        for i in range(5):
            publisher.send("a", x=float(i))
            publisher.send("b", x=float(i))
            until(lambda i=i: listener.stats().points_received == 4 + 2 * i, "both points")
            until(lambda i=i: listener.engine.frame > 22_050 * (i + 1), "their time")
        until(lambda: listener.stats().notes_waiting == 0, "the last note")
        stats = listener.stats()
        assert stats.notes_muted == stats.notes_played - 2 > 0
        watcher.call(HearAll())
        watcher.call(Mute())
        watcher.call(SetVolume(volume_db=-20))
        publisher.send("b", x=0.5)
        until(lambda: listener.stats().notes_played == stats.notes_played + 1, "a note of b")
        assert listener.stats().notes_muted == stats.notes_muted  # silent, but played
