"""Commands on their way: each is answered or refused, and counted, and nobody starves others."""

import contextlib
import socket
import threading
import time

import msgspec
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import MessageError, StreamsonError, UsageError
from streamson.model.command import (
    Acknowledge,
    Answer,
    AnyCommand,
    HearAll,
    Mute,
    MuteStream,
    SetVolume,
    Snapshot,
    SoloStream,
)
from streamson.wire.control.client import COMMANDS, CommandClient, decode_command
from streamson.wire.control.server import CommandServer
from streamson.wire.limits import (
    MAX_ALL_COMMANDS_A_SECOND,
    MAX_COMMAND_BYTES,
    MAX_COMMANDS_A_SECOND,
)
from tests.conftest import until
from tests.wire import feed_attackers
from tests.wire.attackers import frame

ENCODE = {"json": msgspec.json.encode, "msgpack": msgspec.msgpack.encode}
DECODE = {"json": msgspec.json.decode, "msgpack": msgspec.msgpack.decode}
EXAMPLES = [
    {"command": "volume", "volume_db": -12},
    {"command": "mute"},
    {"command": "mute", "muted": False},
    {"command": "mute_stream", "stream": "a/b"},
    {"command": "solo_stream", "stream": "ü", "alone": True},
    {"command": "hear_all"},
    {"command": "acknowledge", "stream": "a", "field": "x"},
    {"command": "acknowledge"},
    {"command": "record"},
    {"command": "stop_recording"},
    {"command": "session", "name": "drone"},
    {"command": "snapshot", "id": "seven"},
]


class Serving:
    """A server in a thread that carries out whatever comes, and remembers it."""

    def __init__(self, carry_out=None):
        self.server = CommandServer("tcp://127.0.0.1:*")
        self.endpoint = self.server.endpoint
        self.done = []
        self._carry_out = carry_out or self._remember
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _remember(self, command):
        self.done.append(command)
        return Answer(ok=True, text="done")

    def _run(self):
        while not self._stopping.is_set():
            self.server.serve(self._carry_out, 0.02)

    def close(self):
        self._stopping.set()
        self._thread.join()
        self.server.close()


@pytest.fixture
def serving():
    serving = Serving()
    yield serving
    serving.close()


@pytest.fixture
def peer(serving):
    """Connects plain sockets, as any language has them."""
    with zmq.Context() as context, contextlib.ExitStack() as stack:

        def connect(kind=zmq.DEALER):
            found = stack.enter_context(context.socket(kind))
            found.linger = 0
            found.connect(serving.endpoint)
            return found

        yield connect


def answer_of(peer, content=None):
    if content is not None:
        peer.send(content)
    assert peer.poll(5_000), "no answer"
    return peer.recv()


@pytest.mark.parametrize("encoding", ENCODE)
@pytest.mark.parametrize("kind", [zmq.REQ, zmq.DEALER])
@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command["command"])
def test_each_command_is_answered_in_its_own_encoding(serving, peer, kind, encoding, command):
    found = answer_of(peer(kind), ENCODE[encoding](command))
    answer = DECODE[encoding](found)
    expected = {"ok": True, "text": "done"}
    assert answer == expected | ({"id": command["id"]} if "id" in command else {})
    assert msgspec.to_builtins(serving.done[0]).items() >= command.items()
    until(lambda: (serving.server.taken, serving.server.refused) == (1, 0), "the count")


def test_every_command_is_among_the_examples():
    assert {command["command"] for command in EXAMPLES} == set(COMMANDS)


