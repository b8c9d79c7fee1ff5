"""What a relay says of a place from which all comes back."""

import logging

import zmq

from streamson.cli.relay_news import RelayNews
from streamson.model.point import DataPoint
from streamson.wire.points.codec import encode
from streamson.wire.relay import loop_probe
from streamson.wire.relay.relay import Relay
from tests.conftest import until

POINT = encode(DataPoint("x", {"v": 1.0}, 1.0))


def test_what_comes_back_is_said_and_counted_and_when_it_no_longer_does(monkeypatch, caplog):
    monkeypatch.setattr(loop_probe, "INTERVAL_S", 0.1)
    monkeypatch.setattr(loop_probe, "ANSWER_S", 0.3)
    caplog.set_level(logging.INFO, "streamson")
    with (
        zmq.Context() as context,
        context.socket(zmq.SUB) as far,
        context.socket(zmq.XPUB) as back,
    ):
        back.linger = 0
        far.subscribe(b"")
        to = f"tcp://127.0.0.1:{far.bind_to_random_port('tcp://127.0.0.1')}"
        with Relay([to], "tcp://127.0.0.1:*") as relay:
            news = RelayNews(relay)
            back.connect(relay.endpoint)
            assert back.poll(5_000)
            (place,) = relay.destinations

            def go_on(*, sends_back):
                relay.turn()
                news.tell()
                while far.poll(1):
                    frame = far.recv()
                    if sends_back:
                        back.send(frame)

            until(lambda: go_on(sends_back=True) or place.leads_back, "the circle")
            back.send(POINT)
            until(lambda: go_on(sends_back=True) or place.statistics.points_held_back, "a point")
            assert "comes back here" in caplog.text
            assert "comes back no more" not in caplog.text
            until(lambda: go_on(sends_back=False) or not place.leads_back, "the circle's end")
            back.send(POINT)
            until(lambda: go_on(sends_back=False) or place.statistics.points_sent, "a point again")
            summary = news.summary()
    assert caplog.text.count("comes back no more, so points go there again") == 1
    assert summary.endswith(
        f"handed on 1 point to {to}, lost 0, missed 0 while nobody was there, "
        "1 while what is sent there came back here"
    )
