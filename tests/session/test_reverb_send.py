"""``reverb`` of a part: how much of it goes into the room, which there must be."""

import pytest

from streamson.errors import SessionError
from streamson.session.load import parse_session


def part(text, audio="reverb = {}"):
    session = f"[audio]\n{audio}\n[[part]]\n{text}\n"
    return parse_session(session.encode(), "room.toml").parts[0]


@pytest.mark.parametrize(
    ("text", "send"),
    [
        ("", 1.0),
        ("reverb = 0", 1.0),
        ("reverb = -12", 10 ** (-12 / 20)),
        ("reverb = 12", 10 ** (12 / 20)),
        ('reverb = "none"', 0.0),
    ],
)
def test_it_is_a_level_beside_what_others_send(text, send):
    assert part(text).reverb == pytest.approx(send)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("reverb = 13", "part 1, reverb: found 13; allowed: a number from -60 to 12 dB"),
        ("reverb = true", "part 1, reverb: found true; allowed: a level in dB beside what others"),
        (
            'reverb = "wet"',
            'found "wet"; allowed: a level in dB beside what others send',
        ),
    ],
)
def test_what_it_can_not_be_is_told(text, told):
    with pytest.raises(SessionError) as failed:
        part(text)
    assert told in str(failed.value)


def test_without_a_room_it_is_told():
    with pytest.raises(SessionError, match=r"part 1, reverb: there is no room to send to"):
        part("reverb = -12", audio="volume_db = 0")
    assert part("", audio="volume_db = 0").reverb == 1
