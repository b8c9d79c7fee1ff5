"""What is read of a message, whatever it is: numbers, names and times."""

import math
import time

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamson.errors import MessageError, UsageError
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Reading
from streamson.producers.base.sample import Sample, decode_json, samples_of
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.brokers.address import parse_address
from streamson.producers.brokers.device_fields import measured
from streamson.producers.brokers.message_reader import (
    MAX_LEVELS,
    MAX_PAYLOAD_BYTES,
    MessageReader,
    levels,
    samples_in,
)
from streamson.producers.brokers.redis_entry import samples_in_entry
from streamson.producers.brokers.redis_position import EntryId, StreamPosition, parse_id
from streamson.producers.brokers.since import Since
from streamson.producers.brokers.wildcards import (
    tell_in_keys,
    tell_in_subjects,
    tell_in_topics,
)

SCHEMES = {"mqtt": 1883, "mqtts": 8883}


def readings(reader: MessageReader, *messages: tuple[dict[str, str], bytes]) -> list[Reading]:
    queue = PushQueue()
    for labels, payload in messages:
        reader.read(queue, labels, payload)
    queue.end()
    return list(queue)


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (b"21.5", {"value": 21.5}),
        (b" 21.5 \n", {"value": 21.5}),
        (b"\xef\xbb\xbf21.5", {"value": 21.5}),
        (b"21.5\0", {"value": 21.5}),  # strings of C are sent with their end
        (b"-1e3", {"value": -1000}),
        ("21.5 °C".encode(), {"value": 21.5}),
        (b"40%", {"value": 40}),
        (b"ON", {"value": 1}),
        (b"closed", {"value": 0}),
        (b"true", {"value": 1}),
        (b'"21.5"', {"value": 21.5}),
        (b'{"a": {"b": 1}, "c": "2 W"}', {"a.b": 1, "c": 2}),
        (b"[1, 2]", {"c1": 1, "c2": 2}),
    ],
)
def test_a_message_is_json_or_a_quantity_or_a_state(payload, fields):
    assert [sample.fields for sample in samples_in(payload)] == [fields]


@pytest.mark.parametrize("payload", [b"hello", b"nan", b"1e999", b"", b"\0", b"{}", b"[]", b'"x"'])
def test_what_has_no_numbers_has_no_samples(payload):
    assert list(samples_in(payload)) == []


@given(st.binary(max_size=200))
@example(b"[" * 10_000)
@example(b'{"a": ' * 5_000)
def test_any_bytes_are_samples_or_are_counted(payload):
    reader = MessageReader(StreamTemplate("{topic}/{1}"), [], measured)
    for found in readings(reader, ({"topic": "a\x1b/b", "1": "x"}, payload)):
        assert found.stream.isprintable()
        assert 0 < len(found.stream) <= MAX_STREAM_CHARS
        assert found.fields
        assert all(math.isfinite(value) for value in found.fields.values())
        assert all(name.isprintable() and name for name in found.fields)
    if not payload:
        assert reader.unusable.count == 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_as_it_is(number):
    (sample,) = samples_in(repr(number).encode())
    assert sample.fields == {"value": number}


def test_a_message_that_is_too_long_is_not_read():
    reader = MessageReader(StreamTemplate("{topic}"), [])
    assert readings(reader, ({"topic": "a"}, b"1" * (MAX_PAYLOAD_BYTES + 1))) == []
    assert reader.unusable.count == 1


def test_wanted_fields_come_in_the_order_of_the_patterns():
    reader = MessageReader(StreamTemplate("{room}"), ["t*", "h"])
    payload = b'{"h": 1, "x": 2, "temp": 3, "room": "hall", "t2": 4}'
    (found,) = readings(reader, ({}, payload), ({}, b'{"x": 1}'))
    assert found.stream == "hall"
    assert list(found.fields.items()) == [("temp", 3), ("t2", 4), ("h", 1)]
    assert reader.unusable.count == 1


def test_words_of_a_message_never_take_the_place_of_its_topic():
    reader = MessageReader(StreamTemplate("{topic}"), [])
    (found,) = readings(reader, ({"topic": "a"}, b'{"topic": "b", "v": 1}'))
    assert found.stream == "a"


