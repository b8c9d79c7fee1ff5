"""Producers of other packages: found by their entry point, listed, run, and pushed to."""

import os
import re
import subprocess
import sys

import pytest

from streamson.producers.base.push_queue import MAX_READINGS, MAX_VALUES, PushQueue
from streamson.producers.base.reading import Reading

PUSHY = '''
import asyncio, threading
import click
from streamson.producers.base.push_queue import PushQueue
from streamson.producers.base.reading import Production, Reading

@click.command(short_help="Pushes as fast as it can.")
@click.option("--count", default=10)
def command(*, count):
    """Push COUNT points from an asyncio loop."""
    queue = PushQueue()

    async def push():
        for number in range(count):
            queue.push(Reading("pushed", {"number": number}))
        queue.end()

    threading.Thread(target=asyncio.run, args=(push(),), daemon=True).start()
    return Production(queue, keep=False)
'''
NEEDY = '''
import click
REQUIRES = {"no_such_package.within": "no-such[extra]"}

@click.command(short_help="Needs what is not there.")
def command():
    """Never called."""
'''


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """A package of another author, installed."""
    (tmp_path / "pushy.py").write_text(PUSHY)
    (tmp_path / "needy.py").write_text(NEEDY)
    (tmp_path / "broken.py").write_text("import no_such_package\n")
    (tmp_path / "empty.py").write_text("")
    info = tmp_path / "others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    names = ("pushy", "needy", "broken", "empty", "eta")
    modules = {"eta": "broken"}
    (info / "entry_points.txt").write_text(
        "[streamson.producers]\n"
        + "".join(f"{name} = {modules.get(name, name)}:command\n" for name in names)
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_they_are_listed_with_what_they_need(plugins):
    done = subprocess.run(
        [sys.executable, "-m", "streamson", "produce"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "400"},
    )
    found = dict(re.findall(r"^  (\w+)  +(.*)$", done.stdout, re.MULTILINE))
    assert found["pushy"] == "Pushes as fast as it can."
    assert "needy needs packages that are missing: " in done.stdout
    assert " -m pip install 'no-such[extra]'\n" in done.stdout
    assert "No module named 'no_such_package'" in found["broken"]
    assert "has no attribute 'command'" in found["empty"]
    assert found["eta"].startswith("The Dirichlet eta function")  # this package's own wins


def test_one_that_cannot_be_loaded_says_why(plugins, produce):
    code, err = produce("broken").finish()
    assert code == 1
    assert "the producer broken can't be loaded: No module named 'no_such_package'" in err


def test_what_is_pushed_arrives_in_order(plugins, produce):
    code, err = produce("pushy", "--count", "500").finish()
    assert code == 0, err


def test_a_source_that_is_faster_than_the_network_loses_its_oldest_and_is_told(plugins, produce):
    count = 300_000
    producing = produce("pushy", "--count", str(count))
    code, err = producing.finish()
    numbers = [point.fields["number"] for point in producing.points]
    assert code == 0
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == count - 1
    sent, gone = map(int, re.search(r"(\d+) points sent, (\d+) dropped", err).groups())
    overrun = int(re.findall(r"pushy: (\d+) points dropped so far", err)[-1])
    assert gone >= overrun > 0
    assert sent + gone == count


def test_a_queue_is_bounded_in_number_and_in_values():
    queue = PushQueue()
    for number in range(MAX_READINGS + 5):
        queue.push(Reading("s", {"number": number}))
    assert queue.dropped == 5
    wide = {f"f{i}": 0.0 for i in range(63)}
    for _ in range(MAX_READINGS):
        queue.push(Reading("s", wide))
    queue.end()
    assert sum(1 + len(reading.fields) for reading in queue) <= MAX_VALUES


def test_what_went_wrong_where_it_is_pushed_is_raised_where_it_is_read():
    queue = PushQueue()
    queue.push(Reading("s", {"x": 1}))
    queue.end(ConnectionError("gone"))
    readings = iter(queue)
    assert next(readings).fields == {"x": 1}
    with pytest.raises(ConnectionError, match="gone"):
        next(readings)