REFUSED = [
    (b"", "the form is"),
    (b"{", "the form is"),
    (b"{}", "the form is"),
    (b"[]", "the form is"),
    (b"null", "the form is"),
    (b"mute", "the form is"),
    (b'{"command": 5}', "the form is"),
    (b'{"command": "mut"}', 'did you mean "mute"'),
    (b'{"command": "\\u001b[31mred"}', r'"\x1b[31mred"; allowed: volume, mute'),
    (b'{"command": "mute", "muted": "yes"}', "mute: Expected `bool`"),
    (b'{"command": "mute", "muted": null}', "mute: Expected `bool`"),
    (b'{"command": "mute", "loud": true}', "unknown field `loud`"),
    (b'{"command": "mute", "id": 1.5}', "$.id"),
    (b'{"command": "mute", "id": [1]}', "$.id"),
    (b'{"command": "mute", "id": 99999999999999999999999}', "$.id"),
    (b'{"command": "mute", "id": "' + b"x" * 65 + b'"}', "$.id"),
    (b'{"command": "volume"}', "missing required field `volume_db`"),
    (b'{"command": "volume", "volume_db": 1e999}', "out of range"),
    (b'{"command": "volume", "volume_db": ' + b"9" * 400 + b"}", "out of range"),
    (b'{"command": "volume", "volume_db": 25}', "<= 24"),
    (b'{"command": "volume", "volume_db": -1e9}', ">= -120"),
    (b'{"command": "volume", "volume_db": NaN}', "the form is"),
    (b'{"command": "volume", "volume_db": true}', "got `bool`"),
    (b'{"command": "mute_stream"}', "missing required field `stream`"),
    (b'{"command": "mute_stream", "stream": ""}', "length >= 1"),
    (b'{"command": "mute_stream", "stream": "' + b"x" * 201 + b'"}', "length <= 200"),
    (b'{"command": "mute_stream", "stream": ["a"]}', "got `array`"),
    (b'{"command": "mute", "command": "record", "x": 1}', "invalid value"),
    (b'{"command": "mute"} {"command": "mute"}', "trailing"),
    (b"\xff\xfe", "the form is"),
    (b"\xc1", "the form is"),
    (b"\xdf\xff\xff\xff\xff", "the form is"),
    (b"\xc6\xff\xff\xff\xff", "the form is"),
    (b"\x91" * 4_000, "the form is"),
    (b'{"a":' * 800, "the form is"),
    (b'{"command": "mute_stream", "stream": "\xff"}', "UTF-8"),
    (msgspec.msgpack.encode({"command": "volume", "volume_db": float("nan")}), ">= -120"),
    (msgspec.msgpack.encode({"command": "volume", "volume_db": float("inf")}), "<= 24"),
    (msgspec.msgpack.encode({"command": "mute", "id": 2**64 - 1}), "$.id"),
    (msgspec.msgpack.encode({1: 2}), "the form is"),
]


@pytest.mark.parametrize(("payload", "words"), REFUSED)
def test_what_is_no_command_is_refused_with_a_reason(serving, peer, payload, words):
    one = peer()
    as_json = payload[:1] == b"{"
    decode = DECODE["json" if as_json else "msgpack"]
    answer = decode(answer_of(one, payload))
    assert answer["ok"] is False
    assert words.lower() in answer["text"].lower()
    assert answer["text"].isprintable()
    assert len(answer["text"]) < 600
    assert "id" not in answer
    until(lambda: (serving.server.taken, serving.server.refused) == (0, 1), "the count")
    assert DECODE["json"](answer_of(one, b'{"command": "mute"}'))["ok"]


def fits(value):
    """Return whether MessagePack has such numbers."""
    if isinstance(value, dict):
        return all(map(fits, value.values()))
    if isinstance(value, list):
        return all(map(fits, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**64


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
almost_commands = st.builds(
    lambda name, more: {"command": name, **more},
    st.sampled_from(COMMANDS) | st.text(max_size=12),
    st.dictionaries(
        st.sampled_from(
            ["id", "stream", "field", "muted", "soloed", "alone", "volume_db", "name", "x"]
        ),
        json_values,
        max_size=4,
    ),
)


@settings(max_examples=500)
@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda some: b"{" + some)
    | almost_commands.map(msgspec.json.encode)
    | almost_commands.filter(fits).map(msgspec.msgpack.encode)
)
def test_any_bytes_are_a_command_or_refused(payload):
    try:
        command = decode_command(payload)
    except MessageError as error:
        assert str(error).isprintable()  # noqa: PT017  # or it is a command
    else:
        assert isinstance(command, AnyCommand)
        # Whatever is one can be answered.
        answer = Answer(ok=True, id=command.id)
        for encoding, encode in ENCODE.items():
            assert DECODE[encoding](encode(answer)).get("id") == command.id


