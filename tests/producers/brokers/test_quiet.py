"""Where nothing is said for long, nothing is taken for gone."""

import time

from tests.producers.brokers.conftest import cli

LONGER_THAN_ANY_LIMIT_S = 8.5
"""MQTT's keepalive, NATS's pings, and the time that Redis may take to answer, twice."""


def test_who_says_nothing_for_long_is_still_there(produce, mosquitto, nats_server, redis_server):
    redis = redis_server()
    taps = [
        produce("mqtt", f"mqtt://127.0.0.1:{mosquitto().port}"),
        produce("nats", f"nats://127.0.0.1:{nats_server().port}"),
        produce("redis", f"redis://127.0.0.1:{redis.port}", "s", "--channel", "c"),
    ]
    time.sleep(LONGER_THAN_ANY_LIMIT_S)
    cli(redis, "xadd", "s", "*", "v", "1")
    assert cli(redis, "publish", "c", "2") == "1"
    taps[2].await_points(2)
    for tap in taps:
        code, err = tap.interrupt()
        assert code == 130
        assert "trying" not in err
