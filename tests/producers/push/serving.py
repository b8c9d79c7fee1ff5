"""The http producer as a person runs it, and requests as programs send them."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.conftest import until
from tests.producers.servers import accepts, free_port, words_of

JSON = {"Content-Type": "application/json"}


class Answered(NamedTuple):
    status: int
    text: str
    headers: Mapping[str, str]


class Serving:
    """A producer that listens on a port of its own."""

    def __init__(
        self, produce: Callable, *words: str, row="any program that sends JSON", **options
    ):
        self.port = free_port()
        self.producing = produce(*words_of(row), "--address", str(self.port), *words, **options)
        until(lambda: accepts(self.port) or self.producing.process.poll() is not None, "the server")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body=None, headers=JSON) -> Answered:
        return request(self.port, method, path, body, headers)

    def post(self, path: str, body: object, headers: Mapping[str, str] = JSON) -> Answered:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, headers)

    def points(self, count: int) -> list[tuple[str, dict[str, float]]]:
        """Wait for points; return the streams and fields of all that came."""
        return [(p.stream, p.fields) for p in self.producing.await_points(count)]


def request(port: int, method: str, path: str, body=None, headers=JSON) -> Answered:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, dict(headers))
        return answered(connection)
    finally:
        connection.close()


def answered(connection: http.client.HTTPConnection) -> Answered:
    with connection.getresponse() as response:
        return Answered(response.status, response.read().decode(), dict(response.getheaders()))


def lately(moment: float) -> bool:
    """Return whether a time is of now."""
    return abs(moment - time.time()) < 20
