"""How a demo ends: by itself, interrupted, told to, with its terminal, and with its reader."""

import os
import pty
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import soundfile

from scripts.attack_parts.device_storm import Server
from scripts.attack_parts.target import COMMAND, END_S, NOTICED_S, START_S, Outcome

ENDS = {"SIGINT": 130, "SIGTERM": 143}


def run(*, quick: bool) -> Iterator[Outcome]:
    """End it in each way, on each output that there is without a sound card."""
    times = 1 if quick else 20
    for output in ("null",) if quick else ("none", "null"):
        yield _by_itself(output, times)
    server = Server()
    server.start(44_100)
    try:
        yield _by_itself("JACK", times)
    finally:
        server.end(signal.SIGTERM)
    for name, code in list(ENDS.items())[quick:]:
        yield _by_signal(name, code, times)
    yield _with_its_terminal(times)


def _environment(folder: Path, output: str) -> dict[str, str]:
    """Return an environment whose card is ALSA's null device, if that is wanted."""
    (folder / ".asoundrc").write_text("pcm.!default null\nctl.!default null\n")
    return {**os.environ, "HOME": str(folder)} if output == "null" else dict(os.environ)


def _words(output: str) -> list[str]:
    named = ["--output", "none"] if output == "none" else []
    return [*COMMAND, "demo", *named, "--record", "take.wav"]


def _by_itself(output: str, times: int) -> Outcome:
    faults = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            done = subprocess.run(
                [*_words(output), "--duration", "1"],
                cwd=folder,
                env=_environment(folder, output),
                capture_output=True,
                check=False,
                text=True,
                timeout=START_S,
            )
            if done.returncode != 0 or "Traceback" in done.stderr:
                faults.append(f"exit code {done.returncode}: {done.stderr[-200:]}")
            faults += _whole(folder)
    return Outcome(f"demo, output {output}", times, faults=tuple(faults))


def _by_signal(name: str, code: int, times: int) -> Outcome:
    faults, longest_s = [], 0.0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                _words("none"),
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            _await_playing(process)
            began = time.monotonic()
            process.send_signal(signal.Signals[name])
            process.communicate(timeout=60)
            longest_s = max(longest_s, time.monotonic() - began)
            if process.returncode != code:
                faults.append(f"exit code {process.returncode}")
            faults += _whole(Path(folder))
    if longest_s > END_S + NOTICED_S:
        faults.append(f"took {longest_s:.1f} s to end")
    return Outcome(f"demo, {name}", times, end_s=longest_s, code=code, faults=tuple(faults))


def _with_its_terminal(times: int) -> Outcome:
    faults, longest_s = [], 0.0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            pid, terminal = pty.fork()
            if pid == 0:
                os.chdir(folder)
                os.execv(COMMAND[0], _words("none"))
            seen = b""
            while b"Playing" not in seen:
                seen += os.read(terminal, 4_096)
            os.close(terminal)
            began = time.monotonic()
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > began + 30:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.01)
            longest_s = max(longest_s, time.monotonic() - began)
            faults += _whole(Path(folder))
    if longest_s > END_S + NOTICED_S:
        faults.append(f"took {longest_s:.1f} s to end")
    return Outcome("demo, terminal closed", times, end_s=longest_s, faults=tuple(faults))


def _await_playing(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if "Playing" in line:
            return
    raise SystemExit("the demo did not start")


def _whole(folder: Path) -> list[str]:
    try:
        soundfile.info(folder / "take.wav")
    except (OSError, soundfile.SoundFileError) as error:
        return [f"the recording is not whole: {error}"]
    return []
