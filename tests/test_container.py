"""The container: what its file says is there and runs; by hand, the image is built and heard."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import until

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "scripts/container"
FILE = (FOLDER / "Containerfile").read_text()
COMPOSE = (FOLDER / "compose.yaml").read_text()


def instructions():
    """Instructions and what they are given, lines that go on joined."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", FILE))
    found = [line.strip().split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, given) for name, given in found]


def of_image(name):
    """What an instruction of the last stage is given, the last such."""
    last = max(n for n, (one, _) in enumerate(instructions()) if one == "FROM")
    return [given for one, given in instructions()[last:] if one == name][-1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Started:
    """What a container starts, here: its entry point, with the words of ``CMD``."""

    def __init__(self, words, folder, **replaced):
        self.port = free_port()
        swap = {"0.0.0.0:5580": f"127.0.0.1:{self.port}", **replaced}
        for old, new in swap.items():
            assert any(old in word for word in words), (old, words)
            words = [word.replace(old, new) for word in words]
        self.process = subprocess.Popen(
            [FOLDER / of_image("ENTRYPOINT").strip('[]"'), *words],
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "STREAMSON_KEYS": str(folder / "keys"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_line(self, words):
        seen = []
        for line in self.process.stderr:
            if words in line:
                return line
            seen.append(line)
        pytest.fail(f"no line with {words!r} in {seen}")

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=20)
        return self.process.returncode


def healthy(port):
    """Whether the image's own check finds it healthy."""
    words = json.loads(of_image("HEALTHCHECK").partition("CMD ")[2])
    assert words[0] == "python3"
    program = words[2].replace("5580", str(port))
    done = subprocess.run([sys.executable, *words[1:2], program], capture_output=True, check=False)
    return done.returncode == 0


def test_what_the_image_runs_runs_makes_keys_and_is_healthy(tmp_path):
    assert not healthy(free_port())
    command = json.loads(of_image("CMD"))
    started = Started(command, tmp_path, **{"tcp://0.0.0.0:5570": "tcp://0.0.0.0:*"})
    started.await_line("Made the key pair of this machine")
    started.await_line("Those whose keys are allowed connect to tcp://")
    started.await_line("Page on ")
    until(lambda: healthy(started.port), "health")
    assert started.end() == 143
    secret = tmp_path / "keys/machine.key_secret"
    before = secret.read_bytes()
    again = Started(command, tmp_path, **{"tcp://0.0.0.0:5570": "tcp://0.0.0.0:*"})
    again.await_line("Page on ")
    assert again.end() == 143
    assert secret.read_bytes() == before
    assert (tmp_path / "state").is_file()


def test_the_image_is_nobody_in_particular_and_keeps_what_it_writes():
    assert of_image("USER") == "10001:10001"
    kept = json.loads(of_image("VOLUME"))
    assert of_image("WORKDIR") in kept
    environment = dict(re.findall(r"(\w+)=(\S+)", of_image("ENV")))
    assert environment["NUMBA_CACHE_DIR"] in kept
    assert environment["STREAMSON_KEYS"].startswith(of_image("WORKDIR"))
    assert "--output none" in " ".join(json.loads(of_image("CMD")))


def test_what_is_copied_is_there_and_is_not_ignored():
    lines = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line[0] == "!"}
    copied = set()
    for name, given in instructions():
        if name == "COPY" and "--from" not in given:
            copied |= {word for word in given.split()[:-1] if not word.startswith("--")}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
    assert os.access(FOLDER / "start", os.X_OK)


def test_the_extras_that_are_installed_are_some():
    with (ROOT / "pyproject.toml").open("rb") as file:
        known = tomllib.load(file)["project"]["optional-dependencies"]
    (extras,) = re.findall(r"'\.\[(.*?)\]'", FILE)
    assert set(extras.split(",")) <= set(known)


def test_what_warms_the_cache_runs(tmp_path):
    (line,) = re.findall(r"^RUN /opt/streamson/bin/streamson (.*)$", FILE, re.MULTILINE)
    command = [sys.executable, "-m", "streamson", *shlex.split(line)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_the_composed_listener_and_producer_find_each_other(tmp_path):
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load(COMPOSE)["services"]
    listener, system = services["listener"], services["system"]
    build = listener["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).is_file()
    assert listener["image"] == system["image"]
    assert system["network_mode"] == "service:listener"
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    started = Started(listener["command"], tmp_path, **{"tcp://127.0.0.1:5570": endpoint})
    started.await_line(f"Listening on {endpoint}")
    producing = subprocess.Popen(
        [sys.executable, "-m", "streamson", *system["command"], "--endpoint", endpoint],
        stderr=subprocess.DEVNULL,
    )
    started.await_line("cpu")
    producing.terminate()
    producing.wait()
    assert started.end() == 143


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_the_image_is_built_and_heard(tmp_path):
    """Built with buildah and run in a chroot, which needs no service of containers.

    Where no registry can be reached, ``STREAMSON_BASE_IMAGE`` names another base, and
    ``STREAMSON_BUILD_OPTIONS`` has more options for the build.
    """
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    base = os.environ.get("STREAMSON_BASE_IMAGE", "docker.io/library/python:3.12-slim")
    options = shlex.split(os.environ.get("STREAMSON_BUILD_OPTIONS", ""))
    chroot = ("--isolation", "chroot", "--network", "host")
    file = ("-f", FOLDER / "Containerfile", "-t", "streamson-test")
    build = ("buildah", "bud", "--format", "docker", *chroot, "--build-arg", f"BASE={base}")
    subprocess.run([*build, *options, *file, ROOT], check=True)
    container = subprocess.run(
        ["buildah", "from", "streamson-test"], check=True, capture_output=True, text=True
    ).stdout.strip()
    points, port = free_port(), free_port()
    command = " ".join(json.loads(of_image("CMD"))).replace("5570", str(points))
    words = command.replace("5580", str(port)).split()
    running = subprocess.Popen(
        ["buildah", "run", *chroot, container, "--", "start", *words],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        for line in running.stderr:
            lines.append(line)
            if line.startswith("Page on "):
                break
        assert not any("Compiling" in line for line in lines), lines
        token = re.search(r"token=(\S+)", lines[-1])[1]
        until(lambda: healthy(port), "health")
        url = f"http://127.0.0.1:{port}/listen.mp3?token={token}"
        with urllib.request.urlopen(url, timeout=20) as sound:
            assert len(sound.read(20_000)) == 20_000
        who = ["buildah", "run", *chroot, container, "--", "sh", "-c", "id -u; touch /opt/x"]
        asked = subprocess.run(who, capture_output=True, text=True, check=False)
        assert asked.stdout == "10001\n"
        assert asked.returncode != 0
    finally:
        running.terminate()
        running.communicate(timeout=30)
        subprocess.run(["buildah", "rm", container], check=True, capture_output=True)
