"""The article's tune, note for note."""

import math
from itertools import pairwise

import pytest

from streamson.music.scales import parse_scale
from streamson.rescaling.extents import Source, extents_of
from streamson.score.score import Score
from streamson.score.table_score import TableScore
from streamson.session.load import load_session

FIELDS = ("re", "im", "modulus")


@pytest.fixture
def extents(article):
    return extents_of(((row, 0.0) for row in article), map(Source, FIELDS))


def play(score, points, now_frame=0):
    return [note for point in points for note in score.process(point, now_frame)]


def assert_is_the_article(notes, article):
    assert len(notes) == len(article) == 300
    scale = parse_scale("c major").notes(55, 84)
    for note, row in zip(notes, article, strict=True):
        assert note.midi_note == row["midi_note"]
        assert scale.index(int(note.midi_note)) == row["note_index"]
        assert note.frequency_hz == pytest.approx(row["frequency_hz"], abs=1e-6)
        assert note.duration_s == pytest.approx(row["duration_s"], abs=1e-6)
        amplitude = 10 ** (note.level_db / 20) * 32767
        assert amplitude == pytest.approx(row["amplitude_int16"], rel=1e-4)
        assert (note.pan, note.instrument, note.stream) == (0, "sine", "eta")


def assert_end_to_end(notes, sample_rate):
    exact = notes[0].onset_frame
    for note, following in pairwise(notes):
        assert note.onset_frame + note.duration_frames == following.onset_frame
    for i, note in enumerate(notes):
        sum_s = math.fsum(earlier.duration_s for earlier in notes[:i])
        assert abs(note.onset_frame - exact - sum_s * sample_rate) < 1


@pytest.mark.parametrize("sample_rate", [44100, 48000, 22050])
def test_a_known_table_gives_the_article(article, eta_points, extents, sample_rate):
    score = TableScore(load_session("article"), sample_rate=sample_rate, extents=extents)
    notes = play(score, eta_points)
    assert_is_the_article(notes, article)
    assert_end_to_end(notes, sample_rate)
    assert notes[0].onset_frame == 0
    end = notes[-1].onset_frame + notes[-1].duration_frames
    assert end == round(math.fsum(row["duration_s"] for row in article) * sample_rate)
    assert end / sample_rate == pytest.approx(82.7, abs=0.05)


def test_the_demo_gives_the_article_live(article, eta_points):
    score = Score(load_session("demo"), sample_rate=44100)
    notes = []
    for i, point in enumerate(eta_points):  # 3.7 points a second against 3.63 notes a second
        notes += score.process(point, int(i * 44100 / 3.7))
    assert_is_the_article(notes, article)
    assert_end_to_end(notes, 44100)


def test_the_article_live_starts_in_the_middle_and_is_the_tune_once_the_extremes_are_in(
    article, eta_points
):
    score = Score(load_session("article"), sample_rate=44100)
    notes = play(score, eta_points)
    assert notes[0].midi_note == 69
    values = [row["re"] for row in article]
    latest_extreme = max(values.index(min(values)), values.index(max(values)))
    for note, row in zip(notes[latest_extreme:], article[latest_extreme:], strict=True):
        assert note.midi_note == row["midi_note"]
