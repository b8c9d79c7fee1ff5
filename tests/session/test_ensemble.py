"""Newcomers sound unlike those that are there, always the same, and keep it by their names."""

import time
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.model.point import DataPoint
from streamson.music.pitch import midi_to_hz
from streamson.psychoacoustics.timbre import TOLD_APART, describe, difference
from streamson.score.score import Score
from streamson.session.ensemble import Ensemble
from streamson.session.likeness import TOLD_APART_JND, Sound, likeness, timbre_distance
from streamson.session.load import parse_session
from streamson.session.palette import HELD, PANS, cells, number_of, sound_of
from streamson.session.parse.instruments import builtin_instruments
from streamson.session.resolve import parts_for
from streamson.session.schema import AttentionSpec, Session
from streamson.synth.engine import Engine
from tests.synth.notes import PlainNote

ALL = Session(attention=AttentionSpec(foreground=None))
FIELDS = ("x",)
PLAIN = cells(is_held=False)
INSTRUMENTS = builtin_instruments()


def sound_of_part(part):
    middle = 3 * round((part.pitch.low + part.pitch.high) / 6)  # as an ensemble tells registers
    return Sound(part.instrument, middle, part.pan.value)


def sound(ensemble, stream):
    return sound_of_part(*ensemble.join(stream, FIELDS))


def joined(names, session=ALL):
    ensemble = Ensemble(session)
    return ensemble, {name: sound(ensemble, name) for name in names}


NAMES = st.lists(st.sampled_from([f"s{i}" for i in range(40)]), unique=True, max_size=40)


@given(NAMES, st.data())
@settings(max_examples=40)
def test_a_newcomer_is_least_like_those_that_are_there_whoever_went(names, data):
    ensemble, sounds = joined(names)
    for gone in data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []:
        ensemble.leave(gone)
        del sounds[gone]

    def crowded(one):
        return sum(likeness(one, other) for other in sounds.values())

    possible = [
        sound_of_part(*parts_for(ALL, "newcomer", FIELDS, number_of(cell, 0, 0))) for cell in PLAIN
    ]
    assert crowded(sound(ensemble, "newcomer")) == min(map(crowded, possible))


@given(NAMES)
@settings(max_examples=20)
def test_the_same_arrivals_get_the_same_sounds_and_no_two_the_same_number(names):
    ensemble, sounds = joined(names)
    assert joined(names)[1] == sounds
    assert len({ensemble.number(name) for name in names}) == len(names)


def test_as_long_as_there_are_instruments_nobody_shares_one():
    _, sounds = joined([f"s{i}" for i in range(13)])
    instruments = [one.instrument for one in sounds.values()]
    assert len(set(instruments)) == 13
    assert min(timbre_distance(*pair) for pair in combinations(instruments, 2)) >= TOLD_APART_JND


def test_more_streams_than_there_are_sounds_share_all_of_them_alike():
    _, sounds = joined([f"s{i}" for i in range(1_000)])
    shared = Counter(one.instrument for one in sounds.values())
    assert set(shared) == {sound_of(number_of(cell, 0, 0)).instrument for cell in PLAIN}
    assert max(shared.values()) < 2 * min(shared.values())
    assert max(Counter(sounds.values()).values()) < 5 * 1_000 / len(PLAIN)


def test_a_newcomer_keeps_away_from_what_parts_name():
    text = """
        [[part]]
        stream = "named"
        instrument = "strings"
        [[part]]
        stream = "s*"
        instrument = "auto"
    """
    session = parse_session(text.encode(), "t")
    ensemble = Ensemble(session)
    ensemble.join("named", FIELDS)
    played = [ensemble.join(f"s{i}", FIELDS)[0].instrument for i in range(8)]
    assert "strings" not in played
    assert "strings" in [one.instrument for one in joined([f"s{i}" for i in range(8)])[1].values()]


def test_what_is_held_is_played_by_what_can_be_held():
    session = parse_session(b'[[part]]\ninstrument = "auto"\narticulation = "continuous"\n', "t")
    _, sounds = joined([f"s{i}" for i in range(len(HELD))], session)
    assert {one.instrument for one in sounds.values()} == HELD


@given(st.integers(0, (1 << 24) - 1), st.integers(0, 300), st.booleans())
def test_every_number_is_a_sound(number, part, is_held):
    one = sound_of(number, part, is_held=is_held)
    assert one.instrument in INSTRUMENTS
    assert one.pan in PANS
    assert not is_held or one.instrument in HELD


@given(st.permutations([f"s{i}" for i in range(6)]), st.integers(1, 6))
@settings(max_examples=20)
def test_after_a_restart_each_stream_sounds_as_it_did_in_whatever_order_they_come(names, back):
    before, after = Score(ALL, sample_rate=1_000), Score(ALL, sample_rate=1_000)

    def heard(score, name):
        (note,) = score.process(DataPoint(name, {"x": 1.0}, 0.0), 0)
        return note.instrument, note.midi_note, note.pan

    sounds = {name: heard(before, name) for name in sorted(names)}
    after.restore(before.state())
    newcomer = heard(after, "newcomer")  # comes before those that are awaited
    assert newcomer not in sounds.values()
    assert {name: heard(after, name) for name in names[:back]} == {
        name: sounds[name] for name in names[:back]
    }


def test_a_thousandth_newcomer_costs_no_more_than_a_hundredth():
    def cost(ensemble, first, count):
        begin = time.process_time()
        for i in range(first, first + count):
            ensemble.join(f"s{i}", FIELDS)
        return time.process_time() - begin

    ensemble = Ensemble(ALL)
    cost(ensemble, 0, 100)
    few = min(cost(ensemble, 100 + 50 * i, 50) for i in range(4))
    cost(ensemble, 300, 700)
    many = min(cost(ensemble, 1_000 + 50 * i, 50) for i in range(4))
    assert many < 3 * few


def test_the_distances_are_those_of_the_instruments():
    described = {}
    for name, instrument in INSTRUMENTS.items():
        engine = Engine(44_100, instruments={"one": instrument})
        engine.play(PlainNote(0, 44_100, midi_to_hz(60), -24, instrument="one"))
        described[name] = describe(engine.render(22_050), 44_100, 0.5)
    found = {
        pair: difference(described[pair[0]], described[pair[1]]).total
        for pair in combinations(INSTRUMENTS, 2)
    }
    kept = [timbre_distance(*pair) for pair in found]
    # The table is of four pitches and three levels, this is one of each.
    assert np.corrcoef(list(found.values()), kept)[0, 1] > 0.85
    assert np.median(np.abs(np.array(list(found.values())) / kept - 1)) < 0.15
    assert TOLD_APART == TOLD_APART_JND


def test_no_two_instruments_with_a_pitch_are_too_near():
    pitched = INSTRUMENTS.keys() - {"breath", "click"}
    assert min(timbre_distance(*pair) for pair in combinations(pitched, 2)) >= TOLD_APART


@pytest.mark.parametrize("numbers", [{"a": 1, "b": 1}, {"a": -1}, {"a": 1 << 24}])
def test_numbers_that_cannot_be_are_refused(numbers):
    with pytest.raises(ValueError, match="number"):
        Ensemble(ALL).restore(numbers)
