"""The page about instruments of others: its commands, figures and its program are what is true."""

import re
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streamson.cli import cli
from streamson.live.midi.channel import LOUDEST_DB
from streamson.live.midi.messages import BEND_SEMITONES, CHANNELS
from streamson.live.osc.messages import MAX_DATAGRAM_BYTES, MAX_FIELDS, OscMessages
from streamson.live.osc.sender import LEAD_S, MAX_STREAMS_A_SECOND
from streamson.live.outlet.outlet import DEFAULT_DELAY_S, MAX_LATE_S, SILENCE_S
from streamson.model.event.steering import Caption
from streamson.model.feed import EventTold
from streamson.music.general_midi import level_to_value
from tests.conftest import free_endpoint, until
from tests.live import made_up
from tests.live.test_outlet import MadeUpClock

PAGE = (Path(__file__).parents[1] / "docs" / "instruments_out.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands():
    lines = [line for block in (*blocks("sh"), *blocks("text")) for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line.startswith("streamson ")]


@pytest.mark.parametrize("line", commands())
def test_a_command_is_understood(line):
    name, *words = shlex.split(line)[1:]
    command = cli.get_command(cli.make_context("streamson", [name]), name)
    command.make_context(name, words)


def test_the_types_of_osc_are_those_that_are_sent():
    messages = OscMessages()
    row = made_up.row("a", fields={"percent": 1.0})
    event = EventTold(number=1, time=0.0, sentence="", event=Caption(frame=0, text="Hear."))
    sent = (
        *messages.streams([row]),
        messages.note(row.last_note, 0.0, 0.0),
        messages.event(event),
        messages.state(None),
    )
    found = {}
    for data in sent:
        address, types = re.search(rb"(/streamson/[a-z]+)\0+,([a-z]+)\0", data).groups()
        found[address.decode()] = types.decode()
    told = dict(re.findall(r"^\| `(/\S+)` \| `([a-z]+)`", PAGE, re.MULTILINE))
    assert found.pop("/streamson/stream") == told.pop("/streamson/stream") + "sd"
    assert found == told


def test_its_figures_are_those_of_the_code():
    assert f"sounds {DEFAULT_DELAY_S} s after" in PAGE
    assert f"{MAX_LATE_S} s late or more" in PAGE
    assert f"gone for {SILENCE_S:.0f} s" in PAGE
    assert f"{1000 * LEAD_S:.0f} ms before that" in PAGE
    assert f"longer than {MAX_DATAGRAM_BYTES:,} bytes" in PAGE
    assert f"more than {MAX_STREAMS_A_SECOND:,} streams" in PAGE
    assert f"up to {MAX_FIELDS} fields" in PAGE
    assert f"{len(CHANNELS)} notes; for one more" in PAGE
    assert f"range is {BEND_SEMITONES} semitones" in PAGE
    assert (LOUDEST_DB, level_to_value(-12)) == (-6, 64)


def test_its_program_hears_a_note(start_watch, tmp_path):
    port = free_endpoint().rpartition(":")[2]
    (program,) = blocks("python")
    path = tmp_path / "receiver.py"
    path.write_text(program.replace("57120", port))
    with (
        MadeUpClock() as feed,
        subprocess.Popen(
            [sys.executable, "-u", path], stdout=subprocess.PIPE, text=True
        ) as receiver,
    ):
        start_watch(feed.endpoint, "--osc", port)
        # Whoever comes later hears nothing of notes before: so they go on.
        until(lambda: feed.send() or select.select([receiver.stdout], [], [], 0.3)[0], "a note")
        assert receiver.stdout.readline() == "a sine 60.25 -20.0 0.30000001192092896\n"
        receiver.kill()


@pytest.fixture
def start_watch():
    running = []

    def start(*words):
        command = [sys.executable, "-m", "streamson", "watch", *words]
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        assert running[-1].stderr.readline().startswith("Playing")

    yield start
    for process in running:
        process.terminate()
        process.communicate()
