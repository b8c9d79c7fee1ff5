"""What a document of JSON says: fields, labels and time, whatever it is."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.sample import (
    MAX_AROUND,
    MAX_LABEL_CHARS,
    MAX_LEAVES,
    MAX_SAMPLES,
    Sample,
    choose_fields,
    decode_json,
    parse_number,
    parse_time,
    samples_of,
)

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        ("21.5", [({"value": 21.5}, {}, None)]),
        ('"21.5 °C"', [({"value": 21.5}, {}, None)]),
        ("true", [({"value": 1.0}, {}, None)]),
        ('"hall"', []),
        ("[1, 2, 3]", [({"c1": 1.0, "c2": 2.0, "c3": 3.0}, {}, None)]),
        (
            '{"room": {"temperature": 21.5, "name": "hall"}, "on": "OFF"}',
            [({"room.temperature": 21.5, "on": 0.0}, {"room.name": "hall"}, None)],
        ),
        (
            '[{"x": 1, "time": "2026-01-01T00:00:00Z"}, {"x": 2, "ts": 1767225601000}]',
            [({"x": 1.0}, {}, 1767225600.0), ({"x": 2.0}, {}, 1767225601.0)],
        ),
        (
            '{"host": "a", "points": [{"x": 1}, {"x": 2, "host": "b"}]}',
            [({"x": 1.0}, {"host": "a"}, None), ({"x": 2.0}, {"host": "b"}, None)],
        ),
        ('{"time": 12, "x": 1}', [({"time": 12.0, "x": 1.0}, {}, None)]),
        ('{"x": 1e400}', None),
        ('{"x": null, "y": "", "z": []}', []),
    ],
)
def test_a_document_is_read_as_one_would_expect(text, samples):
    if samples is None:
        with pytest.raises(MessageError, match="no JSON"):
            decode_json(text)
        return
    assert list(samples_of(decode_json(text))) == [Sample(*sample) for sample in samples]


@given(DOCUMENTS)
def test_whatever_comes_the_samples_are_ones_that_can_be_published(document):
    for sample in samples_of(document):
        assert 0 < len(sample.fields) <= MAX_FIELDS
        assert all(math.isfinite(value) for value in sample.fields.values())
        assert all(name and name.isprintable() for name in sample.fields)
        assert all(len(label) <= MAX_LABEL_CHARS for label in sample.labels.values())


def test_the_words_around_a_list_cost_no_more_the_more_they_are():
    around = {f"k{i}": "x" for i in range(20_000)}
    (one, two) = samples_of({**around, "deep": {"er": "y"}, "points": [{"a": 1}, {"a": 2}]})
    assert (one.fields, two.fields) == ({"a": 1}, {"a": 2})
    assert one.labels == {f"k{i}": "x" for i in range(MAX_AROUND)}


def test_of_a_list_without_end_only_so_many_values_are_looked_at():
    (sample,) = samples_of(["x"] * (MAX_LEAVES - 1) + [1.0, 2.0])
    assert sample.fields == {f"c{MAX_LEAVES}": 1.0}


def test_a_list_of_any_length_is_no_more_than_so_many_samples():
    document = [{"x": 1}] * (MAX_SAMPLES + 5)
    assert sum(1 for _ in samples_of(document)) == MAX_SAMPLES


@given(st.datetimes(min_value=datetime(2002, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_time_is_the_same_however_it_is_written(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    seconds = moment.timestamp()
    written = [
        moment.isoformat(),
        moment.isoformat().replace("+00:00", "Z"),
        int(seconds),
        int(seconds * 1e3),
        int(seconds) * 1_000_000,
        int(seconds) * 1_000_000_000,
        str(int(seconds)),
    ]
    assert [parse_time(one) for one in written] == [seconds] * len(written)


@pytest.mark.parametrize(
    "other", [12, -1, True, None, "soon", "2026-99-99T00:00:00Z", 1e300, "5 s"]
)
def test_what_is_no_time_is_none(other):
    assert parse_time(other) is None


@pytest.mark.parametrize("other", ["", "1st", None, [], float("nan"), 10**400, "1e999"])
def test_what_is_no_number_is_none(other):
    assert parse_number(other) is None


def test_nesting_without_end_is_refused():
    with pytest.raises(MessageError, match="no JSON"):
        decode_json("[" * 100_000)


def test_fields_are_chosen_by_pattern():
    fields = json.loads('{"cpu.user": 1, "cpu.idle": 2, "mem": 3}')
    assert choose_fields(fields, ("cpu.*",)) == {"cpu.user": 1, "cpu.idle": 2}
    assert list(choose_fields(fields, ("mem", "cpu.*", "m*"))) == ["mem", "cpu.user", "cpu.idle"]
    assert choose_fields(fields, ()) == fields
