"""What is handed to the callback: of every note it is known whether it began."""

import csv
import time

import numpy as np
import soundfile

from streamson import Listener, Publisher
from streamson.listener.dispatch import MAX_AWAITED, NoteDispatcher
from streamson.model.note import Note
from streamson.offline.render import render_notes
from streamson.recording.reader import Recording
from streamson.session.load import parse_session
from streamson.synth.engine import Engine
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"
ALL_PLAY = parse_session(b"[attention]\nforeground = 'all'\n", "all_play.toml")


def note(onset_frame, frames=44_100):
    return Note(
        onset_frame, frames / 44_100, frames, 60.0, -40.0, 0.0, "sine", ""
    )  # nobody's: none ends another


def test_every_note_begins_is_refused_or_finds_no_room():
    engine = Engine(44_100)
    dispatcher = NoteDispatcher(engine)
    begun = handed = 0
    for onset in range(4):
        for _ in range(5_000):  # more than the rings hold, and than there are voices
            dispatcher.dispatch(note(100 * onset), None, 1)
            handed += 1
            if handed % 1_000 == 0:
                engine.render(64)
    engine.render(44_100)
    begun += sum(1 for _ in dispatcher.started())
    state = engine.state
    assert begun == int(state["played"])
    assert begun + int(state["refused"]) + dispatcher.dropped == handed
    assert int(state["refused"]) > 0
    assert dispatcher.dropped > 0
    assert int(state["unreported"]) == 0
    # Nothing is awaited any more, so as many as before find room.
    for _ in range(3_000):
        dispatcher.dispatch(note(engine.frame), None, 1)
    assert dispatcher.dropped + int(state["refused"]) + begun == handed


def test_reports_that_nobody_reads_are_not_lost():
    engine = Engine(44_100)
    dispatcher = NoteDispatcher(engine)
    for _ in range(2 * MAX_AWAITED):
        dispatcher.dispatch(note(-1, 64), None, 1)
        engine.render(64)
    assert dispatcher.dropped == MAX_AWAITED
    assert int(engine.state["unreported"]) == 0
    assert sum(1 for _ in dispatcher.started()) == MAX_AWAITED


def test_what_a_callback_that_died_had_taken_is_awaited_no_more():
    engine = Engine(44_100)
    dispatcher = NoteDispatcher(engine)
    for i in range(20):  # each time more than half of what may be awaited
        for _ in range(MAX_AWAITED // 2):
            dispatcher.dispatch(note(engine.frame + 44_100), None, 1)
        dispatcher.glide_to(-float(i))
        engine.render(640)
        engine.state["rendering"] = 1
        engine.render(640)
        volumes = [b.volume_db for _ in range(2) for b in dispatcher.started()]
        assert volumes.count(-float(i)) == 1
    assert dispatcher.dropped == 0
    assert int(engine.state["recovered"]) == 20
    dispatcher.dispatch(note(-1), None, 1)
    engine.render(640)
    assert len(list(dispatcher.started())) == 1


def test_a_thousand_streams_lose_no_note_and_are_rendered_again_to_the_bit(tmp_path):
    folder, streams, seconds = tmp_path / "many", 1_024, 4
    with (
        Listener(ANY_PORT, session=ALL_PLAY, output="none", record=f"{folder}/") as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        start = time.monotonic()
        for k in range(10 * seconds):
            for i in range(streams):
                publisher.send(f"s{i:04}", x=float(np.sin(k / 9 + i)))
            sent = (k + 1) * streams  # none is dropped on the way, however busy the machine is
            until(lambda n=sent: listener.stats().points_received == n, "the round's points")
            until(lambda k=k: time.monotonic() >= start + k / 10, "the next round")
    stats = listener.stats()
    played, coalesced = stats.notes_played, stats.points_coalesced
    assert (stats.notes_dropped, stats.notes_stolen, stats.notes_unreported) == (0, 0, 0)
    assert (
        played + coalesced + stats.notes_waiting == stats.points_received == 10 * seconds * streams
    )
    assert played > 1_000
    with (folder / "notes.csv").open(newline="") as file:
        instruments = [row["instrument"] for row in csv.DictReader(file)]
    # Where the machine stands still for some seconds, it is told which streams fell silent.
    assert sum(not name.startswith("earcon") for name in instruments) == played
    recording = Recording(folder)
    notes = [played.note for played in recording.played()]
    again = np.concatenate(list(render_notes(notes, recording.session())))
    heard, _ = soundfile.read(folder / "audio.wav", dtype="float32")
    end = min(len(heard), len(again)) - 2_000  # the fade at the end is the listener's
    assert np.abs(heard[:end] - again[:end]).max() <= 2.0**-23
