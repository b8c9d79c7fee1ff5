"""No preset screams where fields are at the ends of their ranges, or leap from one to the other."""

from itertools import product

import msgspec
import numpy as np
import pyloudnorm
import pytest
from mosqito import sharpness_din_perseg

from streamson.model.point import DataPoint
from streamson.offline.realtime import play_in_realtime
from streamson.offline.render import render_notes
from streamson.psychoacoustics.hearing import FULL_SCALE_DB_SPL
from streamson.score.score import Score
from streamson.session.load import load_session, preset_names

RATE = 48_000
STREAMS = ("a/cpu", "b/cpu", "c/cpu", "d/cpu")
PRESETS = tuple(name for name in preset_names() if name not in {"article", "demo"})
"""Those that play any stream: the levels of the others are the article's, 14 dB apart."""

FIELDS = ("percent", "other")  # some presets tell of a percentage by tremolo and brightness
LEARN_S, HELD_S = 20, 5
SETTLED_S = 2.5
"""What glides and is smoothed has come near by then."""

METER = pyloudnorm.Meter(RATE)
PASCAL = 2e-5 * 10 ** (FULL_SCALE_DB_SPL / 20) * 2**0.5
TWICE_AS_LOUD_LU = 10
"""S. S. Stevens, "The measurement of loudness", J. Acoust. Soc. Am. 27, 1955."""

SHARP_ACUM = 1.74
"""As sharp as STRAUSS plays four streams of a machine for an hour (docs/presets.md)."""

PEAK = 10 ** (-1 / 20)
"""EBU R 128: a decibel below full scale at most; the limiter holds that, and is not to work."""


def stretches():
    """Return what is held, stretch by stretch: every mix of ends, and leaps between two."""
    ends = [dict(zip(FIELDS, mix, strict=True)) for mix in product((0.0, 100.0), repeat=2)]
    return [*([end] * HELD_S for end in ends), [ends[i % 2 - 1] for i in range(HELD_S)]]


def points(streams):
    """Yield a point a second of each stream: ordinary values first, so that ranges are known."""
    values = np.random.default_rng(1).uniform(0, 100, (LEARN_S, len(FIELDS)))
    ordinary = [dict(zip(FIELDS, row, strict=True)) for row in values]
    held = [one for stretch in stretches() for one in stretch]
    for second, one in enumerate([*ordinary, *held]):
        for stream in streams:
            yield second * RATE, DataPoint(stream, one, float(second))


@pytest.mark.parametrize("preset", PRESETS)
def test_no_end_of_a_range_screams(preset):
    session = load_session(preset)
    session = msgspec.structs.replace(session, alerts=())  # they are to be loud
    score = Score(session, sample_rate=RATE, on_event=lambda _event: None)
    streams = STREAMS[: 1 if preset == "sensor" else None]  # it is made for one
    notes = play_in_realtime(points(streams), score, sample_rate=RATE)
    sound = np.concatenate(list(render_notes(notes, session, sample_rate=RATE))).astype(float)
    ordinary = np.median(loudest_of_seconds(sound[LEARN_S // 2 * RATE : LEARN_S * RATE]))
    for number, stretch in enumerate(stretches()):
        start = LEARN_S + number * HELD_S
        held = sound[round((start + SETTLED_S) * RATE) : (start + HELD_S) * RATE]
        assert max(loudest_of_seconds(held)) < ordinary + TWICE_AS_LOUD_LU, stretch
        assert sharpness(held[:RATE]) < SHARP_ACUM, stretch
    assert np.abs(sound).max() < PEAK


def loudest_of_seconds(sound):
    """Return the loudest 0.4 s (BS.1770: momentary) of each second, in LUFS."""
    hop = RATE // 5
    starts = range(0, len(sound) - RATE + 1, RATE)
    return [
        max(loudness(sound[start + i * hop :][: 2 * hop]) for i in range(4)) for start in starts
    ]


def loudness(sound):
    with np.errstate(divide="ignore"):  # silence has none
        return METER.integrated_loudness(sound)


def sharpness(sound):
    """Return the sharpness (DIN 45692) of a sound at -23 LUFS in acum, by how loud it is."""
    pressure = sound.mean(axis=1) * PASCAL * 10 ** ((-23 - loudness(sound)) / 20)
    with np.errstate(invalid="ignore"):  # silence has none
        sharp, _ = sharpness_din_perseg(pressure, RATE, nperseg=8_192)
    edges = np.arange(len(sharp)) * len(pressure) // len(sharp)
    loud = np.add.reduceat(np.square(pressure), edges) ** 0.3  # Stevens: of power, in sones
    known = np.isfinite(sharp)
    return np.average(sharp[known], weights=loud[known])
