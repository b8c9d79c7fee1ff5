"""The NATS producer at a real server: subjects and JetStream, killed and back, users, TLS."""

import asyncio
import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import nats
import nkeys
import pytest
from nacl.signing import SigningKey
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from streamson.producers.base.push_queue import MAX_READINGS
from streamson.producers.brokers.nats import command
from tests.producers.brokers.conftest import (
    HEARD_AGAIN_S,
    Broker,
    assert_heard_again,
    await_news,
    news,
    refusal,
    until_heard,
)
from tests.producers.servers import words_of


@pytest.fixture
def jetstream_server(nats_server, tmp_path_factory) -> Broker:
    return nats_server("-js", "-sd", str(tmp_path_factory.mktemp("jetstream")))


def url(broker: Broker, scheme: str = "nats") -> str:
    return f"{scheme}://127.0.0.1:{broker.port}"


def say(broker: Broker, *messages: tuple[str, str | bytes], **options: Any) -> None:
    async def publish() -> None:
        client = await nats.connect(url(broker), **options)
        for subject, payload in messages:
            data = payload if isinstance(payload, bytes) else payload.encode()
            await client.publish(subject, data)
        await client.flush()
        await client.close()

    asyncio.run(publish())


def at_jetstream(broker: Broker, act: Callable[[JetStreamContext], Awaitable[object]]) -> None:
    async def connected() -> None:
        client = await nats.connect(url(broker))
        await act(client.jetstream())
        await client.close()

    asyncio.run(connected())


def keep(broker: Broker, messages: Sequence[tuple[str, str]], **config: Any) -> None:
    """Let a stream of JetStream keep messages; it is made, if it is not there."""

    async def publish(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name="PLANT", subjects=["plant.>"], **config))
        for subject, payload in messages:
            await js.publish(subject, payload.encode())

    at_jetstream(broker, publish)


def ready(producing, broker: Broker, subject: str = "ready", **options: Any) -> None:
    until_heard(producing, lambda: say(broker, (subject, "1"), **options))


def test_the_documented_command_publishes_subjects_as_streams(produce, nats_server):
    broker = nats_server()
    words = words_of("NATS", url=f"nats://127.0.0.1:4222 -> {url(broker)}")
    tap = produce(*words)
    until_heard(tap, lambda: say(broker, ("sensors.ready", "0")))
    before = time.time()
    say(
        broker,
        ("elsewhere", "7"),
        ("sensors.kitchen.t", "21.5"),
        ("sensors.hall", '{"t": 19.5, "time": "2026-11-27T18:00:00Z"}'),
        ("sensors.door", "ON"),
    )
    until_heard(tap, lambda: None)
    points = _await(tap, 3, leave_out="sensors/ready")
    assert tap.interrupt()[0] == 130
    assert [(point.stream, point.fields) for point in points] == [
        ("sensors/kitchen/t", {"value": 21.5}),
        ("sensors/hall", {"t": 19.5}),
        ("sensors/door", {"value": 1}),
    ]
    assert before <= points[0].time <= time.time()
    assert points[1].time == 1_795_802_400


def _await(tap, count: int, *, leave_out: str):
    tap.await_points(count)
    while len(points := [p for p in tap.points if p.stream != leave_out]) < count:
        tap.await_points(len(tap.points) + 1)
    return points


def test_all_subjects_but_natss_own_with_templates_and_fields(produce, nats_server):
    broker = nats_server()
    tap = produce("nats", url(broker), "--stream", "{2}/{1}/{room}", "--fields", "t*,h")
    until_heard(tap, lambda: say(broker, ("ready", '{"t": 1, "room": "ready"}')))
    say(broker, ("_INBOX.x", '{"t": 5}'), ("a.b", '{"h": 3, "x": 4, "temp": 2, "room": "hall"}'))
    while (point := tap.points[-1]).stream != "b/a/hall":
        tap.await_points(len(tap.points) + 1)
    assert list(point.fields.items()) == [("temp", 2), ("h", 3)]
    tap.interrupt()
    assert {point.stream for point in tap.points} == {"ready/ready", "b/a/hall"}


def test_a_server_that_was_killed_is_heard_again(produce, nats_server):
    broker = nats_server()
    tap = produce("nats", url(broker))
    ready(tap, broker)
    assert_heard_again(tap, broker.restart(), lambda: say(broker, ("back", "2")))
    assert news(tap)


def test_a_server_that_comes_later_is_waited_for(produce, nats_server):
    broker = nats_server()
    broker.kill()
    tap = produce("nats", url(broker))
    assert tap.process.stderr is not None
    assert "trying until it is there" in tap.process.stderr.readline()
    broker.start()
    ready(tap, broker)
    assert tap.interrupt()[0] == 130


