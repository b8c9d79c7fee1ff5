"""The Redis producer at a real server: streams and channels, killed and back, trimmed meanwhile."""

import re
import signal
import subprocess
import time

import pytest

from streamson.producers.brokers.redis import command
from tests.conftest import until
from tests.producers.brokers.conftest import (
    HEARD_AGAIN_S,
    Broker,
    cli,
    is_ready,
    refusal,
    until_heard,
)
from tests.producers.servers import needs, words_of


def url(broker: Broker, scheme: str = "redis") -> str:
    return f"{scheme}://127.0.0.1:{broker.port}"


def reading(broker: Broker) -> bool:
    """Return whether the producer waits for entries already."""
    return "cmd=xread" in cli(broker, "client", "list")


def test_the_documented_command_publishes_entries(produce, redis_server):
    broker = redis_server()
    cli(broker, "xadd", "readings", "*", "old", "1")
    redis = produce(*words_of("Redis", url=f"redis://127.0.0.1:6379 -> {url(broker)}"))
    until(lambda: reading(broker), "the producer's reading")
    found = cli(broker, "xadd", "readings", "*", "temperature", "21.5", "room", "hall", "on", "ON")
    cli(broker, "xadd", "readings", "1900000000000-5", "data", '{"a": 1, "b": [2, 3]}')
    points = redis.await_points(2)
    code, err = redis.interrupt()
    assert code == 130
    assert [(point.stream, point.fields) for point in points] == [
        ("readings", {"temperature": 21.5, "on": 1}),
        ("readings", {"data.a": 1, "data.b.1": 2, "data.b.2": 3}),
    ]
    assert points[0].time == int(found.partition("-")[0]) / 1000
    assert points[1].time == 1_900_000_000
    assert err.endswith("redis: 2 points sent, 0 dropped\n")
    assert err.count("readings: a point has no temperature, which came first: it is not heard") == 1


def test_several_streams_from_a_time_on(produce, redis_server):
    broker = redis_server()
    cli(broker, "-n", "3", "xadd", "plant:1", "1000000000000-0", "t", "1", "x", "5")
    cli(broker, "-n", "3", "xadd", "plant:1", "1700000000000-0", "t", "2", "x", "5")
    cli(broker, "-n", "3", "xadd", "plant:2", "1700000000000-0", "t", "3")
    options = ("--stream", "{2}/{1}", "--fields", "t")
    keys = ("plant:1", "plant:2", "plant:3")
    redis = produce("redis", f"{url(broker)}/3", *keys, *options, "--since", "2023-11-14T00:00")
    redis.await_points(2)
    cli(broker, "-n", "3", "xadd", "plant:3", "*", "t", "4")
    redis.await_points(3)
    assert redis.interrupt()[0] == 130
    assert sorted((p.stream, p.fields["t"]) for p in redis.points) == [
        ("1/plant", 2),
        ("2/plant", 3),
        ("3/plant", 4),
    ]
    every = produce("redis", f"{url(broker)}/3", "plant:1", "--since", "all")
    assert [p.fields["t"] for p in every.await_points(2)] == [1, 2]
    every.interrupt()


def test_channels_and_streams_together(produce, redis_server):
    broker = redis_server()
    redis = produce("redis", url(broker), "s", "--channel", "sensors:*", "--channel", "b")
    until(lambda: cli(broker, "publish", "sensors:a", "21.5 C") == "1", "a subscriber")
    cli(broker, "publish", "elsewhere", "3")
    cli(broker, "publish", "b", '{"x": 4}')
    cli(broker, "publish", "sensors:a", "hello")
    redis.await_points(2)
    cli(broker, "xadd", "s", "*", "v", "5")
    points = redis.await_points(3)
    err = redis.interrupt()[1]
    assert [(p.stream, p.fields) for p in points] == [
        ("sensors/a", {"value": 21.5}),
        ("b", {"x": 4}),
        ("s", {"v": 5}),
    ]
    assert "redis: 1 message without numbers left out" in err


