"""Pictures: each kind is drawn, and shows what is there."""

import numpy as np
import pytest
from matplotlib.image import imread

from streamson.errors import InputFileError, UsageError
from streamson.formats.table import Table
from streamson.offline.picture.digest import COLUMNS, FFT_FRAMES, Spectrum, Wave, digest
from streamson.offline.picture.write import PANELS, check_panels, write_picture
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece
from streamson.score import load_session
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
    done = write_picture(eta, path, (panel,))
    assert "of 300 notes" in done
    image = imread(path)
    assert image.shape[1] == 1_500
    # White paper with something on it, in colour.
    assert (image[..., :3].min(axis=2) > 0.99).mean() > 0.15
    assert np.ptp(image[..., :3], axis=2).max() > 0.3 or panel == "wave"


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vector_files_are_text_that_can_be_searched(eta, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    write_picture(eta, path)
    content = path.read_bytes()
    assert b"frequency (Hz)" in content if ending == "svg" else content.startswith(b"%PDF")


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
    assert "of 1 notes" in write_picture(piece, tmp_path / "one.png", ("all",))
    wave, spectrum, frames = digest([])
    assert (len(wave.ends()[0]), len(spectrum.levels_db()), frames) == (0, 0, 0)


def test_what_can_not_be_drawn_is_explained(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    piece = TablePiece(ScoredTable(Table(tmp_path / "t.csv"), load_session(), sample_rate=RATE))
    with pytest.raises(InputFileError, match="fields named re and im"):
        write_picture(piece, tmp_path / "x.png", ("orbit",))
    with pytest.raises(UsageError, match='did you mean "curves"'):
        check_panels(("curvs",))
    (tmp_path / "e.csv").write_text("x,y\n,1\n")
    piece = TablePiece(ScoredTable(Table(tmp_path / "e.csv"), load_session(), sample_rate=RATE))
    with pytest.raises(InputFileError, match="no notes"):
        write_picture(piece, tmp_path / "x.png")
