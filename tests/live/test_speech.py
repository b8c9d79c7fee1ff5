"""What is said of what happens: its words, what waits, and who says it, with real espeak-ng."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.live.speech import espeak, speaker
from streamson.live.speech.espeak import Espeak, SpeechError
from streamson.live.speech.speakable import MAX_CHARS, MAX_NAME_CHARS, name, speakable
from streamson.live.speech.speaker import Speaker
from streamson.live.speech.waiting import MAX_AGE_S, MAX_WAITING, WaitingAnnouncements
from streamson.live.speech.words import Announcement, announcement
from streamson.model.event.alerts import AlertCleared, AlertRaised, AlertsMerged, MergedGroup
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.model.event.following import FeedLost, FeedRecovered
from streamson.model.event.recordings import RecordingFailed, RecordingPaused
from streamson.model.event.streams import (
    PointsLost,
    StreamForward,
    StreamRecovered,
    StreamStale,
    StreamWithdrawn,
)
from tests.conftest import until
from tests.spoken_aloud import kill_speaking, speaking, spoken

__all__ = ["spoken"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web1/cpu", "web 1, c p u"),
        ("rack2/disk_free-bytes", "rack 2, disk free bytes"),
        ("diskFree.total", "disk Free total"),
        ("web/db: 93.5 %", "web, d b: 93.5 percent"),
        ("below -3 °C", "below -3 degrees C"),
        ("$(reboot); `id` [[h@]] <b>", "reboot; i d h b"),
        ("--stdin\n\x1b[2J\u202e", "stdin 2 J"),
        ("größe/Δt", "größe, Δt"),
        ("///", ""),
    ],
)
def test_names_are_made_speakable(text, said):
    assert speakable(text) == said


def test_what_has_no_word_has_no_name():
    assert name("\u202e--") == "no name that can be said"


@given(st.text(max_size=600))
def test_nothing_that_is_said_steers_what_speaks(text):
    for said, most in ((speakable(text), MAX_CHARS), (name(text), MAX_NAME_CHARS)):
        assert len(said) <= most
        assert not said.startswith("-") or re.match(r"-\d", said)
        assert all(c in " ,;:.-" or unicodedata.category(c)[0] in "LMN" for c in said)
        assert "  " not in said
        assert said == said.strip()


def alert(**changes):
    told = {"stream": "web1/cpu", "field": "percent", "value": 93.0, "kind": "above"}
    told |= {"low": None, "high": 90.0, "unit": "%", "time": 0.0}
    return AlertRaised(frame=0, **(told | changes))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (alert(), "alert: web 1, c p u: percent above 90"),
        (alert(priority="high"), "urgent alert: web 1, c p u: percent above 90"),
        (alert(unit="", high=12_345_678.0), "alert: web 1, c p u: percent above 12300000"),
        (alert(field="load"), "alert: web 1, c p u: load above 90 percent"),
        (
            alert(kind="below", low=-0.5, unit="mA"),
            "alert: web 1, c p u: percent below -0.5 m A",
        ),
        (alert(kind="level", sign=-1), "alert: web 1, c p u: percent lower than usual"),
        (alert(kind="rate", sign=1), "alert: web 1, c p u: percent moves more than usual"),
        (alert(kind="shape"), "alert: web 1, c p u: percent moves as never before"),
        (
            alert(kind="season", sign=1),
            "alert: web 1, c p u: percent higher than usual at this time",
        ),
        (alert(speech="Disk nearly full!"), "alert: web 1, c p u: Disk nearly full"),
        (alert(waits=True), None),
        (
            AlertsMerged(
                frame=0,
                alerts=15,
                groups=(
                    MergedGroup("rack2", 14, ("free",)),
                    MergedGroup("web1/cpu", 1, ("percent", "io")),
                ),
            ),
            "15 alerts: 14 streams of rack 2, free; web 1, c p u, percent and i o",
        ),
        (StreamForward(frame=0, stream="web1/cpu", surprise=4.0), "web 1, c p u"),
        (
            StreamForward(frame=0, stream="rack2/disk4", group="rack2", streams=14, surprise=4.0),
            "rack 2: 14 streams, disk 4 in front",
        ),
        (StreamWithdrawn(frame=0, stream="web1/cpu"), None),
        (
            StreamStale(frame=0, streams=("web1/cpu",), silent_s=9.0, usual_s=1.0),
            "web 1, c p u silent",
        ),
        (
            StreamStale(frame=0, streams=("web1/cpu", "web1/disk"), silent_s=9.0, usual_s=1.0),
            "web 1: c p u, disk silent",
        ),
        (
            StreamStale(
                frame=0, streams=tuple(f"h/d{n}" for n in range(9)), silent_s=9.0, usual_s=1.0
            ),
            "h: 9 streams silent",
        ),
        (StreamRecovered(frame=0, name="web1", silent_s=9.0), "web 1 back"),
        (PointsLost(frame=0, points=1), "1 point lost"),
        (DeviceLost(frame=0, device="x", retry_s=1.0), "the sound device is gone"),
        (DeviceBack(frame=0, device="x"), "the sound device is back"),
        (FeedLost(frame=0, endpoint="x"), "the listener that is followed has gone"),
        (
            FeedRecovered(frame=0, endpoint="x", silent_s=1.0),
            "the listener that is followed is back",
        ),
        (RecordingPaused(frame=0, reason="x"), "the recording pauses"),
        (RecordingFailed(frame=0, reason="x"), "there is no recording"),
        (
            AlertCleared(frame=0, stream="a", field="b", value=1.0, kind="above", time=0.0),
            None,
        ),
    ],
)
def test_what_is_said_of_an_event(event, said):
    found = announcement(event)
    assert (None if found is None else found.text) == said


def test_urgent_is_what_somebody_must_act_on_at_once():
    assert announcement(alert(priority="high")).is_urgent
    assert announcement(DeviceLost(frame=0, device="x", retry_s=1.0)).is_urgent
    assert announcement(AlertsMerged(frame=0, alerts=0, groups=(), priority="high")).is_urgent
    assert not announcement(alert()).is_urgent


def test_what_is_too_much_is_summed_up_and_what_is_urgent_comes_first():
    waiting = WaitingAnnouncements()
    for number in range(10):
        waiting.add(Announcement(f"usual {number}"), 0.0)
    waiting.add(Announcement("urgent", is_urgent=True), 1.0)
    assert waiting.left_out == 7
    assert [waiting.next(2.0) for _ in range(5)] == [
        *("urgent, and 7 more", "usual 0", "usual 1", "usual 2", ""),
    ]


def test_what_is_old_is_left_out_but_what_is_urgent():
    waiting = WaitingAnnouncements()
    waiting.add(Announcement("old"), 0.0)
    waiting.add(Announcement("urgent", is_urgent=True), 0.0)
    waiting.add(Announcement("new"), MAX_AGE_S)
    now = MAX_AGE_S + 1
    assert [waiting.next(now), waiting.next(now)] == ["urgent, and 1 more", "new"]
    waiting.add(Announcement("old"), 0.0)
    assert [waiting.next(now), waiting.next(now)] == ["and 1 more", ""]


@given(
    st.lists(
        st.one_of(st.booleans(), st.none()),
        max_size=60,
    )
)
def test_each_is_said_or_counted_once(steps):
    """A step adds one that is urgent or not, or says one, a few seconds later."""
    waiting, said, added, counted, now = WaitingAnnouncements(), 0, 0, 0, 0.0

    def take():
        nonlocal said, counted
        text = waiting.next(now)
        said += text.startswith("line")
        counted += int(more.group(1)) if (more := re.search(r"and (\d+) more", text)) else 0
        return text

    for is_urgent in steps:
        now += 4.0
        if is_urgent is None:
            take()
        else:
            added += 1
            waiting.add(Announcement("line", is_urgent), now)
        assert len(waiting) <= MAX_WAITING
    while take():
        pass
    assert said + counted == added
    assert counted == waiting.left_out


def test_a_line_is_said(spoken):
    Espeak("en").say("web 1, c p u")
    assert spoken.lines == ["web 1, c p u"]
    assert spoken.seconds > 0.3


def test_what_hangs_is_given_up(spoken, monkeypatch):
    monkeypatch.setattr(espeak, "TIMEOUT_S", 0.3)
    spoken.hang()
    with pytest.raises(SpeechError, match="espeak-ng hangs"):
        Espeak("en").say("one")
    until(lambda: not speaking(), "its end")


def test_it_is_told_once_that_nothing_can_be_said_and_that_it_can_again(
    spoken, monkeypatch, caplog
):
    monkeypatch.setattr(speaker, "PATIENCE_S", (0.05,))
    spoken.break_off()
    with Speaker() as speaks:
        until(lambda: speaks.failed == 1, "a failure")
        for failures in (2, 3):
            speaks._add(Announcement("one"))
            until(lambda failures=failures: speaks.failed == failures, "a failure")
        spoken.repair()
        speaks._add(Announcement("two"))
        until(lambda: speaks.said == 1, "a line")
    assert spoken.lines == ["speech is on", "one", "one", "two"]
    assert spoken.seconds > 0.1
    assert [record.message for record in caplog.records] == [
        "nothing is said: espeak-ng: no sound device: No such file or directory; trying again",
        "lines are said again",
    ]
    assert speaks.summary() == "Speech: 1 line, 3 that could not be said"


def test_one_that_is_killed_has_a_successor(spoken, monkeypatch, caplog):
    monkeypatch.setattr(speaker, "PATIENCE_S", (0.05,))
    spoken.hang()
    with Speaker() as speaks:
        until(speaking, "one that speaks")
        kill_speaking()
        spoken.repair()
        until(lambda: speaks.failed == 1, "its end")
        speaks._add(Announcement("two"))
        spoken.await_lines("speech is on", "two")
    assert "espeak-ng: it was ended by signal 9" in caplog.text


def test_in_the_end_nothing_speaks_on(spoken):
    spoken.hang()
    with Speaker() as speaks:
        until(speaking, "one that speaks")
        speaks._add(Announcement("two"))
        begin = time.monotonic()
    assert time.monotonic() - begin < 1
    until(lambda: not speaking(), "silence", 1)
    assert speaks.said == speaks.failed == 0
