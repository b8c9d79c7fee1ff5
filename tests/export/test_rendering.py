"""What `streamson.render` returns: an array, a player and a plot."""

import html
import io
import os
import subprocess
import sys

import numpy as np
import pandas
import pytest
import soundfile

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
    shown = streamson.render(np.arange(3_000) % 7)._repr_html_()
    assert "min of sound: hear it by save" in shown
    assert "<audio" not in shown


def test_names_are_no_markup():
    shown = streamson.render({'"><script>alert(1)</script>': [1, 2, 3]})._repr_html_()
    assert "<script>" not in shown
    assert "&quot;&gt;&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("values", "words"),
    [([5, 5, 5], "3 notes in"), ([1, 9, 4], "3 notes in 1.2 s, D3 to G5. data: x -> pitch")],
)
def test_it_is_described_in_words(values, words):
    audio = streamson.render({"x": values})
    assert words in audio.description
    assert html.escape(audio.description) in audio._repr_html_()


def test_without_matplotlib_it_says_what_to_install(tmp_path):
    """In an interpreter that can't import it, as one where it is not installed."""
    (tmp_path / "matplotlib.py").write_text("raise ImportError\n")
    program = "import streamson; print(streamson.render({'x': [1, 2]})._repr_html_())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "<audio controls" in done.stdout
    assert "pip install &#x27;streamson[plot]&#x27;" in done.stdout


def test_what_there_is_is_shown():
    assert dir(streamson) == sorted(streamson.__all__)


def test_alerts_are_lines_of_it_and_not_of_the_log(tmp_path, caplog):
    session = tmp_path / "s.toml"
    session.write_text("[[part]]\n[[alert]]\nfield = 'v'\nabove = 10\n")
    sound = streamson.render({"v": [1, 2, 50, 3, 2], "<b>": [1, 2, 3, 4, 5]}, session)
    assert sound.events == ["at 2: data: v is 50, above 10", "at 3: data: v is 3 again"]
    assert "<summary>2 events, such as alerts</summary>" in sound._repr_html_()
    assert (len(sound.events), caplog.messages) == (2, [])  # drawn, it is scored once more
