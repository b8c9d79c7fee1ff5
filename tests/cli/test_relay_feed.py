"""``streamson relay-feed`` between a real listener and those who read."""

import itertools
import json
import signal
import time
from socket import gethostname

import pytest

from streamson import Publisher
from streamson.model.feed import AUDIO, STREAMS
from streamson.wire.feed.reader import FeedReader
from tests.conftest import free_endpoint, until

ANY_PORT = "tcp://127.0.0.1:*"


def after(running, words):
    return running.await_line(words).removeprefix(words).strip().rstrip(".")


def test_a_listener_is_heard_through_a_relay_that_is_killed_and_started_again(start, tmp_path):
    words = ("--bind", ANY_PORT, "--feed", ANY_PORT, "--output", "none", "--plain")
    listener = start("listen", *words)
    points, feed = after(listener, "Listening on"), after(listener, "Feed on")
    listener.await_line("Playing")
    where = free_endpoint()
    relay = start("relay-feed", feed, "--feed", where)
    relay.await_line(f"{feed} is there")
    with Publisher(points) as publisher, FeedReader(where, [STREAMS, AUDIO]) as reader:
        publisher.send("boiler", temperature=1.0)
        hello = reader.wait_for_hello(10)
        assert hello.endpoint == points
        blocks, names = [], set()

        def heard():
            for topic, message in reader.receive(0.05):
                if topic == AUDIO:
                    blocks.append(message)
                elif topic == STREAMS:
                    names.update(row.name for row in message.rows)
            return len(blocks) > 25 and "boiler" in names

        until(heard, "half a second of sound, and the stream")
        for before, now in itertools.pairwise(blocks):
            assert now.frame == before.frame + len(before.samples) // 8
        relay.kill()
        relay = start("relay-feed", feed, "--feed", where, "--stats", "stats.json")
        relay.await_line(f"{feed} is there")
        begin = time.monotonic()
        assert reader.wait_for_hello(10) == hello
        assert time.monotonic() - begin < 2
        blocks.clear()
        until(heard, "sound again")
    begin = time.monotonic()
    code, out, err = relay.end(signal.SIGTERM)
    assert time.monotonic() - begin < 1
    assert (code, out) == (143, "")
    assert err.startswith("handed on ")
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["messages"] > 25
    assert listener.end()[0] == 130


def test_ctrl_c_ends_it_while_nobody_is_there(start):
    relay = start("relay-feed", free_endpoint(), "--feed", "tcp://0.0.0.0:*", "--insecure")
    relay.await_line(f"Feed on tcp://{gethostname()}:")  # what others connect to
    relay.await_line("Ctrl-C ends")
    begin = time.monotonic()
    code, _, err = relay.end()
    assert time.monotonic() - begin < 1
    assert code == 130
    assert err.strip().startswith("handed on 0 messages in ")


def test_what_is_no_feed_is_explained(start, run):
    other = start("relay-feed", free_endpoint(), "--feed", ANY_PORT)
    taken = after(other, "Feed on")
    done = run("relay-feed", free_endpoint(), "--feed", taken)
    assert done.returncode == 1
    assert "the port is in use" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'FROM'"),
        (["nonsense", "--feed", ANY_PORT], "the form is"),
        (["tcp://localhost:5571"], "that is where this relay itself"),
    ],
)
def test_mistakes_are_explained(run, words, message):
    done = run("relay-feed", *words)
    assert message in done.stderr
    assert done.returncode == 2