def test_a_stream_is_read_from_its_beginning_or_a_time_or_now(produce, jetstream_server):
    broker = jetstream_server
    before = time.time()
    keep(broker, [("plant.a.t", "1"), ("plant.b.t", "2"), ("plant.a.h", "3")])
    every = produce("nats", url(broker), "--jetstream", "PLANT", "--since", "all")
    points = every.await_points(3)
    assert every.interrupt()[0] == 130
    assert [(p.stream, p.fields["value"]) for p in points] == [
        ("plant/a/t", 1),
        ("plant/b/t", 2),
        ("plant/a/h", 3),
    ]
    assert before - 1 <= points[0].time <= points[1].time <= time.time()
    some = ("--jetstream", "PLANT", "plant.*.t", "--since", "10min")
    ago = produce("nats", url(broker), *some)
    assert [p.fields["value"] for p in ago.await_points(2)] == [1, 2]
    assert ago.interrupt()[0] == 130
    now = produce("nats", url(broker), "--jetstream", "PLANT")
    until_heard(now, lambda: keep(broker, [("plant.c", "9")]))
    assert now.interrupt()[0] == 130
    assert {p.stream for p in now.points} == {"plant/c"}


def test_what_a_stream_takes_while_the_server_is_away_is_heard(produce, jetstream_server):
    broker = jetstream_server
    keep(broker, [("plant.a", "1")])
    tap = produce("nats", url(broker), "--jetstream", "PLANT", "--since", "all")
    tap.await_points(1)
    tap.process.send_signal(signal.SIGSTOP)
    broker.restart()
    keep(broker, [("plant.a", "2"), ("plant.a", "3")])
    since = time.monotonic()
    tap.process.send_signal(signal.SIGCONT)
    assert [p.fields["value"] for p in tap.await_points(3)] == [1, 2, 3]
    assert time.monotonic() - since < HEARD_AGAIN_S
    code, err = tap.interrupt()
    assert code == 130
    assert "deleted" not in err


