"""The tour: what its captions say is what is heard next, whoever plays it."""

import tomllib
from importlib import resources
from itertools import pairwise

import pytest

from streamson.model.event.alerts import AlertCleared, AlertRaised
from streamson.model.event.streams import PointsLost, StreamRecovered, StreamStale
from streamson.model.point import DataPoint
from streamson.producers.tour import CAPTIONS, LENGTH_S, LostReading, readings
from streamson.score.score import Score
from streamson.session.load import parse_session
from streamson.wire.points.publisher import Publisher
from tests.conftest import until

RATE = 1_000
TURN_S = 0.05
SOON_S = 2.0
"""What a caption says is heard within this time."""

SESSION = (resources.files("streamson.session") / "tour.toml").read_bytes()


@pytest.fixture(scope="module")
def heard():
    """What a listener plays and tells of the tour: notes and events, each with its second."""
    events, notes, lost = [], [], 0
    score = Score(parse_session(SESSION, "tour"), sample_rate=RATE, on_event=events.append)
    turns = 0
    for reading in readings():
        while turns * TURN_S < reading.due_s:
            score.flush(round(turns * TURN_S * RATE))
            turns += 1
        if isinstance(reading, LostReading):
            lost += 1
            continue
        frame = round(reading.due_s * RATE)
        point = DataPoint(reading.stream, reading.fields, reading.due_s)
        notes += [(reading.due_s, note) for note in score.process(point, frame)]
        if lost and reading.stream == "queue":  # its number tells how many are missing before it
            score.on_loss(lost, frame)
            lost = 0
    return notes, [(event.frame / RATE, event) for event in events]


def said(words):
    """Return when the caption with these words is said, and when the one after it."""
    ends = [*(caption.at_s for caption in CAPTIONS[1:]), LENGTH_S]
    found = [
        (caption.at_s, end)
        for caption, end in zip(CAPTIONS, ends, strict=True)
        if words in caption.text
    ]
    assert len(found) == 1, words
    return found[0]


def test_captions_are_short_lines_with_time_to_hear_what_they_say():
    assert 8 <= len(CAPTIONS) <= 10
    assert 0 <= CAPTIONS[0].at_s < 3  # before the second host joins
    for caption in CAPTIONS:
        assert caption.text.isprintable()
        assert len(f"12:00:00 {caption.text}") <= 80  # a line of a terminal
    times = [caption.at_s for caption in CAPTIONS]
    assert all(after - before >= 4 for before, after in pairwise([*times, LENGTH_S]))
    assert 60 <= LENGTH_S <= 75


def test_readings_come_in_order_from_the_first_moment_to_the_last():
    due = [reading.due_s for reading in readings()]
    assert due == sorted(due)
    assert due[0] == 0
    assert LENGTH_S - 1 < due[-1] <= LENGTH_S
    assert {reading.stream.partition("/")[0] for reading in readings()} == {
        *("web1", "web2", "db", "queue", "boiler")
    }


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("below its limit", AlertRaised, "boiler: celsius is 59.5, below 60"),
        ("jumps to 97 %", AlertRaised, "db/cpu: percent is 97 %, above 90 %"),
        ("Both recover", AlertCleared, "db/cpu: percent is 22.2 % again"),
        ("says nothing any more", StreamStale, "web2/cpu: silent for 2"),
        ("There it is again", StreamRecovered, "web2/cpu: back after 7.2 s"),
        ("Points get lost", PointsLost, "2 points lost on the way"),
    ],
)
def test_what_a_caption_says_happens_soon_after_it(heard, words, kind, sentence):
    _, events = heard
    begin, _ = said(words)
    at_s, event = next(found for found in events if found[0] > begin)
    assert isinstance(event, kind)
    assert event.sentence.startswith(sentence)
    assert at_s < begin + SOON_S


def test_nothing_else_happens(heard):
    """What nobody explains would only confuse."""
    _, events = heard
    assert [type(event) for _, event in events] == [
        *(AlertRaised, AlertRaised, AlertCleared, AlertCleared),
        *(StreamStale, StreamRecovered, PointsLost),
    ]
    assert events[-1][1].points == 2
    begin, end = said("Both recover")
    assert all(begin < at_s < end for at_s, event in events if isinstance(event, AlertCleared))


def test_hosts_join_one_by_one_while_the_first_caption_stands(heard):
    notes, _ = heard
    begin, end = said("one by one")
    first = {note.stream: at_s for at_s, note in reversed(notes)}
    assert begin < first["web2/cpu"] < first["db/cpu"]
    streams = [note.stream for at_s, note in notes if at_s < end]
    assert list(dict.fromkeys(streams)) == ["web1/cpu", "web2/cpu", "db/cpu"]
    assert {note.instrument for _, note in notes if "/" in note.stream} >= {
        *("epiano", "vibraphone", "marimba")
    }


@pytest.mark.parametrize(
    ("words", "stream", "direction"), [("A queue grows", "queue", 1), ("drifts down", "boiler", -1)]
)
def test_a_held_tone_moves_as_its_caption_says(heard, words, stream, direction):
    notes, _ = heard
    begin, end = said(words)
    tone = [note for at_s, note in notes if note.stream == stream and begin < at_s < end]
    assert notes[0][1].stream != stream
    first = next(at_s for at_s, note in notes if note.stream == stream)
    assert begin < first < begin + SOON_S
    steps = [direction * (after.midi_note - before.midi_note) for before, after in pairwise(tone)]
    assert min(steps) >= 0
    assert sum(steps) >= 12  # an octave
    levels = [note.level_db for note in tone]
    assert max(levels) > levels[1] + 6  # louder while it moves


def test_all_is_calm_at_the_end(heard):
    notes, events = heard
    begin, _ = said("All is well")
    assert max(at_s for at_s, _ in events) < begin
    last = [note.stream for at_s, note in notes if at_s > begin]
    assert set(last) == {"web1/cpu", "web2/cpu", "db/cpu", "queue", "boiler"}


def test_the_session_leaves_nothing_to_luck():
    """A range that follows the data, or an alert on what is unusual, would depend on it."""
    document = tomllib.loads(SESSION.decode())
    for part in document["part"]:
        specs = [spec for spec in part.values() if isinstance(spec, dict) and "value" not in spec]
        assert specs
        assert all(spec["rescale"]["mode"] == "fixed" for spec in specs), part["stream"]
    assert not any("outlier" in alert for alert in document["alert"])


def test_a_lost_reading_is_missed_by_the_listener(receiver):
    with Publisher(receiver.endpoint) as publisher:
        publisher.send("queue", jobs=1)
        LostReading("queue", 0.0).send(publisher)
        LostReading("queue", 0.4).send(publisher)
        publisher.send("queue", jobs=2)
        received = []
        until(lambda: received.extend(receiver.receive(0.01)) or len(received) == 2, "two points")
    assert [point.fields["jobs"] for point in received] == [1, 2]
    assert receiver.lost == 2


def test_the_producer_keeps_the_scripts_pace(produce):
    producing = produce("tour")
    points = producing.await_points(7)
    code, told = producing.interrupt()
    assert code == 130
    assert "points sent, 0 dropped" in told
    expected = [reading for reading in readings() if reading.due_s < 8]
    for point, reading in zip(points, expected, strict=False):
        assert (point.stream, point.fields) == (reading.stream, reading.fields)
        late_s = (point.time - points[0].time) - reading.due_s
        assert -0.05 < late_s < 0.5
