"""Under a service manager: it is told the truth; its units are in order and let little happen."""

import contextlib
import ctypes
import itertools
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import DEADLINE_S, until

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "scripts/systemd").glob("*.service"))
INSTALLED = "/opt/streamson/bin/streamson"
MOST_EXPOSED = {"streamson.service": 18, "streamson-relay.service": 13}
"""Of 100, as systemd-analyze sees it; the listener plays, and computes machine code."""
MOST_EXPOSED_PRODUCER = 15

WATCHDOG_US = 800_000
ANY_PORT = "tcp://127.0.0.1:*"
LISTEN = ("listen", "--output", "none", "--no-web")


class Manager:
    """A service manager's socket, and processes that it starts."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0"))
        self._address = address
        self._processes = []

    def start(self, *words, program=(), **environment):
        """Start a command, or another program of Python, which is to tell this manager."""
        command = [sys.executable, *(program or ("-m", "streamson", *words))]
        self._processes.append(
            subprocess.Popen(
                command,
                env={**os.environ, "NOTIFY_SOCKET": self._address, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return self._processes[-1]

    def next(self, timeout_s=DEADLINE_S):
        """What is told next; None where nothing is for so long."""
        self._socket.settimeout(timeout_s)
        with contextlib.suppress(TimeoutError):
            return self._socket.recv(4096).decode()
        return None

    def close(self):
        for process in self._processes:
            process.kill()
            process.communicate()
        self._socket.close()


@pytest.fixture
def manager(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_a_listener_is_ready_once_it_listens_and_says_when_it_ends(manager):
    port = free_port()
    process = manager.start(*LISTEN, "--bind", f"tcp://127.0.0.1:{port}")
    assert manager.next() == "READY=1"
    socket.create_connection(("127.0.0.1", port)).close()
    assert manager.next(0.5) is None  # of a watchdog that nobody asked for
    process.send_signal(signal.SIGTERM)
    assert manager.next() == "STOPPING=1"
    assert process.wait(DEADLINE_S) == 143


def test_a_listener_that_can_not_listen_is_never_ready(manager):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert manager.start(*LISTEN, "--bind", endpoint).wait(DEADLINE_S) == 1
    assert manager.next(0.1) is None


def test_the_watchdog_is_fed_at_half_its_time_and_not_by_a_process_that_stands_still(manager):
    process = manager.start(*LISTEN, "--bind", ANY_PORT, WATCHDOG_USEC=str(WATCHDOG_US))
    assert manager.next() == "READY=1"
    times = []
    for _ in range(5):
        assert manager.next() == "WATCHDOG=1"
        times.append(time.monotonic())
    between = [b - a for a, b in itertools.pairwise(times)]
    assert sum(between) / len(between) == pytest.approx(WATCHDOG_US / 2e6, abs=0.11)
    process.send_signal(signal.SIGSTOP)
    while manager.next(0.2):  # what was on its way
        pass
    assert manager.next(2 * WATCHDOG_US / 1e6) is None
    process.send_signal(signal.SIGCONT)
    assert manager.next() == "WATCHDOG=1"


HANGS = """
import sys, time
from streamson import Listener, Publisher
from streamson.cli.playing import play
from streamson.cli.views import Wanted
hang = lambda _note, _ns: time.sleep(999)
listener = Listener("tcp://127.0.0.1:*", output="none", on_played=hang)
publisher = Publisher(listener.endpoint, wait_s=0)
turns = iter(range(999))
def check():
    if next(turns) > 15:
        publisher.send("a", value=1.0)
play(listener, stats_file=None, check=check, wanted=Wanted(True, None, True, False, "none"))
"""


def test_a_listener_whose_loop_hangs_feeds_the_watchdog_no_more(manager):
    process = manager.start(program=("-c", HANGS), WATCHDOG_USEC=str(WATCHDOG_US))
    assert manager.next() == "READY=1"
    told = list(itertools.takewhile(bool, (manager.next(2 * WATCHDOG_US / 1e6) for _ in range(20))))
    assert 1 <= len(told) < 20  # until the note
    assert process.poll() is None


STANDS_STILL = """
import time
from streamson import _notify
service = _notify.Service()
for turn in range(12):
    service.tell(min(turn, 4), turn)
    time.sleep(0.1)