def test_a_server_that_was_killed_is_heard_again_and_nothing_is_missed(produce, redis_server):
    broker = redis_server("--appendonly", "yes", "--appendfsync", "always")
    redis = produce("redis", url(broker), "s", "--channel", "c")
    until(lambda: reading(broker), "the producer's reading")
    cli(broker, "xadd", "s", "*", "v", "1")
    redis.await_points(1)
    redis.process.send_signal(signal.SIGSTOP)
    broker.kill()
    broker.start()
    until(lambda: is_ready(broker), "redis-server")
    cli(broker, "xadd", "s", "*", "v", "2")
    redis.process.send_signal(signal.SIGCONT)
    since = time.monotonic()
    redis.await_points(2)
    until(lambda: cli(broker, "publish", "c", "3") == "1", "the subscriber")
    redis.await_points(3)
    assert time.monotonic() - since < HEARD_AGAIN_S
    code, err = redis.interrupt()
    assert code == 130
    assert [[*p.fields.values()] for p in redis.points] == [[1], [2], [3]]
    assert err.count("trying until it is there") == err.count("there again after") == 1
    assert "trimmed" not in err


def test_entries_that_are_trimmed_while_it_is_away_are_counted(produce, redis_server):
    broker = redis_server()
    redis = produce("redis", url(broker), "s")
    until(lambda: reading(broker), "the producer's reading")
    cli(broker, "xadd", "s", "*", "v", "0")
    redis.await_points(1)
    redis.process.send_signal(signal.SIGSTOP)
    for number in range(1, 11):
        cli(broker, "xadd", "s", "MAXLEN", "=", "3", "*", "v", str(number))
    cli(broker, "client", "kill", "type", "normal")
    redis.process.send_signal(signal.SIGCONT)
    until(lambda: _last(redis) == 10, "the last entry")
    err = redis.interrupt()[1]
    heard = [point.fields["v"] for point in redis.points]
    assert heard[-3:] == [8, 9, 10]
    # An answer that was on its way is heard yet: it has the first of them, or none.
    assert f"s: {11 - len(heard)} trimmed before they could be heard" in err
    assert 4 <= len(heard) <= 5


def _last(redis) -> float:
    redis.points += redis.receiver.receive(0.05)
    return redis.points[-1].fields["v"]


def test_a_stream_that_begins_anew_is_heard_from_its_beginning(produce, redis_server):
    broker = redis_server()
    cli(broker, "xadd", "s", "5-0", "v", "0")
    redis = produce("redis", url(broker), "s")
    until(lambda: reading(broker), "the producer's reading")
    cli(broker, "xadd", "s", "9-0", "v", "1")
    redis.await_points(1)
    redis.process.send_signal(signal.SIGSTOP)
    broker.kill()
    broker.start()  # it has kept nothing
    until(lambda: is_ready(broker), "redis-server")
    cli(broker, "xadd", "s", "1-0", "v", "2")
    redis.process.send_signal(signal.SIGCONT)
    assert redis.await_points(2)[1].fields == {"v": 2}
    assert "the stream s has begun anew" in redis.interrupt()[1]


def test_garbage_is_counted_and_survived(produce, redis_server):
    broker = redis_server()
    redis = produce("redis", url(broker), "s", "a\x1b[2Jb", "--channel", "c")
    until(lambda: reading(broker), "the producer's reading")
    cli(broker, "xadd", "s", "*", "word", "hello")
    subprocess.run(
        [needs("redis-cli"), "-p", str(broker.port), "-x", "xadd", "s", "*", "v"],
        input=b"\xff\x00\xfe",
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [needs("redis-cli"), "-p", str(broker.port), "-x", "xadd", "s", "*", "v"],
        input=b"9" * ((1 << 20) + 1),
        check=True,
        capture_output=True,
    )
    cli(broker, "xadd", "s", "*", "v", "{broken", "w", "nan")
    until(lambda: cli(broker, "publish", "c", "{broken") == "1", "the subscriber")
    cli(broker, "xadd", "a\x1b[2Jb", "*", "v", "1")
    assert redis.await_points(1)[0].stream == "a [2Jb"
    code, err = redis.interrupt()
    assert code == 130
    assert "redis: 3 messages without numbers left out" in err
    assert "redis: 1 message longer than 1048576 bytes left out" in err
    assert "redis: 1 message in broken JSON left out" in err
    assert "\x1b" not in err


