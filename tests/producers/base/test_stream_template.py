"""Names of streams from what is known: never empty, too long, or anything but text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.producers.base import stream_template
from streamson.producers.base.sample import MAX_LABEL_CHARS, samples_of
from streamson.producers.base.stream_template import StreamTemplate, clean_name


@pytest.mark.parametrize(
    ("template", "labels", "name"),
    [
        ("web", {}, "web"),
        ("{host}/{topic}", {"host": "a", "topic": "home/hall"}, "a/home/hall"),
        ("{host}/{disk}/{kind}", {"host": "a", "kind": "read"}, "a/read"),
        ("{host}", {}, "unnamed"),
        ("{host}", {"host": "{topic}", "topic": "no"}, "{topic}"),
        ("{a.b}-{c}", {"a.b": "\x1b[31m", "c": "é"}, "[31m-é"),
        ("{host}", {"host": "x" * 500}, "x" * (MAX_STREAM_CHARS - 9) + "~286a33b6"),
    ],
)
def test_places_are_filled_with_labels(template, labels, name):
    assert StreamTemplate(template).fill(labels) == name


@given(st.text())
def test_every_name_is_one_that_a_stream_can_have(text):
    name = clean_name(text)
    assert 0 < len(name) <= MAX_STREAM_CHARS
    assert name.isprintable()
    assert clean_name(name) == name


def test_names_and_labels_that_are_too_long_still_differ():
    names = [clean_name("x" * 500 + end) for end in ("", "1", "2", "\ud800 é")]
    assert len(set(names)) == 4
    assert names[1] == clean_name("x" * 500 + "1/")
    found = [next(samples_of({"a": "x" * 500 + end, "v": 1})) for end in ("1", "\ud800")]
    labels = [sample.labels["a"] for sample in found]
    assert {len(label) for label in labels} == {MAX_LABEL_CHARS}
    assert len(set(labels)) == 2


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "--stream: found ''; a name is allowed"),
        ("{host", "found '{host'"),
        ("a}b", "found 'a}b'"),
        ("{hots}/cpu", r"found \{hots\}; allowed: \{host\}, \{topic\}.*host"),
    ],
)
def test_a_wrong_template_is_explained(template, message):
    with pytest.raises(UsageError, match=message):
        StreamTemplate(template, ("host", "topic"))


def test_a_label_that_nothing_has_is_told_once(monkeypatch, caplog):
    template = StreamTemplate("{x}/{9}/{row}", known=("row",))
    template.fill({"x": "a", "topic": "b"})
    template.fill({"topic": "b"})
    assert caplog.messages == []  # the next one may have it
    monkeypatch.setattr(stream_template, "TOLD_AFTER_S", -1.0)
    for _ in range(2):
        template.fill({"topic\n": "b"})
    assert caplog.messages == ["--stream: nothing that came has a word {9}; there is {topic\\n}"]


def test_a_label_that_is_like_another_is_told_at_once(caplog):
    StreamTemplate("{rom}", known=()).fill({"room": "hall"})
    assert caplog.messages == [
        '--stream: nothing that came has a word {rom}; there is {room}; did you mean "room"?'
    ]