@given(almost_commands.filter(fits), st.data())
def test_a_command_with_a_byte_changed_is_one_or_refused(found, data):
    for encode in ENCODE.values():
        payload = bytearray(encode(found))
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.integers(0, 255))
        with contextlib.suppress(MessageError):
            decode_command(bytes(payload))


def test_a_failure_to_do_it_is_the_answer():
    def fail(command):
        raise UsageError("there is no such stream")

    serving = Serving(fail)
    try:
        with CommandClient(serving.endpoint) as client:
            answer = client.call(MuteStream(stream="x"))
        assert answer == Answer(ok=False, id=1, text="there is no such stream")
        assert (serving.server.taken, serving.server.refused) == (0, 1)
    finally:
        serving.close()


def test_a_path_that_is_no_text_is_answered_as_escapes():
    serving = Serving(lambda command: Answer(ok=True, text="to \udcff", result={"a": ["\udcff"]}))
    try:
        with CommandClient(serving.endpoint) as client:
            answer = client.call(HearAll())
        assert (answer.text, answer.result) == (r"to \udcff", {"a": [r"\udcff"]})
    finally:
        serving.close()


def test_a_client_gets_the_answer_to_its_own_command():
    gate = threading.Event()

    def slow(command):
        if isinstance(command, Snapshot):
            gate.wait(5)
        return Answer(ok=True, text=type(command).__name__)

    serving = Serving(slow)
    try:
        with CommandClient(serving.endpoint) as client:
            with pytest.raises(StreamsonError, match="no answer from"):
                client.call(Snapshot(), timeout_s=0.1)
            gate.set()
            assert client.call(Mute()).text == "Mute"  # not that of the snapshot, which came late
    finally:
        gate.set()
        serving.close()


def test_a_command_that_nobody_took_is_not_carried_out_later():
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with CommandClient(endpoint) as client:
        with pytest.raises(StreamsonError, match="nobody takes commands"):
            client.call(Mute(), timeout_s=0.1)
        server = CommandServer(endpoint)
        done = []

        def carry_out(command):
            done.append(command)
            return Answer(ok=True)

        thread = threading.Thread(
            target=lambda: until(
                lambda: server.serve(carry_out, 0.05) or len(done) > 0, "a command"
            )
        )
        thread.start()
        assert client.call(SetVolume(volume_db=-3), timeout_s=5).ok
        thread.join()
        server.close()
    assert [type(command) for command in done] == [SetVolume]


def test_several_parts_are_refused_and_too_many_cut_off(serving, peer):
    one = peer()

    def cut():  # who has just connected may be too new for it
        one.send_multipart([b"a", b"b", b"c"])
        return serving.server.cut

    until(cut, "the cut")
    assert serving.server.refused >= 1
    assert not serving.done

    def answered():  # it connects again
        one.send(b'{"command": "mute"}')
        return one.poll(100)

    until(answered, "an answer")
    assert DECODE["json"](one.recv())["ok"]


def test_a_command_of_the_largest_size_is_answered_and_one_beyond_cut_off(serving, peer):
    padding = MAX_COMMAND_BYTES - len(b'{"command": "mute"}')
    assert DECODE["json"](answer_of(peer(), b'{"command": "mute"}' + b" " * padding))["ok"]
    one = peer()
    one.send(b'{"command": "mute"}' + b" " * (padding + 1))
    assert not one.poll(300)
    assert len(serving.done) == 1


def test_a_connection_may_send_so_many_a_second_and_others_go_on(serving, peer):
    greedy, calm = peer(), peer()
    until(lambda: time.time() % 1 < 0.1, "the beginning of a second")
    began = time.monotonic()
    for _ in range(MAX_COMMANDS_A_SECOND * 2):
        greedy.send(b'{"command": "mute"}')
    answers = [DECODE["json"](answer_of(greedy)) for _ in range(MAX_COMMANDS_A_SECOND * 2)]
    if time.monotonic() - began < 0.5:
        refused = [answer for answer in answers if not answer["ok"]]
        assert len(refused) == MAX_COMMANDS_A_SECOND
        assert "more than 50 commands a second" in refused[0]["text"]
    assert DECODE["json"](answer_of(calm, b'{"command": "mute"}'))["ok"]
    assert serving.server.taken + serving.server.refused == MAX_COMMANDS_A_SECOND * 2 + 1