"""


def test_an_engine_that_stands_still_feeds_the_watchdog_no_more(manager):
    process = manager.start(program=("-c", STANDS_STILL), WATCHDOG_USEC="200000")
    process.wait(DEADLINE_S)
    told = []
    while (one := manager.next(0.1)) is not None:
        told.append(one)
    assert told[0] == "READY=1"
    assert 2 <= told.count("WATCHDOG=1") <= 4


def test_a_manager_without_a_file_is_told_too():
    manager = Manager(f"@streamson{os.getpid()}")
    manager.start(program=("-c", STANDS_STILL))
    assert manager.next() == "READY=1"
    manager.close()


def test_a_watchdog_of_somebody_else_is_not_fed(manager):
    others = ({"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_PID": "1"})
    for other in others:
        manager.start(program=("-c", STANDS_STILL), **{"WATCHDOG_USEC": "200000", **other})
    assert [manager.next() for _ in others] == ["READY=1"] * 3
    assert manager.next(1.0) is None


def test_a_process_of_a_listener_tells_nothing_in_its_place(manager):
    listen = ("listen", "--output", "none", "--bind", ANY_PORT, "--web", "0")
    process = manager.start(*listen, WATCHDOG_USEC=str(WATCHDOG_US))
    assert manager.next() == "READY=1"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    pages = [one for one in children if b"\0web\0" in Path(f"/proc/{one}/cmdline").read_bytes()]
    assert pages
    assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pages[0]}/environ").read_bytes()
    assert b"WATCHDOG" not in Path(f"/proc/{pages[0]}/environ").read_bytes()


def test_a_producer_is_ready_without_a_listener_and_says_when_it_ends(manager):
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    process = manager.start("produce", "system", "--endpoint", endpoint)
    assert manager.next() == "READY=1"
    process.send_signal(signal.SIGTERM)
    assert manager.next() == "STOPPING=1"
    assert process.wait(DEADLINE_S) == 143


def test_a_service_manager_that_is_not_there_is_said_and_harms_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "streamson", *LISTEN, "--bind", ANY_PORT, "--duration", "0.5"],
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "gone")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "can't tell the service manager READY=1: No such file" in done.stderr


def needs_systemd():
    if shutil.which("systemd-analyze") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("systemd is not installed")


@pytest.fixture
def installed(tmp_path):
    """The units, with streamson where it is here."""
    needs_systemd()
    program = Path(sys.executable).with_name("streamson")
    for unit in UNITS:
        text = unit.read_text()
        assert INSTALLED in text
        (tmp_path / unit.name).write_text(text.replace(INSTALLED, str(program)))
    return tmp_path


def analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_systemd_finds_no_mistake_in_the_units(installed):
    done = analyze("verify", *sorted(installed.glob("*.service")))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_a_unit_exposes_little(name, installed):
    most = MOST_EXPOSED.get(name, MOST_EXPOSED_PRODUCER)
    done = analyze("security", "--offline=true", f"--threshold={most}", installed / name)
    assert done.returncode == 0, done.stdout


def command_of(unit, **variables):
    """The words of a unit's ``ExecStart`` after the program's, as systemd would split them."""
    (line,) = re.findall(rf"^ExecStart={INSTALLED} (.*)$", unit.read_text(), re.MULTILINE)
    words = []
    for word in line.split():
        named = re.fullmatch(r"\$(\w+)|\$\{(\w+)\}", word)
        value = variables[named[1] or named[2]] if named else word
        words += value.split() if named and named[1] else [value]
    return words


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_makes_the_machines_keys_once(unit, tmp_path):
    (line,) = re.findall(r"^ExecStartPre=(.*)$", unit.read_text(), re.MULTILINE)
    assert "WorkingDirectory=%S/streamson\n" in unit.read_text()
    assert "STREAMSON_KEYS=%S/streamson/keys" in unit.read_text()
    program = str(Path(sys.executable).with_name("streamson"))
    words = shlex.split(line.replace(INSTALLED, program))
    environment = {**os.environ, "STREAMSON_KEYS": str(tmp_path / "keys")}
    at_once = [
        subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE)
        for _ in range(3)  # services that all start with the machine
    ]
    told = [one.communicate()[1].decode() for one in at_once]
    assert [one.returncode for one in at_once] == [0, 0, 0], told
    secret = tmp_path / "keys/machine.key_secret"
    before = secret.read_bytes()
    subprocess.run(words, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert secret.read_bytes() == before


def test_the_services_user_is_made_as_systemd_makes_users(tmp_path):
    needs_systemd()
    folder = tmp_path / "etc/sysusers.d"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "scripts/systemd/streamson.sysusers.conf", folder / "streamson.conf")
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True)
    (line,) = (tmp_path / "etc/passwd").read_text().splitlines()
    assert line.startswith("streamson:")
    assert {re.search(r"^User=(.*)$", unit.read_text(), re.MULTILINE)[1] for unit in UNITS} == {
        "streamson"
    }


def test_what_the_listeners_unit_starts_runs(manager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    unit = ROOT / "scripts/systemd/streamson.service"
    (example,) = re.findall(r"^#   STREAMSON_OPTIONS=(.*)$", unit.read_text(), re.MULTILINE)
    options = f"{example} --bind {ANY_PORT} --output none"
    process = manager.start(*command_of(unit, STREAMSON_OPTIONS=options))
    assert manager.next() == "READY=1"
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == 143
    assert (tmp_path / "state").is_file()
    assert list((tmp_path / "recordings").iterdir())


def test_what_the_relays_unit_starts_runs_and_feeds_the_watchdog(manager):
    unit = ROOT / "scripts/systemd/streamson-relay.service"
    (example,) = re.findall(r"^#   STREAMSON_TO=(.*)$", unit.read_text(), re.MULTILINE)
    to = example.replace("studio:5570", f"127.0.0.1:{free_port()}")
    to = to.replace("office:5570", f"127.0.0.1:{free_port()}")
    words = command_of(unit, STREAMSON_BIND=ANY_PORT, STREAMSON_TO=to)
    manager.start(*words, WATCHDOG_USEC=str(WATCHDOG_US))
    assert [manager.next() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_what_the_producers_unit_starts_runs(manager):
    unit = ROOT / "scripts/systemd/streamson-produce@.service"
    words = command_of(unit, STREAMSON_OPTIONS=f"--endpoint tcp://127.0.0.1:{free_port()}")
    manager.start(*(word.replace("%i", "system") for word in words))
    assert manager.next() == "READY=1"


PR_SET_MDWE, PR_GET_MDWE = 65, 66
"""Since Linux 6.3: of the process, and of what it executes."""


DENIED = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "streamson", *sys.argv[1:]])
"""


