"""The page about the feed: its readers, in two languages, and its commands run as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import zmq

from streamson import Listener, Publisher
from streamson.listener.mixer import MAX_STEERED_STREAMS
from streamson.listener.recordings import MAX_BEGUN
from streamson.model.command import Answer
from streamson.model.feed import MESSAGE_TYPES, ListenerState
from streamson.session.load import parse_session
from streamson.wire import limits
from streamson.wire.sockets.endpoint import control_endpoint
from tests.conftest import until

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "feed.md").read_text()
ANY_PORT = "tcp://127.0.0.1:*"
NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


ALERTS = parse_session(b"[[part]]\n[[alert]]\nfield = 'percent'\nabove = 90\n", "alerts.toml")


@pytest.fixture
def listener(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where recordings go
    with Listener(ANY_PORT, session=ALERTS, output="none", feed=ANY_PORT) as listening:
        yield listening


def assert_it_reads(listener, command, program, suffix, tmp_path):
    """Run a reader of the page; see that it tells who it is, what happens, and what is played."""
    path = tmp_path / f"reader{suffix}"
    path.write_text(program.replace("tcp://127.0.0.1:5571", listener.feed_endpoint))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NODE_PATH": str(NODE_MODULES)}
    with (
        subprocess.Popen(
            [*command, path], stdout=subprocess.PIPE, text=True, env=environment
        ) as reader,
        Publisher(listener.endpoint) as publisher,
    ):
        try:
            assert "connected to streamson" in reader.stdout.readline()
            listener.set_volume(-7)
            assert reader.stdout.readline().strip() == "volume -7 dB"
            publisher.send("boiler", temperature=20.0)
            assert reader.stdout.readline().startswith("boiler plays MIDI note")
        finally:
            reader.kill()


def test_the_python_reader_reads(listener, tmp_path):
    program = blocks("python")[0]
    assert len(program.splitlines()) <= 20
    assert_it_reads(listener, [sys.executable], program, ".py", tmp_path)


def test_the_node_reader_reads(listener, tmp_path):
    if not (NODE_MODULES / "zeromq").exists() or shutil.which("node") is None:
        missing = "node, or its package zeromq, is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    assert_it_reads(listener, ["node"], blocks("js")[0], ".js", tmp_path)


def test_the_program_that_steers_steers(listener):
    program = blocks("python")[1].replace(
        "tcp://127.0.0.1:5572", control_endpoint(listener.feed_endpoint)
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "'volume_db': -12.0" in done.stdout


def test_every_command_of_the_page_is_one(listener):
    commands = re.findall(r"`(\{\"command\".*?\})`", PAGE)
    assert len(commands) >= 10
    with (
        Publisher(listener.endpoint) as publisher,
        zmq.Context.instance().socket(zmq.REQ) as socket,
    ):
        publisher.send("web/cpu", percent=97.0)
        socket.connect(control_endpoint(listener.feed_endpoint))

        def known():
            socket.send_string('{"command": "snapshot"}')
            return json.loads(socket.recv())["result"]["state"]["alerts"]

        until(known, "the alert")
        for command in commands:
            socket.send_string(command)
            answer = json.loads(socket.recv())
            assert answer["ok"], (command, answer)


def test_every_topic_is_on_the_page():
    from streamson.wire.control.client import COMMANDS

    topics = set(re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE))
    assert topics == set(MESSAGE_TYPES)
    assert set(re.findall(r'"command": "(\w+)"', PAGE)) == set(COMMANDS)


def test_the_messages_of_the_page_are_whole():
    examples, answers = ([*block.splitlines()] for block in blocks("json"))
    assert len(examples) == len(MESSAGE_TYPES)
    for (topic, kind), example in zip(MESSAGE_TYPES.items(), examples, strict=True):
        told = json.loads(example)
        fields = {field.name for field in msgspec.structs.fields(kind)}
        if topic == "statistics":
            assert set(told) < fields
            continue
        if isinstance(told, list):
            assert len(told) == len(fields), topic
        else:
            assert set(told) == fields, topic
        message = msgspec.json.decode(example, type=kind)
        assert json.loads(msgspec.json.encode(message)) == told
    for answer in answers:
        found = msgspec.json.decode(answer, type=Answer)
        if found.ok:
            assert msgspec.convert(found.result, ListenerState).muted_streams == ("web/cpu",)


def test_the_limits_of_the_page_are_those_of_the_code():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(rows) > 6
    for name, value in rows:
        assert getattr(limits, name) == int(value), name
    assert f"{MAX_STEERED_STREAMS} streams can be muted" in PAGE
    assert f"{MAX_BEGUN:,} recordings" in PAGE
