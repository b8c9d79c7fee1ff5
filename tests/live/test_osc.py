"""What is told by OSC: types and sizes hold whatever names and values are."""

import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from streamson.errors import StreamsonError, UsageError
from streamson.live.osc.address import OscAddress, parse_address, resolve
from streamson.live.osc.messages import MAX_DATAGRAM_BYTES, OscMessages
from streamson.live.osc.sender import MAX_STREAMS_A_SECOND, OscSender
from streamson.live.outlet.frame_clock import FrameClock
from streamson.model.event.streams import StreamRecovered
from streamson.model.feed import EventTold, Streams
from streamson.model.note import Note
from streamson.score.attention.bed import FIRST_KEY
from tests.conftest import until
from tests.live import made_up

NTP_EPOCH_S = 2_208_988_800
texts = st.text(st.characters(codec="utf-8"), max_size=400)
numbers = st.floats(allow_nan=True, allow_infinity=True)
small = st.floats(-1e6, 1e6, width=32)


@given(
    st.builds(
        Note,
        onset_frame=st.integers(0, 2**40),
        duration_s=small,
        duration_frames=st.just(1),
        midi_note=small,
        level_db=small,
        pan=small,
        instrument=texts,
        stream=texts,
        held_key=st.integers(0, 2**62),
    ),
    st.floats(0, 4e9),
)
def test_a_note_is_a_bundle_for_its_time(note, time_s):
    data = OscMessages().note(note, 0.5, time_s)
    assert len(data) <= MAX_DATAGRAM_BYTES
    bundle = OscBundle(data)
    era_s = (time_s + NTP_EPOCH_S) % 2**32 - NTP_EPOCH_S  # it ends in 2036
    assert bundle.timestamp == pytest.approx(era_s, abs=1e-3)
    (message,) = bundle
    assert message.address == "/streamson/note"
    stream, instrument, *values = message
    assert stream.isprintable()
    assert instrument.isprintable()
    told = [note.midi_note, note.level_db, note.duration_s, note.pan, note.brightness]
    assert values[:5] == pytest.approx(told)
    assert values[6] == 0.5


@given(st.integers(1, 2**30), st.integers(0, 1_000))
def test_a_held_voice_has_a_number_of_its_own_whoever_holds_it(of_part, seat):
    def number(key):
        held = Note(0, 1.0, 1, 60.0, -20.0, 0.0, "glass", "a", held_key=key)
        (message,) = OscBundle(OscMessages().note(held, 0.0, 0.0))
        return list(message)[7]

    assert number(of_part) == of_part
    assert number(FIRST_KEY + seat) not in {0, of_part, number(FIRST_KEY + seat + 1)}


@given(texts, st.lists(st.tuples(texts, st.dictionaries(texts, numbers, max_size=40)), max_size=12))
def test_streams_and_events_fit_in_datagrams(sentence, told):
    messages = OscMessages()
    rows = [made_up.row(name, fields=fields) for name, fields in told]
    found = []
    for data in messages.streams(rows):
        assert len(data) <= MAX_DATAGRAM_BYTES
        found += list(OscBundle(data))
    assert len(found) == len(rows)
    for message, row in zip(found, rows, strict=True):
        assert message.address == "/streamson/stream"
        name, state, heard, front, *fields = message
        assert (state, heard, front) == ("live", 1, 1)
        assert name.isprintable()
        values = list(row.fields.values())[:16]
        assert [math.isnan(value) for value in fields[1::2]] == [math.isnan(one) for one in values]
    event = StreamRecovered(frame=0, name=sentence, silent_s=3.0)
    data = messages.event(EventTold(number=1, time=0.0, sentence=sentence, event=event))
    assert len(data) <= MAX_DATAGRAM_BYTES
    assert next(iter(OscMessage(data))) == "stream_recovered"


def test_long_names_end_in_dots():
    (data,) = OscMessages().streams([made_up.row("é" * 200)])
    (message,) = OscBundle(data)
    assert message.params[0] == "é" * 98 + "..."


def test_of_very_many_streams_some_are_left_out():
    receiver = OscAddress("127.0.0.1", 9)
    sender = OscSender(receiver)
    sender.begin(made_up.hello(), FrameClock(44_100, 0.0))
    rows = tuple(made_up.row(f"host{number}") for number in range(MAX_STREAMS_A_SECOND + 500))
    sender.take_streams(Streams(frame=0, count=len(rows), rows=rows))
    assert 400 <= sender.streams_left_out <= 500
    assert "rows of streams left out" in sender.summary()
    sender.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("57120", OscAddress("127.0.0.1", 57120)),
        ("studio:1", OscAddress("studio", 1)),
        ("[fe80::1]:9000", OscAddress("fe80::1", 9000)),
    ],
)
def test_an_address_is_read(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", ":", "studio", "studio:", ":1", "a:0", "a:65536", "fe80::1:9", "a b:9", "\x1b:9"]
)
def test_an_address_that_is_none_is_told(text):
    with pytest.raises(UsageError, match=r"--osc: found .*; \[HOST:\]PORT is allowed") as failed:
        parse_address(text)
    assert str(failed.value).isprintable()


def test_a_machine_that_nobody_knows_is_told():
    with pytest.raises(StreamsonError, match=r"--osc: can't send to no\.such\.invalid:9: "):
        resolve(OscAddress("no.such.invalid", 9))
    with pytest.raises(StreamsonError, match=r"no such name can be|can't send"):
        resolve(OscAddress("a" * 80 + ".invalid", 9))


def receiver(host, port=0, family=socket.AF_INET):
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.bind((host, port))
    opened.settimeout(10)
    return opened


@pytest.mark.parametrize(
    ("told", "host", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("localhost", "127.0.0.1", socket.AF_INET),  # whether it has an address of IPv6 or not
        ("[::1]", "::1", socket.AF_INET6),
    ],
)
def test_it_arrives_by_address_and_by_name(told, host, family):
    try:
        opened = receiver(host, family=family)
    except OSError:
        pytest.skip("this machine has no such address")
    with opened:
        sender = OscSender(parse_address(f"{told}:{opened.getsockname()[1]}"))
        sender.take_state(made_up.state())
        assert OscMessage(opened.recv(2_000)).address == "/streamson/state"
        sender.close()


def test_where_nobody_receives_it_says_so_and_who_comes_late_gets_all_that_follows(caplog):
    with receiver("127.0.0.1") as gone:
        port = gone.getsockname()[1]
    sender = OscSender(OscAddress("127.0.0.1", port))
    until(lambda: sender.take_state(made_up.state()) or "nobody receives" in caplog.text, "that")
    assert "times told that nobody receives" in sender.summary()
    with receiver("127.0.0.1", port) as late:
        for volume_db in range(20):
            sender.take_state(made_up.state(volume_db=float(volume_db)))
        told = [list(OscMessage(late.recv(2_000)))[2] for _ in range(20)]
    assert told == list(range(20))
    assert sender.unsent == 0 or "datagrams not sent" in sender.summary()
    sender.close()


def test_a_network_that_can_not_be_reached_is_told_and_no_end(caplog):
    sender = OscSender(OscAddress("255.255.255.255", 9))  # all machines: the system refuses that
    for _ in range(3):
        sender.take_state(made_up.state())
    assert sender.unsent == 3
    assert "not sent: " in caplog.text
    sender.close()
