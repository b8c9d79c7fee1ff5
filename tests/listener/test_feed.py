"""The feed of a listener: newcomers know at once, the sound is whole, and who misses knows it."""

import contextlib
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
import soundfile
import zmq

from streamson import Listener, Publisher
from streamson._faults import Faults
from streamson.errors import StreamsonError
from streamson.listener import feed as module
from streamson.listener.feed import Feed
from streamson.listener.feed_sound import LevelMeter, SoundBlocks
from streamson.live.mirror import Mirror
from streamson.model.command import Mute
from streamson.model.event.recordings import RecordingEnded, RecordingFailed
from streamson.model.event.steering import Caption, PageServed, SessionChanged
from streamson.model.feed import AUDIO, EVENT, LEVEL, MESSAGE_TYPES, PAST, STATE
from streamson.model.note import Note
from streamson.output.tap import TapFanOut
from streamson.session.load import parse_session
from streamson.synth.engine import Engine
from streamson.synth.kernel.layout import QUANTUM
from streamson.wire.feed.publisher import FeedPublisher
from streamson.wire.feed.reader import FeedReader
from tests.conftest import until
from tests.listener.watching import ANY_PORT, Watched, samples_of, sound_of, watched

BLOCK_FRAMES = 14 * QUANTUM  # 20.3 ms


class Process:
    """``streamson listen`` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "streamson", "listen", "--output", "none"]
        words = ("--bind", ANY_PORT, "--stats", "stats.json", *options)
        self.folder = folder
        self.process = subprocess.Popen(
            [*command, *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.lines.extend(self.process.stderr)

    def said(self, start: str) -> str:
        """Return the endpoint that a line names."""
        until(lambda: any(line.startswith(start) for line in self.lines), start)
        line = next(line for line in self.lines if line.startswith(start))
        return line.split()[-1].rstrip(".")

    def end(self) -> dict[str, object]:
        """End it, and return its statistics."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 143
        self._reader.join()
        return json.loads((self.folder / "stats.json").read_text())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def listening(tmp_path):
    with contextlib.closing(Process(tmp_path, "--feed", ANY_PORT)) as listening:
        yield listening


def test_the_tenth_newcomer_knows_at_once_how_things_stand(listening):
    with contextlib.ExitStack() as stack:
        publisher = stack.enter_context(Publisher(listening.said("Listening")))
        publisher.wait_for_listener(20)
        for i in range(40):
            publisher.send(f"host/{i}", x=float(i))
        feed = listening.said("Feed")
        for number in range(10):
            watcher = stack.enter_context(contextlib.closing(Watched(feed)))
            hello = watcher.until_told("hello")
            assert (hello.sample_rate, hello.channels, hello.plays) == (44_100, 2, False)
            assert hello.endpoint == listening.said("Listening")
            assert "original" in hello.sessions
            for topic in ("state", "statistics", "level"):
                assert watcher.until_told(topic)
            with_legend = {}
            watcher.until(
                lambda with_legend=with_legend, watcher=watcher: (
                    with_legend.update(
                        (row.name, row)
                        for told in watcher.told["streams"]
                        for row in told.rows
                        if row.legend
                    )
                    or len(with_legend) == 40
                ),
                "all streams, and what they play",
                5,
            )
            assert all(row.legend[0].follows for row in with_legend.values())
            first = next(told for told in watcher.told["streams"] if told.rows)
            assert number == 0 or first.count == 40
            watcher.until_told(
                "statistics", lambda told, number=number: told.feed_readers == number + 1
            )
        assert watcher.call(Mute()).result["muted"]
    stats = listening.end()
    assert stats["feed_left_out"] == stats["faults"] == stats["connections_cut"] == 0
    assert stats["commands"] == 1


