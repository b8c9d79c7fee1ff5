"""``streamson watch --midi`` and ``--osc``: a real listener, real receivers, each a process."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter

import psutil
import pytest

from streamson import Listener, Publisher
from streamson.live.midi.port import choose_port
from streamson.live.midi.port_process import PortProcess, list_ports_apart
from streamson.model.command import MuteStream
from streamson.model.feed import NOTE
from streamson.session.load import parse_session
from streamson.wire.control.client import CommandClient
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import JackServer, free_endpoint, until
from tests.live.midi_receiver import MidiReceiver

ANY_PORT = "tcp://127.0.0.1:*"
WATCH = ("watch", "--delay", "150ms")
CENT = 0.01
TUNE = b"""
[grid]
tempo = 120
[[part]]
instrument = "bell"
timing = "grid"
subdivision = 4
pitch = { field = "note", unit = "midi" }
duration = { value = 0.2 }
pan = { field = "pan", low = -1, high = 1, rescale = { mode = "fixed", range = [-1, 1] } }
"""
DRONE = b"""
[[part]]
instrument = "organ"
articulation = "continuous"
hold = 60
glide = 0.2
pitch = { field = "note", unit = "midi" }
"""
DENSE = b"""
[[part]]
instrument = "bell"
timing = "event"
pitch = { field = "note", unit = "midi" }
duration = { value = 0.05 }
"""


@pytest.fixture
def play():
    """Start a listener in this process, and return it with a publisher to it."""
    playing = []

    def start(session=TUNE, **more):
        told = {"output": "none", "feed": ANY_PORT} | more
        listener = Listener(ANY_PORT, session=parse_session(session, "out.toml"), **told)
        listener.start()
        publisher = Publisher(listener.endpoint)
        playing.extend([publisher.close, listener.stop])
        assert publisher.wait_for_listener(20)
        return listener, publisher

    yield start
    for end in playing:
        end()


@pytest.fixture(scope="module")
def jack():
    """A JACK server, which has MIDI where there is no ALSA; late clients lose no message."""
    if shutil.which("jackd") is None:
        missing = "jackd (Debian: jackd2) is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    server = JackServer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", server.name)
        patch.setenv("JACK_NO_START_SERVER", "1")
        server.start()
        yield server
        server.close()


@pytest.fixture
def synth(jack):
    with MidiReceiver() as receiver:
        yield receiver


def send(publisher, pitches, stream="tune", pause_s=0.13):
    for number, pitch in enumerate(pitches):
        publisher.send(stream, note=pitch, pan=number % 3 - 1)
        time.sleep(pause_s)


def notes_told(reader, count):
    found = []

    def told():
        found.extend(message.note for topic, message in reader.receive(0.05) if topic == NOTE)
        return len(found) >= count

    until(told, f"{count} notes")
    return found


PITCHES = [60.0, 60.5, 71.25, 48.1, 66.66, 90.9, 35.35, 60.0]


def test_what_is_played_arrives_in_rhythm_and_in_tune_on_a_midi_port(play, synth, start):
    listener, publisher = play()
    watch = start(*WATCH, listener.feed_endpoint, "--midi", "synth")
    watch.await_line("Playing MIDI to synth:in.")
    with FeedReader(listener.feed_endpoint, [NOTE]) as reader:
        reader.wait_for_hello(10)
        until(lambda: synth.clock, "the clock")
        send(publisher, PITCHES)
        told = notes_told(reader, len(PITCHES))
    synth.await_notes(len(PITCHES))
    until(lambda: not synth.sounding, "the end of all notes")
    for note, heard in zip(told, synth.notes, strict=True):
        assert heard.pitch == pytest.approx(note.midi_note, abs=0.3 * CENT)
        assert heard.end_s - heard.onset_s == pytest.approx(note.duration_s, abs=0.1)
        assert heard.program == 14  # the bell's: tubular bells
    # The listener's clock and the receiver's are one here: both are this machine's.
    lags = [
        heard.onset_s - note.onset_frame / 44_100
        for note, heard in zip(told, synth.notes, strict=True)
    ]
    middle = sorted(lags)[len(lags) // 2]
    near = [lag for lag in lags if abs(lag - middle) < 0.02]
    assert len(near) >= len(lags) - 2, lags  # some 2 ms where nothing else runs
    assert max(Counter(note.channel for note in synth.notes).values()) == 1
    # A note of the grid is on a tick: 24 a beat, four notes.
    ticks = [at_s for at_s, kind in synth.clock if kind == 0xF8]
    off = [min(abs(at_s - note.onset_s) for at_s in ticks) for note in synth.notes]
    assert sorted(off)[len(off) // 2] < 0.008
    code, _, err = watch.end()
    assert code == 130
    assert f"MIDI to synth:in: {len(PITCHES)} notes\n" in err
    until(lambda: synth.clock[-1][1] == 0xFC, "the clock's stop")


@pytest.mark.parametrize("how", ["interrupt", "terminate", "mute", "mute_stream"])
def test_no_note_hangs(play, synth, start, how):
    listener, publisher = play(DRONE)
    watch = start(*WATCH, listener.feed_endpoint, "--midi", "synth")
    watch.await_line("Playing MIDI")
    publisher.send("tune", note=60.5)
    publisher.send("other", note=40.0)
    until(lambda: synth.sounding == 2, "two voices")
    if how == "mute":
        listener.mute()
    elif how == "mute_stream":
        with CommandClient(control_endpoint(listener.feed_endpoint)) as client:
            assert client.call(MuteStream(stream="tune", muted=True)).ok
        until(lambda: synth.sounding == 1, "silence of one", 5)
        assert [note.pitch for note in synth.notes if note.end_s is None] == [40.0]
        return
    else:
        begin = time.monotonic()
        code, _, _ = watch.end(signal.SIGINT if how == "interrupt" else signal.SIGTERM)
        assert code == (130 if how == "interrupt" else 143)
        assert time.monotonic() - begin < 3
    until(lambda: not synth.sounding, "silence", 5)


def test_what_is_sent_last_arrives_though_an_answer_was_not_waited_for(synth):
    others = psutil.Process().children()
    port = PortProcess(choose_port("synth", list_ports_apart()))
    (process,) = set(psutil.Process().children()) - set(others)
    assert port.is_there()  # asks, too, and what is answered waits from then on
    port.send(bytes([0x91, 60, 64]))
    port.send(bytes([0x92, 62, 64]))
    synth.await_notes(2)
    port.send(bytes([0x81, 60, 0]))
    until(lambda: synth.sounding == 1, "the end of one, by when the answer is there")
    process.suspend()  # a busy machine
    port.send(bytes([0x82, 62, 0]))
    threading.Timer(0.2, process.resume).start()
    port.close()
    until(lambda: not synth.sounding, "the end of the other")
    # Of a client that died, not closed, the server knows after 20 s; until then it answers nobody.
    assert any("synth" in found.name for found in list_ports_apart())


def test_a_listener_that_is_killed_leaves_no_note_and_is_found_again(synth, start, tmp_path):
    (tmp_path / "drone.toml").write_bytes(DRONE)
    points, feed = free_endpoint(), free_endpoint()
    words = ("--bind", points, "--feed", feed, "--output", "none", "--plain")
    listener = start("listen", *words, "--session", "drone.toml")
    listener.await_line("Playing")
    watch = start(*WATCH, feed, "--midi", "synth")
    watch.await_line("Playing MIDI")
    with Publisher(points) as publisher:
        publisher.send("tune", note=60.5)
        until(lambda: synth.sounding, "a voice")
        listener.kill()
        until(lambda: not synth.sounding, "silence")
        listener = start("listen", *words, "--session", "drone.toml")
        listener.await_line("Playing")
        until(lambda: publisher.send("tune", note=61.5) or len(synth.notes) > 1, "a note again")
    assert watch.end()[0] == 130


def test_a_port_that_goes_is_waited_for(play, jack, start):
    listener, publisher = play()
    with MidiReceiver() as synth:
        watch = start(*WATCH, listener.feed_endpoint, "--midi", "SYNTH")
        watch.await_line("Playing MIDI")
        send(publisher, [60.0])
        synth.await_notes(1)
    watch.await_line("the MIDI port synth:in has gone; it is waited for")
    with MidiReceiver() as synth:
        watch.await_line("the MIDI port synth:in is back")
        send(publisher, [60.5])
        synth.await_notes(1)
        assert synth.notes[0].pitch == pytest.approx(60.5, abs=0.3 * CENT)
        assert synth.parameters[0, (0, 6)] == 15
        assert watch.end()[0] == 130


def test_a_ports_process_that_dies_is_replaced(play, synth, start):
    listener, publisher = play()
    watch = start(*WATCH, listener.feed_endpoint, "--midi", "synth")
    watch.await_line("Playing MIDI")
    send(publisher, [60.0])
    synth.await_notes(1)
    (child,) = psutil.Process(watch.pid).children()
    child.kill()
    send(publisher, [62.0])
    watch.await_line("the MIDI port synth:in ")
    watch.await_line("the MIDI port synth:in is back")
    before = len(synth.notes)
    until(lambda: publisher.send("tune", note=64.0) or len(synth.notes) > before, "a note again")
    assert watch.end()[0] == 130


@pytest.mark.parametrize("wanted", ["synth", "virtual"])
def test_a_server_that_dies_amid_dense_notes_holds_nothing_up(play, monkeypatch, start, wanted):
    server = JackServer()
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    server.start(synchronous=False)
    listener, publisher = play(DENSE)
    with MidiReceiver() as synth, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as osc:
        osc.bind(("127.0.0.1", 0))
        osc.setblocking(False)

        def dense(condition, what):
            def sent():
                publisher.send("tune", note=60.0 + next(numbers) % 7)
                return condition()

            until(sent, what, every_s=0.003)

        def is_heard_as_osc():
            with contextlib.suppress(BlockingIOError):
                while b"/streamson/note" not in osc.recv(65_536):
                    pass
                return True
            return False

        numbers = itertools.count()
        place = "{}:{}".format(*osc.getsockname())
        watch = start(*WATCH, listener.feed_endpoint, "--midi", wanted, "--osc", place)
        watch.await_line("Playing MIDI")
        dense(is_heard_as_osc, "a note")
        if wanted == "synth":
            synth.await_notes(1)
        server.kill()
        # RtMidi's queue is full after two seconds of that.
        gone = time.monotonic()
        dense(lambda: time.monotonic() > gone + 4, "four seconds")
        watch.await_line("has gone; it is waited for")
        with contextlib.suppress(BlockingIOError):
            while osc.recv(65_536):
                pass
        dense(is_heard_as_osc, "a note to others")
    server.start(synchronous=False)
    with MidiReceiver():
        watch.await_line("is back")
        assert watch.end()[0] == 130
    server.close()


def test_others_connect_to_a_virtual_port(play, synth, start):
    import jack

    listener, publisher = play()
    watch = start(*WATCH, listener.feed_endpoint, "--midi", "virtual")
    watch.await_line("Playing MIDI to streamson:notes.")
    client = jack.Client("hands", no_start_server=True)
    client.connect("streamson:notes", "synth:in")
    client.close()
    send(publisher, [60.0])
    synth.await_notes(1)
    assert watch.end()[0] == 130


def test_ports_are_listed(jack, run):
    done = run("watch", "--midi", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No MIDI port was found" in done.stderr
    with MidiReceiver("syn\x07th"):
        done = run("watch", "--midi", "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "  0  syn\\x07th:in\n", "")


LINE = re.compile(r"(?P<time>[0-9a-f]{8}\.[0-9a-f]{8}) /streamson/note ssfffffifffi (?P<rest>.*)")


PARTS = re.compile(r'"(.*?)" |(\S+)')


@pytest.fixture
def oscdump():
    """liblo's receiver, and what it printed."""
    if shutil.which("oscdump") is None:
        missing = "oscdump (Debian: liblo-tools) is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    port = free_endpoint().rpartition(":")[2]
    with subprocess.Popen(["oscdump", "-L", port], stdout=subprocess.PIPE, text=True) as process:
        yield port, process.stdout
        process.kill()


