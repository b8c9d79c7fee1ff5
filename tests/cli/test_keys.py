"""``streamson keys``, and a listener and a producer that use them, as processes of their own."""

import os
import re
import shlex
import stat
import subprocess
import sys

import pytest

from streamson.wire.points.receiver import Receiver
from tests.conftest import until

STREAMSON = (sys.executable, "-m", "streamson")


@pytest.fixture
def run(tmp_path):
    """Run a command with a machine's keys; return code, stdout and stderr."""

    def run(machine, *words):
        environment = os.environ | {"STREAMSON_KEYS": str(tmp_path / machine)}
        done = subprocess.run(
            [*STREAMSON, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_keys_are_made_shown_allowed_listed_and_revoked(run, tmp_path):
    code, line, told = run("web", "keys", "new")
    assert code == 0
    assert "To let it in on another one, there:" in told
    assert stat.S_IMODE((tmp_path / "web" / "machine.key_secret").stat().st_mode) == 0o600
    match = re.fullmatch(r"streamson keys allow \S+ ([0-9a-f]{64}) --publish '\*'\n", line)
    key = match[1]
    assert run("web", "keys", "new")[0] == 2
    assert run("home", "keys", "new")[0] == 0
    code, shown, _ = run("home", "keys", "show", "--endpoint", "tcp://0.0.0.0:6001")
    assert code == 0
    assert re.search(r"endpoint    tcp://[^0:]+:6001#[0-9a-f]{64}\n", shown)
    assert run("home", "keys", "allow", "web", key)[0] == 2  # to do what?
    assert run("home", "keys", "allow", "web", key, "--publish", "web/*", "--steer")[0] == 0
    assert run("home", "keys", "list")[1] == f"web  {key}  publish web/*, steer\n"
    code, _, told = run("home", "keys", "revoke", "wbe")
    assert (code, 'did you mean "web"' in told) == (2, True)
    assert run("home", "keys", "revoke", "web")[0] == 0
    assert run("home", "keys", "list")[:2] == (0, "")
    (tmp_path / "home" / "allowed" / "x.toml").write_text("key = 1")
    code, _, told = run("home", "keys", "list")
    assert (code, "x.toml" in told) == (1, True)


def test_a_machine_without_a_key_is_told_what_to_do(run):
    for words in (
        ("keys", "show"),
        ("listen", "--bind", "tcp://0.0.0.0:*", "--output", "none"),
        ("listen", "--bind", "tcp://127.0.0.1:*", "--keys", "--output", "none"),
        ("listen", "--bind", "tcp://127.0.0.1:*", "--feed", "tcp://0.0.0.0:*", "--output", "none"),
        ("produce", "eta", "--endpoint", f"tcp://127.0.0.1:1#{'ab' * 32}"),
        ("watch", f"tcp://127.0.0.1:1#{'ab' * 32}"),
    ):
        code, _, told = run("none", *words)
        assert code == 2, words
        assert "streamson keys new" in told, words
    assert run("none", "listen", "--keys", "--insecure")[0] == 2


def test_a_listener_and_a_producer_with_keys(run, tmp_path):
    _, line, _ = run("web", "keys", "new")
    key = line.split()[4]
    run("home", "keys", "new")
    said = tmp_path / "said"
    with said.open("w") as file:
        listener = subprocess.Popen(
            [
                *(*STREAMSON, "listen", "--bind", "tcp://0.0.0.0:*", "--output", "none", "--plain"),
                *("--feed", "tcp://127.0.0.1:*", "--keys", "--web", "0"),
            ],
            cwd=tmp_path,
            env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "home")},
            stderr=file,
            stdout=file,
        )
    try:
        until(lambda: "Those whose keys" in said.read_text(), "the endpoint", 60)
        found = re.search(r"connect to tcp://[^:]+:(\d+)#([0-9a-f]{64})", said.read_text())
        endpoint = f"tcp://127.0.0.1:{found[1]}#{found[2]}"
        producing = tmp_path / "producing"
        with producing.open("w") as file:
            producer = subprocess.Popen(
                [
                    *STREAMSON,
                    "produce",
                    "eta",
                    "--endpoint",
                    endpoint,
                    "--count",
                    "20",
                    "--rate",
                    "50",
                ],
                env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "web")},
                stderr=file,
            )
        until(lambda: "not let this machine publish" in producing.read_text(), "the refusal")
        until(lambda: key in said.read_text(), "the key in the listener's log")
        run("home", "keys", "allow", "web", key, "--publish", "eta")
        assert producer.wait(20) == 0
        assert "start one" not in producing.read_text()  # there is one
        feed = re.search(r"Feed on (\S+)#[0-9a-f]{64}\.", said.read_text())[1]
        code, _, told = run("none", "watch", "--plain", feed)
        assert (code, "asks for keys" in told) == (1, True), told
        until(lambda: "Page on http" in said.read_text(), "the page, which has this machine's key")
    finally:
        listener.terminate()
        assert listener.wait(20) == 143
    assert "20 points" in said.read_text()


