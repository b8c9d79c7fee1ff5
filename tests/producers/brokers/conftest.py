"""Real brokers that can be killed and started again, and an authority that signs certificates."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from streamson.errors import UsageError
from streamson.model.point import DataPoint
from tests.conftest import until
from tests.producers.conftest import Producing
from tests.producers.servers import accepts, free_port, needs, server

HEARD_AGAIN_S = 5.0


class Broker:
    """A broker on a port of its own."""

    def __init__(self, command: Callable[[int], list[str]]) -> None:
        self.port = free_port()
        self._command = command(self.port)
        self._running = ExitStack()

    def start(self) -> None:
        what = Path(self._command[0]).name
        self._running.enter_context(server(self._command, lambda: accepts(self.port), what))

    def kill(self) -> None:
        """Let it die at once, as in a crash."""
        self._running.close()

    def restart(self) -> float:
        """Kill it and start it again; return when it was there."""
        self.kill()
        self.start()
        return time.monotonic()


@pytest.fixture
def start_broker() -> Iterator[Callable[[Callable[[int], list[str]]], Broker]]:
    """Start a broker by the command for a port; it is ended with the test."""
    with ExitStack() as started:

        def start(command: Callable[[int], list[str]]) -> Broker:
            broker = Broker(command)
            broker.start()
            started.callback(broker.kill)
            return broker

        yield start


class Authority(NamedTuple):
    """Files of an authority, of a server on 127.0.0.1, and of a client, all in PEM."""

    ca: str
    cert: str
    key: str
    client_cert: str
    client_key: str


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    openssl = needs("openssl")
    folder = tmp_path_factory.mktemp("authority")

    def sign(name: str, *extensions: str, by: str | None) -> None:
        command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        command += ["-nodes", "-days", "2", "-subj", f"/CN={name}"]
        command += ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"]
        for extension in extensions:
            command += ["-addext", extension]
        if by is not None:
            command += ["-CA", f"{folder}/{by}.crt", "-CAkey", f"{folder}/{by}.key"]
        subprocess.run(command, check=True, capture_output=True)

    sign("ca", "keyUsage=critical,keyCertSign,cRLSign", by=None)
    leaf = "basicConstraints=critical,CA:FALSE"
    sign("server", leaf, "subjectAltName=IP:127.0.0.1", by="ca")
    sign("client", leaf, by="ca")
    names = ("ca.crt", "server.crt", "server.key", "client.crt", "client.key")
    return Authority(*(str(folder / name) for name in names))


def until_heard(producing: Producing, publish: Callable[[], object]) -> DataPoint:
    """Publish again and again until a point comes, for who has not subscribed yet; return it."""

    def heard() -> bool:
        publish()
        producing.points += producing.receiver.receive(0.1)
        return bool(producing.points)

    until(heard, "a first point")
    return producing.points[0]


def news(producing: Producing) -> list[tuple[str, dict[str, float]]]:
    """Return stream and fields of the points that came, without those that `until_heard` tried."""
    return [(p.stream, dict(p.fields)) for p in producing.points if p.stream != "ready"]


def await_news(producing: Producing, count: int) -> list[tuple[str, dict[str, float]]]:
    """Wait for so many points beside those that `until_heard` tried."""

    def came() -> bool:
        producing.points += producing.receiver.receive(0.01)
        return len(news(producing)) >= count

    until(came, f"{count} points")
    return news(producing)


def assert_heard_again(producing: Producing, since: float, publish: Callable[[], object]) -> None:
    """Publish again and again until another point comes; it has to be there soon after a moment."""
    before = len(producing.points)

    def heard() -> bool:
        publish()
        producing.points += producing.receiver.receive(0.1)
        return len(producing.points) > before

    until(heard, "a point after the break")
    assert time.monotonic() - since < HEARD_AGAIN_S
    code, err = producing.interrupt()
    assert code == 130
    assert err.count("trying until it is there") == err.count("there again after") == 1


def refusal(command: click.Command, words: Sequence[str]) -> str:
    """Return what a person is told who uses a command wrongly: one line."""
    with pytest.raises((UsageError, click.UsageError)) as raised:
        command.main(list(words), standalone_mode=False)
    error = raised.value
    told = error.format_message() if isinstance(error, click.ClickException) else str(error)
    assert "\n" not in told
    assert "secret" not in told
    assert error.exit_code == 2
    return told


@pytest.fixture
def empty_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder with nothing but an empty file, ``empty``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()


@pytest.fixture
def mosquitto(
    start_broker: Callable[[Callable[[int], list[str]]], Broker], tmp_path_factory
) -> Callable[..., Broker]:
    """Start a mosquitto with further lines of configuration."""
    program = needs("mosquitto")
    folder = tmp_path_factory.mktemp("mosquitto")

    def start(*lines: str, anonymous: bool = True) -> Broker:
        def command(port: int) -> list[str]:
            config = folder / "mosquitto.conf"
            allowed = f"allow_anonymous {str(anonymous).lower()}"
            text = ["user root", f"listener {port} 127.0.0.1", allowed, *lines]
            config.write_text("\n".join([*text, ""]))
            return [program, "-c", str(config)]

        return start_broker(command)

    return start


@pytest.fixture
def nats_server(
    start_broker: Callable[[Callable[[int], list[str]]], Broker], tmp_path_factory
) -> Callable[..., Broker]:
    """Start a nats-server with further words of the command."""
    program = needs("nats-server")

    def start(*words: str) -> Broker:
        return start_broker(lambda port: [program, "-a", "127.0.0.1", "-p", str(port), *words])

    return start


def cli(broker: Broker, *words: str, check: bool = True) -> str:
    command = [needs("redis-cli"), "-p", str(broker.port), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=check)
    assert not done.stdout.startswith("ERR") or not check, done.stdout
    return done.stdout.strip()


def is_ready(broker: Broker) -> bool:
    """Return whether it answers: not while it reads what it has kept."""
    return cli(broker, "ping", check=False).startswith(("PONG", "NOAUTH"))


@pytest.fixture
def redis_server(
    start_broker: Callable[[Callable[[int], list[str]]], Broker], tmp_path_factory
) -> Callable[..., Broker]:
    """Start a redis-server with further words of configuration."""
    program = needs("redis-server")
    folder = tmp_path_factory.mktemp("redis")

    def start(*words: str, port_word: str = "--port") -> Broker:
        quiet = ["--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
        broker = start_broker(lambda port: [program, *quiet, port_word, str(port), *words])
        if port_word == "--port":
            until(lambda: is_ready(broker), "redis-server")
        return broker

    return start
