"""A listener that follows another: the same samples, whatever the network does."""

import contextlib
import json
import math
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
import zmq

from streamson import Listener, Publisher
from streamson.errors import StreamsonError, UsageError
from streamson.listener import follower as module
from streamson.listener.dispatch import MAX_VOLUMES
from streamson.listener.followed_streams import MAX_ALERTS
from streamson.listener.follower import Follower
from streamson.listener.frame_map import MAX_TOLD, FrameMap
from streamson.model.command import ChangeSession, MuteStream, SetVolume
from streamson.model.event.alerts import AlertRaised
from streamson.model.event.base import Event
from streamson.model.event.following import FeedJoined, FeedLost, FeedRecovered, SessionNotFollowed
from streamson.model.event.steering import VolumeChanged
from streamson.model.feed import (
    CLOCK,
    EVENT,
    HELLO,
    PLAY,
    SESSION,
    STATE,
    Clock,
    EventTold,
    PlayedNote,
    SessionTold,
)
from streamson.session.load import parse_session
from streamson.session.schema import Session
from streamson.synth.kernel.callback import FADE_FRAMES
from streamson.synth.kernel.layout import QUANTUM
from streamson.wire.control.client import CommandClient
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import until
from tests.listener.watching import ANY_PORT
from tests.live import made_up

SESSION_TEXT = """
[audio]
sample_rate = 48000
equal_loudness = true
reverb = { level = -18, decay = 0.5 }

[[instrument]]
name = "knock"
sample = "knock.wav"
root = "C4"

[[part]]
stream = "b"
instrument = "knock"
bands = [0, 0.6]

[[part]]
stream = "c"
articulation = "continuous"
hold = 2
bands = [0, 0.6]

[[part]]
beacon = { value = 0, every = "2s" }

[[alert]]
stream = "a"
field = "x"
above = 0.9
"""


ALERT = {"frame": 0, "field": "x", "value": 1.0, "kind": "above", "low": None, "high": 0.5} | {
    "time": 0.0
}


class Process:
    """``streamson listen`` in a process of its own, without sound."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamson", "listen", "--output", "none", "--no-web"),
                *("--stats", "stats.json", *options),
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.lines.extend(self.process.stdout)

    def said(self, start: str) -> str:
        """Return the last word of a line, once it came."""
        until(lambda: any(start in line for line in self.lines) or self._has_ended, start)
        assert not self._has_ended, self.lines
        line = next(line for line in self.lines if start in line)
        return line.split()[-1].rstrip(".")

    @property
    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def close(self) -> None:
        """End it at once, if it runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def end(self) -> dict[str, Any]:
        """End it, and return its statistics."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 143
        self._reader.join()
        return json.loads((self._folder / "stats.json").read_text())

    def failed(self) -> tuple[int, str]:
        """Return its exit code, and what it said."""
        code = self.process.wait(20)
        self._reader.join()
        return code, "".join(self.lines)


@pytest.fixture
def processes() -> Iterator[Callable[..., Process]]:
    """What starts processes, which are ended with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args: stack.enter_context(contextlib.closing(Process(*args)))


