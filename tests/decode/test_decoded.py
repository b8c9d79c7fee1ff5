"""The whole way there and back: tables become sound, and sound becomes their rows again."""

import csv

import numpy as np
import pytest
import soundfile

import streamson
from streamson import Listener, Publisher
from streamson.decode.decoded import Decoded
from streamson.errors import InputFileError, UsageError
from streamson.producers.formula.dirichlet import dirichlet_function
from streamson.session.load import parse_session
from tests.conftest import DATA, until

RATE = 22_050


def ends(values):
    return float(np.min(values)), float(np.max(values))


def column(decoded, name):
    return np.array(decoded.columns()[name], float)


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def amplitude(level_db):
    return 10 ** (np.asarray(level_db, float) / 20)


def article(count=300, first=0):
    with (DATA / "article_eta_300.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[first : first + count]
    return {name: [float(row[name]) for row in rows] for name in ("re", "im", "modulus")}


def zeta_table(name, start, step, count):
    """A table by the producers' own functions, which nobody has listened to before."""
    function = dirichlet_function(name, 0.5, "mpmath")
    values = [function(start + i * step) for i in range(count)]
    return {
        "re": [value.real for value in values],
        "im": [value.imag for value in values],
        "modulus": [abs(value) for value in values],
    }


def read_back(table, session="article", **options):
    audio = streamson.render(table, session, sample_rate=RATE)
    ranges = {name: ends(values) for name, values in table.items()}
    found = streamson.decode_sound(
        audio.samples, session, sample_rate=RATE, ranges=ranges, **options
    )
    return audio, found


@pytest.mark.parametrize(("name", "start", "step"), [("eta", 2_000.0, 0.05), ("zeta", 14.0, 0.2)])
def test_a_held_out_zeta_table_comes_back_row_for_row(name, start, step):
    table = zeta_table(name, start, step, 40)
    _, found = read_back(table)
    assert len(found) == 40
    for field, values in table.items():
        low, high = column(found, f"{field}_low"), column(found, f"{field}_high")
        held = (low - 1e-9 <= values) & (values <= high + 1e-9)
        assert held.all(), (field, np.flatnonzero(~held))
    assert found.explained > 0.9
    assert found.remarks == []


def test_duration_and_level_carry_the_article():
    table = article(60)
    audio, found = read_back(table)
    assert len(found) == 60
    assert correlation(column(found, "im"), table["im"]) >= 0.99
    assert correlation(column(found, "modulus"), table["modulus"]) >= 0.95
    assert correlation(column(found, "re"), table["re"]) >= 0.99
    durations = [note.duration_s for note in audio.notes]
    assert correlation(column(found, "duration_s"), durations) >= 0.99
    played = [note.level_db for note in audio.notes]
    assert correlation(amplitude(column(found, "level_dbfs")), amplitude(played)) >= 0.95


def test_duration_and_level_carry_the_article_live_too(tmp_path):
    """Published point by point to the null device, recorded, and read back from the recording."""
    rows = article(16)
    notes = []
    with (
        Listener(
            "tcp://127.0.0.1:*",
            session="demo",
            output="none",
            record=tmp_path / "take.wav",
            on_played=lambda note, _: notes.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for values in zip(*rows.values(), strict=True):
            publisher.send("eta", dict(zip(rows, values, strict=True)))
        until(lambda: len(notes) == 16, "all notes", 30)
        last = notes[-1].onset_frame + notes[-1].duration_frames + 1_000
        until(lambda: listener.engine.frame > last, "the last note to end", 30)
    found = streamson.decode_sound(tmp_path / "take.wav", "demo", streams=["eta"])
    assert [note.midi_note for note in found.notes] == [note.midi_note for note in notes]
    assert correlation(column(found, "im_place"), rows["im"]) >= 0.99
    assert correlation(column(found, "modulus_place"), rows["modulus"]) >= 0.95


def test_streams_are_told_apart_and_each_has_its_own_values():
    generator = np.random.default_rng(3)
    table = {name: generator.normal(size=20).cumsum().tolist() for name in ("low", "mid")}
    audio = streamson.render(table, each_column=True, sample_rate=RATE)
    streams = ["data.low", "data.mid"]
    found = streamson.decode_sound(
        audio.samples, sample_rate=RATE, streams=streams, fields=["value"]
    )
    for stream, values in zip(streams, table.values(), strict=True):
        places = [row.values["value_place"].value for row in found.rows if row.stream == stream]
        assert len(places) == len(values)
        assert correlation(places, values) > 0.97


def test_streams_that_nobody_names_are_found_and_numbered():
    generator = np.random.default_rng(4)
    table = {name: generator.normal(size=20).cumsum().tolist() for name in ("a", "b")}
    audio = streamson.render(table, each_column=True, sample_rate=RATE)
    found = streamson.decode_sound(audio.samples, sample_rate=RATE, fields=["value"])
    assert {row.stream for row in found.rows} == {"1", "2"}
    one = streamson.render(table["a"], sample_rate=RATE)
    found = streamson.decode_sound(one.samples, sample_rate=RATE, fields=["value"])
    assert {row.stream for row in found.rows} == {"1"}
    assert len(found) == 20


def test_a_stretch_has_the_times_of_the_whole_sound():
    audio, whole = read_back(article(30))
    part = streamson.decode_sound(
        audio.samples, "article", sample_rate=RATE, start_s=2.0, end_s=6.0
    )
    inside = [note for note in whole.notes if 2.2 < note.onset_s < 5.5]
    for note in inside:
        assert any(
            abs(other.onset_s - note.onset_s) < 0.03 and other.midi_note == note.midi_note
            for other in part.notes
        )
    assert all(1.9 < note.onset_s < 6.1 for note in part.notes)


def test_a_note_that_an_end_of_a_stretch_cuts_has_its_whole_length():
    audio, found = read_back(article(24))
    ends_s = [found.notes[i].onset_s + found.notes[i].duration_s / 2 for i in (6, 18)]
    part = streamson.decode_sound(
        audio.samples, "article", sample_rate=RATE, start_s=ends_s[0], end_s=ends_s[1]
    )
    whole = [note for note in found.notes if ends_s[0] <= note.onset_s < ends_s[1]]
    assert [note.midi_note for note in part.notes] == [note.midi_note for note in whole]
    for one, other in zip(part.notes, whole, strict=True):
        assert one.onset_s == pytest.approx(other.onset_s, abs=0.01)
        assert one.duration_s == pytest.approx(other.duration_s, abs=0.02)


def test_one_stream_of_gliding_pitches_is_one_and_has_each_note_once():
    # Of notes at 20 s two windows hear each; pitches lie between those that are listened for.
    text = """
[[part]]
timing = "sequence"
instrument = "sine"
pitch = { field = "x", low = "C4", high = "A4", rescale = { mode = "fixed", range = [0, 10] } }
duration = { value = 0.2 }
"""
    played = parse_session(text.encode(), "plain.toml")
    values = np.random.default_rng(3).uniform(0.5, 9.5, 108)
    audio = streamson.render({"x": values.tolist()}, played, sample_rate=RATE)
    found = streamson.decode_sound(audio.samples, played, sample_rate=RATE)
    assert len(found) == len(values)
    low, high = column(found, "x_low"), column(found, "x_high")
    assert ((low <= values) & (values <= high)).mean() > 0.95
    assert found.remarks == []


def test_a_file_gives_what_its_samples_give(tmp_path):
    audio, found = read_back(article(20))
    path = tmp_path / "eta.wav"
    soundfile.write(path, audio.samples, RATE, subtype="FLOAT")
    again = streamson.decode_sound(path, "article")
    assert [note.midi_note for note in again.notes] == [note.midi_note for note in found.notes]


def test_a_recording_that_is_softer_says_so_and_has_the_same_values():
    audio, found = read_back(article(20))
    ranges = {name: ends(values) for name, values in article(20).items()}
    softer = streamson.decode_sound(
        audio.samples * np.float32(0.1), "article", sample_rate=RATE, ranges=ranges
    )
    assert softer.gain_db == pytest.approx(-20, abs=1.5)
    assert any("20." in remark or "19." in remark for remark in softer.remarks)
    assert len(softer) == len(found)
    assert correlation(column(softer, "modulus"), column(found, "modulus")) > 0.98


def test_what_no_session_played_is_told_as_such():
    noise = np.random.default_rng(5).normal(size=(3 * RATE, 2)).astype(np.float32) * 0.1
    found = streamson.decode_sound(noise, "article", sample_rate=RATE)
    assert any("little fits" in remark or "no note" in remark for remark in found.remarks)


def test_another_sessions_sound_is_told_as_such():
    table = {"x": np.random.default_rng(7).normal(size=30).cumsum().tolist()}
    audio = streamson.render(table, sample_rate=RATE)
    found = streamson.decode_sound(audio.samples, "article", sample_rate=RATE)
    assert any("little fits" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((0, 2), np.float32), "shape"),
        (np.zeros((2, 2, 2), np.float32), "shape"),
        (np.zeros(100, np.int16), "int16"),
    ],
)
def test_what_is_no_sound_is_refused(samples, words):
    with pytest.raises(UsageError, match=words):
        streamson.decode_sound(samples, "article")


def test_silence_has_no_notes():
    found = streamson.decode_sound(np.zeros((RATE, 2), np.float32), "article", sample_rate=RATE)
    assert len(found) == 0
    assert found.remarks == ["no note of the session article is heard in it"]
    assert found.columns()["re_place"] == []


def test_files_that_are_none_and_stretches_that_are_none(tmp_path):
    with pytest.raises(InputFileError, match="No such file"):
        streamson.decode_sound(tmp_path / "none.wav", "article")
    with pytest.raises(UsageError, match=r"the sound is 1\.00 s long"):
        streamson.decode_sound(np.zeros(RATE, np.float32), "article", sample_rate=RATE, start_s=3.0)


def test_a_table_is_saved_whole_or_refused(tmp_path):
    _, found = read_back(article(5))
    found.save(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["midi_note"]) for row in rows] == [note.midi_note for note in found.notes]
    with pytest.raises(UsageError, match=r"\.csv and \.jsonl"):
        found.save(tmp_path / "x.txt")
    assert isinstance(found, Decoded)
