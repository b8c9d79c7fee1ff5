"""MIDI files: the notes at their times, at their pitches, in tracks of their own."""

import mido
import msgspec
import pytest

from streamson.errors import UsageError
from streamson.export import midi
from streamson.export.midi import BEND_PER_SEMITONE, write_midi
from streamson.formats.table import Table
from streamson.model.note import Note
from streamson.music.general_midi import PROGRAMS
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece
from streamson.session.load import load_session
from streamson.session.schema import Session
from tests.conftest import DATA

RATE = 44_100


class Written:
    """A piece of given notes."""

    title = "written"
    session = Session(tempo=90)
    sample_rate = RATE

    def __init__(self, *notes):
        self._notes = notes

    def notes(self):
        return iter(self._notes)


def note(onset_s, midi_note, *, duration_s=0.5, stream="a", instrument="sine", **more):
    return Note(
        onset_frame=round(onset_s * RATE),
        duration_s=duration_s,
        duration_frames=round(duration_s * RATE),
        midi_note=midi_note,
        instrument=instrument,
        stream=stream,
        **{"level_db": -12, "pan": 0, **more},
    )


def sounding(path):
    """Return (onset in s, end, pitch with bend, velocity, track) of all notes of a file."""
    file = mido.MidiFile(path)
    tempo = next(m.tempo for m in file.tracks[0] if m.type == "set_tempo")
    events = []
    for number, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            if not message.is_meta:
                events.append((mido.tick2second(tick, file.ticks_per_beat, tempo), number, message))
    events.sort(
        key=lambda event: (event[0], event[2].type != "note_off", event[2].type == "note_on")
    )
    bends, open_notes, found = dict.fromkeys(range(16), 0), {}, []
    for seconds, track, message in events:
        if message.type == "pitchwheel":
            assert not any(channel == message.channel for channel, _ in open_notes)
            bends[message.channel] = message.pitch / BEND_PER_SEMITONE
        elif message.type == "note_on":
            pitch = message.note + bends[message.channel]
            open_notes[message.channel, message.note] = seconds, pitch, message.velocity, track
        elif message.type == "note_off":
            onset, pitch, velocity, number = open_notes.pop((message.channel, message.note))
            found.append((onset, seconds, pitch, velocity, number))
    assert not open_notes
    return sorted(found)


def test_the_articles_tune_is_all_there(tmp_path):
    piece = TablePiece(
        ScoredTable(Table(DATA / "article_eta_300.csv"), load_session("article"), sample_rate=RATE)
    )
    done = write_midi(piece, tmp_path / "eta.mid")
    assert done == "300 notes in 1 track"
    notes = list(piece.notes())
    for (onset, end, pitch, velocity, _), expected in zip(
        sounding(tmp_path / "eta.mid"), notes, strict=True
    ):
        assert onset == pytest.approx(expected.onset_frame / RATE, abs=0.001)  # half a tick
        assert end - onset == pytest.approx(expected.duration_s, abs=0.002)
        assert pitch == expected.midi_note
        assert 1 <= velocity <= 127


def test_bends_between_semitones_do_not_disturb_one_another(tmp_path):
    notes = [note(0.1 * i, 60 + 0.37 * i, duration_s=0.35) for i in range(40)]
    write_midi(Written(*notes), tmp_path / "bends.mid")
    found = sounding(tmp_path / "bends.mid")
    for (onset, _, pitch, _, _), expected in zip(found, notes, strict=True):
        assert onset == pytest.approx(expected.onset_frame / RATE, abs=0.001)
        assert pitch == pytest.approx(expected.midi_note, abs=1 / BEND_PER_SEMITONE)


def test_streams_and_instruments_have_tracks_and_programs(tmp_path):
    path = tmp_path / "tracks.mid"
    notes = [
        note(0, 60, stream="web/latency", instrument="bell", pan=-1),
        note(1, 60, stream="db", instrument="flute", pan=1, brightness=1),
        note(2, 60, stream="db", instrument="harp", level_db=-24),
    ]
    write_midi(Written(*notes), path)
    file = mido.MidiFile(path)
    names = [track.name for track in file.tracks[1:]]
    assert names == ["web/latency (bell)", "db (flute)", "db (harp)"]
    messages = [message for track in file.tracks[1:] for message in track]
    programs = [m.program for m in messages if m.type == "program_change"]
    assert programs == [PROGRAMS["bell"], PROGRAMS["flute"], PROGRAMS["harp"]]
    assert [m.value for m in messages if m.is_cc(10)] == [0, 127, 64]
    velocities = [m.velocity for m in messages if m.type == "note_on"]
    assert velocities == [112, 112, 56]  # 12 dB are half, as General MIDI recommends
    tempo = next(m.tempo for m in file.tracks[0] if m.type == "set_tempo")
    assert mido.tempo2bpm(tempo) == pytest.approx(90)


def test_a_held_voice_lasts_until_its_next_note(tmp_path):
    notes = [note(i, 60 + i, duration_s=0.3, held_key=3) for i in range(3)]
    notes = [msgspec.structs.replace(held, duration_frames=10 * RATE) for held in notes]
    write_midi(Written(*notes), tmp_path / "held.mid")
    ends = [round(end, 2) for _, end, *_ in sounding(tmp_path / "held.mid")]
    assert ends == [1, 2, 12]


def test_too_many_notes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(midi, "MAX_NOTES", 2)
    with pytest.raises(UsageError, match="at most 2 notes"):
        write_midi(Written(*(note(i, 60) for i in range(3))), tmp_path / "x.mid")


def test_voices_that_overlap_do_not_disturb_one_another(tmp_path):
    """A held note is known to end only when the next one comes; one pitch sounds twice at once."""
    notes = [
        note(0, 50, held_key=1),
        note(0.2, 61.5, duration_s=0.3),
        note(0.3, 72),
        note(0.4, 72),
        note(1, 52, held_key=1),
    ]
    write_midi(Written(*notes), tmp_path / "x.mid")
    found = sounding(tmp_path / "x.mid")
    assert [pitch for _, _, pitch, _, _ in found] == [50, 61.5, 72, 72, 52]
    assert [round(end, 2) for _, end, *_ in found] == [0.5, 0.5, 0.8, 0.9, 1.5]