class Proxy:
    """Passes on what goes to a port and back, and holds it for up to so long."""

    def __init__(self, endpoint: str, hold_s: float) -> None:
        self.hold_s = hold_s
        self.bytes_back = 0
        self.passes = threading.Event()
        self.passes.set()
        self._to = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._server.accept()
                other = socket.create_connection(self._to)
                self._open += [one, other]
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()
                threading.Thread(target=self._pass, args=(other, one), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        jitter = random.Random(1)
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if source.getpeername() == self._to:
                    self.bytes_back += len(data)
                    select.select([], [], [], jitter.uniform(0, self.hold_s))
                self.passes.wait()
                target.sendall(data)
        for one in (source, target):
            one.close()

    def close(self) -> None:
        self.passes.set()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class MadeUpLeader:
    """A listener that is not there: its feed tells what a test likes, and how its clock runs.

    Its frames are those that a clock of `rate_hz` has counted, beginning `ahead` later.
    """

    def __init__(self, endpoint: str = ANY_PORT, **hello: object) -> None:
        told = {"run": "one", "sample_rate": 44_100, **hello}
        self.hello = made_up.hello(**told)
        self.session = SessionTold(number=1, name="made up", text="[audio]\nvolume_db = -3\n")
        self.rate_hz = 44_100.0
        self.ahead = 0
        self.numbers = self.events = 0
        self._began = time.monotonic()
        self._waiting: list[tuple[str, Any]] = []
        self._stopping = threading.Event()
        self._publisher = FeedPublisher(endpoint)
        self.endpoint = self._publisher.endpoint
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def frame(self) -> int:
        return self.ahead + round((time.monotonic() - self._began) * self.rate_hz)

    def tell(self, topic: str, message: Any) -> None:
        self._waiting.append((topic, message))

    def play(self, *, skip: int = 0, **changes: Any) -> None:
        """Tell of a note that begins now; numbers in between are left out."""
        self.numbers += 1 + skip
        told = {"onset_frame": self.frame, "duration_frames": 4_410, "midi_note": 60.0}
        told |= {"level_db": -18.0, "pan": 0.0, "instrument": "sine", "stream": "a"}
        told |= {"brightness": 0.0, "held_key": 0, "glide_frames": 0, "foreground": False}
        self.tell(PLAY, PlayedNote(**{"number": self.numbers, "session": 1, **told, **changes}))

    def tell_event(self, event: Event) -> None:
        self.events += 1
        told = EventTold(number=self.events, time=0.0, sentence=event.sentence, event=event)
        self.tell(EVENT, told)

    def _run(self) -> None:
        while not self._stopping.is_set():
            asked = self._publisher.wait(0.02)
            if HELLO in asked:
                self._publisher.send(HELLO, self.hello)
            if SESSION in asked:
                self._publisher.send(SESSION, self.session)
            if STATE in asked:
                self._publisher.send(STATE, made_up.state(volume_db=-3.0))
            while self._waiting:
                self._publisher.send(*self._waiting.pop(0))
            self._publisher.send(CLOCK, Clock(frame=self.frame, notes=self.numbers))

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._publisher.close()


@contextlib.contextmanager
def following(endpoint: str, **options: Any) -> Iterator[tuple[Follower, list[Event]]]:
    """Yield a follower that is in step, and what it tells."""
    events: list[Event] = []
    follower = Follower(endpoint, output="none", **options)
    follower.subscribe(events.append)
    with follower:
        until(lambda: told(events, FeedJoined), "the follower to be in step")
        yield follower, events


def told(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def knock(folder: Path) -> None:
    """Write a sound that an instrument of the session plays."""
    frames = np.arange(8_000)
    sound = 0.5 * np.sin(frames / 20) * np.exp(-frames / 1_500)
    soundfile.write(folder / "knock.wav", sound, 16_000)


def play_points(publisher: Publisher, turns: int, first: int = 0) -> None:
    """Publish points of four streams, six a second and stream, with an alert now and then."""
    for turn in range(first, first + turns):
        for number, stream in enumerate("abcd"):
            publisher.send(stream, x=math.sin(turn / 5 + number))
            time.sleep(0.04)


def sound_of(path: Path) -> np.ndarray:
    """Return what was recorded, but for the fade at its end."""
    sound, _ = soundfile.read(path, dtype="int32")
    return sound[:-FADE_FRAMES]


def from_first(sound: np.ndarray) -> np.ndarray:
    """Return what follows the silence at the beginning."""
    return sound[np.flatnonzero(sound.any(axis=1))[0] :]


def same_from_the_start(first: Path, second: Path) -> int:
    """Return how many frames two recordings have in common, from the first note on: all."""
    a, b = from_first(sound_of(first)), from_first(sound_of(second))
    frames = min(len(a), len(b))
    different = np.flatnonzero((a[:frames] != b[:frames]).any(axis=1))
    assert not len(different), f"{len(different)} frames, the first at {different[0]} of {frames}"
    return frames


def shift_of(late: np.ndarray, early: np.ndarray) -> int:
    """Return how many frames later the end of a sound comes in another."""
    at = len(late) - 40_000
    piece = late[at : at + 8_192]
    assert piece.any()
    for place in range(at % QUANTUM, len(early) - len(piece), QUANTUM):
        if (early[place : place + len(piece)] == piece).all():
            return place - at
    return pytest.fail("its end is nowhere in the other")


def test_two_processes_make_the_same_samples_whatever_the_network_holds(tmp_path, processes):
    knock(tmp_path)
    (tmp_path / "session.toml").write_text(SESSION_TEXT)
    leader = processes(
        tmp_path,
        *("--bind", ANY_PORT, "--feed", ANY_PORT, "--session", "session.toml"),
        *("--record", "a.wav"),
    )
    feed = leader.said("Feed on")
    elsewhere = tmp_path / "elsewhere"
    with (
        contextlib.closing(Proxy(feed, 0.15)) as proxy,
        contextlib.closing(CommandClient(control_endpoint(feed))) as client,
        Publisher(leader.said("Listening on")) as publisher,
    ):
        follower = processes(
            elsewhere, *("--follow", proxy.endpoint, "--delay", "2s", "--record", "b.wav")
        )
        follower.said("in step")
        assert publisher.wait_for_listener(20)
        play_points(publisher, 8)
        client.call(SetVolume(volume_db=-9.0), timeout_s=10)
        play_points(publisher, 8, 8)
        before, began = proxy.bytes_back, time.monotonic()
        play_points(publisher, 10, 16)
        client.call(ChangeSession(name="sensor"), timeout_s=10)
        rate = (proxy.bytes_back - before) / (time.monotonic() - began)
        play_points(publisher, 8, 26)
        client.call(ChangeSession(name="original"), timeout_s=10)
        play_points(publisher, 8, 34)
        time.sleep(2.5)  # the delay, and the tail
        stats = follower.end()
        theirs = leader.end()
    for name in ("notes_late", "notes_missed", "clock_shifts", "faults", "recording_lost_seconds"):
        assert stats[name] == 0, (name, stats)
    assert theirs["notes_unreported"] == theirs["recording_lost_seconds"] == 0
    assert soundfile.info(elsewhere / "b.wav").samplerate == 48_000
    frames = same_from_the_start(tmp_path / "a.wav", elsewhere / "b.wav")
    assert frames > 6 * 48_000
    assert stats["notes_played"] == theirs["notes_played"] > 150
    played = next(line for line in follower.lines if line.startswith("played"))
    played_of = f"played {stats['notes_played']} notes of the listener on {proxy.endpoint} in "
    assert played.startswith(played_of)
    assert any(line.startswith("missed 0 notes of it, dropped 0") for line in follower.lines)
    assert theirs["alerts"] == stats["alerts"] > 0
    # Six points a second of each stream: a third more than what the documentation speaks of.
    assert rate < 4_000, f"{rate:.0f} bytes a second"


def test_who_comes_late_makes_the_same_samples_once_the_notes_of_before_have_ended(tmp_path):
    a, b = tmp_path / "a.wav", tmp_path / "b.wav"
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT, record=a) as leader,
        Publisher(leader.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        play_points(publisher, 8)
        player = threading.Thread(target=play_points, args=(publisher, 32, 8))
        player.start()
        with following(leader.feed_endpoint, record=b, delay_s=1.0) as (follower, _):
            player.join()
            until(lambda: follower.stats().notes_waiting == 0, "the last note")
            time.sleep(0.3)
            assert follower.stats().notes_missed == 0
    late, early = sound_of(b), sound_of(a)
    shift = shift_of(late, early)
    frames = min(len(late), len(early) - shift)
    different = np.flatnonzero((late[:frames] != early[shift : shift + frames]).any(axis=1))
    heard = np.flatnonzero(late.any(axis=1))[0]
    assert shift % QUANTUM == 0
    assert heard < different[-1] < heard + 3 * 44_100
    assert frames - different[-1] > 2 * 44_100


def test_a_leader_that_goes_is_told_and_heard_and_one_that_is_back_is_followed_anew(tmp_path):
    with Listener(ANY_PORT, output="none", feed=ANY_PORT) as first:
        feed = first.feed_endpoint
        # A voice is held when it ends, which nobody says: its producer goes on.
        held = parse_session(b"[[part]]\narticulation = 'continuous'\nhold = 60\n", "held")
        first.change_session(held)
        stack, record = contextlib.ExitStack(), tmp_path / "b.wav"
        follower, events = stack.enter_context(following(feed, record=record, delay_s=1.0))
        with stack:
            publisher = stack.enter_context(Publisher(first.endpoint))
            assert publisher.wait_for_listener(20)
            publisher.send("a", x=1.0)
            until(lambda: follower.stats().notes_played == 1, "a note")
            rest = stack.pop_all()
    with rest:
        until(lambda: told(events, FeedLost), "the loss")
        until(lambda: follower.engine.state["foreground_played"] > 0, "the sound of the loss")
        until(lambda: follower.engine.state["active"] == 0, "the end of the held voice")
        a = tmp_path / "a.wav"
        began = time.monotonic()
        with (
            Listener(ANY_PORT, output="none", feed=feed, record=a, session=held) as second,
            Publisher(second.endpoint) as publisher,
        ):
            until(lambda: told(events, FeedRecovered), "its return")
            assert time.monotonic() - began < 2.0
            until(lambda: len(told(events, FeedJoined)) == 2, "the second beginning")
            until(lambda: int(follower.engine.state["foreground"]) == 0, "the end of the earcon")
            time.sleep(1.0)  # others are softer for a while
            assert publisher.wait_for_listener(20)
            for turn in range(10):
                publisher.send("a", x=float(turn))
                time.sleep(0.1)
            until(lambda: follower.stats().notes_played == 11, "the notes")
            time.sleep(0.3)
    assert follower.stats().notes_missed == 0
    late, early = sound_of(record), sound_of(a)
    shift = shift_of(late, early)
    first = np.flatnonzero(early.any(axis=1))[0]
    frames = min(len(late) + shift, len(early))
    assert (late[first - shift : frames - shift] == early[first:frames]).all()
    assert frames - first > 44_100


def test_a_cut_link_costs_the_notes_of_that_time_and_the_volume_is_known_again():
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT) as leader,
        Publisher(leader.endpoint) as publisher,
        contextlib.closing(Proxy(leader.feed_endpoint, 0)) as link,
        following(link.endpoint, delay_s=1.0) as (follower, events),
    ):
        assert publisher.wait_for_listener(20)
        publisher.send("a", x=1.0)
        until(lambda: follower.stats().notes_played == 1, "a note")
        link.passes.clear()
        for value in range(5):
            publisher.send("a", x=float(value))
            time.sleep(0.1)
        leader.set_volume(-20)
        until(lambda: told(events, FeedLost), "the loss")
        link.passes.set()
        healed = time.monotonic()
        until(lambda: told(events, FeedRecovered), "the return")
        assert time.monotonic() < healed + 2.0
        until(lambda: told(events, VolumeChanged), "the volume")
        assert told(events, VolumeChanged)[-1].volume_db == -20
        publisher.send("a", x=9.0)
        until(lambda: follower.stats().notes_played + follower.stats().notes_missed == 7, "all")
        assert follower.stats().notes_missed > 0
        assert len(told(events, FeedJoined)) == 1


