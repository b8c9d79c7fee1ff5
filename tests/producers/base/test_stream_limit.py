"""How many streams there are at a time."""

from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.base.stream_limit import FORGET_S, StreamLimit


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 4))
def test_those_that_were_there_first_are_let_through(streams, most):
    limit = StreamLimit(most)
    first = list(dict.fromkeys(streams))[:most]
    for number, stream in enumerate(streams):
        assert limit.admits(stream, number) == (stream in first)


def test_a_stream_that_was_silent_long_makes_room():
    limit = StreamLimit(2)
    assert limit.admits("a", 0)
    assert limit.admits("b", 1)
    assert not limit.admits("c", FORGET_S)
    assert limit.admits("a", FORGET_S)
    assert limit.admits("c", FORGET_S + 1.1)
    assert not limit.admits("b", FORGET_S + 1.1)