@given(st.text(), st.sampled_from("/.:"))
def test_levels_are_the_parts_of_a_name(name, separator):
    found = levels(name, separator)
    assert len(found) <= MAX_LEVELS
    assert list(found.values()) == name.split(separator)[:MAX_LEVELS]
    assert list(found) == [str(number) for number in range(1, len(found) + 1)]


@pytest.mark.parametrize(
    ("device", "payload", "fields", "moment"),
    [
        (
            "Zigbee2MQTT",
            '{"battery": 98, "last_seen": "2026-11-27T18:00:00Z", "linkquality": 87, "update": '
            '{"installed_version": 7, "state": "idle"}, "humidity": 40, "temperature": 21.5}',
            ["humidity", "temperature", "battery", "linkquality"],
            1_795_802_400,
        ),
        (
            "Zigbee2MQTT, last_seen as a number",
            '{"last_seen": 1795802400500, "occupancy": true, "voltage": 2900}',
            ["occupancy", "voltage"],
            1_795_802_400.5,
        ),
        (
            "Tasmota, tele/+/SENSOR",
            '{"Time": "2026-11-27T18:00:00Z", "ENERGY": {"TotalStartTime": "2025-01-01T00:00:00", '
            '"Total": 3.1, "Yesterday": 0.2, "Today": 0.1, "Power": 12, "Voltage": 230}}',
            ["ENERGY.Power", "ENERGY.Total", "ENERGY.Yesterday", "ENERGY.Today", "ENERGY.Voltage"],
            1_795_802_400,
        ),
        (
            "Tasmota, tele/+/STATE",
            '{"Time": "2026-11-27T18:00:00Z", "Uptime": "1T23:46:58", "UptimeSec": 172018, '
            '"Heap": 27, "Sleep": 50, "LoadAvg": 19, "MqttCount": 1, "POWER": "OFF", '
            '"Wifi": {"RSSI": 100}}',
            ["POWER", "Wifi.RSSI"],
            1_795_802_400,
        ),
        (
            "Shelly, status/switch:0",
            '{"id": 0, "source": "init", "output": true, "apower": 8.9, "voltage": 237.5, "aenergy"'
            ': {"total": 6.5, "by_minute": [45.1, 47.1], "minute_ts": 1795802400}, "temperature": '
            '{"tC": 63.2, "tF": 145.8}}',
            ["output", "apower", "temperature.tC", "voltage", "aenergy.total", "temperature.tF"],
            None,
        ),
        (
            "Shelly, events/rpc",
            '{"src": "plug", "method": "NotifyStatus", "params": {"ts": 1795802400.5, "switch:0": '
            '{"id": 0, "apower": 8.9}}}',
            ["params.switch:0.apower"],
            1_795_802_400.5,
        ),
        ("Home Assistant, a statestream's state", "21.5", ["value"], None),
        ("only housekeeping", '{"id": 3}', ["id"], None),
    ],
)
def test_devices_tell_what_they_measure_first_and_when(device, payload, fields, moment):
    (sample,) = samples_of(decode_json(payload))
    found = measured(sample)
    assert list(found.fields) == fields
    assert found.time == moment


@given(st.dictionaries(st.text(), st.floats(allow_nan=False)))
def test_fields_of_a_device_are_some_of_those_that_it_said(fields):
    found = measured(Sample(fields, {})).fields
    assert found.items() <= fields.items()
    assert bool(found) == bool(fields)


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=40), max_size=10))
def test_any_entry_of_redis_can_be_read(entry):
    for sample in samples_in_entry(entry):
        assert all(math.isfinite(value) for value in sample.fields.values())


def test_an_entry_of_redis_may_hold_json():
    found = samples_in_entry({b"data": b'[{"t": 1}, {"t": 2}]', b"room": b"hall", b"x": b"{no"})
    assert [sample.fields["t"] for sample in found] == [1, 2]
    assert found[0].labels["room"] == "hall"


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_ids_are_read_as_they_are_written(milliseconds, number):
    entry_id = EntryId(milliseconds, number)
    assert parse_id(str(entry_id).encode()) == entry_id


def info_of(added: int, length: int) -> dict[str, object] | None:
    """Return what XINFO STREAM says of a stream whose entries are 1-1, 2-1, ..."""
    if not added:
        return None
    first = (b"%d-1" % (added - length + 1), {}) if length else None
    newest = b"%d-1" % added
    return {
        "last-generated-id": newest,
        "entries-added": added,
        "length": length,
        "first-entry": first,
    }


