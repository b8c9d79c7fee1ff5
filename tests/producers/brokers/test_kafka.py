"""The documented command for Kafka: kcat at the broker that librdkafka brings for tests."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer

from tests.conftest import until
from tests.producers.servers import documented, needs


def test_the_documented_command_publishes_a_topics_lines(receiver):
    needs("kcat")
    kafka = Producer(
        {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0}
    )
    kafka.produce("readings", b'{"t": 0}')
    kafka.flush(10)
    (broker,) = kafka.list_topics(timeout=10).brokers.values()
    command = documented("Kafka").replace("127.0.0.1:9092", f"{broker.host}:{broker.port}")
    command += f" --endpoint {receiver.endpoint}"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    points = []
    with subprocess.Popen(
        command, shell=True, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:

            def heard() -> bool:
                kafka.produce("readings", b'{"t": 21.5, "room": "hall"}')
                kafka.flush(10)
                points.extend(receiver.receive(0.1))
                return bool(points)

            until(heard, "a point")
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(10)
    assert (points[0].stream, points[0].fields) == ("readings", {"t": 21.5})
