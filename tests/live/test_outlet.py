"""Notes of a feed are handed on at their time, and what comes late or never is counted."""

import math
import random
import threading
import time
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import UsageError
from streamson.live.outlet.frame_clock import WINDOW_S, FrameClock
from streamson.live.outlet.outlet import MAX_LATE_S, SILENCE_S, Outlet
from streamson.model.feed import CLOCK, HELLO, PLAY, STATE, Clock, PlayedNote
from streamson.wire.feed.publisher import FeedPublisher
from tests.conftest import until
from tests.live import made_up

RATE = 44_100
DELAY_S = 0.15


class Kept:
    """A sink that notes what it is handed."""

    name = "kept"
    topics = ()
    lead_s = 0.0

    def __init__(self):
        self.played = []
        self.told = []

    def begin(self, hello, clock):
        self.told.append(("begin", hello.run))

    def play(self, note, at_s, end_s):
        self.played.append((time.monotonic(), at_s, end_s, note))

    def take_state(self, state):
        self.told.append(("muted", state.muted))

    def take_event(self, told):
        pass

    def take_streams(self, streams):
        pass

    def turn(self, now_s):
        return inf

    def end(self):
        self.told.append(("end", time.monotonic()))

    def close(self):
        self.told.append(("close", time.monotonic()))

    def summary(self):
        return ""


class MadeUpClock:
    """Tells a clock and notes, as a listener does, until it is closed."""

    def __init__(self, endpoint="tcp://127.0.0.1:*", run="one"):
        self._publisher = FeedPublisher(endpoint)
        self.endpoint = self._publisher.endpoint
        self._run_name = run
        self._began = time.monotonic()
        self._number = 0
        self._due = []
        self._lock = threading.Lock()
        self.is_told = True
        self.is_muted = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def frame(self):
        return round((time.monotonic() - self._began) * RATE)

    def began_at(self, note):
        """When a note began, by the steady clock."""
        return self._began + note.onset_frame / RATE

    def send(self, *, age_s=0.0, skip=0, duration_s=0.3, midi_note=60.25):
        """Tell of a note that began so long ago, after leaving out some."""
        with self._lock:
            self._number += 1 + skip
            frame = self.frame - round(age_s * RATE)
            length = round(duration_s * RATE)
            told = (self._number, 1, frame, length, midi_note, -20.0, 0.0, "sine", "a")
            self._due.append(PlayedNote(*told, 0.0, 0, 0, False))

    def close(self):
        self._closing.set()
        self._thread.join()
        self._publisher.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self):
        due, was_muted = 0.0, False
        while not self._closing.is_set():
            if HELLO in self._publisher.wait(0.005):
                self._publisher.send(HELLO, made_up.hello(run=self._run_name))
                due = 0.0
            with self._lock:
                notes, self._due = self._due, []
                for note in notes:
                    self._publisher.send(PLAY, note)
                if self.is_told and time.monotonic() >= due:
                    due = time.monotonic() + 0.1
                    self._publisher.send(CLOCK, Clock(frame=self.frame, notes=self._number))
            if self.is_muted != was_muted:
                was_muted = self.is_muted
                self._publisher.send(STATE, made_up.state(muted=was_muted))


@pytest.fixture
def feed():
    with MadeUpClock() as made:
        yield made


@pytest.fixture
def sink():
    return Kept()


@pytest.fixture
def outlet(feed, sink):
    with Outlet(feed.endpoint, sink, delay_s=DELAY_S) as playing:
        until(lambda: sink.told, "the listener")
        yield playing
        playing.check()


def test_notes_sound_a_constant_time_after_their_onsets_however_late_they_are_told(
    feed, sink, outlet
):
    for _ in range(40):
        feed.send(age_s=random.uniform(0, 0.11))
        time.sleep(0.01)
    until(lambda: len(sink.played) == 40, "all notes")
    delays = [at_s - feed.began_at(note) for _, at_s, _, note in sink.played]
    assert max(delays) - min(delays) < 0.005
    assert DELAY_S - 0.002 < min(delays) < DELAY_S + 0.05
    assert sorted(delays) != delays or len(set(delays)) > 1
    for handed_s, at_s, end_s, note in sink.played:
        assert handed_s >= at_s - 0.0005
        assert end_s - at_s == pytest.approx(note.duration_s, abs=0.05)
    assert sorted(handed_s - at_s for handed_s, at_s, _, _ in sink.played)[20] < 0.005
    assert (outlet.counts.late, outlet.counts.left_out, outlet.counts.lost) == (0, 0, 0)
    assert outlet.summary() == "kept: 40 notes"