def read_until(stream, words):
    """Return lines up to one with these words."""
    found = []
    for line in stream:
        found.append(line.rstrip("\n"))
        if words in line:
            return found
    pytest.fail(f"no {words!r} in {found}")


def test_what_is_played_arrives_as_osc(play, oscdump, start):
    port, received = oscdump
    listener, publisher = play()
    watch = start(*WATCH, listener.feed_endpoint, "--osc", port)
    watch.await_line(f"Playing OSC to 127.0.0.1:{port}.")
    assert read_until(received, "/streamson/state")[-1].endswith(
        '/streamson/state iifs 1 0 -3.000000 "out.toml"'
    )
    pitches = 2 * PITCHES  # in that time, what the clock is believed to say has become better
    with FeedReader(listener.feed_endpoint, [NOTE]) as reader:
        reader.wait_for_hello(10)
        send(publisher, pitches, stream="/a/*[b")
        told = notes_told(reader, len(pitches))
    listener.caption("Hear this.")
    publisher.send("end", note=1.0, pan=0.0)
    lines = read_until(received, '/streamson/note ssfffffifffi "end"')
    notes = [found for line in lines if (found := LINE.fullmatch(line)) and "/a/" in found["rest"]]
    assert len(notes) == len(told)
    times = []
    for found, note in zip(notes, told, strict=True):
        stream, instrument, *values = PARTS.findall(found["rest"])
        assert stream[0] == "/a/*[b"
        assert instrument[0] == "bell"
        numbers = [float(value) for _, value in values]
        wanted = [note.midi_note, note.level_db, note.duration_s, note.pan, note.brightness]
        assert numbers[:5] == pytest.approx(wanted, abs=1e-4)
        seconds, fraction = found["time"].split(".")
        times.append(int(seconds, 16) + int(fraction, 16) / 2**32)
    lags = [at_s - note.onset_frame / 44_100 for at_s, note in zip(times, told, strict=True)]
    assert max(lags) - min(lags) < 0.03
    assert max(lags[-4:]) - min(lags[-4:]) < 0.006
    assert any('/streamson/event ssss "caption" "" "" "Hear this."' in line for line in lines)
    assert any("/streamson/stream ssiisd" in line and '"live" 1 1' in line for line in lines)
    code, _, err = watch.end()
    assert code == 130
    assert f"OSC to 127.0.0.1:{port}: {len(pitches) + 1} notes\n" in err
    assert read_until(received, "/streamson/state iifs 0 1")