def test_notes_that_come_too_late_are_played_counted_and_told(caplog):
    with (
        contextlib.closing(MadeUpLeader()) as leader,
        following(leader.endpoint, delay_s=0.15) as (follower, _),
    ):
        leader.play()
        until(lambda: follower.stats().notes_played == 1, "the first note")
        assert follower.stats().notes_late == 0
        leader.play(onset_frame=leader.frame - 44_100)
        until(lambda: follower.stats().notes_late == 1, "the late one")
        until(lambda: "frame where it belongs: 1 note;" in caplog.text, "what is said")
        until(lambda: follower.stats().notes_played == 2, "its being heard")


def test_notes_that_are_lost_or_can_not_be_played_are_counted_and_told(caplog):
    with (
        contextlib.closing(MadeUpLeader()) as leader,
        following(leader.endpoint) as (follower, _),
    ):
        leader.play()
        leader.play(skip=3)
        until(lambda: follower.stats().notes_missed == 3, "three that are lost")
        leader.play(instrument="a thing")
        leader.play(pan=7.0)
        leader.play(session=5)
        until(lambda: follower.stats().notes_missed == 6, "three that can't be played")
        leader.numbers += 2  # the clock says that there were two
        until(lambda: follower.stats().notes_missed == 8, "the last two")
        until(lambda: follower.stats().notes_played == 2, "the two good ones")
        assert "3 notes lost on the way" in caplog.text
        assert '1 note left out: instrument "a thing" is not known' in caplog.text
        assert follower.stats().notes_waiting == 0
        assert follower.stats().faults == 0


