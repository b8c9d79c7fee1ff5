"""Commands to a listener: each changes what it says, answers with what is true, and is told."""

import logging
import threading
import time

import msgspec
import pytest
import zmq

from streamson import Listener
from streamson.errors import StreamsonError
from streamson.model.command import (
    Acknowledge,
    ChangeSession,
    HearAll,
    Mute,
    MuteStream,
    SetVolume,
    Snapshot,
    SoloStream,
    StartRecording,
    StopRecording,
)
from streamson.model.event.recordings import RecordingEnded, RecordingStarted
from streamson.model.event.steering import SessionChanged, StreamMuted, StreamSoloed, VolumeChanged
from streamson.model.feed import FEED_VERSION
from streamson.model.instrument import Instrument
from streamson.session.load import load_session, parse_session
from streamson.wire.control.client import CommandClient
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import until
from tests.listener.watching import ANY_PORT, watched


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A listener that plays two streams."""
    monkeypatch.chdir(tmp_path)
    with watched() as (listener, publisher, watcher):
        for stream in ("host/a", "host/b"):
            publisher.send(stream, x=1.0)
        watcher.until(lambda: listener.stats().streams == 2, "two streams")
        yield listener, publisher, watcher


def test_the_volume(two):
    _, _, watcher = two
    answer = watcher.call(SetVolume(volume_db=-12))
    assert (answer.text, answer.result["volume_db"]) == ("volume -12 dB", -12)
    assert watcher.event(VolumeChanged).volume_db == pytest.approx(-12)
    watcher.state(lambda state: state.volume_db == -12)


def test_silence_and_back(two):
    _, _, watcher = two
    answer = watcher.call(Mute())
    assert (answer.text, answer.result["muted"]) == ("muted", True)
    assert watcher.event(VolumeChanged, lambda event: event.volume_db is None)
    watcher.state(lambda state: state.muted)
    answer = watcher.call(SetVolume(volume_db=-20))
    assert answer.text == "volume -20 dB, once it is not muted"
    assert (answer.result["muted"], answer.result["volume_db"]) == (True, -20)
    answer = watcher.call(Mute(muted=False))
    assert (answer.text, answer.result["muted"]) == ("volume -20 dB", False)
    assert watcher.event(VolumeChanged, lambda event: event.volume_db == pytest.approx(-20))
    watcher.state(lambda state: not state.muted and state.volume_db == -20)


def row_of(watcher, stream, fits):
    """Read until a stream's row is as it should be."""

    def found():
        rows = [row for told in watcher.told["streams"] for row in told.rows if row.name == stream]
        return rows and fits(rows[-1])

    watcher.until(found, f"the row of {stream}")


def test_a_stream_is_muted_and_heard_again(two):
    _, _, watcher = two
    answer = watcher.call(MuteStream(stream="host/a"))
    assert (answer.text, answer.result["muted_streams"]) == ("host/a: muted", ["host/a"])
    assert watcher.event(StreamMuted).muted is True
    row_of(watcher, "host/a", lambda row: row.muted and not row.heard)
    row_of(watcher, "host/b", lambda row: not row.muted and row.heard)
    assert watcher.call(MuteStream(stream="host/a")).ok  # it is
    answer = watcher.call(MuteStream(stream="host/a", muted=False))
    assert (answer.text, answer.result["muted_streams"]) == ("host/a: not muted", [])
    row_of(watcher, "host/a", lambda row: not row.muted and row.heard)


def test_streams_are_soloed_heard_alone_and_all_again(two):
    _, _, watcher = two
    answer = watcher.call(SoloStream(stream="host/a"))
    assert (answer.text, answer.result["soloed_streams"]) == ("host/a: soloed", ["host/a"])
    assert watcher.event(StreamSoloed).streams == ("host/a",)
    row_of(watcher, "host/b", lambda row: not row.heard)
    watcher.call(SoloStream(stream="host/b"))
    assert watcher.call(Snapshot()).result["state"]["soloed_streams"] == ["host/a", "host/b"]
    watcher.call(SoloStream(stream="host/b", alone=True))
    assert watcher.call(Snapshot()).result["state"]["soloed_streams"] == ["host/b"]
    row_of(watcher, "host/b", lambda row: row.soloed and row.heard)
    watcher.call(MuteStream(stream="host/a"))
    answer = watcher.call(HearAll())
    assert answer.text == "no stream is muted or soloed"
    assert (answer.result["soloed_streams"], answer.result["muted_streams"]) == ([], [])
    assert watcher.event(StreamSoloed, lambda event: not event.streams)
    assert watcher.event(StreamMuted, lambda event: not event.muted).stream == "host/a"
    assert watcher.call(SoloStream(stream="host/a", soloed=False)).text == "host/a: not soloed"


