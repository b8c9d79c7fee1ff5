"""What the loudest mix of a session masks: no preset an alert, and what is masked is found."""

import numpy as np
import pytest

from streamson.formats.table import Table
from streamson.model.counts import ScoreCounts
from streamson.offline.audibility import audibility_of, masking_of
from streamson.offline.loudest_mix import EVERYBODY, heard_at_once, mixes
from streamson.offline.render import render_notes
from streamson.offline.table_piece import table_piece
from streamson.psychoacoustics.audibility import AUDIBLE_DB
from streamson.score.alerts.earcon_player import EarconPlayer
from streamson.score.parts.bands import SIGNS
from streamson.session.load import load_session, parse_session, preset_names
from streamson.session.parse.earcons import alert_sound, builtin_earcons
from streamson.session.schema import Session
from streamson.synth.kernel.limiter import CEILING

RATE = 44_100
LOUD = """
    [[part]]
    stream = "*"
    instrument = "organ"
    volume = { value = -8 }
    [[alert]]
    above = 1
    sound = { instrument = "brass", notes = ["C4", "E4"], duration = 0.1, level = -45 }
    [[alert]]
    below = 0
    sound = { instrument = "brass", notes = ["A4", "E5"], step = 0.3, duration = 0.2, level = -8 }
"""


def session_of(text):
    return parse_session(text.encode(), "s.toml")


@pytest.mark.parametrize("preset", ["", *preset_names()])
def test_every_alert_is_heard_over_every_presets_loudest_mix(preset):
    found = audibility_of(load_session(preset))
    alerts = {one.name: one for one in found if one.is_alert}
    assert alerts.keys() >= {*builtin_earcons()} - {"highest", "lowest"}
    assert all(one.least_db >= AUDIBLE_DB for one in alerts.values())
    assert all(one.median_db >= one.least_db for one in found)


def test_a_masked_alert_is_found_and_one_that_is_not_masked_is_not():
    found = {one.name: one for one in audibility_of(session_of(LOUD))}
    masked, heard = found["alert 1"], found["alert 2"]
    assert masked.is_alert
    assert not masked.is_audible
    assert -60 < masked.least_db < 0
    assert heard.is_audible


def test_a_plain_tone_is_no_alert_for_one_masker_hides_it():
    found = {one.name: one for one in audibility_of(session_of(LOUD.replace("brass", "sine", 1)))}
    assert found["alert 1"].least_db == -np.inf


def test_louder_parts_mask_more():
    soft, loud = (
        {one.name: one.least_db for one in audibility_of(session_of(text)) if one.is_alert}
        for text in (f"[attention]\nbed = false\n{LOUD.replace('-8 }', '-28 }', 1)}", LOUD)
    )
    assert all(soft[name] > loud[name] + 10 for name in builtin_earcons() if name in loud)


def test_louder_alerts_are_heard_more():
    plain, louder = (
        {one.name: one.least_db for one in audibility_of(session_of(text))}
        for text in (LOUD, LOUD + "[notices]\nlevel = 6")
    )
    # Those that reach the limiter, or full scale, gain less.
    assert plain["over"] + 6 == pytest.approx(louder["over"], abs=0.3)
    assert all(louder[name] > plain[name] - 0.1 for name in plain)


@pytest.mark.parametrize(("front", "count"), [("2", 2), ("6", 6), ('"all"', EVERYBODY)])
def test_as_many_streams_sound_as_are_in_front(front, count):
    heard = heard_at_once(session_of(f"[attention]\nforeground = {front}"))
    assert len(heard) == count
    for mix in mixes(heard, RATE):
        assert len({note.onset_frame for note in mix}) == 1
        assert len(mix) == count


def test_parts_sound_at_their_loudest_over_all_their_registers():
    heard = heard_at_once(
        session_of(
            """
            [[part]]
            stream = "a"
            pitch = { low = "C3", high = "C5", scale = "c major" }
            volume = { field = "v", low = -40, high = -12 }
            [[part]]
            stream = "host*/cpu"
            instrument = "organ"
            pitch = { value = "C4" }
            volume = { field = "v", low = 0.01, high = 0.1, unit = "amplitude", polarity = "down" }
            brightness = { field = "b", low = -0.5, high = 0.5 }
            [[part]]
            stream = "b"
            mute = true
            """
        )
    )
    assert [one.name.split(":")[0] for one in heard][:2] == ["a", "hoststream 1/cpu"]
    notes = [note for mix in mixes(heard, RATE) for note in mix]
    first = [note for note in notes if note.stream == heard[0].name]
    assert {note.midi_note for note in first} >= {48, 72}
    assert {note.level_db for note in first} == {-12}
    second = [note for note in notes if note.stream == heard[1].name]
    assert {note.level_db for note in second} == {-20}
    assert {note.brightness for note in second} == {-0.5, 0.5}


def test_a_part_with_bands_is_as_bright_as_beyond_them():
    heard = heard_at_once(session_of('[[part]]\nstream = "a"\nbands = [70, 90]'))
    notes = [note for mix in mixes(heard, RATE) for note in mix]
    assert {note.brightness for note in notes} == {0.0, SIGNS[-1].brightness}


def test_a_bed_masks_too():
    def masked(text):
        return masking_of(session_of(text)).thresholds_db.mean()

    assert masked("[attention]\nbed_level = 12") > masked("[attention]\nbed = false")


@pytest.mark.parametrize("preset", ["orchestra", "drone", "demo", "monitor"])
def test_alerts_and_the_loudest_mix_stay_below_full_scale(preset):
    session = load_session(preset)
    notes = [note for mix in mixes(heard_at_once(session), RATE) for note in mix]
    player = EarconPlayer(session, sample_rate=RATE, counts=ScoreCounts())
    for i, name in enumerate(["alarm", "above high", "stale high", "over"]):
        notes += player.play(builtin_earcons()[name], "", i * RATE)
    notes.sort(key=lambda note: note.onset_frame)
    sound = np.concatenate(list(render_notes(notes, session)))
    assert 0.01 < np.abs(sound).max() <= CEILING + 1e-6


def test_nothing_to_play_masks_nothing():
    session = session_of('[[part]]\nstream = "a"\nmute = true')
    assert all(one.is_audible for one in audibility_of(session))
    assert audibility_of(Session())


CSV = "x,quiet\n" + "".join(f"{100 if i == 6 else i % 5},{i % 5}\n" for i in range(9))
TABLE_SESSION = """
    [[part]]
    stream = "*"
    timing = "arrival"
    instrument = "brass"
    pitch = { value = "A4" }
    duration = { value = 3 }
    volume = { value = LEVEL }
    [[alert]]
    field = "x"
    above = 50
    priority = "low"
"""


@pytest.mark.parametrize("speed", [None, "rows"])
@pytest.mark.parametrize(("level", "is_moved"), [(-30, False), (0, True)])
def test_in_a_table_a_masked_alert_is_placed_too(tmp_path, speed, level, is_moved):
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    session = session_of(TABLE_SESSION.replace("LEVEL", str(level)))
    piece = table_piece(Table(path), session, each_column=True, seconds=4.0 if speed else None)
    alert = [note.midi_note for note in piece.notes() if note.foreground][:2]
    expected = alert_sound("above", "low").notes
    assert len(alert) == 2
    assert (np.diff(alert) == np.diff(expected)).all()
    assert (alert != list(expected)) == is_moved