def test_late_notes_are_played_at_once_up_to_a_limit_and_lost_ones_counted(feed, sink, outlet):
    feed.send()
    until(lambda: sink.played, "a note")
    feed.send(age_s=DELAY_S + MAX_LATE_S / 2, skip=3)
    feed.send(age_s=DELAY_S + MAX_LATE_S * 2)
    feed.send(midi_note=math.nan)
    feed.send(midi_note=1e300)
    feed.send()
    until(lambda: len(sink.played) == 3, "the others")
    assert sink.played[1][0] - sink.played[1][1] < 0.05
    counts = outlet.counts
    assert (counts.played, counts.late, counts.left_out, counts.lost) == (3, 1, 3, 3)
    assert outlet.summary() == "kept: 3 notes, 1 late, 3 left out, 3 lost on the way"


def test_nothing_is_played_while_all_is_muted(feed, sink, outlet):
    feed.is_muted = True
    until(lambda: ("muted", True) in sink.told, "silence")
    feed.send()
    feed.is_muted = False
    until(lambda: ("muted", False) in sink.told, "sound")
    time.sleep(2 * DELAY_S)
    feed.send()
    until(lambda: sink.played, "a note")


def test_a_listener_that_stands_still_is_ended_and_goes_on(feed, sink, outlet):
    feed.is_told = False
    until(lambda: sink.told[-1][0] == "end", "the end")
    feed.is_told = True
    until(lambda: sink.told[-1] == ("begin", "one"), "the listener again")
    feed.send()
    until(lambda: sink.played, "a note")


def test_another_listener_on_the_same_place_begins_anew(sink):
    first = MadeUpClock()
    with Outlet(first.endpoint, sink, delay_s=DELAY_S) as outlet:
        until(lambda: sink.told, "the listener")
        first.send()
        until(lambda: sink.played, "a note")
        first.close()
        with MadeUpClock(first.endpoint, run="two") as second:
            until(lambda: sink.told[-1] == ("begin", "two"), "the other", SILENCE_S + 20)
            second.send()
            until(lambda: len(sink.played) == 2, "its note")
        assert outlet.counts.lost == 0
    assert [what for what, _ in sink.told] == ["begin", "end", "begin", "end", "close"]


def test_a_delay_has_its_bounds(sink):
    with pytest.raises(UsageError, match="--delay: found 11 s; up to 10 s are allowed"):
        Outlet("tcp://127.0.0.1:1", sink, delay_s=11)


@given(
    st.floats(0, 1e6),
    st.lists(st.tuples(st.floats(0.1, 0.4), st.floats(0, 0.05)), min_size=20, max_size=60),
)
def test_a_clock_is_as_good_as_its_best_moment(began_s, told):
    clock, now_s, told_at = FrameClock(RATE, 0.5), began_s, []
    for pause_s, held_up_s in told:
        now_s += pause_s
        clock.measure(round((now_s - began_s) * RATE), now_s + held_up_s)
        told_at.append((now_s + held_up_s, held_up_s))
        lately = [late for at_s, late in told_at if at_s >= now_s + held_up_s - WINDOW_S]
        found = clock.time_of(RATE) - (began_s + 1 + 0.5)
        assert found == pytest.approx(min(lately), abs=1e-4)
        assert clock.frame_at(clock.time_of(1234.0)) == pytest.approx(1234, abs=1)


def test_a_clock_that_stood_is_believed_after_three_times():
    clock = FrameClock(RATE, 0.0)
    for turn in range(20):
        clock.measure(round(turn / 4 * RATE), turn / 4)
    assert clock.time_of(0) == pytest.approx(0)
    for turn in range(20, 23):
        clock.measure(round((turn / 4 - 1) * RATE), turn / 4)
    assert clock.time_of(0) == pytest.approx(1)
