"""Instruments: those that come along, a session's own, parts that change them, and mistakes."""

import numpy as np
import pytest
import soundfile

from streamson.errors import SessionError
from streamson.model.instrument import Envelope, Instrument
from streamson.model.limits import MAX_PARTIALS
from streamson.session.load import load_session, parse_session
from streamson.session.parse.instruments import builtin_instruments
from tests.formats.sampler_chunks import chunk, with_chunk

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


@pytest.fixture
def folder(tmp_path):
    """A folder with sound files, good and bad."""
    tone = 0.5 * np.sin(np.arange(8_000) * 0.1)
    soundfile.write(tmp_path / "tone.wav", tone, 16_000)
    soundfile.write(tmp_path / "tone.flac", np.stack([tone, -tone], 1), 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(8_000), 16_000)
    soundfile.write(tmp_path / "short.wav", tone[:20], 16_000)
    soundfile.write(tmp_path / "slow.wav", tone, 4_000)
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 16_000, subtype="FLOAT")
    (tmp_path / "broken.wav").write_bytes(b"RIFF....WAVEjunk")
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "empty.wav").write_bytes(b"")
    return tmp_path


def sampled(folder, keys, rest=""):
    session = folder / "my.toml"
    session.write_text(f'[[instrument]]\nname = "x"\n{keys}\n{rest}')
    return load_session(session)


@pytest.mark.parametrize("file", ["tone.wav", "tone.flac"])
def test_a_sample_lies_beside_the_session_file(folder, file):
    session = sampled(folder, f'sample = "{file}"\nroot = "A3"\nloop = [1000, 8000]')
    sample = session.instruments["x"].sample
    assert sample.sound.shape == (8_000, 2)
    assert (sample.sample_rate, sample.root, sample.loop) == (16_000, 57, (1_000, 8_000))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('sample = "tone.wav"', "instrument 1: found sample without root, which its file does not"),
        ('root = "C4"', "found root or loop without sample"),
        ('sample = "tone.wav"\nroot = "C4"\npartials = [{}]', "found partials and sample"),
        ('sample = "tone.wav"\nroot = "H4"', 'root: found "H4"; allowed: a note'),
        ('sample = "tone.wav"\nroot = 60\nloop = [5, 3]', "loop: found [5, 3]; allowed: [first"),
        ('sample = "tone.wav"\nroot = 60\nloop = [-1, 30]', "loop: found [-1, 30]"),
        ('sample = "tone.wav"\nroot = 60\nloop = [0, 8001]', "allowed: up to 8000, the frames"),
        ('sample = "nowhere.wav"\nroot = 60', "nowhere.wav: No such file or directory"),
        ('sample = "."\nroot = 60', "Is a directory"),
        ('sample = "broken.wav"\nroot = 60', "broken.wav as a sound file"),
        ('sample = "text.wav"\nroot = 60', "text.wav as a sound file"),
        ('sample = "empty.wav"\nroot = 60', "empty.wav as a sound file"),
        ('sample = "silent.wav"\nroot = 60', "silent.wav is silent"),
        ('sample = "short.wav"\nroot = 60', "short.wav has 20 frames; 64 to"),
        ('sample = "slow.wav"\nroot = 60', "slow.wav has a sample rate of 4000 Hz; 8000 to"),
        ('sample = "nan.wav"\nroot = 60', "nan.wav has samples that are not finite"),
        ('sample = "a\\u0000b"\nroot = 60', "instrument 1, sample"),
    ],
)
def test_mistakes_with_samples_are_explained(folder, keys, message):
    with pytest.raises(SessionError) as caught:
        sampled(folder, keys)
    assert str(caught.value).startswith(str(folder / "my.toml") + ": instrument 1")
    assert message in str(caught.value)


def told(folder, keys, **said):
    """Return the sample of a file whose chunk says something of itself."""
    note, loops = said.get("note", 57), said.get("loops", [])
    with_chunk(folder / "told.wav", chunk(note, fraction=2**31, loops=loops))
    return sampled(folder, f'sample = "told.wav"\n{keys}').instruments["x"].sample


def test_a_file_tells_its_root_and_its_loop_and_the_session_goes_before(folder):
    loops = [(1, 5, 500, 0), (0, 100, 899, 3), (0, 200, 1_199, 0), (0, 1, 50, 0)]
    sample = told(folder, "", loops=loops)
    assert (sample.root, sample.loop) == (57.5, (200, 1_200))
    sample = told(folder, 'root = "C4"\nloop = [8, 80]', loops=loops)
    assert (sample.root, sample.loop) == (60, (8, 80))
    assert told(folder, 'loop = "none"', loops=loops).loop is None
    assert told(folder, "").loop is None
    # What the session says mends what can't be used.
    assert told(folder, "root = 50", note=2**32 - 1).root == 50
    assert told(folder, "loop = [0, 99]", loops=[(2, 0, 9, 0)]).loop == (0, 99)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"note": 128}, "sample: told.wav has a smpl chunk whose root is beyond note 127"),
        ({"loops": [(1, 0, 99, 0)]}, "has a loop that is played to and fro; allowed: one that"),
        ({"loops": [(2, 0, 99, 0)]}, "has a loop that is played backwards"),
        ({"loops": [(40, 0, 99, 0)]}, "has a loop that is played in a way of its own (40)"),
        ({"loops": [(0, 0, 99, 7)]}, "is played 7 times; allowed: one that goes forward as long"),
        ({"loops": [(0, 0, 4_000, 0)]}, "has a loop from frame 0 up to 4001; allowed: up to 4000"),
        ({"loops": [(0, 90, 80, 0)]}, "has a loop from frame 90 up to 81"),
        ({"loops": [(0, 0, 2**32 - 1, 0)]}, 'or loop = "none"'),
    ],
)
def test_what_a_file_tells_that_can_not_be_played_is_explained(folder, said, message):
    with pytest.raises(SessionError) as caught:
        told(folder, "", **said)
    assert str(caught.value).startswith(str(folder / "my.toml") + ": instrument 1, sample: ")
    assert message in str(caught.value)


def test_a_damaged_chunk_is_refused_unless_the_session_says_all(folder):
    with_chunk(folder / "told.wav", b"short", before_data=False)
    with pytest.raises(SessionError, match=r"smpl chunk of 5 bytes; 36 .*say root and loop"):
        sampled(folder, 'sample = "told.wav"\nroot = 60')
    said = sampled(folder, 'sample = "told.wav"\nroot = 60\nloop = "none"')
    assert said.instruments["x"].sample.loop is None


def test_a_sample_without_a_loop_is_not_held(folder):
    part = '[[part]]\ninstrument = "x"\narticulation = "continuous"'
    with pytest.raises(SessionError) as caught:
        sampled(folder, 'sample = "tone.wav"\nroot = 60', part)
    assert 'part 1, instrument: "x" is a sample without a loop' in str(caught.value)
