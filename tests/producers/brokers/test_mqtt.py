"""The MQTT producer at a real mosquitto: plain, with users, encrypted, killed and back."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from streamson.producers.brokers.mqtt import command
from tests.conftest import until
from tests.producers.brokers.conftest import (
    Broker,
    assert_heard_again,
    await_news,
    news,
    refusal,
    until_heard,
)
from tests.producers.servers import needs, words_of


def say(broker: Broker, topic: str, payload: str | bytes, *options: str) -> None:
    data = payload if isinstance(payload, bytes) else payload.encode()
    command = [needs("mosquitto_pub"), "-p", str(broker.port), "-t", topic, *options, "-s"]
    subprocess.run(command, input=data, check=True, timeout=10)


def url(broker: Broker, scheme: str = "mqtt") -> str:
    return f"{scheme}://127.0.0.1:{broker.port}"


def subscribed(produce, broker: Broker, *words: str):
    """Start the producer; return it once it has subscribed: it hears a retained value."""
    say(broker, "ready", "1", "-r")
    mqtt = produce("mqtt", *words)
    mqtt.await_points(1)
    del mqtt.points[:]
    return mqtt


def test_the_documented_command_publishes_topics_as_streams(produce, mosquitto):
    broker = mosquitto()
    say(broker, "home/ready", "1", "-r")
    words = words_of("an MQTT broker", url=f"mqtt://127.0.0.1:1883 -> {url(broker)}")
    mqtt = produce(*words)
    mqtt.await_points(1)
    before = time.time()
    say(broker, "home/kitchen/temperature", "21.5")
    say(broker, "home/hall", '{"temperature": 19.5, "time": "2026-11-27T18:00:00Z", "on": true}')
    say(broker, "elsewhere", "7")
    say(broker, "home/door", "OPEN")
    say(broker, "home/boiler", "71.3 °C")
    points = mqtt.await_points(5)
    code, err = mqtt.interrupt()
    assert code == 130
    assert [(point.stream, point.fields) for point in points] == [
        ("home/ready", {"value": 1}),
        ("home/kitchen/temperature", {"value": 21.5}),
        ("home/hall", {"temperature": 19.5, "on": 1}),
        ("home/door", {"value": 1}),
        ("home/boiler", {"value": 71.3}),
    ]
    assert points[2].time == 1_795_802_400
    assert before <= points[1].time <= time.time()
    assert "mqtt: 5 points sent, 0 dropped" in err


@pytest.mark.parametrize(
    ("what", "topic", "payload", "point"),
    [
        (
            "Zigbee2MQTT",
            "zigbee2mqtt/kitchen",
            '{"battery": 98, "linkquality": 87, "temperature": 21.5}',
            ("kitchen", {"temperature": 21.5, "battery": 98, "linkquality": 87}),
        ),
        (
            "Tasmota",
            "tele/plug/SENSOR",
            '{"Time": "2026-11-27T18:00:00", "ENERGY": {"Total": 3.1, "Power": 12}}',
            ("plug", {"ENERGY.Power": 12, "ENERGY.Total": 3.1}),
        ),
        (
            "Shelly",
            "shellyplus1pm-a8032/status/switch:0",
            '{"id": 0, "output": true, "apower": 8.9}',
            ("shellyplus1pm-a8032/switch:0", {"output": 1, "apower": 8.9}),
        ),
        (
            "Home Assistant (MQTT Statestream)",
            "homeassistant/sensor/hall_temperature/state",
            "21.5",
            ("hall_temperature", {"value": 21.5}),
        ),
    ],
)
def test_the_documented_commands_for_devices(produce, mosquitto, what, topic, payload, point):
    broker = mosquitto()
    say(broker, topic, payload, "-r")
    mqtt = produce(*words_of(what, url=f"mqtt://127.0.0.1:1883 -> {url(broker)}"))
    (found,) = mqtt.await_points(1)
    assert (found.stream, list(found.fields.items())) == (point[0], list(point[1].items()))
    mqtt.interrupt()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_without_a_topic_all_but_the_brokers_own_are_heard_in_both_versions(
    produce, mosquitto, protocol
):
    broker = mosquitto("sys_interval 1")
    mqtt = subscribed(produce, broker, url(broker), "--protocol", protocol, "--qos", "1")
    say(broker, "a/b", "3", "-q", "1")
    assert [(p.stream, p.fields) for p in mqtt.await_points(1)] == [("a/b", {"value": 3})]
    assert mqtt.interrupt()[0] == 130
    assert all(not point.stream.startswith("$") for point in mqtt.points)


def test_the_brokers_own_topics_are_heard_when_asked_for(produce, mosquitto):
    broker = mosquitto("sys_interval 1")
    mqtt = produce("mqtt", url(broker), "$SYS/broker/clients/connected")
    assert mqtt.await_points(1)[0].stream == "$SYS/broker/clients/connected"
    assert mqtt.interrupt()[0] == 130


def test_wildcards_templates_and_fields(produce, mosquitto):
    broker = mosquitto()
    options = ("--stream", "{2}/{room}", "--fields", "temp*,hum*")
    mqtt = produce("mqtt", url(broker), "plant/+/state", "ready", *options)
    say(broker, "ready", '{"temperature": 1}', "-r")
    mqtt.await_points(1)
    say(broker, "plant/a/b/state", '{"temperature": 5}')
    say(broker, "plant/oven/state", '{"humidity": 40, "x": 1, "temperature": 5, "room": "hall"}')
    point = mqtt.await_points(2)[1]
    assert point.stream == "oven/hall"
    assert list(point.fields.items()) == [("temperature", 5), ("humidity", 40)]
    mqtt.interrupt()


def test_retained_values_come_first_and_are_told_apart(produce, mosquitto):
    broker = mosquitto()
    say(broker, "a", "1", "-r")
    say(broker, "b", "2", "-r")
    mqtt = produce("mqtt", url(broker), "#", "+", "--stream", "{topic}/{retained}")
    mqtt.await_points(2)
    say(broker, "a", "3", "-r")
    mqtt.await_points(3)
    assert news(mqtt) == [
        ("a/retained", {"value": 1}),  # once, though both patterns match it
        ("b/retained", {"value": 2}),
        ("a", {"value": 3}),
    ]
    time.sleep(1.1)  # as long as it waits for more of them before it counts them
    assert "2 retained values heard first" in mqtt.interrupt()[1]


def test_retained_values_are_left_out_on_demand(produce, mosquitto):
    broker = mosquitto()
    say(broker, "a", "1", "-r")
    mqtt = produce("mqtt", url(broker), "--no-retained")
    until_heard(mqtt, lambda: say(broker, "ready", "0"))
    say(broker, "a", "2", "-r")
    assert await_news(mqtt, 1) == [("a", {"value": 2})]
    mqtt.interrupt()


def test_a_broker_that_was_killed_is_heard_again(produce, mosquitto, tmp_path):
    store = f"persistence_location {tmp_path}/"
    broker = mosquitto("persistence true", "autosave_interval 1", "autosave_on_changes true", store)
    say(broker, "kept", "1", "-r")
    mqtt = produce("mqtt", url(broker))
    mqtt.await_points(1)
    assert_heard_again(mqtt, broker.restart(), lambda: say(broker, "back", "2"))
    # What it retained is said again by the broker, and is not news.
    assert {stream for stream, _ in news(mqtt)[1:]} == {"back"}


def test_a_broker_that_comes_later_is_waited_for(produce, mosquitto):
    broker = mosquitto()
    broker.kill()
    mqtt = produce("mqtt", url(broker))
    assert mqtt.process.stderr is not None
    assert "nobody listens there; trying until it is there" in mqtt.process.stderr.readline()
    broker.start()
    say(broker, "a", "1", "-r")
    mqtt.await_points(1)
    mqtt.interrupt()


def test_garbage_is_counted_and_survived(produce, mosquitto):
    broker = mosquitto()
    mqtt = subscribed(produce, broker, url(broker))
    say(broker, "a", b"\xff\x00\xfe")
    say(broker, "a", b"\xff\x00")
    say(broker, "a", '{"broken')
    say(broker, "a", "\x1b[31mhello")
    say(broker, "a", "{}")
    say(broker, "a", b"9" * ((1 << 20) + 1))
    say(broker, "a", "[" * 100_000)
    say(broker, "a\u202e/b", "5")
    assert mqtt.await_points(1)[0].stream == "a /b"
    code, err = mqtt.interrupt()
    assert code == 130
    assert "mqtt: 2 messages in binary left out" in err
    assert "mqtt: 2 messages in broken JSON left out" in err
    assert "mqtt: 2 messages without numbers left out" in err
    assert "mqtt: 1 message longer than 1048576 bytes left out" in err
    assert "\x1b" not in err


def test_a_flood_is_survived_and_what_was_dropped_is_told(produce, mosquitto):
    broker = mosquitto("max_queued_messages 0", "max_queued_bytes 0")
    mqtt = subscribed(produce, broker, url(broker))
    lines = "".join(f"{number}\n" for number in range(20_000))
    command = [needs("mosquitto_pub"), "-p", str(broker.port), "-t", "flood", "-q", "1", "-l"]
    subprocess.run(command, input=lines.encode(), check=True, timeout=60)
    until(lambda: _last_value(mqtt) == 19_999, "the last of the flood")
    code, err = mqtt.interrupt()
    assert code == 130
    sent, dropped = map(int, re.search(r"(\d+) points sent, (\d+) dropped", err).groups())
    assert sent - 1 == len(mqtt.points)  # the first one showed that it was subscribed
    assert sent - 1 + dropped == 20_000, err
    assert ("points dropped so far" in err) == (dropped > 0)


def _last_value(mqtt) -> float:
    mqtt.points += mqtt.receiver.receive(0.05)
    return mqtt.points[-1].fields["value"] if mqtt.points else -1


def test_a_user_with_a_password(produce, mosquitto, tmp_path):
    passwords = tmp_path / "passwords"
    program = needs("mosquitto_passwd")
    subprocess.run([program, "-b", "-c", passwords, "me", "secret"], check=True)
    acl = tmp_path / "acl"
    acl.write_text("user me\ntopic readwrite mine/#\n")
    broker = mosquitto(f"password_file {passwords}", f"acl_file {acl}", anonymous=False)
    say(broker, "mine/x", "3", "-r", "-u", "me", "-P", "secret")
    secret = {**os.environ, "STREAMSON_PASSWORD": "secret"}
    mqtt = produce("mqtt", url(broker), "mine/#", "--user", "me", env=secret)
    assert [p.stream for p in mqtt.await_points(1)] == ["mine/x"]
    mqtt.interrupt()

    (tmp_path / "wrong").write_text("no\n")
    wrong = produce(
        "mqtt", url(broker), "mine/#", "--user", "me", "--password-file", str(tmp_path / "wrong")
    )
    code, err = wrong.finish()
    assert code == 2
    assert "the broker refuses the connection: " in err
    assert "; look at --user and the password that were given" in err
    code, err = produce("mqtt", url(broker), "mine/#").finish()
    assert code == 2
    assert "--user NAME and the password by --password-file FILE" in err


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_subscriptions_that_the_broker_refuses_are_told(produce, mosquitto, tmp_path, protocol):
    plugins = [*Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")]
    assert plugins, "it comes with mosquitto"
    may = {"acltype": "subscribePattern", "topic": "open/#", "allow": True}
    access = {"publishClientSend": True, "publishClientReceive": True, "unsubscribe": True}
    rules = {
        "defaultACLAccess": {**access, "subscribe": False},
        "roles": [{"rolename": "all", "acls": [may]}],
        "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
        "anonymousGroup": "all",
        "clients": [],
    }
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules))
    broker = mosquitto(f"plugin {plugins[0]}", f"plugin_opt_config_file {file}")
    say(broker, "open/x", "1", "-r")
    all_refused = produce("mqtt", url(broker), "#", "--protocol", protocol)
    code, err = all_refused.finish()
    assert code == 2
    assert "the broker refuses #; this user may not read it" in err
    one_refused = produce("mqtt", url(broker), "shut/#", "open/#", "--protocol", protocol)
    assert one_refused.await_points(1)[0].stream == "open/x"
    assert "the broker refuses shut/#: this user may not read it" in one_refused.interrupt()[1]


def test_an_encrypted_connection_with_a_clients_certificate(produce, mosquitto, authority):
    broker = mosquitto(
        f"cafile {authority.ca}",
        f"certfile {authority.cert}",
        f"keyfile {authority.key}",
        "require_certificate true",
    )
    encrypted = url(broker, "mqtts")
    trust = ("--ca-file", authority.ca)
    own = ("--cert-file", authority.client_cert, "--key-file", authority.client_key)
    say_encrypted = ("--cafile", authority.ca, "--cert", own[1], "--key", own[3], "-r")
    say(broker, "safe", "4", "-h", "127.0.0.1", *say_encrypted)
    mqtt = produce("mqtt", encrypted, *trust, *own)
    assert [(p.stream, p.fields) for p in mqtt.await_points(1)] == [("safe", {"value": 4})]
    assert mqtt.interrupt()[0] == 130

    code, err = produce("mqtt", encrypted).finish()
    assert code == 2
    assert "its certificate is not trusted" in err
    assert "--ca-file FILE" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("http://x",), "an address is allowed: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]"),
        (("home/#",), "mqtts://HOST[:PORT]; it comes first, such as mqtt://127.0.0.1"),
        (("pi:1883",), "; did you mean mqtt://pi:1883? It comes first"),
        (("me:secret@127.0.0.1",), "found a password in it"),
        (("mqtt://me:secret@x",), "found a password in it"),
        (("mqtt://me@x",), "give it by --user NAME"),
        (("mqtt://x:99999",), "a port is at most 65535"),
        (("mqtt://x/a",), "topics come after the address"),
        (("mqtt://x", "a#"), "TOPIC: found 'a#'"),
        (("mqtt://x", "a/#/b"), "TOPIC: found 'a/#/b'"),
        (("mqtt://x", "a+/b"), "TOPIC: found 'a+/b'"),
        (("mqtt://x", "--stream", "{topic"), "--stream: found '{topic'"),
        (("mqtt://x", "--qos", "3"), "--qos"),
        (("mqtt://x", "--protocol", "4"), "--protocol"),
        (("mqtt://x", "--ca-file", "nowhere.pem"), "--ca-file is for encrypted connections"),
        (
            ("mqtts://x", "--ca-file", "nowhere.pem"),
            "--ca-file nowhere.pem: can't be read: No such file",
        ),
        (("mqtts://x", "--key-file", "k"), "--key-file needs the certificate as well"),
        (("mqtts://x", "--cert-file", "c"), "--cert-file c: can't be read: No such file"),
        (("mqtts://x", "--cert-file", "empty"), "found no certificate with a private key in it"),
        (("mqtt://x", "--password-file", "nowhere"), "--password-file nowhere: can't be read"),
    ],
)
@pytest.mark.usefixtures("empty_file")
def test_bad_use_is_explained(words, told):
    assert told in refusal(command, words)


def test_a_certificate_with_anothers_key_is_explained(authority):
    files = ("--ca-file", authority.ca, "--cert-file", authority.client_cert)
    assert "another private key" in refusal(
        command, ["mqtts://x", *files, "--key-file", authority.key]
    )
    assert "no certificate with a private key in it" in refusal(command, ["mqtts://x", *files])


def test_bad_use_ends_the_command_with_2(produce):
    assert produce("mqtt", "mqtt://x", "a#").finish() == (
        2,
        "streamson: TOPIC: found 'a#'; a topic is allowed, with + for one whole level and # for "
        "the rest: home/+/temperature, home/#\n",
    )