def test_the_sound_is_sample_for_sample_what_is_recorded(tmp_path):
    options = ("--feed", ANY_PORT, "--record", "take.wav", "--duration", "4")
    with (
        contextlib.closing(Process(tmp_path, *options)) as listening,
        contextlib.closing(Watched(listening.said("Feed"))) as watcher,
        Publisher(listening.said("Listening")) as publisher,
    ):
        numbers = itertools.count()

        def playing():
            publisher.send(f"s{next(numbers) % 5}", x=float(next(numbers) % 17))
            return listening.process.poll() is not None

        watcher.until(playing, "the end")
        watcher.read()
        assert listening.process.returncode == 0
    first, heard = sound_of(watcher.told["audio"])
    recorded, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert (rate, len(recorded)) == (44_100, 4 * 44_100)
    assert first < 2 * rate
    assert first + len(heard) == len(recorded)  # to the last frame
    assert np.abs(recorded).max() > 0.01
    # The file has 24 bits.
    assert np.abs(heard - recorded[first:]).max() <= 2.0**-24
    sizes = [len(samples_of(block)) for block in watcher.told["audio"]]
    assert set(sizes[:-1]) == {BLOCK_FRAMES}
    assert 0 < sizes[-1] <= BLOCK_FRAMES
    times = [block.time for block in watcher.told["audio"]]
    assert times == sorted(times)
    ended = watcher.told["event"][-1].event
    assert isinstance(ended, RecordingEnded)  # what happened last is told, too
    assert ended.seconds == 4
    levels = watcher.told["level"]
    assert max(peak for told in levels for peak in told.peak_dbfs if peak is not None) < 0


READER = """
import sys, msgspec, zmq
reader = zmq.Context().socket(zmq.SUB)
reader.rcvhwm = 10
reader.rcvbuf = 65536
reader.subscribe(b"audio\\0")
reader.connect(sys.argv[1])
missed = frames = end = 0
while True:
    block = msgspec.msgpack.decode(reader.recv().partition(b"\\0")[2])
    if end and block["frame"] != end:
        missed += block["frame"] - end
    end = block["frame"] + len(block["samples"]) // 8
    frames += len(block["samples"]) // 8
    print(frames, missed, block["frame"], flush=True)
"""


