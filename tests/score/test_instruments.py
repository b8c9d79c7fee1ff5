"""Instruments: those that come along, a session's own, parts that change them, and mistakes."""

import pytest

from streamson.errors import SessionError
from streamson.instrument import MAX_PARTIALS, Envelope, Instrument
from streamson.score.instruments import builtin_instruments
from streamson.score.session import parse_session

BELL = """
[[instrument]]
name = "my bell"
envelope = { attack = 0.002, release = 1 }
partials = [{ ratio = 1, decay = 3 }, { ratio = 2.76, level = -6, decay = 1, pan = 0.3 }]
"""


def read(text):
    return parse_session(text.encode(), "my.toml")


def test_those_that_come_along():
    instruments = builtin_instruments()
    assert len(instruments) >= 15
    assert instruments["sine"] == Instrument(about=instruments["sine"].about)
    assert all(instrument.about for instrument in instruments.values())


def test_a_session_has_its_own_beside_them():
    session = read(BELL + '[[part]]\ninstrument = "my bell"')
    assert session.parts[0].instrument == "my bell"
    bell = session.instruments["my bell"]
    assert [partial.ratio for partial in bell.partials] == [1, 2.76]
    assert bell.envelope == Envelope(attack=0.002, release=1)
    assert set(builtin_instruments()) < set(session.instruments)


def test_a_session_may_take_the_place_of_one():
    text = '[[instrument]]\nname = "sine"\nwidth = 0.5\n[[part]]\ninstrument = "sine"'
    assert read(text).instruments["sine"].width == 0.5
    assert builtin_instruments()["sine"].width == 1


def test_a_part_changes_the_envelope_for_itself_alone():
    session = read(
        '[[part]]\ninstrument = "flute"\nenvelope = { release = 2 }\nwidth = 0\n'
        '[[part]]\ninstrument = "flute"\n'
    )
    first, second = (session.instruments[part.instrument] for part in session.parts)
    flute = builtin_instruments()["flute"]
    assert second == flute
    assert (first.envelope.release, first.width) == (2, 0)
    assert first.envelope.attack == flute.envelope.attack
    assert first.partials == flute.partials


def partials(*items):
    return f'[[instrument]]\nname = "x"\npartials = [{", ".join(items)}]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (partials(), "instrument 1, partials: found []; allowed: a list of 1 to 32 tables"),
        (partials("{ ratio = 0 }"), "instrument 1, partials 1, ratio: found 0; allowed: a number"),
        (partials("{}", "{ decay = -1 }"), "partials 2, decay: found -1; allowed: a number from"),
        (partials("{ level = nan }"), "partials 1, level: found nan"),
        (partials("{ ratio = inf }"), "partials 1, ratio: found inf"),
        (partials("{ rato = 1 }"), 'unknown key "rato"'),
        (partials("{ rato = 1 }"), 'did you mean "ratio"?'),
        (partials("3"), "partials 1: found 3; allowed: a table with the keys ratio"),
        (partials(*["{}"] * (MAX_PARTIALS + 1)), "allowed: a list of 1 to 32 tables"),
        ("[[instrument]]\nwidth = 1", "instrument 1: found no name"),
        (BELL + BELL, 'instrument 2, name: found "my bell" a second time'),
        ('[[instrument]]\nname = "x"\nenvelope = { attack = 0 }', "envelope.attack: found 0"),
        ('[[instrument]]\nname = "x"\nenvelope = { sustain = 2 }', "envelope.sustain: found 2"),
        ("instrument = 3", "instrument: found 3; allowed: tables that each begin with"),
        ("[[part]]\nenvelope = { atack = 1 }", 'part 1, envelope: unknown key "atack"'),
        ("[[part]]\nwidth = 2", "part 1, width: found 2"),
        (BELL + '[[part]]\ninstrument = "my bel"', 'did you mean "my bell"?'),
    ],
)
def test_a_mistake_is_explained(text, message):
    with pytest.raises(SessionError) as caught:
        read(text)
    assert str(caught.value).startswith("my.toml: ")
    assert message in str(caught.value)
