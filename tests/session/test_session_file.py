"""Session files: what is read, and what every error says."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import SessionError
from streamson.rescaling.normalize import Window
from streamson.session.load import MAX_SESSION_BYTES, load_session, parse_session, preset_names
from streamson.session.parse.document import read_session


def read(text):
    return parse_session(text.encode(), "my.toml")


def test_presets():
    names = ("article", "demo", "drone", "geiger", "monitor", "orchestra", "sensor")
    assert preset_names() == names
    article, demo = load_session("article"), load_session("demo")
    assert article.audio.volume_db == 0
    assert demo.audio.volume_db == 9
    assert len(article.parts) == len(demo.parts) == 1


@pytest.mark.parametrize("name", [None, ""])
def test_the_default_session_has_no_parts(name):
    session = load_session(name)
    assert session.parts == ()
    assert (session.audio.volume_db, session.audio.sample_rate) == (-3, None)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "é.toml"
    path.write_text('[audio]\nsample_rate = 48000\n[[part]]\nstream = "é*"\n', encoding="utf-8")
    for name in (path, str(path)):
        session = load_session(name)
        assert session.audio.sample_rate == 48000
        assert session.parts[0].stream == "é*"


def test_a_preset_goes_before_a_file_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "article").write_text("")
    assert load_session("article").parts
    assert not load_session("./article").parts


@pytest.mark.parametrize(
    ("window", "parsed"),
    [
        ("300", Window(points=300)),
        ('"all"', Window()),
        ('"30s"', Window(seconds=30)),
        ('"10min"', Window(seconds=600)),
        ('"1.5 h"', Window(seconds=5400)),
        ('"7d"', Window(seconds=604800)),
    ],
)
def test_windows(window, parsed):
    part = read(f"[[part]]\npitch = {{ rescale = {{ window = {window} }} }}").parts[0]
    assert part.pitch.rescale.window == parsed


RESCALE = '[[part]]\npitch = {{ field = "a", rescale = {{ {} }} }}'

MISTAKES = [  # text of the file, key path, found, allowed, nearest
    ("[[parts]]", "", '"parts"', "audio, grid, instrument, part, notices, alert", "part"),
    ("[audio]\nvolume_dB = 0", "audio", '"volume_dB"', "volume_db, sample_rate", "volume_db"),
    ("[audio]\nvolume_db = 13", "audio.volume_db", "13", "from -60 to 12 dB", ""),
    ("[audio]\nvolume_db = nan", "audio.volume_db", "nan", "from -60 to 12 dB", ""),
    ("[audio]\nvolume_db = true", "audio.volume_db", "true", "from -60 to 12 dB", ""),
    ("[audio]\nsample_rate = 7999", "audio.sample_rate", "7999", "from 8000 to 192000", ""),
    ("[audio]\nsample_rate = 44100.5", "audio.sample_rate", "44100.5", "whole number", ""),
    (
        "audio = 1",
        "audio",
        "1",
        "a table with the keys volume_db, sample_rate, look_ahead, equal_loudness",
        "",
    ),
    ("[part]", "part", "a table", "[[part]]", ""),
    ("part = [1]", "part 1", "1", "a table with the keys stream", ""),
    ("[[part]]\n[[part]]\nstraem = 'a'", "part 2", '"straem"', "stream, instrument", "stream"),
    ("[[part]]\nstream = ''", "part 1, stream", '""', "1 to 200 characters", ""),
    ("[[part]]\ninstrument = 'sin'", "part 1, instrument", '"sin"', '"sine"', "sine"),
    ("[[part]]\ntiming = 'arival'", "part 1, timing", '"arival"', '"sequence"', "arrival"),
    ("[[part]]\ntiming = 7", "part 1, timing", "7", '"arrival", "sequence"', ""),
    ("[[part]]\ntiming = 'event'\nmax_lag = 0", "part 1, max_lag", "0", "from 0.1 to 3600 s", ""),
    ("[[part]]\nmax_lag = 5", "part 1", "max_lag", '"sequence" or "event"', ""),
    ("[[part]]\nsubdivision = 2", "part 1", "subdivision", 'timing = "grid"', ""),
    (
        "[[part]]\ntiming = 'grid'\nsubdivision = 0",
        "part 1, subdivision",
        "0",
        "whole number from 1 to 24",
        "",
    ),
    ("[[part]]\npitch = { field = 0 }", "part 1, pitch.field", "0", "1 is the first field", ""),
    ("[[alert]]\nabove = 1\nfield = ''", "alert 1, field", '""', "1 to 200 characters", ""),
    ("notices = 3", "notices", "3", "a table with the keys stale, lost", ""),
    ("[notices]\nstale = 1", "notices.stale", "1", "true or false", ""),
    ("[notices]\nlevel = 99", "notices.level", "99", "from -40 to 10 dB", ""),
    ("[alert]\nabove = 1", "alert", "a table", "[[alert]]", ""),
    ("[[alert]]\nstream = 'a'", "alert 1", "no condition", "above, below, outside", ""),
    ("[[alert]]\nabove = 1\nbelow = 0", "alert 1", "above and below", "one of above", ""),
    ("[[alert]]\nabove = '1'", "alert 1, above", '"1"', "a finite number", ""),
    ("[[alert]]\noutside = [2, 1]", "alert 1, outside", "[2, 1]", "the lower one first", ""),
    ("[[alert]]\noutlier = 3", "alert 1, outlier", "3", "and leave window out", ""),
    ("[[alert]]\noutlier = '0 a day'", "alert 1, outlier", '"0 a day"', '"2 a day"', ""),
    ("[[alert]]\noutlier = '1 a fortnight'", "alert 1, outlier", "fortnight", '"1 an hour"', ""),
    ("[[alert]]\nabove = 1\npriority = 'hi'", "alert 1, priority", '"hi"', '"medium"', "high"),
    ("[[alert]]\nabove = 1\nrepeat = '1s'", "alert 1, repeat", '"1s"', "from 10 to 86400 s", ""),
    ("[notices]\nbudget = 0", "notices.budget", "0", "from 1 to 100", ""),
    ("[[alert]]\noutlier = 3\nwindow = 9", "alert 1", "window", 'outlier = "1 a week"', ""),
    ("[[alert]]\noutlier = '1 a day'\nhysteresis = 1", "alert 1", "hysteresis", "has its own", ""),
    ("[[alert]]\noutlier = '1 a day'\nduration = 1", "alert 1", "duration", "has its own", ""),
    (
        "[[alert]]\noutside = [1, 3]\nhysteresis = 1",
        "alert 1",
        "hysteresis 1",
        "less than half of the way from 1 to 3",
        "",
    ),
    ("[[alert]]\nabove = 1\nhysteresis = -1", "alert 1, hysteresis", "-1", "0 or more", ""),
    ("[[alert]]\nabove = 1\nduration = 'long'", "alert 1, duration", '"long"', '"30s"', ""),
    ("[[alert]]\nabove = 1\nsound = 'alrm'", "alert 1, sound", '"alrm"', '"alarm"', "alarm"),
    ("[[alert]]\nabove = 1\nsound = 3", "alert 1, sound", "3", "a table with the keys", ""),
    (
        "[[alert]]\nabove = 1\nsound = { notes = [] }",
        "alert 1, sound.notes",
        "[]",
        "1 to 16 notes",
        "",
    ),
    ("[[alert]]\nabove = 1\nvoice = 'de'", "alert 1", "voice", "nothing is spoken", ""),
    ("[[alert]]\nabove = 1\nspeech = ''", "alert 1, speech", '""', "1 to 200 characters", ""),
    ("grid = 3", "grid", "3", "a table with the keys tempo", ""),
    ("[grid]\ntempo = 5", "grid.tempo", "5", "from 10 to 400 beats a minute", ""),
    ("[[part]]\nregister = 'high'", "part 1, register", '"high"', '"as written", "auto"', ""),
    ("[[part]]\nmissing = 'gaps'", "part 1, missing", '"gaps"', '"rest", "hold", "gap"', "gap"),
    ("[[part]]\ngate = { value = 2 }", "part 1, gate.value", "2", "from 0.05 to 1", ""),
    (
        "[[part]]\narticulation = 'continuous'\ngate = { value = 1 }",
        "part 1",
        "gate",
        'articulation = "separate"',
        "",
    ),
    (
        "[[part]]\ninstrument = { field = 'a' }",
        "part 1, instrument",
        "no default",
        "equals or above",
        "",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bell' }",
        "part 1, instrument",
        "neither equals nor above",
        "one of them",
        "",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bel', above = [[1, 'harp']] }",
        "part 1, instrument.default",
        '"bel"',
        '"bell"',
        "bell",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bell', above = [[1, 'hrap']] }",
        "part 1, instrument.above 1",
        '"hrap"',
        '"harp"',
        "harp",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bell', equals = [1, 'harp'] }",
        "part 1, instrument.equals 1",
        "1",
        "a pair [value, instrument]",
        "",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bell', equals = 'harp' }",
        "part 1, instrument.equals",
        '"harp"',
        "1 to 64 pairs",
        "",
    ),
    (
        "[[part]]\ninstrument = { field = 'a', default = 'bell', above = [[1, 'harp']] }\n"
        "articulation = 'continuous'",
        "part 1, instrument",
        "a choice",
        "one voice is held",
        "",
    ),
    (
        "[[part]]\ninstrument = 'auto'\nwidth = 0.5",
        "part 1",
        "width",
        "name instruments",
        "",
    ),
    ("[[part]]\npitch = { scale = [] }", "part 1, pitch.scale", "[]", "1 to 999 notes", ""),
    (
        "[[part]]\npitch = { scale = ['C4', 'H'] }",
        "part 1, pitch.scale 2",
        '"H"',
        '"440 Hz"',
        "",
    ),
    (
        "[[part]]\npitch = { scale = ['C4'], low = 'C3' }",
        "part 1, pitch",
        "low",
        "it says all",
        "",
    ),
    (
        "[[part]]\npitch = { scale = 'c none.scl' }",
        "part 1, pitch.scale",
        "none.scl",
        "No such file",
        "",
    ),
    (
        "[[part]]\npitch = { quantize = 'nearest' }",
        "part 1, pitch",
        "quantize",
        "without scale",
        "",
    ),
    (
        "[[part]]\npitch = { rescale = { warm_up = -1 } }",
        "part 1, pitch.rescale.warm_up",
        "-1",
        'play = "rest"',
        "",
    ),
    (
        "[[part]]\npitch = { rescale = { warm_up = { play = 'rest' } } }",
        "part 1, pitch.rescale.warm_up",
        "no points",
        "how many",
        "",
    ),
    ("[[part]]\npitch = 60", "part 1, pitch", "60", "a table with the keys field, value", ""),
    ("[[part]]\npitch = { feild = 'a' }", "part 1, pitch", '"feild"', "field, value", "field"),
    (
        "[[part]]\npitch = { scale = 'c majr' }",
        "part 1, pitch.scale",
        '"c majr"',
        "major, minor, harmonic minor",
        "c major",
    ),
    ("[[part]]\npitch = { scale = 3 }", "part 1, pitch.scale", "3", "a root", ""),
    ("[[part]]\npitch = { low = 'H3' }", "part 1, pitch.low", '"H3"', 'such as "G3"', ""),
    ("[[part]]\npitch = { high = 128 }", "part 1, pitch.high", "128", "from 0 to 127", ""),
    ("[[part]]\npitch = { low = 'D6' }", "part 1, pitch", "low 86 above high 84", "polarity", ""),
    (
        "[[part]]\npitch = { scale = 'c major', low = 61, high = 61 }",
        "part 1, pitch",
        "0 notes of the scale",
        "1 to 999",
        "",
    ),
    ("[[part]]\npitch = { unit = 'herz' }", "part 1, pitch.unit", '"herz"', '"midi", "hz"', "hz"),
    ("[[part]]\npitch = { unit = 'hz', low = 1 }", "part 1, pitch", "low", "only field", ""),
    ("[[part]]\npitch = { unit = 'hz', value = 1 }", "part 1, pitch.value", "1", "8.1758", ""),
    (
        "[[part]]\npitch = { polarity = 'dwn' }",
        "part 1, pitch.polarity",
        '"dwn"',
        '"up", "down"',
        "down",
    ),
    ("[[part]]\nduration = { value = 0.001 }", "part 1, duration.value", "0.001", "0.01 to 60", ""),
    ("[[part]]\nduration = { unit = 's' }", "part 1, duration", "neither", "one of them", ""),
    ("[[part]]\nduration = { unit = 'ms' }", "part 1, duration.unit", '"ms"', '"s"', "s"),
    (
        "[[part]]\nduration = { unit = 's', field = 'x', low = 1 }",
        "part 1, duration",
        "low",
        'unit = "s" takes',
        "",
    ),
    (
        "[[part]]\nvolume = { field = 'x', rescale = 'none', polarity = 'down' }",
        "part 1, volume",
        "polarity",
        'rescale = "none" takes the field as it is',
        "",
    ),
    ("[[part]]\npan = { field = 'x', rescale = 'non' }", "part 1, pan.rescale", '"non"', "", ""),
    ("[[part]]\nduration = {}", "part 1, duration", "neither field nor value", "needed", ""),
    ("[[part]]\nvolume = { value = 1 }", "part 1, volume.value", "1", "-90 to 0 dBFS", ""),
    (
        "[[part]]\nvolume = { value = 0, unit = 'amplitude' }",
        "part 1, volume.value",
        "0",
        "above 0 and up to 1",
        "",
    ),
    ("[[part]]\npan = { value = 0, low = 0 }", "part 1, pan", "low", "value is a constant", ""),
    ("[[part]]\npan = { value = 1.1 }", "part 1, pan.value", "1.1", "-1 to 1", ""),
    (
        RESCALE.format("mode = 'minmx'"),
        "part 1, pitch.rescale.mode",
        '"minmx"',
        '"minmax"',
        "minmax",
    ),
    (RESCALE.format("windw = 3"), "part 1, pitch.rescale", '"windw"', "mode, window", "window"),
    (RESCALE.format("window = 1"), "part 1, pitch.rescale.window", "1", "2 to 1000000", ""),
    (RESCALE.format("window = '5 m'"), "part 1, pitch.rescale.window", '"5 m"', '"10min"', ""),
    (RESCALE.format("window = '0s'"), "part 1, pitch.rescale.window", '"0s"', "366 days", ""),
    (
        RESCALE.format("initial_range = [2, 1]"),
        "part 1, pitch.rescale.initial_range",
        "[2, 1]",
        "the lower one first",
        "",
    ),
    (
        RESCALE.format("mode = 'rank', slew = 3"),
        "part 1, pitch.rescale",
        'slew with mode = "rank"',
        'they go with "quantile", "minmax", "decay", "zscore"',
        "",
    ),
    (
        RESCALE.format("mode = 'fixed'"),
        "part 1, pitch.rescale",
        "without range",
        "range = [lowest, highest]",
        "",
    ),
    (
        RESCALE.format("quantiles = [0, 2]"),
        "part 1, pitch.rescale.quantiles",
        "[0, 2]",
        "both from 0 to 1",
        "",
    ),
    (
        RESCALE.format("mode = 'decay', half_life = 0"),
        "part 1, pitch.rescale.half_life",
        "0",
        "from 1 to 1e+06 points",
        "",
    ),
    (
        "[[part]]\npitch = { transform = 'rates' }",
        "part 1, pitch.transform",
        '"rates"',
        '"log", "symlog"',
        "rate",
    ),
    (
        "[[part]]\npitch = { transform = ['log', 3] }",
        "part 1, pitch.transform 2",
        "3",
        '"log", "symlog"',
        "",
    ),
    ("[[part]]\npitch = { transform = [] }", "part 1, pitch.transform", "[]", "1 to 4", ""),
    (
        "[[part]]\npitch = { unit = 'hz', smooth = 3 }",
        "part 1, pitch",
        "smooth",
        "takes the field as it is",
        "",
    ),
    (
        "[[part]]\nnotes_per_second = 1",
        "part 1, notes_per_second",
        "1",
        "from 2 to 1000",
        "",
    ),
    (
        "[[part]]\ntiming = 'sequence'\nnotes_per_second = 9",
        "part 1",
        "notes_per_second",
        "goes by its lag",
        "",
    ),
]


@pytest.mark.parametrize(("text", "key", "found", "allowed", "nearest"), MISTAKES)
def test_a_mistake_is_explained(text, key, found, allowed, nearest):
    with pytest.raises(SessionError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith(f"my.toml: {key}: " if key else "my.toml: ")
    assert found in message
    assert allowed in message
    assert ("did you mean" in message) == bool(nearest)
    if nearest:
        assert message.endswith(f'did you mean "{nearest}"?')


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"[audio]\nvolume_db 3", "line 2, column 11", "expected '='"),
        (b"x = [1,\n 2", "line 2, column 3", "not TOML"),
        (b"a = 1\na = 2", "line 2, column 6", "not TOML"),
        (b"# ok\nx = '\xff'", "line 2, column 6", "isn't UTF-8"),
        (b"x = " + b"[" * 100_000, "", "nested too deeply"),
        (b"x = " + b"9" * 5000, "", "more than 4300 digits"),
        (b"#" * (MAX_SESSION_BYTES + 1), "", "limit of a session file"),
        (b"[audio]\nvolume_db = 0x" + b"f" * 9000, "audio.volume_db", "more than 64 bits"),
        (b"[[part]]\n" * 257, "part", "at most 256"),
    ],
)
def test_a_broken_file_is_explained(content, where, what):
    with pytest.raises(SessionError) as caught:
        parse_session(content, "my.toml")
    message = str(caught.value)
    assert message.startswith(f"my.toml: {where}")
    assert what in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("artcle", 'did you mean "article"?'),
        ("Demo", 'did you mean "demo"?'),
        ("artcle.toml", 'did you mean "article"?'),
        ("nowhere/x.toml", ""),
        ("a\0b", ""),
    ],
)
def test_neither_preset_nor_file(name, hint):
    with pytest.raises(SessionError, match='presets: "article", "demo", "drone"') as caught:
        load_session(name)
    assert str(caught.value).endswith(hint)
    assert repr(name) in str(caught.value)


def test_an_unreadable_file_is_explained(tmp_path):
    with pytest.raises(SessionError, match=f"{tmp_path}: can't read the session file: "):
        load_session(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEYS = [
    "audio", "part", "volume_db", "stream", "instrument", "timing", "max_lag", "gate", "missing",
    "pitch", "duration", "volume", "pan", "field", "value", "unit", "scale", "low", "high",
    "rescale", "window",
]  # fmt: skip
TABLES = st.recursive(
    JSON | st.sampled_from(["sequence", "hz", "c major", "all", "5s", "G3", "down", "amplitude"]),
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=2)
    ),
)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content):
    try:
        parse_session(content, "my.toml")
    except SessionError as error:
        assert str(error).startswith("my.toml: ")  # noqa: PT017  # either outcome is right


@given(document=st.dictionaries(st.sampled_from(["audio", "part", "x"]), TABLES, max_size=3))
def test_any_document_is_read_or_refused(document):
    try:
        read_session(document, "my.toml")
    except SessionError as error:
        assert str(error).startswith("my.toml: ")  # noqa: PT017  # either outcome is right


def test_the_score_loads_no_audio_and_no_network():
    program = (
        "import sys, streamson.score.score; from streamson.session.load import load_session; "
        "load_session('article'); "
        "print({'zmq', 'numpy', 'numba', 'sounddevice', 'soundfile'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "set()"
