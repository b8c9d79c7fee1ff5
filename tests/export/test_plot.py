"""Plots: each kind is drawn, and shows what is there."""

import re

import numpy as np
import pytest
from matplotlib.image import imread

from streamson.errors import InputFileError, UsageError
from streamson.export.plot.overview import COLUMNS, FFT_FRAMES, Spectrum, Wave, overview
from streamson.export.plot.panels import _glides
from streamson.export.plot.scene import gather
from streamson.export.plot.style import LIGHT
from streamson.export.plot.write import PANELS, PlotFormat, write_plot
from streamson.formats.table import Table
from streamson.model.note import Note
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece, table_piece
from streamson.session.load import load_session, parse_session
from tests.conftest import DATA

RATE = 44_100


@pytest.fixture
def eta():
    return TablePiece(
        ScoredTable(Table(DATA / "article_eta_300.csv"), load_session("article"), sample_rate=RATE)
    )


@pytest.mark.parametrize("panel", [*PANELS, "all"])
def test_each_kind_is_drawn(eta, tmp_path, panel):
    path = tmp_path / "figure.png"
    done = write_plot(eta, path, PlotFormat((panel,)))
    assert "of 300 notes" in done
    image = imread(path)
    assert image.shape[1] == 1_500
    # White paper with something on it, in colour.
    assert (image[..., :3].min(axis=2) > 0.99).mean() > 0.15
    assert np.ptp(image[..., :3], axis=2).max() > 0.3 or panel == "wave"


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vector_files_are_text_that_can_be_searched(eta, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    write_plot(eta, path)
    content = path.read_bytes()
    assert b"modulus" in content if ending == "svg" else content.startswith(b"%PDF")


def test_a_wave_keeps_its_extremes_however_long_it_is():
    sound = np.zeros(3_000_000, np.float32)
    sound[1_234_567], sound[2_345_678] = 0.7, -0.9
    wave = Wave()
    for block in np.array_split(sound, 90):
        wave.add(block)
    low, high = wave.ends()
    assert COLUMNS <= len(low) <= 2 * COLUMNS
    assert (low.min(), high.max()) == pytest.approx((-0.9, 0.7))
    assert abs(np.argmax(high) / len(high) - 1_234_567 / 3e6) < 1e-3


def test_a_spectrum_finds_a_sine_at_its_level():
    times = np.arange(12 * RATE) / RATE
    sound = (0.25 * np.sin(2 * np.pi * 1_000 * times)).astype(np.float32)
    spectrum = Spectrum()
    for block in np.array_split(sound, 37):
        spectrum.add(block)
    levels = spectrum.levels_db()
    loudest = np.median(levels, axis=0)
    assert np.argmax(loudest) == pytest.approx(1_000 / RATE * FFT_FRAMES, abs=1)
    # A line lies at most half a line beside the sine: Hann takes 1.4 dB there.
    assert loudest.max() == pytest.approx(20 * np.log10(0.25), abs=1.5)


def test_silence_and_one_note_are_drawn_too(tmp_path):
    (tmp_path / "t.csv").write_text("re,im,modulus\n1,1,1\n")
    piece = TablePiece(
        ScoredTable(Table(tmp_path / "t.csv"), load_session("article"), sample_rate=RATE)
    )
    assert "of 1 note" in write_plot(piece, tmp_path / "one.png", PlotFormat(("all",)))
    wave, spectrum, frames = overview([])
    assert (len(wave.ends()[0]), len(spectrum.levels_db()), frames) == (0, 0, 0)


def test_what_can_not_be_drawn_is_explained(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    piece = TablePiece(ScoredTable(Table(tmp_path / "t.csv"), load_session(), sample_rate=RATE))
    with pytest.raises(InputFileError, match="fields named re and im"):
        write_plot(piece, tmp_path / "x.png", PlotFormat(("orbit",)))
    with pytest.raises(UsageError, match='did you mean "curves"'):
        PlotFormat(("curvs",)).check()
    (tmp_path / "e.csv").write_text("x,y\n,1\n")
    piece = TablePiece(ScoredTable(Table(tmp_path / "e.csv"), load_session(), sample_rate=RATE))
    with pytest.raises(InputFileError, match="no notes"):
        write_plot(piece, tmp_path / "x.png")


def piece_of(tmp_path, text, session=None, **how):
    (tmp_path / "t.csv").write_text(text)
    return table_piece(Table(tmp_path / "t.csv"), session, **how)


def texts(path):
    """Return the words of a plot."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())


def test_axes_have_the_datas_values_units_names_and_dates(tmp_path):
    rows = "".join(f"2026-01-31 12:{i:02}:00,{i % 7 + 30}%,5\n" for i in range(60))
    piece = piece_of(tmp_path, "time,load,flat\n" + rows)
    write_plot(piece, tmp_path / "t.svg")
    words = texts(tmp_path / "t.svg")
    assert "load (%)" in words
    assert "→ pitch" in words
    assert {"12:10", "12:20", "12:50"} <= set(words)
    assert "time of the data, 2026-01-31 (UTC)" in words
    assert not any("flat" in word for word in words if word.startswith("→"))
    scene = gather(piece, LIGHT, sound=False)
    assert [curve.field for curve in scene.curves] == ["load"]  # no panel for what never changes
    times, values = scene.curves[0].streams["t"]
    assert values.tolist() == [i % 7 + 30 for i in range(60)]
    assert times == pytest.approx([note.onset_frame / RATE for note in scene.notes])


def test_alerts_are_marks_and_no_melody(tmp_path):
    session = parse_session(
        b"""[[part]]
pitch = { field = "x" }
[[alert]]
field = "x"
above = 90
duration = "0s"
[notices]
range = true
""",
        "s.toml",
    )
    rows = "".join(f"{i},{95 if i == 40 else i % 5}\n" for i in range(60))
    piece = piece_of(tmp_path, "time,x\n" + rows, session, speed=10)
    scene = gather(piece, LIGHT, sound=False)
    assert len(scene.notes) == 60
    assert len([note for note in piece.notes() if note.instrument.startswith("earcon")]) > 3
    ((second, stream),) = scene.alerts
    assert (second, stream) == (pytest.approx(4.0, abs=0.3), "t")
    write_plot(piece, tmp_path / "t.svg")
    assert "▼ alert (1)" in texts(tmp_path / "t.svg")


def test_a_glide_ends_where_the_next_begins():
    notes = [
        Note(0, 1.0, 0, 60.0, -20.0, 0.0, "glass", "s", held_key=1),
        Note(RATE, 1.0, 0, 72.0, -20.0, 0.0, "glass", "s", held_key=1, glide_frames=RATE),
        Note(RATE + RATE // 2, 1.0, 0, 60.0, -20.0, 0.0, "glass", "s", held_key=1),
    ]
    times, pitches = _glides(notes, RATE)
    assert times == sorted(times)
    assert np.interp([0.5, 1.25, 1.5 - 1e-9, 1.6, 2.5], times, pitches) == pytest.approx(
        [60, 63, 66, 60, 60], abs=1e-3
    )


def test_long_names_end_in_an_ellipsis(tmp_path):
    names = [f"host{i:02}.in-the-far-corner-of-the-basement.cpu" for i in range(12)]
    rows = "".join(",".join(str((i * (k + 2)) % 17) for k in range(12)) + "\n" for i in range(40))
    piece = piece_of(tmp_path, ",".join(names) + "\n" + rows, each_column=True)
    write_plot(piece, tmp_path / "t.svg")
    labels = [word for word in texts(tmp_path / "t.svg") if re.fullmatch(r"host.*…", word)]
    assert [label[:6] for label in labels] == [name[:6] for name in names]
    assert max(map(len, labels)) <= 16


def test_a_picture_has_the_title_and_the_size_that_are_asked_for(eta, tmp_path):
    path = tmp_path / "t.png"
    write_plot(eta, path, PlotFormat(title="a $title$", size=(1_200, 900), dark=True))
    image = imread(path)
    assert image.shape[:2] == (900, 1_200)
    assert (image[..., :3].max(axis=2) < 0.2).mean() > 0.5
    with pytest.raises(UsageError, match=r"find no room in 1200x220 pixels; 1200x\d+ are enough"):
        write_plot(eta, path, PlotFormat(("all",), size=(1_200, 220)))
    with pytest.raises(UsageError, match="200 to 20000 are allowed"):
        PlotFormat(size=(100, 100)).check()


def test_a_long_piece_stays_readable(tmp_path):
    rows = "".join(f"{np.sin(i / 900):.4f}\n" for i in range(20_000))
    piece = piece_of(tmp_path, "x\n" + rows)
    write_plot(piece, tmp_path / "t.png", PlotFormat(("roll",)))
    image = imread(tmp_path / "t.png")[..., :3]
    # Seven hills: their colour fills a band, not the panel.
    coloured = np.ptp(image, axis=2) > 0.1
    assert 0.005 < coloured.mean() < 0.2
    assert (coloured.mean(axis=1) > 0.9).sum() == 0
