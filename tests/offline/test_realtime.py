"""Tables whose rows come in their own time."""

import numpy as np
import pytest

from streamson.errors import InputFileError
from streamson.formats.table import Row, Table, paced
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TimedPiece, fit_to_duration
from streamson.session.load import parse_session

RATE = 44_100
PLAIN = parse_session(b"[[part]]\nnotes_per_second = 1000\n", "plain.toml")
DEFAULT = parse_session(b"[[part]]\n", "default.toml")


def table(tmp_path, times, name="t.csv"):
    rows = "".join(f"{time},{i % 9}\n" for i, time in enumerate(times))
    (tmp_path / name).write_text("time,x\n" + rows)
    return Table(tmp_path / name)


def onsets_s(piece):
    return [note.onset_frame / RATE for note in piece.notes()]


def test_notes_begin_at_their_rows_times(tmp_path):
    times = [100, 103, 103.5, 110]
    piece = TimedPiece(ScoredTable(table(tmp_path, times), PLAIN, sample_rate=RATE), speed=2)
    assert onsets_s(piece) == pytest.approx([0, 1.5, 1.75, 5], abs=1e-4)
    assert [m.frame / RATE for m in piece.moments()] == pytest.approx([0, 1.5, 1.75, 5], abs=1e-4)


def test_a_length_is_fitted(tmp_path):
    piece = fit_to_duration(
        ScoredTable(table(tmp_path, [0, 600, 900]), PLAIN, sample_rate=RATE), seconds=3
    )
    assert onsets_s(piece) == pytest.approx([0, 2, 3], abs=1e-4)
    (tmp_path / "plain.csv").write_text("x\n1\n2\n3\n4\n5\n")
    piece = fit_to_duration(
        ScoredTable(Table(tmp_path / "plain.csv"), PLAIN, sample_rate=RATE), seconds=2
    )
    assert onsets_s(piece) == pytest.approx([0, 0.5, 1, 1.5, 2], abs=1e-4)


@pytest.mark.parametrize("times", [[5], [5, 5, 5]])
def test_what_fits_no_length_is_explained(tmp_path, times):
    with pytest.raises(InputFileError, match="all its rows are at one time"):
        fit_to_duration(ScoredTable(table(tmp_path, times), PLAIN, sample_rate=RATE), seconds=3)


def test_rows_that_come_too_fast_are_coalesced_as_live_ones_are(tmp_path):
    piece = TimedPiece(
        ScoredTable(table(tmp_path, np.arange(1_000) / 200), DEFAULT, sample_rate=RATE), speed=1
    )
    onsets = onsets_s(piece)
    assert 14 * 5 - 5 <= len(onsets) <= 15 * 5 + 2
    assert onsets == sorted(onsets)
    assert sum(len(block) for block in piece.sound()) > 5 * RATE


def test_streams_that_fall_silent_are_told(tmp_path):
    piece = TimedPiece(
        ScoredTable(table(tmp_path, [*range(20), 60, 61]), DEFAULT, sample_rate=RATE), speed=1
    )
    alerts = [note for note in piece.notes() if note.foreground]
    assert {round(note.onset_frame / RATE) for note in alerts} >= {21, 60}


def test_paced_rows_go_on_where_time_steps_back():
    rows = [Row({}, time) for time in (10, 12, 14, 11, 13)]
    assert [due for due, _ in paced(rows, speed=2)] == [0, 1, 2, 3, 4]
    assert [due for due, _ in paced(rows, rate=4)] == [0, 0.25, 0.5, 0.75, 1]