@pytest.fixture
def home(run, tmp_path, monkeypatch):
    """A receiver that asks for keys; and its endpoint with the key."""
    run("home", "keys", "new")
    key = run("home", "keys", "show")[1].split()[2]
    monkeypatch.setenv("STREAMSON_KEYS", str(tmp_path / "home"))
    with Receiver("tcp://127.0.0.1:*", security="keys") as receiver:
        yield receiver, f"{receiver.endpoint}#{key}"


def test_what_a_producer_is_told_to_do_lets_its_streams_in_without_a_restart(run, home, tmp_path):
    receiver, endpoint = home
    key = run("web", "keys", "new")[1].split()[4]
    run("home", "keys", "allow", "web", key, "--publish", "web/*", "--hear")
    said = tmp_path / "said"
    with said.open("w") as file:
        producer = subprocess.Popen(
            [*STREAMSON, "produce", "eta", "--endpoint", endpoint, "--rate", "50"],
            env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "web")},
            stderr=file,
        )
    heard = []

    def served(condition):
        heard.extend(receiver.receive(0.01))
        return condition()

    try:
        until(lambda: served(lambda: "there: streamson" in said.read_text()), "the notice", 20)
        assert not heard
        found = re.search(
            r"takes no points of eta: .* may publish web/\* there.*there: (.*)", said.read_text()
        )
        command = shlex.split(found[1])
        assert command[0] == "streamson"
        allowing = subprocess.Popen([*STREAMSON, *command[1:]], stderr=subprocess.DEVNULL)
        until(lambda: served(lambda: allowing.poll() == 0), "the change")
        until(lambda: served(lambda: len(heard) > 5), "points")
    finally:
        producer.terminate()
        assert producer.wait(20) == 143
    told = said.read_text()
    assert run("home", "keys", "list")[1] == f"web  {key}  publish web/* eta, hear\n"
    sent, refused = map(
        int, re.search(r"(\d+) points sent, 0 dropped, (\d+) refused there", told).groups()
    )
    assert told.count("takes no points") == 1
    until(lambda: served(lambda: len(heard) >= sent - refused), "the others")
    assert 0 <= len(heard) - (sent - refused) <= 5  # at 50 a second, 0.1 s before it was told


@pytest.mark.parametrize(("patterns", "refused"), [("web/*", ", 2 refused there"), ("*", "")])
def test_a_producer_that_ends_at_once_says_what_was_refused(run, home, tmp_path, patterns, refused):
    receiver, endpoint = home
    key = run("web", "keys", "new")[1].split()[4]
    run("home", "keys", "allow", "web", key, "--publish", patterns)
    producer = subprocess.Popen(
        [*STREAMSON, "produce", "tail", "--endpoint", endpoint],
        env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "web")},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    producer.stdin.write("1\n2\n")
    producer.stdin.close()
    until(lambda: [*receiver.receive(0.01), producer.poll()] == [0], "its end", 20)
    told = producer.stderr.read()
    producer.stderr.close()
    assert told.endswith(f"tail: 2 points sent, 0 dropped{refused}\n")
    assert ("takes no points" in told) is bool(refused)