def test_a_leader_that_tells_without_end_fills_no_memory():
    """More clocks, alerts and volumes than any listener has: what is kept of them is bounded."""
    with (
        contextlib.closing(MadeUpLeader()) as leader,
        following(leader.endpoint) as (
            follower,
            events,
        ),
    ):
        for number in range(1, MAX_ALERTS + 501):
            leader.tell_event(msgspec.convert(ALERT | {"stream": f"s{number}"}, AlertRaised))
            leader.tell(CLOCK, Clock(frame=leader.frame, notes=0))
            if number % 25 == 0:  # so that none is lost on the way
                until(lambda so_far=number: len(told(events, AlertRaised)) == so_far, "alerts")
        for number in range(10 * MAX_VOLUMES):
            frame = leader.frame + 10**9
            leader.tell_event(VolumeChanged(frame=frame, volume_db=-float(number % 20)))
        until(lambda: len(told(events, AlertRaised)) == MAX_ALERTS + 500, "all alerts")
        assert follower.stats().alerts_active == MAX_ALERTS
        assert len(follower._loop._frames._told) <= MAX_TOLD
        until(lambda: follower._dispatcher._volume_due is not None, "the volumes")
        assert len(follower._dispatcher._volumes) == MAX_VOLUMES
        # Of so many messages at once some may be lost, and with them a note.
        until(lambda: leader.play() or follower.stats().notes_played, "a note")


