"""What the presets sound like, measured: as loud as is asked, the same in mono, and no jumps."""

import csv
import gzip
from pathlib import Path

import msgspec
import numpy as np
import pyloudnorm
import pytest
from mosqito import loudness_zwst

from streamson.model.point import DataPoint
from streamson.offline.loudest_mix import heard_at_once, mixes
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import render_notes
from streamson.psychoacoustics.hearing import FULL_SCALE_DB_SPL
from streamson.score.score import Score
from streamson.session.load import load_session, preset_names

RATE = 44_100
HOUR = Path(__file__).parents[1] / "data" / "system_hour.csv.gz"
STREAMS = ("host/cpu", "host/memory", "host/disk", "host/network")
PRESETS = ("", *(name for name in preset_names() if name not in {"article", "demo"}))
"""Those that play any stream: the others are for a function's fields."""
FROM_S, TO_S, HEARD_FROM_S = 300, 400, 340
METER = pyloudnorm.Meter(RATE)
PHON_RATE = 48_000
"""As ISO 532-1 wants it."""
PASCAL = 2e-5 * 10 ** (FULL_SCALE_DB_SPL / 20) * 2**0.5


def points():
    """A point a second of four streams of a machine that is busy."""
    with gzip.open(HOUR, "rt", newline="") as file:
        rows = list(csv.DictReader(file))[FROM_S:TO_S]
    for second, row in enumerate(rows):
        for stream in STREAMS:
            columns = [column for column in row if column.startswith(f"{stream}.")]
            fields = {column.rpartition(".")[2]: float(row[column]) for column in columns}
            yield second * RATE, DataPoint(stream, fields, float(second))


@pytest.mark.parametrize("preset", PRESETS)
def test_four_streams_are_as_loud_as_is_asked_in_mono_too_and_without_jumps(preset):
    session = load_session(preset or None)
    score = Score(session, sample_rate=RATE, on_event=lambda _event: None)
    notes = list(play_in_realtime(points(), score, sample_rate=RATE))
    sound = np.concatenate(list(render_notes(notes, session, sample_rate=RATE)))
    heard = sound[HEARD_FROM_S * RATE - FROM_S * RATE : TO_S * RATE - FROM_S * RATE]
    loudness = METER.integrated_loudness(heard)
    # EBU R 128 within 1 LU over an hour; some minutes are livelier than others.
    assert loudness == pytest.approx(-23, abs=2)
    mono = np.repeat(heard.mean(axis=1, keepdims=True), 2, axis=1)
    assert loudness - METER.integrated_loudness(mono) < 1
    assert np.abs(np.diff(heard, axis=0)).max() < 0.4


@pytest.mark.parametrize("preset", PRESETS)
def test_no_end_of_a_register_is_louder_by_half_than_its_middle_or_those_of_others(preset):
    session = load_session(preset or None)
    heard = [one for one in heard_at_once(session) if one.part.pitch.value is None]
    sones = {one.name: [loudness(mix[0], session) for mix in three_places(one)] for one in heard}
    typical = np.median([middle for _, middle, _ in sones.values()]) if sones else 0
    for name, (low, middle, high) in sones.items():
        assert max(low, high) < 1.5 * max(middle, typical), name


def three_places(one):
    return list(mixes([one], PHON_RATE))[:5:2]


def loudness(note, session):
    """Return the loudness in sones of a note that is played again and again (ISO 532-1)."""
    frames = PHON_RATE // 2
    again = [
        msgspec.structs.replace(note, onset_frame=i * frames, duration_frames=frames, held_key=0)
        for i in range(4)
    ]
    sound = np.concatenate(list(render_notes(again, session, sample_rate=PHON_RATE)))
    return loudness_zwst(PASCAL * sound[: 4 * frames].mean(axis=1).astype(float), PHON_RATE)[0]
