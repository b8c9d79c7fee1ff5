"""Servers that show what producers ask for, and waiting for what a producer makes of it."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click
import pytest

from streamson.errors import UsageError
from streamson.model.point import DataPoint
from tests.conftest import until
from tests.producers.conftest import Producing
from tests.producers.servers import accepts, free_port, needs, server

HEARD_AGAIN_S = 5.0
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

CONFIGURATION = """
{modules}
daemon off; master_process off; pid {folder}/nginx.pid;
events {{}}
http {{
  log_format told '$msec $request_method $uri $status "$http_authorization" "$http_x_name" '
                  '"$http_accept" "$http_if_none_match" "$http_last_event_id"';
  access_log {folder}/access.log told;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/json json; text/plain txt; text/csv csv; text/html html;
           application/openmetrics-text om; }}
  client_max_body_size 9m;
  gzip on; gzip_min_length 1; gzip_types application/json text/plain;
  server {{
    listen 127.0.0.1:{port} {tls};
    root {folder}/www;
    {locations}
  }}
}}
"""


class Nginx:
    """nginx with a folder of files, which can be killed and come back."""

    def __init__(self, folder: Path, locations: str = "", modules: str = "", tls: str = "") -> None:
        self.port = free_port()
        self.www = folder / "www"
        self.www.mkdir(parents=True, exist_ok=True)
        self.scheme = "https" if tls else "http"
        self._folder = folder
        self._program = needs("nginx")
        self._opened = ExitStack()
        self._configuration = folder / "nginx.conf"
        self._configuration.write_text(
            CONFIGURATION.format(
                folder=folder, port=self.port, locations=locations, modules=modules, tls=tls
            )
        )
        self.start()

    def start(self) -> None:
        command = [self._program, "-p", self._folder, "-c", self._configuration]
        command += ["-e", self._folder / "error.log"]
        self._opened.enter_context(server(command, lambda: accepts(self.port), "nginx"))

    def kill(self) -> None:
        self._opened.close()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/{path}"

    def write(self, name: str, content: str | bytes) -> None:
        """Put a file into the place of another, whole.

        nginx takes it for another if its size, or the second in which it was written, is another.
        """
        data = content.encode() if isinstance(content, str) else content
        fresh = self._folder / "fresh"
        fresh.write_bytes(data)
        fresh.replace(self.www / name)

    def requests(self) -> list[list[str]]:
        """Return what was asked: moment, method, path, status, and headers in quotes."""
        log = self._folder / "access.log"
        return [line.split(" ") for line in log.read_text().splitlines()]


@contextmanager
def nginx(folder: Path, **options: str) -> Iterator[Nginx]:
    started = Nginx(folder, **options)
    try:
        yield started
    finally:
        started.kill()


def await_point(
    producing: Producing, is_awaited: Callable[[DataPoint], bool], what: str
) -> DataPoint:
    """Serve a producer until a point comes that is awaited; return that."""
    found: list[DataPoint] = []

    def came() -> bool:
        for point in producing.receiver.receive(0.01):
            producing.points.append(point)
            if is_awaited(point):
                found.append(point)
        return bool(found)

    until(came, what)
    return found[0]


def await_told(producing: Producing, words: str) -> str:
    """Serve a producer until it says something; return all that it said since the last time."""
    file = producing.process.stderr.fileno()
    os.set_blocking(file, False)
    said = bytearray()

    def told() -> bool:
        producing.points += producing.receiver.receive(0.01)
        with suppress(BlockingIOError):
            said.extend(os.read(file, 65_536))
        return words.encode() in said

    until(told, words)
    return said.decode()


def await_requests(served: Nginx, producing: Producing, number: int) -> None:
    def asked() -> bool:
        producing.points += producing.receiver.receive(0.01)
        return len(served.requests()) >= number

    until(asked, f"{number} requests")


def assert_heard_again(producing: Producing, start: Callable[[], object]) -> DataPoint:
    """Start a server again, and expect a new point soon after."""
    while list(producing.receiver.receive(0.01)):
        pass
    start()
    started = time.monotonic()
    point = await_point(producing, lambda _: True, "a point after the break")
    assert time.monotonic() - started < HEARD_AGAIN_S
    return point


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make an authority's certificate for 127.0.0.1, and its key."""
    made, key = folder / "ca.pem", folder / "ca.key"
    command = [needs("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    return made, key


def refused(command: click.Command, words: Sequence[str]) -> str:
    """Return the message that a command ends with at once because of its options."""
    with pytest.raises((UsageError, click.UsageError)) as raised:
        command.main(list(words), standalone_mode=False)
    error = raised.value
    return error.format_message() if isinstance(error, click.UsageError) else str(error)