def test_a_clock_that_runs_away_is_followed_in_a_pause():
    with (
        contextlib.closing(MadeUpLeader()) as leader,
        following(leader.endpoint, delay_s=0.2) as (follower, _),
    ):
        leader.play()
        until(lambda: follower.stats().notes_played == 1, "a note")
        leader.ahead -= 15_000  # as if it had run slower for long
        time.sleep(0.2)
        assert follower.stats().clock_shifts == 0  # the best of some seconds counts
        until(lambda: follower.stats().clock_shifts == 1, "the new map", 10)
        leader.play()
        until(lambda: follower.stats().notes_played == 2, "another note")
        assert follower.stats().notes_late == 0


def test_frames_are_mapped_by_whole_quanta_and_the_best_of_the_last_seconds():
    frames = FrameMap(48_000, 0.5)
    for turn in range(40):  # either is held up now and then
        their_frame = 1_000 + 12_000 * turn - (3_000 if turn % 5 else 0)
        own_frame = 100 + 12_000 * turn - (20_000 if turn % 3 else 0)
        frames.measure(their_frame, own_frame, turn / 4)
    frames.fit()
    assert frames.offset is not None
    assert frames.offset % QUANTUM == 0
    assert 0 <= frames.offset - (24_000 + 100 - 1_000) < QUANTUM
    assert frames.own_frame(10) == 10 + frames.offset
    assert not frames.is_off()
    for turn in range(40, 80):  # 0.3 s of the half second are gone
        frames.measure(1_000 + 12_000 * turn, 12_000 * turn + 14_500, turn / 4)
    assert frames.is_off()
    assert not frames.is_off(times=2.0)
    for turn in range(80, 120):
        frames.measure(1_000 + 12_000 * turn, 12_000 * turn + 19_000, turn / 4)
    assert frames.is_off(times=2.0)
    frames.forget()
    assert frames.offset is None


def test_streams_are_muted_here_alone_and_the_volume_is_the_leaders():
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT) as leader,
        Publisher(leader.endpoint) as publisher,
        following(leader.feed_endpoint, feed=ANY_PORT) as (follower, events),
        contextlib.closing(CommandClient(control_endpoint(follower.feed_endpoint))) as client,
    ):
        assert publisher.wait_for_listener(20)
        publisher.send("a", x=1.0)
        until(lambda: follower.stats().notes_played == 1, "a note")
        assert client.call(MuteStream(stream="a", muted=True), timeout_s=10).ok
        publisher.send("a", x=2.0)
        until(lambda: follower.stats().notes_muted == 1, "a note that is muted")
        until(lambda: leader.stats().notes_played == 2, "the same where it is not")
        assert [row.name for row in follower.stream_stats()] == ["a"]
        leader.set_volume(-20)
        until(lambda: told(events, VolumeChanged), "the volume")
        assert told(events, VolumeChanged)[0].volume_db == -20
        answer = client.call(ChangeSession(name="drone"), timeout_s=10)
        assert "chosen at the listener" in answer.text
        with pytest.raises(UsageError, match="chosen at the listener"):
            follower.change_session("drone")


