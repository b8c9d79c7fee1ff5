"""What `streamson.render` returns: an array, a player and a plot."""

import base64
import io
import re

import nbformat
import numpy as np
import pandas
import pytest
import soundfile
from nbclient import NotebookClient

import streamson
from streamson.errors import UsageError
from tests.conftest import DATA

TABLE = DATA / "article_eta_300.csv"
HEAD = pandas.read_csv(TABLE)[["re", "im", "modulus"]].head(20)


@pytest.fixture(scope="module")
def audio():
    return streamson.render(HEAD, "article")


def test_a_frame_sounds_as_its_file_does(audio, tmp_path):
    HEAD.to_csv(tmp_path / "t.csv", index=False)
    assert np.array_equal(audio, streamson.render(tmp_path / "t.csv", "article"))


def test_it_is_an_array_to_numpy(audio):
    samples = np.asarray(audio)
    assert samples is audio.samples
    assert (samples.dtype, samples.shape) == (np.float32, audio.shape)
    assert len(audio) == len(samples) == round(audio.duration_s * audio.sample_rate)
    assert np.array_equal(audio[100:200], samples[100:200])
    assert np.array(audio, dtype=np.float64, copy=True).max() == samples.max()
    file = io.BytesIO()
    soundfile.write(file, audio, audio.sample_rate, format="FLAC")
    assert soundfile.info(io.BytesIO(file.getvalue())).frames == len(audio)


def test_it_carries_what_was_played(audio):
    assert (audio.sample_rate, len(audio.notes)) == (44_100, 20)
    assert audio.legend[0].startswith("data: re -> pitch G3..C6 (")
    assert "20 notes: data: re -> pitch" in repr(audio)


def test_it_is_written_in_every_kind(audio, tmp_path):
    for name in ("a.wav", "a.mid", "a.csv", "a.png"):
        assert audio.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size
    assert audio.save(str(tmp_path / "b.flac")).endswith("dBFS")
    with pytest.raises(UsageError, match="can't write"):
        audio.save(tmp_path / "a.xyz")


def test_rows_come_in_their_own_time():
    frame = pandas.DataFrame({"x": [1, 3, 2]}, index=pandas.to_datetime([0, 60, 180], unit="s"))
    for how in ({"speed": 60}, {"seconds": 3}):
        audio = streamson.render(frame, **how)
        assert [note.onset_frame / 44_100 for note in audio.notes] == pytest.approx(
            [0, 1, 3], abs=1e-3
        )
    with pytest.raises(UsageError, match="one of the two"):
        streamson.render(frame, speed=1, seconds=2)
    with pytest.raises(UsageError, match="a speed needs a column of time"):
        streamson.render({"x": [1, 2]}, speed=2)


def test_columns_are_chosen():
    audio = streamson.render(HEAD, columns=["im", "re"])
    assert audio.legend[0].startswith("data: im -> pitch")
    each = streamson.render(HEAD, columns="re,im", each_column=True)
    assert [line.partition(":")[0] for line in each.legend] == ["data.re", "data.im"]
    with pytest.raises(UsageError, match="no column 'rr'; the columns of numbers are re"):
        streamson.render(HEAD, columns=["rr"])


def test_a_long_sound_is_no_player():
    html = streamson.render(np.arange(3_000) % 7)._repr_html_()
    assert "min of sound: hear it by save" in html
    assert "<audio" not in html


def test_names_are_no_markup():
    html = streamson.render({"<script>alert(1)</script>": [1, 2, 3]})._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_what_there_is_is_shown():
    assert dir(streamson) == sorted(streamson.__all__)


def test_a_notebook_plays_and_draws():
    code = (
        "import pandas, streamson\n"
        "frame = pandas.DataFrame({'load': [3, 1, 4, 1, 5, 9, 2, 6]})\n"
        "streamson.render(frame)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=100).execute()
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"].startswith("<3.0 s of sound")
    html = output.data["text/html"]
    assert "data: load -&gt; pitch D3..G5 (1..9), epiano" in html
    sound = base64.b64decode(re.search(r"data:audio/mpeg;base64,([^\"]+)", html)[1])
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert len(samples) / rate > 2
    assert 0.05 < np.abs(samples).max() < 1
    plot = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", html)[1])
    assert plot.startswith(b"\x89PNG")
