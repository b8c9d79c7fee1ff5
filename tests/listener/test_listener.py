"""The whole path in one process: published points become the notes and samples they should."""

import csv
import itertools
import json
import time

import numpy as np
import pytest
import soundfile
import zmq

import streamson
from streamson import Listener, Publisher
from streamson.errors import StreamsonError, UsageError
from streamson.formats.table import Table
from streamson.listener.loop import MAX_STREAMS_LOGGED
from streamson.offline.render import render_notes
from streamson.offline.table_piece import table_piece
from streamson.session.load import load_session, parse_session
from tests.conftest import DATA, until

ANY_PORT = "tcp://127.0.0.1:*"
TABLE = DATA / "article_eta_300.csv"


def article_rows(count):
    with TABLE.open(newline="") as file:
        rows = [row for _, row in zip(range(count), csv.DictReader(file), strict=False)]
    return [{name: float(row[name]) for name in ("re", "im", "modulus")} for row in rows]


def test_the_demo_preset_plays_the_article_live_as_offline_to_the_sample(tmp_path):
    """Published point by point, recorded, and compared with the offline rendering of the notes."""
    notes = []
    path = tmp_path / "take.wav"
    with (
        Listener(
            ANY_PORT,
            session="demo",
            output="none",
            record=path,
            on_played=lambda note, _: notes.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for fields in article_rows(16):
            assert publisher.send("eta", fields)
        until(lambda: len(notes) == 16, "all notes", 30)
        last = notes[-1].onset_frame + notes[-1].duration_frames + 1_000
        until(lambda: listener.engine.frame > last, "the last note to end", 30)
    stats = listener.stats()

    with TABLE.open(newline="") as file:
        expected = [int(row["midi_note"]) for row in csv.DictReader(file)][:16]
    assert [note.midi_note for note in notes] == expected
    for note, following in itertools.pairwise(notes):
        assert following.onset_frame == note.onset_frame + note.duration_frames
    offline = np.concatenate(list(render_notes(notes, load_session("demo"))))
    recorded, rate = soundfile.read(path, dtype="float32")
    assert rate == 44_100
    assert np.abs(recorded[: len(offline)] - offline).max() <= 2.0**-23
    assert not recorded[len(offline) : -1].any()
    assert (stats.points_received, stats.points_lost) == (16, 0)
    assert (stats.notes_played, stats.notes_late, stats.notes_dropped) == (16, 0, 0)


def test_any_stream_sounds_at_once_without_a_session():
    heard = []
    with Listener(
        ANY_PORT, output="none", on_played=lambda note, _: heard.append(note)
    ) as listener:
        with Publisher(listener.endpoint) as publisher:
            assert publisher.wait_for_listener(20)
            publisher.send("boiler", temperature=71.3, pressure=2.1)
            publisher.send("pump", rpm=900)
            publisher.send_batch("fan", {"rpm": [1.0, 2.0, 3.0]})
        until(lambda: len(heard) == 5, "five notes")
        stats = listener.stats()
    assert {note.stream for note in heard} == {"boiler", "pump", "fan"}
    assert len({note.pan for note in heard}) == 3
    assert stats.streams == 3
    # The null device renders every 10 ms; a busy machine may double that and more.
    assert 0 <= stats.latency_median_ms < 1_000
    assert -60 < stats.peak_dbfs < -1


def test_with_look_ahead_the_delay_is_always_the_same(tmp_path):
    session = tmp_path / "ahead.toml"
    session.write_text("[audio]\nlook_ahead = 0.2\n[[part]]\nnotes_per_second = 1000\n")
    heard, sent = [], []
    with (
        Listener(
            ANY_PORT,
            output="none",
            session=session,
            on_played=lambda note, handed_ns: heard.append((note.onset_frame, handed_ns)),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for k in range(240):
            time.sleep(0.003 + 0.0007 * (k % 11))  # anywhere within a block of 10 ms
            sent.append(time.monotonic_ns())
            publisher.send("walk", value=k)
        until(lambda: len(heard) == 240, "all notes")
        stats = listener.stats()
    onsets_s = np.array([onset for onset, _ in heard]) / listener.engine.sample_rate
    delays_s = onsets_s - np.array(sent) / 1e9
    # A busy machine holds up points on their way: the calmest of six rounds tells.
    low, high = np.percentile(delays_s.reshape(6, 40), (10, 90), axis=1)
    assert (high - low).min() < 0.004  # as soon as possible it is 8 ms: onsets are those of blocks
    handed_s = np.array([handed for _, handed in heard]) / 1e9
    assert np.median(handed_s - np.array(sent) / 1e9) == pytest.approx(0.2, abs=0.03)
    assert stats.notes_late == 0
    assert stats.latency_median_ms == pytest.approx(200, abs=30)


def test_volume_and_mute_while_it_plays(tmp_path):
    path = tmp_path / "take.wav"
    with (
        Listener(ANY_PORT, session="article", output="none", record=path) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for _ in range(6):
            publisher.send("x", re=1.0, im=1.0, modulus=1.0)
        until(lambda: listener.stats().notes_played >= 2, "the notes")
        listener.mute()
        muted_at = listener.engine.frame
        listener.set_volume(20)  # is for later
        until(lambda: listener.engine.frame > muted_at + 15_000, "silence")
        listener.mute(muted=False)
        loud_at = listener.engine.frame
        until(lambda: listener.engine.frame > loud_at + 15_000, "sound")
        with pytest.raises(UsageError, match="24"):
            listener.set_volume(99)
    sound = np.abs(soundfile.read(path)[0])
    before = sound[muted_at - 4_000 : muted_at].max()
    assert before > 0.01
    # A glide takes 2,205 frames; the block that was on its way 441 more.
    assert not sound[muted_at + 3_000 : muted_at + 14_000].any()
    assert sound[loud_at + 8_000 :].max() > 5 * before


def test_rubbish_is_counted_and_the_next_point_is_heard():
    with Listener(ANY_PORT, output="none") as listener:
        with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
            socket.connect(listener.endpoint)
            assert socket.poll(20_000)
            for frame in (b"", b"x", b"x\0{", b"\xff\0{}", b"x\0" + b"{" * 2_000_000):
                socket.send(frame)
            socket.send_multipart([b"a", b"b"])
            socket.send(b'boiler\0{"fields": {"temperature": 71.3}}')
            until(lambda: listener.stats().notes_played == 1, "the note")
        assert listener.stats().messages_refused == 6


def test_a_duration_ends_by_itself_to_the_frame(tmp_path):
    path = tmp_path / "take.wav"
    with Listener(ANY_PORT, output="none", duration_s=0.5, record=path) as listener:
        until(lambda: listener.finished, "the end")
    assert soundfile.info(path).frames == 22_050
    assert listener.stats().seconds == pytest.approx(0.5)


def test_a_recording_that_can_not_be_made_does_not_stop_the_sound(tmp_path, caplog):
    with Listener(ANY_PORT, output="none", record=tmp_path / "no" / "take.wav") as listener:
        until(lambda: listener.engine.frame > 5_000, "sound")
    assert "No such file or directory" in str(listener.recording_error)
    assert "Going on without a recording" in caplog.text


def test_a_port_in_use_is_explained():
    with (
        Listener(ANY_PORT, output="none") as listener,
        pytest.raises(StreamsonError, match="the port is in use") as raised,
    ):
        Listener(listener.endpoint, output="none")
    assert raised.value.exit_code == 1


def test_an_error_in_a_callback_ends_the_listener_and_is_raised():
    def broken(_note, _handed_ns):
        raise ZeroDivisionError

    listener = Listener(ANY_PORT, output="none", on_played=broken).start()
    with Publisher(listener.endpoint) as publisher:
        publisher.wait_for_listener(20)
        publisher.send("boiler", temperature=71.3)
        until(lambda: listener.finished, "the listener to end")
    with pytest.raises(ZeroDivisionError):
        listener.stop()


@pytest.mark.parametrize("look_ahead", [0, 0.03, 0.3])
def test_look_ahead_changes_onsets_alone(tmp_path, look_ahead):
    """Whatever it is, the recording has the samples that the same onset frames give offline."""
    session = tmp_path / "ahead.toml"
    sound = f"[audio]\nlook_ahead = {look_ahead}\nreverb = {{}}\n"
    session.write_text(sound + "[[part]]\nnotes_per_second = 1000\n")
    take, heard = tmp_path / "take.wav", []
    with (
        Listener(
            ANY_PORT,
            output="none",
            session=session,
            record=take,
            on_played=lambda note, _: heard.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for k in range(20):
            publisher.send(f"walk{k % 3}", value=k * k % 7)
            until(lambda k=k: len(heard) == k + 1, "the note")
        until(lambda: listener.engine.frame > heard[-1].onset_frame + 44_100, "a second more")
    recorded, _ = soundfile.read(take, dtype="float32")
    offline = np.concatenate(list(render_notes(heard, load_session(session))))
    assert np.abs(offline).max() > 0.01
    frames = min(len(offline), heard[-1].onset_frame + 40_000)
    assert np.abs(recorded[:frames] - offline[:frames]).max() <= 2.0**-23


@pytest.mark.parametrize("duration", [0, -1, float("nan"), float("inf")])
def test_absurd_durations_are_refused(duration):
    with pytest.raises(UsageError, match="duration"):
        Listener(ANY_PORT, output="none", duration_s=duration)


def test_the_public_names_are_there():
    for name in streamson.__all__:
        assert getattr(streamson, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = streamson.nothing


def test_online_rendering_scores_what_a_live_listener_played():
    rows = article_rows(16)
    online = list(table_piece(Table(TABLE), load_session("article"), online=True).notes())[:16]
    heard = []
    with (
        Listener(
            ANY_PORT,
            session="article",
            output="none",
            on_played=lambda note, _: heard.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for fields in rows:
            publisher.send("eta", fields)
        until(lambda: len(heard) == 16, "all notes", 30)
    first = heard[0].onset_frame
    assert [note.midi_note for note in heard] == [note.midi_note for note in online]
    assert [note.level_db for note in heard] == [note.level_db for note in online]
    # The sequence began at another fraction of a frame: an onset may round the other way.
    shifts = np.array([n.onset_frame for n in heard]) - [n.onset_frame for n in online]
    assert np.abs(shifts - first).max() <= 1


def test_alerts_lost_points_and_silence_are_heard(caplog):
    session = parse_session(b"[[alert]]\nabove = 100\nduration = 0", "alert.toml")
    heard = []
    with Listener(
        ANY_PORT, session=session, output="none", on_played=lambda note, _: heard.append(note)
    ) as listener:
        with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
            publisher.connect(listener.endpoint)
            assert publisher.poll(20_000)  # the listener's subscription
            for i, bar in enumerate([*range(12), 101, 50]):
                sequence = i if i < 13 else 99
                message = {"fields": {"bar": bar}, "source": "me", "sequence": sequence}
                publisher.send(b"pump\0" + json.dumps(message).encode())
                until(lambda i=i: listener.stats().points_received == i + 1, "a point")
                until(lambda i=i: listener.stats().seconds > i / 2, "half a second")
        until(lambda: listener.stats().streams_stale, "silence", 20)
        until(lambda: listener.stats().notes_waiting == 0, "the last earcon")
        stats = listener.stats()
    instruments = {note.instrument for note in heard if note.foreground}
    assert instruments == {"earcon bright", "earcon soft", "earcon tick"}
    assert (stats.alerts, stats.alerts_active, stats.streams_stale) == (1, 0, 1)
    assert stats.points_lost == 86
    assert stats.notes_played == sum(not note.foreground for note in heard)
    for words in ("pump: bar is 101, above 100", "pump: bar is 50 again", "pump: silent for"):
        assert words in caplog.text


def test_names_that_never_end_do_not_fill_the_log(caplog):
    caplog.set_level("INFO", "streamson.legend")
    count = MAX_STREAMS_LOGGED + 50
    with (
        Listener(ANY_PORT, output="none") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for i in range(count):
            publisher.send(f"s{i}", x=1.0)
            until(lambda i=i: listener.stats().streams > i, "the stream")
        until(lambda: any("others are not told" in told for told in caplog.messages), "the last")
    told = [record for record in caplog.records if record.name == "streamson.legend"]
    assert len(told) == MAX_STREAMS_LOGGED + 1


def test_a_stream_that_no_part_is_for_says_so(caplog):
    caplog.set_level("INFO", logger="streamson.legend")
    session = parse_session(b"[[part]]\nstream = 'etta*'\ninstrument = 'bell'", "typo.toml")
    with (
        Listener(ANY_PORT, session=session, output="none") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        publisher.send("eta", re=1.0)
        publisher.send("etta/1", re=1.0)
        until(lambda: listener.stats().notes_played == 2, "both notes")
    told = {record.getMessage().partition(":")[0]: record.getMessage() for record in caplog.records}
    assert 'no part of the session is for it; did you mean "etta*"?' in told["eta"]
    assert "no part" not in told["etta/1"]
