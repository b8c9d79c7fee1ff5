"""A session's ``[limits]``, and what the documents say of them."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from streamson.errors import SessionError
from streamson.model.counts import OVER_LIMITS
from streamson.model.source_limits import RELAY_LIMITS, SourceLimits
from streamson.session.load import load_session, parse_session

PAGE = (Path(__file__).parents[2] / "docs" / "hosts.md").read_text()


def test_a_session_says_some_and_the_rest_is_as_always():
    session = parse_session(b"[limits]\nstreams = 7\npoints_per_second = 2.5\n", "x.toml")
    assert session.limits == SourceLimits(streams=7, points_per_second=2.5)
    assert load_session(None).limits == load_session("monitor").limits == SourceLimits()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("streams = 0", "limits.streams: found 0; allowed: a whole number from 1 to 40000"),
        ("streams_per_source = 1.5", "limits.streams_per_source: found 1.5; allowed: a whole"),
        ("messages_per_second = -1", "limits.messages_per_second: found -1; allowed: a number"),
        ("points_per_second = inf", "limits.points_per_second: found inf; allowed: a number"),
        ("new_streams_per_second = true", "limits.new_streams_per_second: found true; allowed:"),
        ("message_per_second = 5", 'unknown key "message_per_second"; allowed: messages_per_'),
    ],
)
def test_others_are_refused(line, words):
    with pytest.raises(SessionError) as refused:
        parse_session(f"[limits]\n{line}\n".encode(), "x.toml")
    assert words in str(refused.value)


def test_the_page_says_what_they_are():
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (\d+(?:, through a relay \d+)?) \|", PAGE, re.MULTILINE)
    )
    defaults = msgspec.structs.asdict(SourceLimits())
    assert rows.keys() == defaults.keys()
    for name, said in rows.items():
        numbers = [float(number) for number in re.findall(r"\d+", said)]
        expected = [defaults[name], getattr(RELAY_LIMITS, name)]
        assert numbers == (expected if len(numbers) > 1 else expected[:1])
        assert len(numbers) > 1 or expected[0] == expected[1]
    assert all(f"`{name}`" in PAGE for name in OVER_LIMITS)


def test_the_pages_session_is_one():
    text = re.search(r"```toml\n(\[limits\].*?)```", PAGE, re.DOTALL)[1]
    assert parse_session(text.encode(), "x.toml").limits == SourceLimits(
        **tomllib.loads(text)["limits"]
    )