def run_denied(*words):
    """Run a command as under ``MemoryDenyWriteExecute=yes``."""
    return subprocess.Popen(
        [sys.executable, "-c", DENIED, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_only_a_listener_writes_memory_that_it_executes():
    if ctypes.CDLL(None).prctl(PR_GET_MDWE, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel can't deny it")
    producing = run_denied("produce", "eta", "--dry-run")
    listening = run_denied(*LISTEN, "--bind", ANY_PORT, "--duration", "0.1")
    assert b"eta re=" in producing.stdout.readline()
    producing.kill()
    producing.communicate()
    listening.communicate(timeout=DEADLINE_S)
    assert listening.returncode != 0
    lacking = [
        unit.name for unit in UNITS if "\nMemoryDenyWriteExecute=yes" not in unit.read_text()
    ]
    assert lacking == ["streamson.service"]


@pytest.fixture(scope="module")
def allowed():
    """System calls that the listener's unit lets through."""
    needs_systemd()
    text = (ROOT / "scripts/systemd/streamson.service").read_text()

    def names(group):
        lines = analyze("syscall-filter", group).stdout.splitlines()[1:]
        words = {line.strip() for line in lines if line.strip() and line.strip()[0] != "#"}
        return set().union(*(names(word) if word[0] == "@" else {word} for word in words))

    passed = names("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", text, re.MULTILINE):
        groups = set().union(*map(names, line.removeprefix("~").split()))
        passed = passed - groups if line[0] == "~" else passed | groups
    return passed | names("@default")


@pytest.mark.parametrize(
    "words",
    [
        (*LISTEN, "--bind", ANY_PORT, "--feed", ANY_PORT, "--state", "s", "--record", "r/"),
        ("produce", "system", "--dry-run"),
    ],
)
def test_no_system_call_is_made_that_the_units_deny(words, allowed, tmp_path):
    if shutil.which("strace") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("strace is not installed")
    table = tmp_path / "calls"
    command = ["strace", "-f", "-c", "-U", "name", "-o", str(table)]
    process = subprocess.Popen(
        [*command, sys.executable, "-m", "streamson", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if words[0] == "listen":
        while "Playing" not in process.stderr.readline():
            pass
    else:
        process.stdout.readline()
    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGTERM)
    process.communicate(timeout=DEADLINE_S)
    until(table.exists, "the table of calls")
    used = set(re.findall(r"^([a-z]\w+)$", table.read_text(), re.MULTILINE)) - {"syscall", "total"}
    assert {"openat", "mmap"} <= used
    assert used <= allowed