def reader_of(listening):
    """Start a reader of the sound in a process of its own."""
    command = [sys.executable, "-c", READER, listening.said("Feed")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_reader_that_stands_still_knows_what_it_missed_and_others_get_all(listening):
    with (
        contextlib.closing(Watched(listening.said("Feed"), [AUDIO])) as watcher,
        subprocess.Popen(
            [sys.executable, "-c", READER, listening.said("Feed")],
            stdout=subprocess.PIPE,
            text=True,
        ) as stalling,
    ):
        lines = []
        thread = threading.Thread(target=lambda: lines.extend(stalling.stdout), daemon=True)
        thread.start()
        watcher.until(lambda: len(lines) > 20, "the reader's first blocks")
        stalling.send_signal(signal.SIGSTOP)
        stalled_at = watcher.told["audio"][-1].frame
        watcher.until(
            lambda: watcher.told["audio"][-1].frame > stalled_at + 10 * 44_100, "ten seconds"
        )
        stalling.send_signal(signal.SIGCONT)
        watcher.until(lambda: int(lines[-1].split()[1]) > 0, "it to miss something")
        watcher.until(
            lambda: int(lines[-1].split()[2]) >= watcher.told["audio"][-2].frame, "it to be back"
        )
        stalling.kill()
        thread.join()
    lines = [line for line in lines if line.endswith("\n")]  # it may have been killed half-way
    frames, missed, last = map(int, lines[-1].split())
    first = int(lines[0].split()[2])
    assert frames + missed == last + BLOCK_FRAMES - first
    assert missed > 2 * 44_100
    _, heard = sound_of(watcher.told["audio"])  # without a gap
    assert len(heard) > 10 * 44_100


def test_those_who_stand_still_take_no_memory_and_hold_up_no_end(listening):
    readers = [reader_of(listening) for _ in range(5)]
    try:
        for reader in readers:
            assert reader.stdout.readline()
            reader.send_signal(signal.SIGSTOP)
        process = psutil.Process(listening.process.pid)
        with contextlib.closing(Watched(listening.said("Feed"))) as watcher:
            start = watcher.until_told(AUDIO).frame
            before = process.memory_info().rss
            watcher.until(lambda: watcher.told["audio"][-1].frame > start + 8 * 44_100, "a backlog")
        assert process.memory_info().rss - before < 12_000_000
        begin = time.monotonic()
        listening.end()
        assert time.monotonic() - begin < 1.5
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def test_many_streams_and_notes_reach_an_attentive_reader_whole():
    session = parse_session(b"[[part]]\nnotes_per_second = 400\n", "fast")
    with watched(session=session) as (listener, publisher, watcher):
        for i in range(900):
            publisher.send(f"s{i}", x=float(i))
        watcher.until(lambda: listener.stats().streams == 900, "all streams")
        rows = set()
        watcher.until(
            lambda: (
                rows.update(r.name for told in watcher.told["streams"] for r in told.rows)
                or len(rows) == 900
            ),
            "all rows",
        )
        frame = listener.engine.frame
        numbers = itertools.count()

        def playing():
            for _ in range(10):
                publisher.send(f"s{next(numbers) % 3}", x=float(next(numbers) % 99))
            return listener.engine.frame > frame + 3 * 44_100

        watcher.until(playing, "three seconds")
        sound_of(watcher.told["audio"])
        notes = [told.number for told in watcher.told["note"]]
        assert notes == list(range(notes[0], notes[0] + len(notes)))
        assert len(notes) > 300
        assert listener.stats().feed_left_out == 0


def test_events_and_notes_have_numbers_without_gaps():
    with watched() as (listener, publisher, watcher):
        for i in range(20):
            listener.caption(f"caption {i}")
        publisher.send("a", x=1.0)
        watcher.until_told("note", lambda told: told.note.stream == "a")
        note = watcher.told["note"][-1]
        assert note.note.onset_frame >= 0
        watcher.until(lambda: len(watcher.told["event"]) >= 20, "all events")
        assert [told.number for told in watcher.told["event"]] == list(range(1, 21))
        assert [told.sentence for told in watcher.told["event"]] == [
            f"caption {i}" for i in range(20)
        ]


def test_json_tells_the_same_as_messagepack():
    with (
        watched() as (listener, publisher, watcher),
        zmq.Context() as context,
        context.socket(zmq.SUB) as reader,
    ):
        reader.linger = 0
        reader.subscribe(b"json/")
        reader.connect(listener.feed_endpoint)
        publisher.send("a", {"x": 1.0, "nothing": float("nan"), "much": float("inf")})
        kinds = {}

        def all_kinds():
            watcher.read()
            while reader.poll(0):
                topic, _, payload = reader.recv().partition(b"\0")
                name = topic.decode().removeprefix("json/")
                kinds.setdefault(name, []).append(msgspec.json.decode(payload))
            return set(kinds) >= set(MESSAGE_TYPES) - {EVENT} and any(
                told["rows"] for told in kinds["streams"]
            )

        until(all_kinds, "each kind")
        (row, *_) = (row for told in kinds["streams"] for row in told["rows"])
        assert row["fields"] == {"x": 1.0, "nothing": None, "much": None}
        watcher.until(
            lambda: (
                {block.frame for block in watcher.told["audio"]}
                & {block["frame"] for block in kinds["audio"]}
            ),
            "the same block in both",
        )
        packed = {block.frame: block for block in watcher.told["audio"]}
        for block in kinds["audio"]:
            if block["frame"] in packed:
                again = msgspec.convert(block, type(packed[block["frame"]]), strict=False)
                assert again == packed[block["frame"]]


def test_what_can_be_steered_is_told_again_for_who_missed_it(monkeypatch):
    monkeypatch.setattr(module, "STATE_S", 0.2)
    with watched() as (_, _, watcher):
        watcher.until(lambda: len(watcher.told["state"]) > 3, "the same state again")
        first, *_, last = watcher.told["state"]
        assert (first.volume_db, first.muted) == (last.volume_db, last.muted)
        assert first.frame < last.frame


def test_a_newcomer_is_told_what_happened_before_he_came(tmp_path):
    nowhere = tmp_path / "no" / "take.wav"
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT, record=nowhere) as listener,
        contextlib.closing(Watched(listener.feed_endpoint)) as first,
    ):
        for number in range(module.MAX_PAST):
            listener.caption(f"caption {number}")
        first.until_told(EVENT, lambda told: told.sentence == f"caption {module.MAX_PAST - 1}")
        first.until_told(PAST)
        told = [*first.told[EVENT], *(one for past in first.told[PAST] for one in past.events)]
        assert any(isinstance(one.event, RecordingFailed) for one in told)
        listener.serve_page("http://127.0.0.1:1/")
        first.event(PageServed)
        with contextlib.closing(Watched(listener.feed_endpoint)) as second:
            past = second.until_told(PAST)
            assert [told.sentence for told in past.events[:-1]] == [
                f"caption {number}" for number in range(1, module.MAX_PAST)
            ]
            assert past.events[-1].event.url == "http://127.0.0.1:1/"
            assert second.state(lambda state: state.page_url).page_url == "http://127.0.0.1:1/"
            first.until(lambda: len(first.told[PAST]) > 1, "the past once more")
            mirror = Mirror()
            for topic in (EVENT, PAST):
                for message in first.told[topic]:
                    mirror.update(topic, message)
            numbers = sorted(told.number for told in mirror.events)
            assert numbers == list(range(1, module.MAX_PAST + 3))