def test_what_can_not_be_is_refused_and_changes_nothing(two):
    listener, _, watcher = two
    before = watcher.call(Snapshot()).result["state"]
    refusals = {
        MuteStream(stream="host/c"): 'there is no stream "host/c"; did you mean "host/',
        MuteStream(stream="\x1b[2J"): r'there is no stream "\x1b[2J"',
        SoloStream(stream="x" * 200): "there is no stream",
        SoloStream(stream="host/a", soloed=False, alone=True): "alone is for",
        Acknowledge(): "there is no alert",
        StopRecording(): "nothing is being recorded",
        ChangeSession(name="/etc/passwd"): 'session "/etc/passwd"; allowed: original, article',
        ChangeSession(name="dron"): 'did you mean "drone"?',
        ChangeSession(name=""): "allowed: original",
        ChangeSession(name="../x.toml"): "allowed: original",
    }
    for command, words in refusals.items():
        assert words in watcher.refused(command)
    after = watcher.call(Snapshot()).result["state"]
    changing = {"frame", "time"}
    assert {k: v for k, v in before.items() if k not in changing} == {
        k: v for k, v in after.items() if k not in changing
    }
    stats = listener.stats()
    assert (stats.commands, stats.commands_refused) == (2, len(refusals))


def test_the_session_is_changed_and_that_of_the_start_comes_back(two):
    _, _, watcher = two
    watcher.call(MuteStream(stream="host/a"))
    answer = watcher.call(ChangeSession(name="geiger"))
    assert answer.text == "geiger: in force from the next points on"
    assert watcher.event(SessionChanged).name == "geiger"
    state = watcher.state(lambda state: state.session == "geiger")
    assert state.muted_streams == ("host/a",)  # goes on
    row_of(
        watcher,
        "host/b",
        lambda row: row.legend is not msgspec.UNSET and row.legend[0].instrument == "click",
    )
    watcher.call(ChangeSession(name="original"))
    assert watcher.event(SessionChanged, lambda event: event.number == 3).name == "default"
    watcher.state(lambda state: state.session == "default" and state.muted_streams == ("host/a",))


def test_the_original_session_is_what_its_file_says_since(two):
    listener, _, watcher = two
    edited = parse_session(b"[[part]]\ninstrument = 'bell'\n", "edited.toml")
    listener.change_session(edited)
    watcher.event(SessionChanged, lambda event: event.name == "edited.toml")
    watcher.call(ChangeSession(name="geiger"))
    watcher.event(SessionChanged, lambda event: event.name == "geiger")
    watcher.call(ChangeSession(name="original"))
    watcher.event(SessionChanged, lambda event: event.number == 4)
    watcher.until(lambda: watcher.told["state"][-1].session == "edited.toml", "the original")


def test_a_session_that_can_not_be_taken_is_refused_by_an_event(monkeypatch):
    with watched() as (_, _, watcher):
        session = msgspec.structs.replace(
            load_session("drone"), instruments={f"i{i}": Instrument() for i in range(600)}
        )
        monkeypatch.setattr("streamson.listener.steering.load_session", lambda name: session)
        assert watcher.call(ChangeSession(name="drone")).ok
        watcher.until(
            lambda: any("nothing changes" in m.sentence for m in watcher.told["event"]),
            "the refusal",
        )
        assert watcher.call(Snapshot()).result["state"]["session"] == "default"


def test_a_recording_is_begun_and_finished(two):
    _, _, watcher = two
    path = watcher.call(StartRecording()).result["recording"]
    assert watcher.event(RecordingStarted).path == path
    assert watcher.call(StopRecording()).result["recording"] is None
    assert watcher.event(RecordingEnded).path == path


def test_a_snapshot_tells_all_that_is_known(two):
    listener, _, watcher = two
    result = watcher.call(Snapshot()).result
    assert set(result) == {"hello", "state", "statistics", "streams"}
    assert result["hello"]["version"] == FEED_VERSION
    assert result["hello"]["endpoint"] == listener.endpoint
    assert result["statistics"]["points_received"] == 2
    assert result["statistics"]["feed_readers"] == 1
    assert [row["name"] for row in result["streams"]] == ["host/a", "host/b"]
    assert result["streams"][0]["legend"][0]["follows"][0]["parameter"] == "pitch"
    assert result["streams"][0]["fields"] == {"x": 1}


def test_a_snapshot_of_many_streams_with_long_names_can_be_read():
    with watched() as (listener, publisher, watcher):
        names = [f"{i:04}" + "\N{SMILING FACE WITH SUNGLASSES}" * 196 for i in range(300)]
        for name in names:
            publisher.send(name, {f"{k}" + "ß" * 190: float(k) for k in range(8)})
        watcher.until(lambda: listener.stats().streams == len(names), "all streams")
        answer = watcher.call(Snapshot())
        assert answer.result["statistics"]["streams"] == len(names)
        assert 100 < len(answer.result["streams"]) < len(names)
        encoded = len(msgspec.json.encode(answer))
        assert 900_000 < encoded < 1_100_000
        rows = {row.name for told in watcher.told["streams"] for row in told.rows}
        watcher.until(
            lambda: (
                rows.update(r.name for told in watcher.told["streams"] for r in told.rows)
                or len(rows) == len(names)
            ),
            "all rows on the feed",
        )