def test_notes_go_out_both_ways_at_once_from_a_feed_that_asks_for_keys(
    synth, oscdump, start, run, tmp_path, monkeypatch
):
    port, received = oscdump

    def be(who):
        monkeypatch.setenv("STREAMSON_KEYS", str(tmp_path / who))

    be("ear")
    key = run("keys", "new").stdout.split()[4]
    be("home")
    run("keys", "new")
    run("keys", "allow", "ear", key, "--hear")
    points = free_endpoint()
    listener = start(
        *("listen", "--keys", "--feed", ANY_PORT, "--bind", points, "--output", "none", "--plain")
    )
    feed = listener.await_line("Feed on").split()[2].rstrip(".")
    listener.await_line("Playing")
    be("ear")
    watch = start(*WATCH, feed, "--midi", "0", "--osc", f"localhost:{port}")
    watch.await_line("Playing MIDI")
    be("home")
    producer = start("produce", "eta", "--endpoint", points + "#" + feed.partition("#")[2])
    synth.await_notes(1)
    read_until(received, "/streamson/note")
    assert watch.end()[0] == 130
    assert producer.end()[0] == 130


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--osc", "nowhere"), 2, "--osc: found 'nowhere'; [HOST:]PORT is allowed"),
        (("--osc", "\x1b[2J:x"), 2, r"--osc: found '\x1b[2J:x'"),
        (("--osc", "no.such.invalid:9"), 1, "--osc: can't send to no.such.invalid:9: "),
        (("--osc", "9", "--delay", "11s"), 2, "--delay: found 11 s; up to 10 s are allowed"),
        (("--delay", "1s"), 2, "--delay is for --midi and --osc, and neither is there"),
        (("--midi", "list", "--osc", "9"), 2, "--midi list prints the ports, and takes no other"),
        (("--midi", "synthe"), 2, "--midi: found 'synthe'; no port has that. A number, a part"),
        (("--midi", "7"), 2, "--midi: found '7'; no port has that"),
        (("--speak", "--voice", "martian"), 2, "--voice: found"),
    ],
)
def test_wrong_use_is_told_in_a_line_before_a_listener_is_looked_for(synth, run, words, code, told):
    done = run("watch", free_endpoint(), *words)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"streamson: {told}")
    assert "\x1b" not in done.stderr


def test_where_nobody_is_the_port_is_given_back_and_nothing_else_is_said(synth, run):
    endpoint = free_endpoint()
    done = run("watch", endpoint, "--midi", "synth", "--osc", "9")
    assert done.returncode == 1
    assert done.stderr.startswith(f"streamson: no listener tells anything on {endpoint}")
    assert synth.parameters[0, (0, 6)] == 15


def test_where_there_is_no_midi_it_says_what_to_do(run, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    done = run("watch", "--midi", "synth")
    virtual = run("watch", "--midi", "virtual")
    assert done.returncode == 2
    assert done.stderr == (
        "streamson: --midi: found 'synth', and there is no MIDI port on this machine. Start the "
        "instrument first, or make a port that it connects to: --midi virtual\n"
    )
    assert virtual.returncode == 1
    assert "neither ALSA's sequencer (/dev/snd/seq) nor a JACK server is there" in virtual.stderr
