"""Where nothing is said for long, nothing is taken for gone; and Ctrl-C is heard meanwhile."""

import socket
import time

import pytest

from tests.producers.brokers.conftest import cli

LONGER_THAN_ANY_LIMIT_S = 6.5
"""With the seconds until it is told that nothing came, longer than MQTT's keepalive, NATS's pings,
and twice the time that Redis may take to answer."""


def test_who_says_nothing_for_long_is_still_there(produce, mosquitto, nats_server, redis_server):
    redis = redis_server()
    taps = [
        produce("mqtt", f"mqtt://127.0.0.1:{mosquitto().port}"),
        produce("nats", f"nats://127.0.0.1:{nats_server().port}"),
        produce("redis", f"redis://127.0.0.1:{redis.port}", "s", "--channel", "c"),
    ]
    for tap, where in zip(taps, ("#", ">", "s, c"), strict=True):
        told = iter(tap.process.stderr.readline, "")
        assert any(line.endswith(f": connected; nothing came on {where} so far\n") for line in told)
    time.sleep(LONGER_THAN_ANY_LIMIT_S)
    cli(redis, "xadd", "s", "*", "v", "1")
    assert cli(redis, "publish", "c", "2") == "1"
    taps[2].await_points(2)
    for tap in taps:
        code, err = tap.interrupt()
        assert code == 130
        assert "nothing came" not in err
        assert "trying" not in err


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("mqtt", "mqtt"),
        ("mqtt", "mqtts"),
        ("nats", "nats"),
        ("redis", "redis"),
        ("redis", "rediss"),
    ],
)
def test_ctrl_c_ends_it_at_once_where_a_server_says_nothing(produce, name, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        tap = produce(name, f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", "s")
        with silent.accept()[0]:
            began = time.monotonic()
            assert tap.interrupt()[0] == 130
    assert time.monotonic() - began < 1.5