def test_snapshots_without_end_cost_little():
    with watched() as (listener, publisher, watcher):
        for i in range(500):
            publisher.send(f"s{i}", x=float(i))
        watcher.until(lambda: listener.stats().streams == 500, "all streams")
        watcher.call(Snapshot())
        begin, used = time.monotonic(), threads_cpu_s("commands")
        for _ in range(40):
            assert len(watcher.call(Snapshot()).result["streams"]) == 500
        elapsed = time.monotonic() - begin
        # Of each, encoding is left: a millisecond or two.
        assert threads_cpu_s("commands") - used < max(0.4, 0.4 * elapsed)


def threads_cpu_s(name):
    """Return the processor time of this process's threads of a name."""
    found = 0.0
    for thread in threading.enumerate():
        if thread.name == name:
            found += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return found


def test_a_solo_ends_where_its_stream_is_forgotten():
    session = load_session("sensor")
    streams = msgspec.structs.replace(session.streams, forget_after=1.0)
    session = msgspec.structs.replace(session, streams=streams)
    with watched(session=session) as (listener, publisher, watcher):
        publisher.send("short", x=1.0)
        publisher.send("long", x=1.0)
        watcher.until(lambda: listener.stats().streams == 2, "two streams")
        watcher.call(SoloStream(stream="short"))
        watcher.call(MuteStream(stream="short"))

        def gone():
            publisher.send("long", x=1.0)
            return watcher.told["state"] and not watcher.told["state"][-1].soloed_streams

        watcher.state(lambda state: state.soloed_streams)
        watcher.until(gone, "the solo to end")
        assert watcher.event(StreamSoloed, lambda event: not event.streams)
        assert watcher.told["state"][-1].muted_streams == ("short",)
        watcher.until_told("streams", lambda told: "short" in told.gone)
        row_of(watcher, "long", lambda row: row.heard)
        assert "there is no stream" in watcher.refused(SoloStream(stream="short"))
        assert watcher.call(MuteStream(stream="short", muted=False)).ok  # nobody is locked out
        assert "there is no stream" in watcher.refused(MuteStream(stream="short"))


def test_json_by_req_as_any_language_has_it():
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT) as listener,
        zmq.Context() as context,
        context.socket(zmq.REQ) as request,
    ):
        request.linger = 0
        request.connect(control_endpoint(listener.feed_endpoint))
        request.send(b'{"command": "volume", "volume_db": -6, "id": "mine"}')
        assert request.poll(5_000)
        answer = msgspec.json.decode(request.recv())
        assert (answer["ok"], answer["id"], answer["text"]) == (True, "mine", "volume -6 dB")
        assert answer["result"]["volume_db"] == -6
        request.send(b"{")
        assert request.poll(5_000)
        assert msgspec.json.decode(request.recv())["ok"] is False


def test_a_fault_ends_no_listener_and_is_answered(caplog):
    with watched() as (listener, _, watcher):
        listener._steering._alerts.acknowledge = None  # as wrong as a program can be
        assert "failed to do that" in watcher.refused(Acknowledge())
        assert watcher.call(Mute()).ok
        assert listener.stats().faults == 1
    assert "a command is left out: TypeError" in caplog.text


def test_it_ends_while_somebody_steers():
    listener = Listener(ANY_PORT, output="none", feed=ANY_PORT).start()
    endpoint, answers = control_endpoint(listener.feed_endpoint), []

    def steer():
        with CommandClient(endpoint) as client:
            while True:
                try:
                    answers.append(client.call(Mute(muted=len(answers) % 2 == 0), timeout_s=1))
                except StreamsonError:
                    return

    thread = threading.Thread(target=steer)
    thread.start()
    until(lambda: len(answers) > 5, "answers")
    begin = time.monotonic()
    listener.stop()
    assert time.monotonic() - begin < 2
    thread.join()
    assert all(answer.ok or "more than" in answer.text for answer in answers)


@pytest.mark.parametrize("times", [1, 2])
def test_it_can_be_stopped_before_it_began_and_again(times, caplog):
    listener = Listener(ANY_PORT, output="none", feed=ANY_PORT)
    for _ in range(times):
        listener.stop()
    with Listener(ANY_PORT, output="none", feed=listener.feed_endpoint) as second:
        with CommandClient(control_endpoint(second.feed_endpoint)) as client:
            assert client.call(Mute()).ok
        second.stop()
        second.stop()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_nothing_is_answered_before_it_begins_and_everything_after():
    listener = Listener(ANY_PORT, output="none", feed=ANY_PORT)
    with CommandClient(control_endpoint(listener.feed_endpoint)) as client:
        with pytest.raises(StreamsonError, match="no answer"):
            client.call(Mute(), timeout_s=0.2)
        listener.start()
        assert client.call(Mute(muted=False), timeout_s=5).ok
    listener.stop()