def test_a_session_that_can_not_be_played_here_is_refused_and_told(tmp_path):
    made = parse_session(b"[[part]]\n", "made")
    by_program = Session(parts=made.parts)
    with Listener(ANY_PORT, output="none", feed=ANY_PORT) as leader:
        with following(leader.feed_endpoint) as (follower, events):
            leader.change_session(by_program)
            until(lambda: told(events, SessionNotFollowed), "the refusal")
            assert "a program made it" in told(events, SessionNotFollowed)[0].reason
            with Publisher(leader.endpoint) as publisher:
                publisher.send("a", x=1.0)
                until(lambda: follower.stats().notes_missed == 1, "a note of it")
        with pytest.raises(StreamsonError, match="a program made it"):
            Follower(leader.feed_endpoint, output="none")
    soundfile.write(tmp_path / "long.wav", np.sin(np.arange(2_000_000) / 30), 44_100)
    text = b'[[instrument]]\nname = "x"\nsample = "long.wav"\nroot = "C4"\n'
    large = tmp_path / "large.toml"
    large.write_bytes(text)
    with (
        Listener(ANY_PORT, session=large, output="none", feed=ANY_PORT) as leader,
        pytest.raises(StreamsonError, match="its files take 4"),
    ):
        Follower(leader.feed_endpoint, output="none")


@pytest.mark.parametrize(
    ("files", "text", "words"),
    [
        ({}, 'sample = "/etc/passwd"\nroot = "C4"', "which did not come with it"),
        ({"../x.wav": b""}, 'sample = "../x.wav"\nroot = "C4"', "which is no name"),
        ({"x.wav": b"none"}, 'sample = "x.wav"\nroot = "C4"', "x.wav"),
        ({}, "nonsense = 3", "nonsense"),
    ],
)
def test_a_session_from_elsewhere_reads_no_file_of_this_machine(files, text, words):
    session = f'[[instrument]]\nname = "x"\n{text}\n'
    with contextlib.closing(MadeUpLeader()) as leader:
        leader.session = SessionTold(number=1, name="s", text=session, files=files)
        with pytest.raises(StreamsonError, match="can't be followed: its session s") as raised:
            Follower(leader.endpoint, output="none")
        assert words in str(raised.value)


def test_a_leader_that_comes_back_at_another_rate_ends_it():
    with contextlib.closing(MadeUpLeader()) as leader:
        feed = leader.endpoint
        follower = Follower(feed, output="none")
        events: list[Event] = []
        follower.subscribe(events.append)
        follower.start()
        until(lambda: told(events, FeedJoined), "the beginning")
    with contextlib.closing(MadeUpLeader(feed, run="two", sample_rate=48_000)):
        until(lambda: follower.finished, "the end")
        with pytest.raises(StreamsonError, match="began anew at 48000 Hz instead of 44100 Hz"):
            follower.stop()


def test_what_does_not_go_with_following_is_refused(processes, tmp_path):
    follow = ("--follow", "tcp://127.0.0.1:1")
    started = [
        (processes(tmp_path / str(number), *options), words)
        for number, (options, words) in enumerate(
            [
                ((*follow, "--session", "drone"), "--session is not for --follow"),
                ((*follow, "--bind", ANY_PORT), "--bind is not for --follow"),
                ((*follow, "--state", "state"), "--state is not for --follow"),
                ((*follow, "--delay", "20s"), "0.15 to 10 s are allowed"),
                ((*follow, "--record", "folder/"), "can't record to the folder"),
                (("--follow", "http://x"), "the form is"),
                (("--delay", "1s"), "--delay is for --follow"),
            ]
        )
    ]
    for process, words in started:
        code, said = process.failed()
        assert code == 2, said
        assert words in said
        assert "Traceback" not in said


def test_nobody_there_and_a_feed_of_another_program_are_explained(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as nothing:
        endpoint = f"tcp://127.0.0.1:{nothing.getsockname()[1]}"
        with pytest.raises(StreamsonError, match=r"no listener tells anything on .*--feed"):
            Follower(endpoint, output="none")
    with zmq.Context.instance().socket(zmq.XPUB) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        other.linger = 0

        def talk() -> None:
            other.recv()
            other.send(b"hello\0weather: sunny")

        talker = threading.Thread(target=talk)
        talker.start()
        with pytest.raises(StreamsonError, match="is not the feed of a listener"):
            Follower(f"tcp://127.0.0.1:{port}", output="none")
        talker.join()
    with (
        contextlib.closing(MadeUpLeader(run="")) as old,
        pytest.raises(StreamsonError, match="streamson 0, does not tell what a follower"),
    ):
        Follower(old.endpoint, output="none")
