"""Sound to a real Icecast server: what its players hear, and what comes when it is not there."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from streamson import Listener, Publisher
from streamson.errors import UsageError
from streamson.live.icecast import source
from streamson.live.icecast.address import parse_address
from streamson.live.icecast.broadcast import Broadcast
from streamson.live.icecast.retrying import LONGEST_S, MAX_REASONS, Retrying
from streamson.live.icecast.timeline import FRAME_BYTES, MAX_SILENCE_S, Timeline
from streamson.model.feed import AudioBlock
from tests.conftest import until
from tests.live.conftest import ANY_PORT
from tests.live.made_up import hello

PASSWORD = "wheel barrow: 7"
RATE = 44_100
TONES_HZ = {"low": 440.0, "high": 659.255}

SESSION = """
[[part]]
stream = "low"
instrument = "sine"
articulation = "continuous"
hold = 900
pitch = { value = "A4" }

[[part]]
stream = "high"
instrument = "sine"
articulation = "continuous"
hold = 900
pitch = { value = "E5" }
"""
"""Two tones that are held: a gap in them is one of the transport."""

PAGE = (Path(__file__).parents[2] / "docs" / "hosts.md").read_text()
(CONFIG,) = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
"""That of the documents."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Icecast:
    """Debian's server, with a configuration of the test's own."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        self.process = None

    def start(self, password=PASSWORD):
        config = self.folder / "icecast.xml"
        text = CONFIG
        for old, new in {
            "<source-password>change me<": f"<source-password>{password}<",
            "<port>8000</port>": f"<port>{self.port}</port><bind-address>127.0.0.1</bind-address>",
            "<logdir>/tmp<": f"<logdir>{self.folder}<",
        }.items():
            assert old in text
            text = text.replace(old, new)
        config.write_text(text)
        self._run()
        until(self._answers, "icecast2")

    def _run(self):
        # It refuses to be root.
        other = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self.process = subprocess.Popen(
            ["icecast2", "-c", self.folder / "icecast.xml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **(other if os.geteuid() == 0 else {}),
        )

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def address(self, mount="live.mp3"):
        return f"icecast://127.0.0.1:{self.port}/{mount}"

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def sources(self):
        """What the server says of its mounts."""
        with urllib.request.urlopen(self.url("status-json.xsl"), timeout=5) as answer:
            found = json.load(answer)["icestats"].get("source", [])
        return found if isinstance(found, list) else [found]

    def has(self, mount):
        with contextlib.suppress(OSError, ValueError):  # without mounts, what it says is no JSON
            return any(one["listenurl"].endswith(f"/{mount}") for one in self.sources())
        return False

    def _answers(self):
        """Whether it is ready: one that is connected to while it starts crashes now and then."""
        if (code := self.process.poll()) is not None:
            assert code == -signal.SIGSEGV
            self._run()
        try:
            return self.sources() is not None
        except (OSError, ValueError):
            return False


@pytest.fixture
def icecast():
    if shutil.which("icecast2") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("icecast2 is not installed")
    with tempfile.TemporaryDirectory() as name:  # others than this user may enter it
        folder = Path(name)
        folder.chmod(0o777)
        server = Icecast(folder)
        yield server
        server.kill()


class Running:
    """A command that says something, with the lines of it."""

    def __init__(self, *words, password=PASSWORD):
        secret = {} if password is None else {"STREAMSON_ICECAST_PASSWORD": password}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamson", *words],
            env={**os.environ, **secret},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        self.lines += iter(self.process.stdout.readline, "")

    def count(self, words):
        return sum(words in line for line in self.lines)

    def await_line(self, words, *, times=1):
        until(lambda: self.count(words) >= times, f"{words!r} in {self.lines}")
        return next(line for line in self.lines if words in line)

    def end(self):
        if self.process.stdout.closed:
            return self.process.returncode
        self.process.terminate()
        code = self.process.wait(20)
        self._thread.join()
        self.process.stdout.close()
        assert not self.count("Traceback"), self.lines
        return code


@pytest.fixture
def start():
    running = []

    def begin(*words, **options):
        running.append(Running(*words, **options))
        return running[-1]

    yield begin
    for one in running:
        one.end()


@pytest.fixture
def tones(tmp_path):
    """A listener that plays two tones."""
    session = tmp_path / "tones.toml"
    session.write_text(SESSION)
    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT, session=session) as listening,
        Publisher(listening.endpoint) as publisher,
    ):
        for stream in TONES_HZ:
            publisher.send(stream, value=1.0)
        until(lambda: listening.stats().notes_played == 2, "two tones")
        stopping = threading.Event()

        def go_on():
            while not stopping.wait(0.2):
                for stream in TONES_HZ:
                    publisher.send(stream, value=1.0)

        going = threading.Thread(target=go_on)
        going.start()
        yield listening
        stopping.set()
        going.join()


class Player:
    """Takes what a server sends, as a player does, and when it came."""

    def __init__(self, url, seconds):
        self.url = url
        self.came = []
        self._seconds = seconds
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            began = time.monotonic()
            while (now := time.monotonic() - began) < self._seconds:
                self.came.append((now, answer.read1(8192)))

    def sound(self, since_s=0.0):
        """Mono, as it is decoded from what came after a time."""
        data = b"".join(part for when, part in self.came if when >= since_s)
        return decoded(data)


def decoded(data):
    """The left channel, and frames a second."""
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


def assert_tones(sound, rate):
    """The tones of the test are heard, and nothing else; they never stop."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    strongest = [hz[np.argmax(spectrum)]]
    far = np.abs(hz - strongest[0]) > 30
    strongest.append(hz[far][np.argmax(spectrum[far])])
    assert sorted(strongest) == pytest.approx(sorted(TONES_HZ.values()), abs=0.5)
    around = np.min([np.abs(hz - one) for one in TONES_HZ.values()], axis=0)
    assert np.sum(spectrum[around > 30] ** 2) < 1e-3 * np.sum(spectrum**2)
    size = rate // 50
    windows = sound[: len(sound) // size * size].reshape(-1, size)
    rms = np.sqrt(np.mean(windows**2, axis=1))
    assert rms.min() > 0.3 * np.median(rms)  # of the beat between both, which is slower than 20 ms


SECONDS = 4.0


def test_ten_players_hear_the_notes_without_a_gap_and_in_real_time(icecast, tones, start):
    icecast.start()
    forms = ["mp3", "ogg", "opus"]
    for form in forms:
        start("broadcast", icecast.address(f"live.{form}"), tones.feed_endpoint)
    for form in forms:
        until(lambda form=form: icecast.has(f"live.{form}"), form)
    until(lambda: any("title" in one for one in icecast.sources()), "what plays")
    told = {one["listenurl"].rpartition(".")[2]: one for one in icecast.sources()}
    assert {one["server_name"] for one in told.values()} == {"streamson"}
    assert told["mp3"]["title"] in TONES_HZ
    players = [Player(icecast.url(f"live.{forms[n % 3]}"), SECONDS) for n in range(10)]
    for player in players:
        player.thread.join()
    for player in players:
        sound, rate = player.sound()
        edge = rate // 5  # a decoder that begins amid a stream needs some packets
        assert_tones(sound[edge:-edge], rate)
        assert len(sound) / rate == pytest.approx(SECONDS, abs=2.0)  # with the server's burst
        came = [when for when, _ in player.came]
        assert max(b - a for a, b in pairwise(came)) < 1.5  # pages of Ogg are a second long
    mp3 = players[0]
    steady = [(when, len(part)) for when, part in mp3.came if when > 1]
    size = sum(size for _, size in steady) / (steady[-1][0] - steady[0][0])
    assert 8 * size == pytest.approx(192_000, rel=0.05)  # of MP3 of one bit rate: its pace


def test_a_listener_has_its_broadcast_in_a_process_of_its_own(icecast, start, tmp_path):
    icecast.start()
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    listening = start(
        *("listen", "--bind", ANY_PORT, "--output", "none", "--no-web"),
        *("--stream-to", icecast.address(), "--stream-password-file", str(secret)),
        password=None,
    )
    listening.await_line(f"Heard on {icecast.url('live.mp3')}")
    Player(icecast.url("live.mp3"), 0.5).thread.join()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            assert PASSWORD.encode() not in path.read_bytes()
    assert listening.end() == 143
    sent = re.search(r"sent (\d+) bytes in 1 connection", "".join(listening.lines))
    assert int(sent[1]) > 0
    until(lambda: not icecast.has("live.mp3"), "the end of the mount")


def test_a_broadcast_that_dies_is_told_and_the_sound_goes_on(icecast, start):
    icecast.start()
    listen = ("listen", "--bind", ANY_PORT, "--output", "none", "--no-web")
    listening = start(*listen, "--stream-to", icecast.address())
    listening.await_line("Heard on")
    children = Path(f"/proc/{listening.process.pid}/task/{listening.process.pid}/children")
    for one in children.read_text().split():
        if b"\0broadcast\0" in Path(f"/proc/{one}/cmdline").read_bytes():
            os.kill(int(one), signal.SIGKILL)
    listening.await_line("The broadcast ended: Heard on")
    assert listening.end() == 143
    assert listening.count("played 0 notes") == 1


def test_a_server_that_comes_late_goes_and_comes_back_is_told_once_and_heard_again(
    icecast, tones, start
):
    broadcast = start("broadcast", icecast.address(), tones.feed_endpoint)
    broadcast.await_line("no server listens there")
    icecast.start()
    broadcast.await_line("Heard on")
    icecast.kill()
    broadcast.await_line("the server closed the connection")
    time.sleep(2)  # so that attempts are far apart
    icecast.start()
    back = time.monotonic()
    until(lambda: icecast.has("live.mp3"), "the mount")
    player = Player(icecast.url("live.mp3"), 1.5)
    player.thread.join()
    assert time.monotonic() - back < 5 + 1.5
    sound, rate = player.sound()
    assert np.abs(sound[rate // 2 :]).max() > 0.01
    assert broadcast.count("no server listens there") == 1
    assert broadcast.count("the server closed the connection") == 1


def test_a_wrong_password_is_explained_once_and_tried_again(icecast, tones, start):
    icecast.start(password="another")
    broadcast = start("broadcast", icecast.address(), tones.feed_endpoint)
    line = broadcast.await_line("the password of the user source is wrong (401)")
    assert PASSWORD not in line
    icecast.kill()
    broadcast.await_line("no server listens there")
    icecast.start()
    broadcast.await_line("Heard on")
    assert broadcast.count("(401)") == 1


def test_a_mount_that_is_taken_is_explained_once_and_taken_when_it_is_free(icecast, tones, start):
    icecast.start()
    first = start("broadcast", icecast.address(), tones.feed_endpoint)
    first.await_line("Heard on")
    second = start("broadcast", icecast.address(), tones.feed_endpoint)
    second.await_line("another source has /live.mp3 (403)")
    time.sleep(1)  # of attempts
    assert second.count("(403)") == 1
    first.end()
    second.await_line("Heard on")


def test_players_stay_while_a_listener_is_started_anew(icecast, tones, start):
    icecast.start()
    feed = tones.feed_endpoint
    broadcast = start("broadcast", icecast.address(), feed)
    broadcast.await_line("Heard on")
    player = Player(icecast.url("live.mp3"), 5.0)
    tones.stop()
    broadcast.await_line("the listener tells no sound")
    with (
        Listener(ANY_PORT, output="none", feed=feed) as again,
        Publisher(again.endpoint) as publisher,
    ):
        broadcast.await_line("the listener is heard again")
        while player.thread.is_alive():
            publisher.send("low", value=time.monotonic() % 7)
            player.thread.join(0.05)
    sound, rate = player.sound()
    assert len(sound) / rate == pytest.approx(5, abs=2.0)
    assert np.abs(sound[-2 * rate :]).max() > 0.01
    assert broadcast.count("Heard on") == 1


def test_what_a_slow_server_does_not_take_is_left_out_and_the_rest_is_whole():
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(60 * RATE) / RATE)).astype("<f4")
    blocks = [
        AudioBlock(frame=at, time=0.0, samples=np.repeat(tone[at : at + 896], 2).tobytes())
        for at in range(0, len(tone) - 896, 896)
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/slow.mp3")
        with Broadcast(address, PASSWORD, hello()) as broadcast:
            connection, _ = server.accept()
            assert connection.recv(8192).startswith(b"PUT /slow.mp3 HTTP/1.1\r\n")
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            until(lambda: broadcast.connections, "the connection")
            for block in blocks:  # a minute of them, much faster than a listener
                broadcast.put(block)
                time.sleep(0.0005)
            assert broadcast.left_out_s > 30
            received = bytearray()
            connection.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                while len(received) < broadcast.bytes_sent or broadcast.bytes_sent == 0:
                    received += connection.recv(65_536)
                while part := connection.recv(65_536):
                    received += part
                    if len(received) > 4_000_000:
                        break
            sent_s = 60 - broadcast.left_out_s
        connection.close()
    sound, rate = decoded(bytes(received))
    heard = np.flatnonzero(np.abs(sound) > 0.01)
    assert len(heard) / rate == pytest.approx(sent_s, abs=1.0)


def test_a_server_that_takes_nothing_for_long_is_left_and_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(source, "STALL_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        noise = np.random.default_rng(1).uniform(-0.5, 0.5, 2 * 896).astype("<f4").tobytes()
        with Broadcast(address, PASSWORD, hello()) as broadcast:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            server.setblocking(False)
            again = []

            def tried_again():
                broadcast.put(AudioBlock(frame=0, time=0.0, samples=noise))
                with contextlib.suppress(BlockingIOError):
                    again.append(server.accept()[0])
                return again

            until(tried_again, "another connection")
            for one in (connection, *again):
                one.close()
    assert "the server does not answer" in caplog.text


@pytest.mark.slow
def test_a_server_that_hangs_is_left_and_found_again(icecast, tones, start):
    icecast.start()
    broadcast = start("broadcast", icecast.address(), tones.feed_endpoint)
    broadcast.await_line("Heard on")
    icecast.process.send_signal(signal.SIGSTOP)
    broadcast.await_line("the server does not answer")
    icecast.process.send_signal(signal.SIGCONT)
    broadcast.await_line("Heard on", times=2)


@pytest.mark.parametrize("answer", [b"", b"\0\xff" * 9_000, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"])
def test_what_is_no_icecast_server_is_named_so(answer, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        with Broadcast(address, PASSWORD, hello()):
            connection, _ = server.accept()
            connection.sendall(answer)
            connection.close()
            words = ("no Icecast server", "closed the connection")
            until(lambda: any(word in caplog.text for word in words), "the reason")


def test_what_a_server_says_reaches_no_terminal_unescaped(caplog):
    page = b"HTTP/1.0 418 No\r\n\r\n<b>418 - \x1b[31mred</b>"
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        with Broadcast(address, PASSWORD, hello()):
            connection, _ = server.accept()
            connection.recv(8192)
            connection.sendall(page)
            connection.close()
            until(lambda: "refused with 418: 418 - \\x1b[31mred" in caplog.text, "the reason")


def test_sound_that_can_not_be_encoded_ends_a_broadcast():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        with Broadcast(address, PASSWORD, hello(sample_rate=96_000)) as broadcast:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            until(lambda: broadcast.error, "the error")
            connection.close()
    assert "no mp3 of 96000 Hz" in str(broadcast.error)


def test_what_nobody_foresaw_ends_a_broadcast_and_is_told_where_it_is_waited_for():
    address = parse_address("icecast://127.0.0.1:1/live.mp3")
    with Broadcast(address, "\udce9", hello()) as broadcast:
        until(lambda: broadcast.error, "the error")
    assert isinstance(broadcast.error, UnicodeEncodeError)


def test_a_refusal_is_told_though_the_server_keeps_the_connection(monkeypatch, caplog):
    monkeypatch.setattr(source, "CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        with Broadcast(address, PASSWORD, hello()):
            connection, _ = server.accept()
            connection.recv(8192)
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
            until(lambda: "is wrong (401)" in caplog.text, "the reason")
            connection.close()


@pytest.mark.parametrize(
    "answer", [b"H" * 8_000, b"HTTP/1.1 401 Unauthorized\r\n\r\n" + b"x" * 2_000]
)
def test_a_server_that_answers_a_byte_at_a_time_holds_nobody(answer, monkeypatch):
    monkeypatch.setattr(source, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with contextlib.suppress(OSError), connection:
                for byte in answer:  # some 20 s in all
                    connection.send(bytes([byte]))
                    time.sleep(0.01)

        dripping = threading.Thread(target=drip)
        dripping.start()
        address = parse_address(f"icecast://127.0.0.1:{server.getsockname()[1]}/live.mp3")
        begin = time.monotonic()
        with pytest.raises(source.SourceError, match=r"does not answer|is wrong"):
            source.IcecastSource(address, PASSWORD)
        assert time.monotonic() - begin < 2.0
        dripping.join()


def test_with_tls_a_server_is_sent_the_password_only_if_its_certificate_is_trusted(
    tmp_path, monkeypatch, caplog
):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecasts://localhost:{server.getsockname()[1]}/live.mp3")
        with Broadcast(address, PASSWORD, hello()):
            connection, _ = server.accept()
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)
            until(lambda: "its certificate is not trusted: self-signed" in caplog.text, "why")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = parse_address(f"icecasts://localhost:{server.getsockname()[1]}/live.mp3")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Broadcast(address, PASSWORD, hello()):
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                assert b"Authorization: Basic " in secure.recv(8192)


@pytest.mark.parametrize(
    ("text", "url", "form", "user"),
    [
        ("icecast://radio.example/a", "http://radio.example:8000/a", "mp3", "source"),
        ("icecast://me@[::1]:80/a.ogg", "http://[::1]:80/a.ogg", "ogg", "me"),
        ("icecasts://h:443/deep/a.opus", "https://h:443/deep/a.opus", "opus", "source"),
    ],
)
def test_an_address_is_understood(text, url, form, user):
    address = parse_address(text)
    assert (address.url, address.form, address.user) == (url, form, user)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "icecast://", "icecast://h", "icecast://h/", "http://h/x", "icecast://h:0/x"),
        *("icecast://h:99999/x", "icecast://h:port/x", "icecast://h/x?y", "icecast://h/x y"),
        *("icecast://h/x\r\nIce-Public: 1", "icecast://[::1/x", "icecast://h/" + 999 * "x"),
        *("icecast://h/\u00e9", "icecast://a..b/x", "icecast://" + 64 * "h" + "/x"),
    ],
)
def test_what_is_no_address_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match=r"the form is icecast://\[USER@\]HOST\[:PORT\]/MOUNT"):
        parse_address(text)


@pytest.mark.parametrize("words", [("listen", "--stream-to"), ("broadcast",)])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(words, start):
    refused = start(*words, "icecast://source:hackme@h/x.mp3")
    refused.await_line("give it by --stream-password-file or STREAMSON_ICECAST_PASSWORD")
    assert refused.process.wait(20) == 2
    assert not refused.count("hackme")


@pytest.mark.skipif(os.name == "nt", reason="there an environment is text")
@pytest.mark.parametrize("words", [("listen", "--stream-to"), ("broadcast",)])
def test_a_password_that_is_no_text_is_refused(words, start):
    refused = start(*words, "icecast://h/x.mp3", password="\udce9")
    refused.await_line("is no text in UTF-8")
    assert refused.process.wait(20) == 2


@pytest.mark.parametrize("words", [("listen", "--stream-to"), ("broadcast",)])
def test_without_a_password_it_is_said_how_to_give_one(words, start):
    refused = start(*words, "icecast://h/x.mp3", password=None)
    refused.await_line("give it by --stream-password-file FILE")
    assert refused.process.wait(20) == 2


def _block(frame, frames=100):
    values = np.repeat(np.arange(frame, frame + frames, dtype="<f4"), 2)
    return AudioBlock(frame=frame, time=0.0, samples=values.tobytes())


def _frames(block):
    return len(block.samples) // FRAME_BYTES


def test_silence_that_went_out_is_not_made_good_by_what_comes_late():
    timeline = Timeline(RATE)
    assert timeline.take(_block(1_000)) == _block(1_000)
    assert _frames(timeline.silence(250 / RATE)) == 250
    late = [timeline.take(_block(frame)) for frame in (1_100, 1_200, 1_300, 1_400)]
    assert [_frames(block) for block in late] == [0, 0, 50, 100]
    assert late[2].samples == _block(1_350, 50).samples
    assert _frames(timeline.silence(3_600)) == round(MAX_SILENCE_S * RATE)


def test_what_another_listener_tells_is_sent_from_its_first_frame_on():
    timeline = Timeline(RATE)
    timeline.take(_block(90_000))
    timeline.silence(2.0)
    assert timeline.take(_block(0)) == _block(0)
    assert timeline.take(_block(100)) == _block(100)


def test_waits_are_jittered_longer_each_time_and_short_enough(caplog):
    retrying = Retrying("it")
    waits = [retrying.failed("gone") for _ in range(20)]
    assert waits[0] <= 0.25
    assert all(LONGEST_S / 2 <= wait <= LONGEST_S for wait in waits[6:])
    assert len(set(waits[6:])) > 1
    assert caplog.text.count("it: gone") == 1
    retrying.failed("locked")
    retrying.failed("gone")
    assert caplog.text.count("it: gone") == caplog.text.count("it: locked") == 1
    for number in range(99):
        retrying.failed(f"reason {number}")
    assert len(caplog.records) == MAX_REASONS


def test_a_server_that_comes_and_goes_for_ever_fills_no_log(caplog):
    caplog.set_level("INFO")
    retrying = Retrying("it")
    for _ in range(50):
        retrying.connected("there")
        retrying.failed("gone")
    assert [record.getMessage()[:8] for record in caplog.records] == ["there", "it: gone", "there"]
