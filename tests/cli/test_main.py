"""The command line's frame: help, wrong use, doctor and devices."""

import subprocess
import sys
import time

import pytest

from streamson import __version__
from streamson.cli import COMMANDS


def test_help_names_every_command(run):
    done = run("--help")
    assert done.returncode == 0
    for name, summary in COMMANDS.items():
        assert name in done.stdout
        assert summary in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run, name):
    done = run(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: python -m streamson {name}")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['streamson', '--help']\n"
        "from streamson.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'numba', 'zmq', 'msgspec', 'sounddevice', 'rich', 'mpmath'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version(run):
    assert run("--version").stdout == f"streamson, version {__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lissten"], 'did you mean "listen"?'),
        (["--nonsense"], "No such option"),
        (["devices", "x"], "unexpected extra argument"),
    ],
)
def test_wrong_use_exits_with_2(run, words, message):
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr


def test_doctor_names_what_is_missing_and_the_remedy(run):
    done = run("doctor")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok        Python 3.")
    assert any("machine code" in line for line in lines)
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(("MISSING", "optional")):
            assert following.strip().startswith("→ ")
    assert done.returncode == (1 if "MISSING" in done.stdout else 0)


WITHOUT_PORTAUDIO = """
import sys
from importlib.abc import MetaPathFinder
class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")  # as sounddevice does
sys.meta_path.insert(0, Finder())
sys.argv = ["streamson", *{words!r}]
from streamson.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["doctor"], 1),
        (["devices"], 1),
        (["listen", "--bind", "tcp://127.0.0.1:*", "--duration", "0.2"], 0),
        (["listen", "--bind", "tcp://127.0.0.1:*", "--duration", "0.2", "--output", "0"], 3),
    ],
)
def test_without_portaudio_everything_says_how_to_install_it(words, code):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PORTAUDIO.format(words=words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "portaudio" in (done.stdout + done.stderr).lower()
    assert "install" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_start_up_is_quick():
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "streamson", "--help"], check=True, capture_output=True)
    # 0.1 s on an idle machine; ten times that is still no compiler.
    assert time.monotonic() - began < 1


def test_scales_are_listed_as_sessions_name_them(run):
    done = run("scales")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["rast", "0", "2", "3.5", "5", "7", "9", "10.5"] in lines
    assert lines[-1][:2] == ["N", "edo"]
