"""No number is left unheard without a word: the pitch follows the first field of a stream."""

import io
import logging

import numpy as np

from streamson.model.limits import MAX_STREAM_CHARS
from streamson.model.point import Batch
from streamson.producers.base import first_fields
from streamson.producers.base.first_fields import FirstFields, PartedStreams
from streamson.producers.base.publishing import publish
from streamson.producers.base.reading import BatchReading, Production, Reading
from streamson.producers.base.sink import PointPrinter


def test_what_lacks_the_first_field_is_a_stream_of_its_own_which_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    parted = PartedStreams("--stream x")
    points = [{"a": 1}, {"b": 1, "c": 1}, {"c": 1, "a": 1}, {"c": 1, "b": 1}, {}]
    names = [parted.name("s", point) for point in points]
    assert names == ["s", "s/b", "s", "s/c", "s"]
    assert caplog.messages == [
        "s: what has no a is a stream of its own, such as s/b, so that it is heard; --stream x "
        "keeps all in one"
    ]


def test_a_stream_is_parted_into_so_many_and_no_name_is_too_long(monkeypatch):
    parted = PartedStreams("--stream x")
    names = {parted.name("s", {f"f{number}": 1}) for number in range(100)}
    assert len(names) == 1 + first_fields.MAX_PARTS
    parted.name("n" * MAX_STREAM_CHARS, {"a": 1})
    assert len(parted.name("n" * MAX_STREAM_CHARS, {"b": 1})) == MAX_STREAM_CHARS
    monkeypatch.setattr(first_fields, "MAX_STREAMS", 2)
    assert [parted.name("late", {"a": 1}), parted.name("late", {"b": 1})] == ["late"] * 2


def test_a_stream_whose_points_lack_its_first_field_is_told_once_and_they_are_counted(caplog):
    caplog.set_level(logging.INFO)
    columns = {"c": np.ones(3)}
    readings = [
        *(Reading("s", {"a": 1}), Reading("s", {"b": 1}), Reading("s", {"b": 1, "a": 1})),
        *(Reading("s", {"c\x1b": 1}), Reading("t", {"b": 1})),
        BatchReading(Batch("s", columns, np.arange(3.0), "", 0)),
    ]
    publish(Production(readings, keep=False), PointPrinter(io.StringIO()))
    assert caplog.messages == [
        "s: a point has no a, which came first: it is not heard, unless a session has a part for b",
        "5 points lack the first field of the stream",
    ]


def test_one_point_lacks_it(caplog):
    caplog.set_level(logging.INFO)
    found = FirstFields()
    found.look_at("s", ["a"])
    found.look_at("s", ["b"])
    found.tell()
    assert caplog.messages[-1] == "1 point lacks the first field of the stream"