def test_users_passwords_and_what_they_may_read(produce, redis_server, tmp_path):
    broker = redis_server("--requirepass", "boss")
    asked = ("-a", "boss", "--no-auth-warning")
    cli(broker, *asked, "acl", "setuser", "me", "on", ">secret", "~mine", "&c", *_MAY)
    cli(broker, *asked, "xadd", "mine", "*", "v", "3")
    (tmp_path / "secret").write_text("secret\n")
    words = ("--user", "me", "--password-file", str(tmp_path / "secret"), "--since", "all")
    redis = produce("redis", url(broker), "mine", *words)
    assert redis.await_points(1)[0].fields == {"v": 3}
    redis.interrupt()

    code, err = produce("redis", url(broker), "mine").finish()
    assert code == 2
    assert "the server refuses the connection: " in err
    assert "give a password by --password-file FILE" in err
    assert ".;" not in err
    (tmp_path / "wrong").write_text("no\n")
    wrong = ("--user", "me", "--password-file", str(tmp_path / "wrong"))
    code, err = produce("redis", url(broker), "mine", *wrong).finish()
    assert code == 2
    assert "; look at the password, and --user, that were given" in err
    code, err = produce("redis", url(broker), "others", *words).finish()
    assert code == 2
    assert "ACL SETUSER" in err


def test_a_database_that_is_not_there_is_told(produce, redis_server):
    broker = redis_server()
    code, err = produce("redis", f"{url(broker)}/99", "s").finish()
    assert (code, "URL: found the database 99; redis://127.0.0.1:" in err) == (2, True)


_MAY = ("+@read", "+@pubsub", "+@connection")


def test_an_encrypted_connection(produce, redis_server, authority):
    broker = redis_server(
        *("--port", "0", "--tls-cert-file", authority.cert, "--tls-key-file", authority.key),
        *("--tls-ca-cert-file", authority.ca),
        port_word="--tls-port",
    )
    own = ("--cert-file", authority.client_cert, "--key-file", authority.client_key)
    redis = produce("redis", url(broker, "rediss"), "s", "--ca-file", authority.ca, *own)
    options = ("--tls", "--cacert", authority.ca, "--cert", own[1], "--key", own[3])
    until_heard(redis, lambda: cli(broker, *options, "xadd", "s", "*", "v", "3"))
    assert redis.points[0].fields == {"v": 3}
    assert redis.interrupt()[0] == 130
    code, err = produce("redis", url(broker, "rediss"), "s").finish()
    assert code == 2
    assert re.search("its certificate is not trusted: .*; give the authority", err)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "KEY: found none"),
        (("readings",), "URL: found 'readings'; an address is allowed"),
        (("x/2", "k"), "; did you mean redis://x/2? It comes first"),
        (("redis://x/a", "k"), "URL: found the path /a; the number of a database is allowed"),
        (("redis://:secret@x", "k"), "found a password in it"),
        (("redis://x", ""), "KEY: found an empty name"),
        (("redis://x", "--channel", "c", "--since", "1h"), "--since needs the key of a stream"),
        (("redis://x", "k", "--since", "soon"), "found 'soon'; how long ago, such as 10min"),
        (("redis://x", "k", "--user", "me"), "--user needs a password"),
        (("redis://x", "k", "--cert-file", "c"), "--cert-file is for encrypted connections"),
        (("redis://x", "k", "--stream", "}"), "--stream: found '}'"),
    ],
)
def test_bad_use_is_explained(words, told):
    assert told in refusal(command, words)


def test_a_key_that_is_no_stream_is_explained(produce, redis_server):
    broker = redis_server()
    cli(broker, "set", "x", "1")
    code, err = produce("redis", url(broker), "x").finish()
    assert code == 2
    assert "KEY: found x, which is no stream" in err
