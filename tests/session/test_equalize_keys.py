"""What a session file may say about equalising: `window` and `contrast`, and what errors tell."""

import pytest

from streamson.errors import SessionError
from streamson.rescaling.normalize import Window
from streamson.rescaling.rescaler import make_rescaler
from streamson.session.load import parse_session


def rescale(text):
    found = parse_session(f"[[part]]\npitch = {{ rescale = {{ {text} }} }}".encode(), "my.toml")
    return found.parts[0].pitch.rescale


@pytest.mark.parametrize(
    ("text", "window", "contrast"),
    [
        ("mode = 'equalize'", Window(points=1_000), 1_000),
        ("mode = 'equalize', window = 300", Window(points=300), 1_000),
        ("mode = 'equalize', window = '1h', contrast = 10", Window(seconds=3_600), 10),
        ("mode = 'equalize', window = 'all', contrast = 1", Window(), 1),
        ("contrast = 2.5", Window(points=1_000), 2.5),
        ("contrast = 1000, window = 2", Window(points=2), 1_000),
    ],
)
def test_good_keys_are_read_and_played(text, window, contrast):
    found = rescale(text)
    assert (found.mode, found.window, found.contrast) == ("equalize", window, contrast)
    rescaler = make_rescaler(found)
    places = [rescaler.rescale(float(value % 7), float(value)) for value in range(200)]
    assert 0 <= min(places) < max(places) <= 1


@pytest.mark.parametrize(
    ("text", "key", "found", "allowed"),
    [
        ("mode = 'equalize', contrast = 0.5", ".contrast", "0.5", "1 to 1000"),
        ("mode = 'equalize', contrast = 1001", ".contrast", "1001", "1 to 1000"),
        ("mode = 'equalize', contrast = nan", ".contrast", "nan", "1 to 1000"),
        ("mode = 'equalize', contrast = '10'", ".contrast", '"10"', "1 to 1000"),
        ("mode = 'equalize', contrast = true", ".contrast", "true", "1 to 1000"),
        ("mode = 'equalize', window = 1", ".window", "1", "2 to 1000000"),
        ("mode = 'equalize', window = 1.5", ".window", "1.5", "2 to 1000000"),
        ("mode = 'equalize', window = '400d'", ".window", '"400d"', "366 days"),
        ("mode = 'equalize', slew = 3", "", "slew", "contrast, window"),
        ("mode = 'equalize', quantiles = [0.1, 0.9]", "", "quantiles", '"quantile"'),
        ("mode = 'rank', contrast = 3", "", "contrast", '"equalize"'),
        ("mode = 'auto', window = 300", "", "window", '"equalize"'),
        ("mode = 'equalise'", ".mode", '"equalise"', "equalize"),
    ],
)
def test_bad_keys_are_told(text, key, found, allowed):
    with pytest.raises(SessionError) as told:
        rescale(text)
    message = str(told.value)
    assert f"my.toml: part 1, pitch.rescale{key}:" in message
    assert found in message
    assert allowed in message
