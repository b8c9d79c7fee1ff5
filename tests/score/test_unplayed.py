"""Points that no part plays: they are counted, and told once of each stream that brings them."""

import numpy as np
import pytest

from streamson.model.event.streams import PointsUnplayed
from streamson.model.point import Batch, DataPoint
from streamson.score.alerts.unplayed import MAX_TOLD, MIN_POINTS, NEVER_PLAYED_S, SWITCHED_S
from streamson.score.score import Score
from streamson.session.load import load_session, parse_session

RATE = 1_000
TEMP = '[[part]]\npitch = { field = "temp" }'


class Playing:
    """A score, and what it tells."""

    def __init__(self, toml=""):
        self.events = []
        session = parse_session(toml.encode(), "test.toml") if toml else load_session()
        self.score = Score(session, sample_rate=RATE, on_event=self.events.append)
        self.frame = 0

    def play(self, *names, points=1, stream="boiler", apart_s=1.0):
        """Let points come that have fields of these names; return their notes."""
        notes = []
        for _ in range(points):
            fields = {name: float(self.frame % 7) for name in names}
            notes += self.score.process(DataPoint(stream, fields, self.frame / RATE), self.frame)
            self.frame += round(apart_s * RATE)
        return notes

    @property
    def sentences(self):
        """What was told of unplayed points."""
        return [event.sentence for event in self.events if isinstance(event, PointsUnplayed)]

    def of_stream(self):
        """Points of the stream that no part played, by its statistics."""
        (stream,) = self.score.stream_statistics()
        return stream.points_unplayed


def test_a_field_that_never_comes_is_told_once_with_the_name_that_was_meant():
    playing = Playing('[[part]]\npitch = { field = "temprature" }')
    assert playing.play("temperature", "level", points=100) == []
    assert playing.sentences == [
        "boiler: 6 points in a row have no field that is played (temprature), "
        "only temperature, level; "
        'did you mean "temperature"?'
    ]
    assert playing.of_stream() == playing.score.counts.points_unplayed == 100


def test_where_no_name_is_near_it_is_told_what_to_say():
    playing = Playing(TEMP)
    playing.play("level", "pressure", points=10)
    assert playing.sentences == [
        "boiler: 6 points in a row have no field that is played (temp), only level, pressure; "
        'its part may say pitch = { field = "level" }'
    ]


def test_a_stream_that_switches_its_fields_is_told_later():
    playing = Playing(TEMP)
    assert len(playing.play("temp", points=50)) == 50
    before = round(SWITCHED_S)
    playing.play("degrees", points=before)
    assert playing.sentences == []
    playing.play("degrees")
    assert [sentence.partition(";")[0] for sentence in playing.sentences] == [
        f"boiler: {before + 1} points in a row have no field that is played (temp), only degrees"
    ]


def test_fields_that_come_in_turn_are_counted_and_nothing_is_told():
    playing = Playing(TEMP)
    for _ in range(100):
        playing.play("battery", points=3)
        assert playing.play("temp")
    assert playing.sentences == []
    assert playing.of_stream() == 300


def test_a_part_made_from_the_first_point_says_that_it_was():
    playing = Playing()
    assert playing.play("battery")
    playing.play("temp", points=100)
    (sentence,) = playing.sentences
    assert sentence.endswith(
        "(battery), only temp; it follows the first point's first field; "
        'a part of a session may say pitch = { field = "temp" }'
    )


def test_of_a_stream_with_several_parts_one_field_is_enough():
    playing = Playing(TEMP + '\n[[part]]\npitch = { field = "load" }')
    assert playing.play("load", points=100)
    assert playing.score.counts.points_unplayed == 0
    playing.play("level", points=100)
    (sentence,) = playing.sentences
    assert "(temp, load), only level" in sentence


def test_a_field_by_its_number_that_no_point_has():
    playing = Playing("[[part]]\npitch = { field = 3 }")
    playing.play("a", "b", points=10)
    (sentence,) = playing.sentences
    assert "(number 3), only a, b; " in sentence


@pytest.mark.parametrize(
    "toml", ["[[part]]\nmute = true", '[[part]]\npitch = { value = "C4" }\nvolume = { field = 1 }']
)
def test_what_is_mute_or_has_a_pitch_that_follows_nothing_is_not_told(toml):
    playing = Playing(toml)
    playing.play("a")
    playing.play("b", points=100)
    assert (playing.sentences, playing.score.counts.points_unplayed) == ([], 0)


def test_a_missing_value_is_a_rest_and_not_told():
    playing = Playing(TEMP)
    for i in range(100):
        playing.score.process(DataPoint("boiler", {"temp": float("nan")}, float(i)), i * RATE)
    assert (playing.sentences, playing.score.counts.rests) == ([], 100)
    assert playing.score.counts.points_unplayed == 0


def test_batches_count_their_points():
    playing = Playing(TEMP)
    for i in (0, 10):
        columns = {"level": np.arange(1_000.0)}
        playing.score.process(Batch("boiler", columns, np.arange(1_000.0)), i * RATE)
    (sentence,) = playing.sentences
    assert sentence.startswith("boiler: 2000 points in a row have no field that is played (temp)")
    assert playing.of_stream() == 2_000


def test_a_stream_that_ends_is_told_at_once_if_nothing_of_it_was_played():
    playing = Playing(TEMP)
    playing.play("version", stream="deploy")
    playing.score.end("deploy", playing.frame)
    playing.play("temp", stream="boiler")
    playing.play("level", stream="boiler")
    playing.score.end("boiler", playing.frame)
    assert [sentence.partition(";")[0] for sentence in playing.sentences] == [
        "deploy: 1 point has no field that is played (temp), only version"
    ]


def test_few_points_and_short_times_are_not_told():
    few, short = Playing(TEMP), Playing(TEMP)
    few.play("level", points=MIN_POINTS - 1, apart_s=100.0)
    short.play("level", points=100, apart_s=0.9 * NEVER_PLAYED_S / 100)
    assert few.sentences == short.sentences == []


def test_another_session_tells_again_what_it_leaves_out():
    playing = Playing(TEMP)
    playing.play("level", points=100)
    playing.score.change(parse_session(b'[[part]]\npitch = { field = "level" }', "mended.toml"))
    assert len(playing.play("level", points=100)) == 100
    assert len(playing.sentences) == 1
    playing.score.change(parse_session(b'[[part]]\npitch = { field = "x" }', "worse.toml"))
    playing.play("level", points=10)
    assert playing.sentences[1].startswith(
        "boiler: 6 points in a row have no field that is played (x)"
    )
    assert playing.of_stream() == 110


def test_of_many_streams_only_the_first_are_told():
    playing = Playing(TEMP)
    for _ in range(10):
        for number in range(MAX_TOLD + 10):
            playing.play("level", stream=f"s{number}", apart_s=0.05)
    assert len(playing.sentences) == MAX_TOLD
    assert playing.score.counts.points_unplayed == 10 * (MAX_TOLD + 10)