def test_what_a_stream_plays_is_told_again_when_the_session_changes():
    with watched() as (listener, publisher, watcher):
        publisher.send("a", x=1.0)
        watcher.until_told("streams", lambda told: told.rows)
        listener.change_session("geiger")
        watcher.event(SessionChanged)
        frame = listener.engine.frame

        def told():
            rows = [row for told in watcher.told["streams"] for row in told.rows]
            return rows[-1].legend and rows[-1].legend[0].instrument == "click"

        watcher.until(told, "what it plays now")
        assert listener.engine.frame < frame + 5 * 44_100


def test_nothing_is_read_off_the_tap_for_nobody():
    with Listener(ANY_PORT, output="none", feed=ANY_PORT) as listener:
        until(lambda: listener.engine.frame > 4_410, "sound")
        assert not listener.engine.state["tap_on"]
        with FeedReader(listener.feed_endpoint, [AUDIO]) as reader:
            until(lambda: any(topic == AUDIO for topic, _ in reader.receive(0.1)), "sound")
            assert listener.engine.state["tap_on"]
        until(lambda: not listener.engine.state["tap_on"], "the tap to be closed")
        assert listener.stats().feed_readers == 0


def test_a_fault_in_a_turn_does_not_end_the_feed(caplog):
    with watched() as (listener, _, watcher):
        reporter = listener._views.feed._reporter
        state, reporter.state = reporter.state, lambda: 1 / 0
        until(lambda: listener.stats().faults > 3, "faults")
        count = len(watcher.told["audio"])
        watcher.until(lambda: len(watcher.told["audio"]) > count + 5, "sound all the same")
        reporter.state = state
        count = len(watcher.told["statistics"])
        watcher.until(lambda: len(watcher.told["statistics"]) > count, "statistics again")
    told = [line for line in caplog.messages if "the feed is left out: ZeroDivisionError" in line]
    assert len(told) == 1


def taken_after_a_free_one():
    """Return a socket that listens on a port before which there is a free one."""
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", taken.getsockname()[1] - 1)).close()
            return taken
        taken.close()


def test_a_port_after_the_feeds_that_is_in_use_is_explained_and_leaves_nothing_open():
    with taken_after_a_free_one() as taken:
        port = taken.getsockname()[1]
        feed = f"tcp://127.0.0.1:{port - 1}"
        threads = set(threading.enumerate())
        Listener(ANY_PORT, output="none", feed=ANY_PORT).stop()  # what stays of the first
        this = psutil.Process()
        until(lambda: threads.issuperset(threading.enumerate()), "threads of the first to end")
        descriptors, children = this.num_fds(), set(this.children())
        for wrong, words in (
            (feed, f"can't listen on tcp://127.0.0.1:{port}: .*--feed, whose next one takes"),
            (f"tcp://127.0.0.1:{port}", "the port is in use.* with --feed"),
            ("tcp://0.0.0.0:5571", "other machines reach it"),
            ("tcp://127.0.0.1:65535", "up to 65534"),
        ):
            with pytest.raises(StreamsonError, match=words):
                Listener(ANY_PORT, output="none", feed=wrong)
        assert threads.issuperset(threading.enumerate())
        assert children.issuperset(this.children())
        until(lambda: this.num_fds() <= descriptors, "descriptors to be closed")


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("tcp://0.0.0.0:5571", "streamson keys new"),
        ("tcp://*:5571", "streamson keys new"),
        ("udp://127.0.0.1:5571", 'the form is "tcp://HOST:PORT"'),
    ],
)
def test_a_feed_for_other_machines_takes_keys(tmp_path, endpoint, words):
    with contextlib.closing(Process(tmp_path, "--feed", endpoint)) as listening:
        assert listening.process.wait(60) == 2
        listening._reader.join()
    (line,) = [line for line in listening.lines if endpoint in line]
    assert words in line
    assert not any("Traceback" in line for line in listening.lines)


@pytest.mark.parametrize("kind", ["ipc", "[::1]"])
def test_a_feed_by_a_path_or_ipv6(tmp_path, kind):
    if kind == "[::1]":
        with socket.socket(socket.AF_INET6) as asked:
            if asked.connect_ex(("::1", 9)) == 99:
                pytest.skip("this machine has no IPv6")
    feed = "tcp://[::1]:*" if kind == "[::1]" else f"ipc://{tmp_path / 'feed'}"
    with (
        Listener(ANY_PORT, output="none", feed=feed) as listener,
        contextlib.closing(Watched(listener.feed_endpoint)) as watcher,
    ):
        watcher.until_told(AUDIO)
        assert watcher.call(Mute()).ok
        watcher.state(lambda state: state.muted)
        watcher.until_told("statistics", lambda told: told.feed_readers == 1)


