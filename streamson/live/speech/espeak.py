"""Says a line aloud by espeak-ng, in a process of its own, on this machine's sound device.

A process a line: its end tells that the line was said, which takes it 20 ms to begin; and whatever
becomes of it, the next line has another.
"""

import re
import shutil
import subprocess
import threading
from contextlib import suppress
from typing import Final

from streamson._espeak import PROGRAM, find_espeak
from streamson.errors import StreamsonError, UsageError

TIMEOUT_S: Final = 40.0
"""What speaks for longer hangs: 200 characters take 15 s, letters and digits one by one 35 s."""

START_S: Final = 10.0
"""How long it may take to tell whether there is a voice."""

VOICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]{0,29}")
"""How a voice, a language or a variant of one may be called: never as an option."""

DIES_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
"""Of util-linux: what is started by it ends when this process does, even if that is killed."""


class SpeechError(StreamsonError):
    """A line could not be said."""


class Espeak:
    """Says lines, one at a time. One thread says them; any may stop it.

    Parameters
    ----------
    voice
        A voice or language of espeak-ng.

    Raises
    ------
    MissingDependencyError
        espeak-ng is not installed.
    UsageError
        It has no such voice.
    """

    def __init__(self, voice: str) -> None:
        program = find_espeak()
        if not VOICE.fullmatch(voice) or not _runs(program, "-v", voice, "-q", "--stdin"):
            raise UsageError(
                f"--voice: found {voice!r}; {PROGRAM} has no such voice. "
                f"{PROGRAM} --voices prints them"
            )
        self._command = [*_dying_with_us(program), program, "-v", voice, "--stdin"]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def say(self, text: str) -> None:
        """Say a line; return once it was said, or cut short by `stop`.

        Raises
        ------
        SpeechError
            It was not said: espeak-ng died, hangs, or has no sound device.
        """
        with self._lock:
            if self._is_stopped:
                return
            self._process = process = self._start()
        try:
            _, told = process.communicate(text.encode(), TIMEOUT_S)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise SpeechError(f"{PROGRAM} hangs") from None
        finally:
            with self._lock:
                self._process = None
        if not self._is_stopped and (reason := _reason(process.returncode, told)):
            raise SpeechError(f"{PROGRAM}: {reason}")

    def stop(self) -> None:
        """Say nothing any more: what is being said ends at once."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603  (no shell; the line goes in by standard input)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for this process, which stops it
            )
        except OSError as error:
            raise SpeechError(f"{PROGRAM}: {error.strerror}") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


def _reason(code: int, told: bytes) -> str:
    """Return why nothing was said; empty where it was. Without a device the code is 0 as well."""
    lines = told.decode(errors="replace").splitlines()
    errors = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("error:")]
    if code == 0 and errors:
        return f"no sound device: {errors[-1]}"
    if code < 0:
        return f"it was ended by signal {-code}"
    return (errors or [f"exit code {code}"])[-1] if code else ""


def _runs(*command: str) -> bool:
    """Return whether a command ends well."""
    try:
        done = subprocess.run(  # noqa: S603  (no shell; what is in it was checked)
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=START_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _dying_with_us(program: str) -> tuple[str, ...]:
    """Return what a command begins with so that it ends with this process, where there is that."""
    starter = shutil.which(DIES_WITH_US[0])
    if starter is None or not _runs(starter, *DIES_WITH_US[1:], program, "--version"):
        return ()
    return (starter, *DIES_WITH_US[1:])
