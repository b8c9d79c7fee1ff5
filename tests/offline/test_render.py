"""Rendering a table: the article's tune, in any block size, from any honest file."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest

import streamson
from streamson.errors import InputFileError, StreamsonError
from streamson.formats.notes_table import COLUMNS, write_csv
from streamson.formats.table import Table
from streamson.model.note import Note
from streamson.offline.render import render_notes
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import fit_to_duration, table_piece
from streamson.session.load import load_session, parse_session
from streamson.synth.kernel.layout import NOTE_RING
from tests.conftest import DATA

TABLE = DATA / "article_eta_300.csv"


@pytest.fixture(scope="module")
def reference():
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def article_notes():
    return list(table_piece(Table(TABLE), load_session("article")).notes())


@pytest.fixture(scope="module")
def article_sound():
    return streamson.render(TABLE, "article")


def test_the_article_preset_gives_the_articles_notes(reference, article_notes):
    assert [n.midi_note for n in article_notes] == [int(row["midi_note"]) for row in reference]
    for note, row in zip(article_notes, reference, strict=True):
        assert note.duration_s == pytest.approx(float(row["duration_s"]), abs=1e-6)
        amplitude = 32_767 * 10 ** (note.level_db / 20)
        assert amplitude == pytest.approx(float(row["amplitude_int16"]), rel=1e-4)


def test_the_articles_sound_is_its_notes(article_notes, article_sound):
    assert len(article_sound) / 44_100 == pytest.approx(82.7, abs=0.05)
    for note in article_notes[::7]:
        # The middle half of a note: away from the joints with its neighbours.
        quarter = note.duration_frames // 4
        start = note.onset_frame + quarter
        middle = article_sound[start : start + 2 * quarter].astype(np.float64)
        frames = np.arange(len(middle)) / 44_100
        tone = np.exp(-2j * np.pi * note.frequency_hz * frames)
        # The level of the tone itself: its projection, with the sine's own mean removed.
        level = 2 * np.abs((middle[:, 0] * tone).mean())
        assert level == pytest.approx(10 ** (note.level_db / 20), rel=0.03)
        np.testing.assert_array_equal(middle[:, 0], middle[:, 1])


def test_block_size_does_not_change_a_rendering(article_notes):
    notes = article_notes[:20]
    whole = np.concatenate(list(render_notes(notes, load_session("article"))))
    for block_frames in (64, 1_000, 100_000):
        other = np.concatenate(
            list(render_notes(notes, load_session("article"), block_frames=block_frames))
        )
        assert np.array_equal(whole, other)


def test_notes_as_a_table_are_exact(article_notes):
    file = io.StringIO()
    assert write_csv(article_notes, file, sample_rate=44_100) == 300
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["onset_frame"]) for row in rows] == [n.onset_frame for n in article_notes]
    assert [float(row["duration_s"]) for row in rows] == [n.duration_s for n in article_notes]
    assert [int(row["midi_note"]) for row in rows] == [n.midi_note for n in article_notes]
    assert [float(row["level_dbfs"]) for row in rows] == [n.level_db for n in article_notes]


def test_a_constant_column_plays_one_steady_note(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("value\n" + "45.0\n" * 50)
    notes = list(table_piece(Table(path), load_session(None)).notes())
    assert len(notes) == 50
    assert len({(note.midi_note, note.level_db) for note in notes}) == 1


def test_a_table_without_a_value_is_silence(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("value\n\n\n")
    with pytest.raises(InputFileError, match="no rows"):
        streamson.render(path)
    path.write_text("value\nnan\nnan\n")
    assert streamson.render(path).shape == (0, 2)


def test_a_field_that_the_table_does_not_have_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("re,phase\n1,2\n")
    with pytest.raises(InputFileError, match=r"plays the field 'im'.*columns of numbers are re"):
        streamson.render(path, "article")


def test_a_session_that_plays_another_stream_is_explained(tmp_path):
    table, session = tmp_path / "t.csv", tmp_path / "s.toml"
    table.write_text("re\n1\n")
    session.write_text('[[part]]\nstream = "eta*"\npitch = { field = "re" }\n')
    with pytest.raises(InputFileError, match=r"plays the stream 't'; they play eta\*.*--stream"):
        streamson.render(table, session)
    assert len(streamson.render(table, session, stream="eta/1"))


def test_more_notes_than_the_ring_holds_are_rendered_all_the_same():
    session = load_session("article")
    notes = [Note(i * 3, 0.001, 44, 60.0, -80.0, 0.0, "sine", "many") for i in range(3 * NOTE_RING)]
    whole = sum(len(block) for block in render_notes(notes, session))
    assert whole >= notes[-1].onset_frame + 44
    with pytest.raises(StreamsonError, match="begin at frame"):
        list(render_notes([notes[0]] * 3 * NOTE_RING, session))


def test_cues_of_a_table_and_parts_that_run_apart_are_in_time(tmp_path):
    """Parts of different durations, and alerts, come in the order of their onsets: none is late."""
    table = tmp_path / "t.csv"
    table.write_text("x\n" + "\n".join(str(i % 10) for i in range(200)))
    text = """
        [[part]]
        duration = { value = 0.1 }
        [[part]]
        duration = { value = 0.25 }
        [[alert]]
        above = 8
    """
    session = parse_session(text.encode(), "two.toml")
    notes = list(table_piece(Table(table), session).notes())
    assert all(a.onset_frame <= b.onset_frame for a, b in pairwise(notes))
    assert sum(not note.foreground for note in notes) == 400
    assert any(note.foreground for note in notes)
    seconds = sum(len(block) for block in render_notes(notes, session)) / 44_100
    assert seconds == pytest.approx(50, abs=0.5)


def test_parts_that_run_apart_are_in_order(tmp_path):
    rows = "".join(f"{'' if i == 9 else i},1\n" for i in range(20))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    session = parse_session(
        b"[[part]]\npitch = { field = 'x' }\nduration = { value = 0.1 }\n"
        b"[[part]]\npitch = { field = 'y' }\nduration = { value = 1 }\n",
        "two.toml",
    )
    notes = list(table_piece(Table(tmp_path / "t.csv"), session).notes())
    onsets = [note.onset_frame for note in notes]
    assert len(notes) == 39
    assert onsets == sorted(onsets)


@pytest.mark.parametrize("preset", ["monitor", "drone"])
def test_held_voices_end_with_the_piece(tmp_path, preset):
    (tmp_path / "t.csv").write_text("x\n1\n5\n2\n")
    piece = fit_to_duration(
        ScoredTable(Table(tmp_path / "t.csv"), load_session(preset), sample_rate=44_100), seconds=3
    )
    sound = np.concatenate(list(piece.sound()))
    assert 3 < len(sound) / 44_100 < 15  # the room and the strings ring
    assert np.abs(sound[-100:]).max() < 1e-3
    assert np.abs(np.diff(sound, axis=0)).max() < 0.1