class Hand:
    """A feed whose turns are taken by hand, on an engine that renders by hand."""

    def __init__(self):
        self.engine = Engine(44_100)
        self.tap = TapFanOut(self.engine)


def test_blocks_of_sound_have_one_length_and_the_last_has_what_is_left():
    hand = Hand()
    sound = SoundBlocks(hand.tap)
    assert sound.blocks() == []
    rendered = [hand.engine.render(frames) for frames in (100, 5_000, 1_234, 999)]
    blocks = sound.blocks()
    assert {len(samples_of(block)) for block in blocks} == {BLOCK_FRAMES}
    blocks += sound.blocks(to_the_end=True)
    first, heard = sound_of(blocks)
    expected = np.concatenate(rendered)
    assert first == 0
    assert np.array_equal(heard[: len(expected)], expected)
    sound.close()
    hand.engine.render(5_000)
    assert sound.blocks() == []  # from now on
    hand.engine.render(5_000)
    assert sound.blocks()[0].frame > 10_000


def test_blocks_after_what_is_missing_begin_at_their_own_frame():
    hand = Hand()
    sound = SoundBlocks(hand.tap)
    sound.blocks()
    for _ in range(30):  # more than the tap's ring has
        hand.engine.render(44_100)
    blocks = sound.blocks()
    frames = sum(len(samples_of(block)) for block in blocks)
    gaps = [
        after.frame - before.frame - len(samples_of(before))
        for before, after in itertools.pairwise(blocks)
    ]
    assert frames < 30 * 44_100
    assert all(gap >= 0 for gap in gaps)
    assert len(blocks) > 100


def test_the_level_is_that_of_the_sound():
    hand = Hand()
    meter = LevelMeter(hand.tap)
    assert meter.levels() == []
    hand.engine.render(8_820)
    assert {told.peak_dbfs + told.rms_dbfs for told in meter.levels()} == {(None,) * 4}
    hand.engine.play(Note(-1, 1.0, 44_100, 60.0, -12.0, -0.5, "sine", "a"))
    sound = hand.engine.render(44_100)
    levels = meter.levels()
    for channel in (0, 1):
        peaks = [told.peak_dbfs[channel] for told in levels if told.peak_dbfs[channel] is not None]
        assert max(peaks) == pytest.approx(20 * np.log10(np.abs(sound[:, channel]).max()), abs=0.01)
    steady = levels[len(levels) // 2]
    part = sound[steady.frame - 8_820 - 4_410 : steady.frame - 8_820]
    rms = 20 * np.log10(np.sqrt(np.mean(part.astype(float) ** 2, axis=0)))
    assert steady.rms_dbfs == pytest.approx(tuple(rms), abs=0.2)


def test_notes_and_events_that_nobody_takes_in_are_bounded_and_counted():
    publisher = FeedPublisher(ANY_PORT)
    feed = Feed(publisher, tap=Hand().tap, reporter=None, faults=Faults())
    for number in range(module.MAX_WAITING + 7):
        feed.on_event(Caption(frame=number, text=""))
    assert feed.left_out == 7
    feed.close()
    feed.close()


def test_a_listener_without_a_feed_has_none():
    with Listener(ANY_PORT, output="none") as listener:
        stats = listener.stats()
        assert (listener.feed_endpoint, stats.feed_readers, stats.commands) == (None, 0, 0)
        assert not [t for t in threading.enumerate() if t.name in ("feed", "commands")]


def test_its_end_is_seen_and_it_is_found_again(tmp_path):
    with Listener(ANY_PORT, output="none", feed=ANY_PORT) as listener:
        feed = listener.feed_endpoint
        watcher = Watched(feed)
        watcher.until_told("hello")
    with contextlib.closing(watcher):
        watcher.read()
        watcher.told["hello"].clear()
        watcher.told[STATE].clear()
        with Listener(ANY_PORT, output="none", feed=feed) as listener:
            assert watcher.until_told("hello").endpoint == listener.endpoint
            watcher.until_told(STATE)
            watcher.until_told(LEVEL)
            assert watcher.call(Mute()).ok