def test_what_only_waits_drops_nothing_and_does_not_say_so(run, home, tmp_path):
    """A producer that is not let in: the points that it computes wait for the listener."""
    receiver, endpoint = home
    run("web", "keys", "new")
    said = tmp_path / "said"
    with said.open("w") as file:
        producer = subprocess.Popen(
            [*STREAMSON, "produce", "eta", "--endpoint", endpoint],
            env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "web")},
            stderr=file,
        )
    try:
        until(
            lambda: [*receiver.receive(0.01)] or "does not let this machine" in said.read_text(),
            "the reason",
        )
    finally:
        producer.terminate()
        assert producer.wait(20) == 143
    assert said.read_text().endswith("eta: 0 points sent, 0 dropped\n")
    assert said.read_text().count("dropped") == 1


@pytest.fixture
def feed_with_keys(run, tmp_path):
    """A listener that asks for keys: what it says goes to a file; and its feed."""
    run("home", "keys", "new")
    said = tmp_path / "listener"
    words = ("--keys", "--feed", "tcp://127.0.0.1:*", "--bind", "tcp://127.0.0.1:*")
    with said.open("w") as file:
        listener = subprocess.Popen(
            [*STREAMSON, "listen", *words, "--output", "none", "--plain"],
            env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "home")},
            stderr=file,
        )
    until(lambda: "Playing" in said.read_text(), "the listener")
    yield said, re.search(r"Feed on (\S+)\.", said.read_text())[1]
    listener.terminate()
    listener.wait(20)


def test_who_watches_is_told_that_its_key_was_revoked(run, tmp_path, feed_with_keys):
    said, feed = feed_with_keys
    key = run("ear", "keys", "new")[1].split()[4]
    run("home", "keys", "allow", "ear", key, "--hear")
    shown = tmp_path / "shown"
    with shown.open("w") as file:
        watch = subprocess.Popen(
            [*STREAMSON, "watch", "--plain", feed],
            env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "ear"), "PYTHONUNBUFFERED": "1"},
            stdout=file,
        )
    try:
        until(lambda: "what comes to" in shown.read_text(), "the feed")
        assert run("home", "keys", "revoke", "ear")[0] == 0
        until(lambda: "tells nothing any more" in shown.read_text(), "its end")
        until(lambda: "does not let this machine hear" in shown.read_text(), "the reason")
        until(lambda: "its key may hear no more: ear" in said.read_text(), "the other side")
    finally:
        watch.terminate()
        watch.wait(20)
    assert shown.read_text().count("does not let this machine hear") == 1
    assert f"the key {key} is not allowed here" in said.read_text()


@pytest.mark.parametrize("may_steer", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_page_says_whether_it_steers(run, tmp_path, feed_with_keys, may_steer, host):
    _, feed = feed_with_keys
    key = run("web", "keys", "new")[1].split()[4]
    run("home", "keys", "allow", "web", key, "--hear", *(["--steer"] if may_steer else []))
    page = subprocess.Popen(
        [*STREAMSON, "web", feed, "--address", f"{host}:0"],
        env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "web")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        first = page.stdout.readline()
        assert first.startswith("Page on http://")
        if host != "127.0.0.1":
            assert first.endswith(
                "(this link steers)\n" if may_steer else "(this link steers once it is allowed)\n"
            )
        if not may_steer:
            line = page.stdout.readline()
            assert line.startswith("It does not steer: tcp://127.0.0.1:")
            assert f"streamson keys allow NAME {key} --steer" in line
    finally:
        page.terminate()
        rest, _ = page.communicate(timeout=20)
    assert "does not steer" not in rest