def test_who_never_pauses_is_refused_or_cut_off(serving, peer):
    greedy, calm = peer(), peer()
    assert DECODE["json"](answer_of(calm, b'{"command": "mute"}'))["ok"]
    greedy.sndhwm = 0
    began = time.monotonic()

    def stopped():  # a slow machine brings too few at a time to be cut off
        for _ in range(1_000):
            greedy.send(b'{"command": "mute"}')
        return serving.server.cut or serving.server.refused > 1_000

    until(stopped, "refusals, or the cut")
    assert len(serving.done) <= MAX_COMMANDS_A_SECOND * (2 + time.monotonic() - began)
    assert DECODE["json"](answer_of(calm, b'{"command": "mute"}'))["ok"]


def test_all_together_may_want_so_much(serving, peer):
    many = [peer() for _ in range(MAX_ALL_COMMANDS_A_SECOND // MAX_COMMANDS_A_SECOND + 2)]
    for _ in range(MAX_COMMANDS_A_SECOND):
        for one in many:
            one.send(b'{"command": "mute"}')
    answers = [DECODE["json"](answer_of(one)) for one in many for _ in range(MAX_COMMANDS_A_SECOND)]
    assert sum(answer["ok"] for answer in answers) >= MAX_ALL_COMMANDS_A_SECOND
    # On a machine that needs longer than a second for them, more are carried out.
    for answer in answers:
        assert answer["ok"] or "others send too many" in answer["text"]


def test_who_reads_no_answers_is_cut_off_and_others_go_on():
    large = Answer(ok=True, result=b"x" * 500_000)
    serving = Serving(lambda command: large)
    try:
        with zmq.Context() as context, context.socket(zmq.DEALER) as deaf:
            deaf.linger = 0
            deaf.rcvhwm = 1
            deaf.rcvbuf = 4_096
            deaf.connect(serving.endpoint)

            def ask():
                with contextlib.suppress(zmq.Again):
                    deaf.send(b"\x81\xa7command\xa4mute", zmq.DONTWAIT)
                return serving.server.cut

            until(ask, "the cut")
            with CommandClient(serving.endpoint) as client:
                assert client.call(Acknowledge()).ok
    finally:
        serving.close()


def test_who_reads_nothing_for_a_while_is_cut_off():
    serving = Serving(lambda command: Answer(ok=True, result=b"x" * 20_000))
    try:
        with feed_attackers.connect(serving.endpoint, "DEALER") as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            for _ in range(MAX_COMMANDS_A_SECOND):
                deaf.sendall(frame(b'{"command": "mute"}'))
                until(lambda: serving.server.taken or serving.server.cut, "an answer")
                if serving.server._answers.wait:
                    break
            until(lambda: serving.server.cut, "the cut")
            assert not serving.server._answers.wait
    finally:
        serving.close()


def old_protocol(frames):
    """Return frames of ZMTP 1.0, which have no greeting: a length, flags, and a body."""
    return b"".join(bytes([len(body) + 1, 0]) + body for body in frames)


def test_a_browser_that_posts_what_looks_like_frames_steers_nothing(serving):
    """A request's line can be a frame of ZMTP 1.0: P is a length of 80, and O are its flags."""
    command = old_protocol([b'{"command": "mute"}'] * 3)
    host, port = serving.endpoint.removeprefix("tcp://").split(":")
    line = b"POST /" + b"x" * (0x50 + 1 - len(b"POST /"))
    assert len(line) == 0x51
    for content in (line + command, old_protocol([b"", b'{"command": "mute"}'])):
        refused = serving.server.refused
        with socket.create_connection((host, int(port))) as browser:
            browser.sendall(content)
            until(lambda refused=refused: serving.server.refused > refused, "a refusal")
    assert not serving.done


def test_it_can_be_closed_twice(serving):
    serving.close()
    serving.close()


def test_names_of_commands_are_what_they_do():
    assert decode_command(b'{"command": "solo_stream", "stream": "a"}') == SoloStream(stream="a")
    changing = {name for name in COMMANDS if decode_example(name).changes}
    assert set(COMMANDS) - changing == {"snapshot"}


def decode_example(name):
    return decode_command(
        msgspec.json.encode(next(one for one in EXAMPLES if one["command"] == name))
    )