@given(st.integers(0, 9), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12))))
def test_what_was_trimmed_before_it_was_heard_is_counted(before, steps):
    position = StreamPosition("s", None)
    position.see(info_of(before, min(before, 3)))
    added, last, heard, oldest = before, before, 0, 1
    for more, length in steps:  # so many come, and so many are kept; then all are heard
        added += more
        oldest = max(oldest, added - length + 1)
        position.see(info_of(added, added - oldest + 1))
        for number in range(max(last + 1, oldest), added + 1):
            position.heard(b"%d-1" % number)
            heard, last = heard + 1, number
        position.see(info_of(added, added - oldest + 1))
        assert position._trimmed == added - before - heard


def test_a_server_that_does_not_count_is_read_all_the_same():
    position = StreamPosition("s", 0.0)
    for added in (5, 9):
        info = info_of(added, 2)
        assert info is not None
        del info["entries-added"]  # before Redis 7
        position.see(info)
    assert position.last == "0-0"
    assert position._trimmed == 0


def test_a_stream_that_begins_anew_is_read_from_its_beginning():
    position = StreamPosition("s", None)
    position.see(info_of(5, 5))
    position.heard(b"6-1")
    position.see(info_of(6, 6))
    position.see(info_of(3, 2))
    assert position.last == "0-0"
    assert position._trimmed == 1
    position.see(None)
    assert position.last == "0-0"


@given(st.text())
@example("mqtt://[::1]:1883")
@example("mqtt://[::1")
@example("[::1")
@example("[]")
@example("mqtt://x:port")
def test_any_text_is_an_address_or_refused_in_one_line(text):
    found, told = None, ""
    try:
        found = parse_address(text, SCHEMES, argument="URL")
    except UsageError as error:
        told = str(error)
    assert told.isprintable()
    assert bool(told) != bool(found)
    if found:
        assert found.scheme in SCHEMES
        assert 0 <= found.port < 65_536
        assert found.host


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("MQTTS://Broker/", "mqtts://broker:8883"),
        ("mqtt://[::1]:1884", "mqtt://[::1]:1884"),
        ("127.0.0.1", "mqtt://127.0.0.1:1883"),
        ("localhost:1884", "mqtt://localhost:1884"),
        ("[::1]", "mqtt://[::1]:1883"),
    ],
)
def test_addresses(text, found):
    assert str(parse_address(text, SCHEMES, argument="URL")) == found


def test_since_is_a_time_or_how_long_ago():
    def since(text: str) -> float:
        return Since().convert(text, None, None)

    assert since("all") == 0
    assert since("2026-11-27T18:00:00Z") == 1_795_802_400
    assert since("1795802400") == 1_795_802_400
    assert time.time() - since("10min") == pytest.approx(600, abs=5)
    for wrong in ("", "soon", "-5", "0", "10 years", "1969-01-01T00:00:00Z"):
        with pytest.raises(click.BadParameter, match="how long ago, such as 10min"):
            since(wrong)


def test_a_document_that_is_no_json_is_told_apart():
    with pytest.raises(MessageError):
        list(samples_in(b'{"a": '))
    with pytest.raises(UnicodeDecodeError):
        list(samples_in(b"\xff\xfe"))


@pytest.mark.parametrize(
    ("tell", "name", "told"),
    [
        (tell_in_topics, "home*", "the wildcards of MQTT are + and #; did you mean home/#?"),
        (tell_in_topics, "home/*/t", "the wildcards of MQTT are + and #; did you mean home/+/t?"),
        (tell_in_topics, "sensors.a.>", "did you mean sensors/a/#?"),
        (tell_in_topics, "home/+/#", None),
        (
            tell_in_subjects,
            "sensors/#",
            "the wildcards of NATS are * and >; did you mean sensors.>?",
        ),
        (tell_in_subjects, "home/+/t", "did you mean home.*.t?"),
        (tell_in_subjects, "a.*.c++.>", None),
        (tell_in_keys, "read*", "keys are no patterns"),
        (tell_in_keys, "plant:1", None),
    ],
)
def test_wildcards_of_another_broker_are_told(tell, name, told, caplog):
    tell([name])
    assert [name in one and told in one for one in caplog.messages] == [True] * (told is not None)
