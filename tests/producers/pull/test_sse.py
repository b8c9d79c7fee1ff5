"""The sse producer against nchan, nginx's publisher of messages."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamson.producers.pull.sse import command
from tests.producers.pull.serving import (
    NCHAN,
    Nginx,
    assert_heard_again,
    await_requests,
    await_told,
    nginx,
    refused,
)
from tests.producers.servers import needs, words_of

LOCATIONS = """
location /publish { nchan_publisher; nchan_channel_id feed; }
location /events { nchan_subscriber eventsource; nchan_channel_id feed;
                   nchan_subscriber_first_message oldest; }
location /brief { nchan_subscriber eventsource; nchan_channel_id feed; nchan_subscriber_timeout 1s;
                  nchan_subscriber_first_message oldest; }
location /over { return 204; }
location /once { default_type text/event-stream; }
"""


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Nginx]:
    if not NCHAN.exists():
        needs("nginx with nchan (Debian: libnginx-mod-nchan)")
    modules = f"load_module {NCHAN};"
    with nginx(tmp_path / "nginx", locations=LOCATIONS, modules=modules) as served:
        yield served


def publish(feed: Nginx, data: str | bytes, event: str = "") -> None:
    body = data.encode() if isinstance(data, str) else data
    headers = {"Content-Type": "text/plain"} | ({"X-EventSource-Event": event} if event else {})
    request = urllib.request.Request(feed.url("publish"), body, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        response.read()


def test_events_become_points_as_the_documents_show_it(feed, produce):
    words = words_of("server-sent events", port=f"127.0.0.1:8080 -> 127.0.0.1:{feed.port}")
    producing = produce(*words)
    publish(feed, '{"price": 2.5, "ts": 1700000000000}')
    publish(feed, "21.5 °C", event="room")
    publish(feed, "T=3 H=40")
    one, two, three = producing.await_points(3)
    here = f"127.0.0.1:{feed.port}/events"
    assert (one.stream, one.fields, one.time) == (here, {"price": 2.5}, 1.7e9)
    assert (two.stream, two.fields) == (f"{here}/room", {"value": 21.5})
    assert (three.stream, three.fields) == (f"{here}/T", {"T": 3, "H": 40})  # price came first
    interrupted = time.monotonic()
    code, err = producing.interrupt()
    assert time.monotonic() - interrupted < 1
    assert (code, "sse: 3 points sent" in err) == (130, True)


def test_names_and_fields_are_chosen_and_garbage_is_counted(feed, produce):
    producing = produce("sse", feed.url("events"), "--stream", "{symbol}", "--fields", "p*")
    for data in ('{"symbol": "A", "price": 1, "n": 5}', "\x1b]no", '{"symbol": "B", "n": 1}'):
        publish(feed, data)
    publish(feed, b"x" * 1_100_000)
    publish(feed, '{"symbol": "B", "price": 2}')
    points = [(point.stream, point.fields) for point in producing.await_points(2)]
    assert points == [("A", {"price": 1}), ("B", {"price": 2})]
    _, err = producing.interrupt()
    for told in ("without numbers", "without wanted fields", "longer than 1 MB"):
        assert f"1 message {told} left out" in err
    assert "\x1b" not in err


def test_after_a_break_comes_what_was_sent_meanwhile(feed, produce):
    """The connection is closed after a second without a message: that is nobody's fault."""
    producing = produce("sse", feed.url("brief"))
    for number in range(2):
        publish(feed, f"{number}")
        producing.await_points(number + 1)
        await_requests(feed, producing, sum(1 for _ in closed(feed)) + 2 + number)
    assert [point.fields["value"] for point in producing.points] == [0, 1]
    ids = [request[-1] for request in closed(feed)]
    assert ids[0] == '"-"'
    assert '"-"' not in ids[1:]
    _, err = producing.interrupt()
    assert "trying" not in err


def closed(feed: Nginx) -> list[list[str]]:
    return [request for request in feed.requests() if request[2] == "/brief"]


def test_a_server_that_was_killed_is_heard_again(feed, produce):
    producing = produce("sse", feed.url("events"))
    publish(feed, "1")
    producing.await_points(1)
    feed.kill()
    said = await_told(producing, "trying until it is there")
    point = assert_heard_again(producing, lambda: (feed.start(), publish(feed, "2")))
    assert point.fields == {"value": 2}
    _, err = producing.interrupt()
    assert (said + err).count("trying until it is there") == 1
    assert err.count("there again") == 1


def test_a_server_that_has_nothing_more_ends_it(feed, produce):
    code, err = produce("sse", feed.url("over")).finish()
    assert code == 0
    assert "says that nothing more comes" in err


def test_what_is_no_feed_is_told(feed, produce):
    feed.write("a.json", json.dumps({"x": 1}))
    producing = produce("sse", feed.url("a.json"))
    await_told(producing, "it sends application/json, no text/event-stream")
    missing = produce("sse", feed.url("missing"))
    await_told(missing, "404 Not Found")


def test_a_feed_that_ends_at_once_is_not_asked_without_a_pause(feed, produce):
    feed.write("once", "retry: 300\nid: a\ndata: 1\n\n")
    producing = produce("sse", feed.url("once"))
    producing.await_points(4)
    moments = [float(request[0]) for request in feed.requests() if request[2] == "/once"]
    assert moments[3] - moments[0] > 3 * 0.29
    assert [request[-1] for request in feed.requests()][1] == '"a"'
    feed.write("once", "")
    await_told(producing, "it ends the connection without a word")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing argument"),
        (("ws://a/",), "begins with http:// or https://"),
        (("http://me:pw@a/",), "--password-file"),
        (("http://a/", "--header", "X-Api-Key: x"), "--header @FILE"),
        (("http://a/", "--stream", "}"), "with labels in braces"),
    ],
)
def test_bad_options_are_explained(words, expected):
    assert expected in refused(command, words)