def test_a_long_history_waits_at_the_server_until_there_is_room(jetstream_server):
    broker = jetstream_server
    keep(broker, [])
    count = 2 * MAX_READINGS
    say(broker, *(("plant.a", str(number)) for number in range(count)))
    words = ["produce", "nats", url(broker), "--jetstream", "PLANT", "--since", "all"]
    command = [sys.executable, "-m", "streamson", *words, "--dry-run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tap:
        assert tap.stdout is not None
        assert tap.stderr is not None
        first = tap.stdout.readline()
        time.sleep(2)  # nobody takes what it prints: so long its queue would overrun
        lines = [first, *(tap.stdout.readline() for _ in range(count - 1))]
        tap.send_signal(signal.SIGINT)
        _, err = tap.communicate(timeout=20)
    assert [int(line.rpartition(b"=")[2]) for line in lines] == list(range(count))
    assert b"dropped so far" not in err


def test_a_consumer_that_the_server_loses_is_made_anew(produce, jetstream_server):
    broker = jetstream_server
    keep(broker, [("plant.a", "1")])
    tap = produce("nats", url(broker), "--jetstream", "PLANT", "--since", "all")
    tap.await_points(1)

    async def forget(js: JetStreamContext) -> None:
        for info in await js.consumers_info("PLANT"):
            await js.delete_consumer("PLANT", info.name)

    at_jetstream(broker, forget)
    keep(broker, [("plant.a", "2")])
    since = time.monotonic()
    assert tap.await_points(2)[1].fields == {"value": 2}
    assert time.monotonic() - since < HEARD_AGAIN_S
    assert tap.interrupt()[0] == 130


@pytest.mark.parametrize(
    ("subjects", "told"), [((), "8 messages deleted"), (("plant.*",), "up to 8 messages deleted")]
)
def test_what_a_stream_deletes_while_nobody_hears_is_counted(
    produce, jetstream_server, subjects, told
):
    broker = jetstream_server
    keep(broker, [("plant.a", "0")], max_msgs=3)
    tap = produce("nats", url(broker), *subjects, "--jetstream", "PLANT", "--since", "all")
    tap.await_points(1)
    tap.process.send_signal(signal.SIGSTOP)
    broker.restart()
    keep(broker, [("plant.a", str(number)) for number in range(1, 12)], max_msgs=3)
    tap.process.send_signal(signal.SIGCONT)
    assert [p.fields["value"] for p in tap.await_points(4)] == [0, 9, 10, 11]
    err = tap.interrupt()[1]
    assert f"nats: {told} by the stream before they could be heard" in err


def test_a_stream_that_is_not_there_is_explained(produce, jetstream_server, nats_server):
    broker = jetstream_server
    keep(broker, [])
    code, err = produce("nats", url(broker), "--jetstream", "PLAN").finish()
    assert code == 2
    assert "--jetstream: found 'PLAN'; the streams of this server are: PLANT" in err
    code, err = produce("nats", url(broker), "x.y", "--jetstream", "PLANT").finish()
    assert code == 2
    assert "SUBJECT: found 'x.y'" in err
    assert "plant.>" in err
    code, err = produce("nats", url(nats_server()), "--jetstream", "PLANT").finish()
    assert code == 2
    assert "nats-server -js" in err


def test_garbage_is_counted_and_survived(produce, nats_server):
    broker = nats_server()
    tap = produce("nats", url(broker))
    ready(tap, broker)
    say(
        broker,
        ("a", b"\xff\x00\xfe"),
        ("a", '{"broken'),
        ("a", "\x1b[31mhello"),
        ("a", ""),
        ("a", b"9" * (1 << 20)),
        ("a\x1b[2Jb.c", "5"),
    )
    assert await_news(tap, 1) == [("a [2Jb/c", {"value": 5})]
    code, err = tap.interrupt()
    assert code == 130
    assert "nats: 1 message in binary left out" in err
    assert "nats: 1 message in broken JSON left out" in err
    assert "nats: 2 messages without numbers left out" in err
    assert "\x1b" not in err


def test_a_subject_that_is_no_text_stops_nothing(produce, nats_server):
    broker = nats_server()
    tap = produce("nats", url(broker))
    ready(tap, broker)
    with socket.create_connection(("127.0.0.1", broker.port)) as raw:
        raw.sendall(b"CONNECT {}\r\nPUB \xff\xfe 1\r\n5\r\nPING\r\n")
        raw.recv(4096)
    since = time.monotonic()
    while not news(tap):
        say(broker, ("after", "2"))
        tap.points += tap.receiver.receive(0.1)
    assert time.monotonic() - since < 3 * HEARD_AGAIN_S
    assert tap.interrupt()[0] == 130


def test_users_passwords_and_tokens(produce, nats_server, tmp_path):
    config = tmp_path / "nats.conf"
    config.write_text(
        "authorization { users = [{user: me, password: secret, permissions: "
        '{subscribe: ["mine.>"], publish: ">"}}] }\n'
    )
    broker = nats_server("-c", str(config))
    (tmp_path / "secret").write_text("secret\n")
    words = ("--user", "me", "--password-file", str(tmp_path / "secret"))
    tap = produce("nats", url(broker), "mine.>", *words)
    ready(tap, broker, "mine.ready", user="me", password="secret")
    assert tap.interrupt()[0] == 130
    code, err = produce("nats", url(broker)).finish()
    assert code == 2
    assert "the server does not know this user" in err
    assert "--user and --password-file" in err
    (tmp_path / "wrong").write_text("no\n")
    wrong = ("--user", "me", "--password-file", str(tmp_path / "wrong"))
    code, err = produce("nats", url(broker), *wrong).finish()
    assert code == 2
    assert "; look at what was given: user and password" in err
    code, err = produce("nats", url(broker), "others.>", *words).finish()
    assert code == 2
    assert "this user may not read it" in err
    assert "others.>" in err

    broker = nats_server("--auth", "s3cret")
    (tmp_path / "token").write_text("s3cret\n")
    tap = produce("nats", url(broker), "--token-file", str(tmp_path / "token"))
    ready(tap, broker, token="s3cret")
    assert tap.interrupt()[0] == 130


def new_key(kind: int) -> nkeys.KeyPair:
    return nkeys.from_seed(bytearray(nkeys.encode_seed(bytes(SigningKey.generate()), kind)))


def test_an_nkey(produce, nats_server, tmp_path):
    user = new_key(nkeys.PREFIX_BYTE_USER)
    config = tmp_path / "nats.conf"
    config.write_text(f"authorization {{ users = [{{nkey: {user.public_key.decode()}}}] }}\n")
    seed = tmp_path / "user.nk"
    seed.write_bytes(bytes(user.seed) + b"\n")
    broker = nats_server("-c", str(config))
    tap = produce("nats", url(broker), "--nkey", str(seed))
    ready(tap, broker, nkeys_seed=str(seed))
    assert tap.interrupt()[0] == 130


def test_credentials(produce, nats_server, tmp_path):
    kinds = (nkeys.PREFIX_BYTE_OPERATOR, nkeys.PREFIX_BYTE_ACCOUNT, nkeys.PREFIX_BYTE_USER)
    operator, account, user = map(new_key, kinds)
    limits = {"subs": -1, "data": -1, "payload": -1}
    of_account = {**limits, "imports": -1, "exports": -1, "wildcards": True, "conn": -1}
    jwts = [
        signed(operator, operator, {"type": "operator"}),
        signed(account, operator, {"type": "account", "limits": {**of_account, "leaf": -1}}),
        signed(user, account, {"type": "user", "pub": {}, "sub": {}, **limits}),
    ]
    config = tmp_path / "nats.conf"
    config.write_text(
        f"operator: {jwts[0]}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public_key.decode()}: {jwts[1]} }}\n"
    )
    creds = tmp_path / "me.creds"
    creds.write_text(
        f"-----BEGIN NATS USER JWT-----\n{jwts[2]}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{bytes(user.seed).decode()}\n"
        "------END USER NKEY SEED------\n"
    )
    broker = nats_server("-c", str(config))
    tap = produce("nats", url(broker), "--creds", str(creds))
    ready(tap, broker, user_credentials=str(creds))
    assert tap.interrupt()[0] == 130


def signed(subject: nkeys.KeyPair, issuer: nkeys.KeyPair, claims: dict[str, Any]) -> str:
    """Return a token as nsc makes it."""

    def part(found: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(found).encode()).decode().rstrip("=")

    body = {
        "jti": "x",
        "iat": int(time.time()),
        "iss": issuer.public_key.decode(),
        "name": "test",
        "sub": subject.public_key.decode(),
        "nats": {**claims, "version": 2},
    }
    text = f"{part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{part(body)}"
    signature = base64.urlsafe_b64encode(issuer.sign(text.encode())).decode().rstrip("=")
    return f"{text}.{signature}"


def test_an_encrypted_connection(produce, nats_server, authority):
    own = ("--cert-file", authority.client_cert, "--key-file", authority.client_key)
    broker = nats_server(
        *("--tlsverify", "--tlscert", authority.cert, "--tlskey", authority.key),
        *("--tlscacert", authority.ca),
    )
    context = ssl.create_default_context(cafile=authority.ca)
    context.load_cert_chain(authority.client_cert, authority.client_key)
    tap = produce("nats", url(broker, "tls"), "--ca-file", authority.ca, *own)
    ready(tap, broker, tls=context)
    assert tap.interrupt()[0] == 130
    code, err = produce("nats", url(broker, "tls")).finish()
    assert code == 2
    assert "its certificate is not trusted" in err


def test_an_address_that_asks_to_encrypt_gives_no_secret_away_otherwise(
    produce, nats_server, tmp_path
):
    log = tmp_path / "log"
    broker = nats_server("--user", "me", "--pass", "secret", "-DV", "-l", str(log))
    (tmp_path / "secret").write_text("secret\n")
    words = ("--user", "me", "--password-file", str(tmp_path / "secret"))
    code, err = produce("nats", url(broker, "tls"), *words).finish()
    assert code == 2
    assert "the server does not encrypt; if that is meant, say nats://" in err
    assert "CONNECT" not in Path(log).read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sensors.>",), "URL: found 'sensors.>'; an address is allowed"),
        (("nats://x/a",), "subjects come after the address"),
        (("nats://me:secret@x",), "found a password in it"),
        (("nats://x", "a..b"), "SUBJECT: found 'a..b'"),
        (("nats://x", "a.>.b"), "SUBJECT: found 'a.>.b'"),
        (("nats://x", "a*"), "SUBJECT: found 'a*'"),
        (("nats://x", "a b"), "SUBJECT: found 'a b'"),
        (("nats://x", "--since", "1h"), "--since needs a stream that keeps messages"),
        (("nats://x", *(["s"] * 51), "--jetstream", "S"), "found 51; up to 50 are allowed"),
        (("nats://x", "--jetstream", "a.b"), "--jetstream: found 'a.b'"),
        (("nats://x", "--jetstream", "A", "--since", "-1"), "found '-1'; how long ago"),
        (("nats://x", "--user", "me"), "a user and a password belong together"),
        (("nats://x", "--creds", "c", "--nkey", "n"), "--creds and --nkey: one of them is allowed"),
        (("nats://x", "--creds", "nowhere"), "--creds nowhere: can't be read"),
        (("nats://x", "--creds", "empty"), "--creds empty: found no credentials"),
        (("nats://x", "--nkey", "empty"), "--nkey empty: found no seed of a user"),
        (("tls://x", "--ca-file", "empty"), "--ca-file empty: found"),
    ],
)
@pytest.mark.usefixtures("empty_file")
def test_bad_use_is_explained(words, told):
    assert told in refusal(command, words)
