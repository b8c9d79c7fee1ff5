"""PortAudio behind sounddevice: loading it, keeping it quiet, and getting over a dead sound server.

The one place that reaches into sounddevice. It is imported only when a device is wanted: everything
but playing works without PortAudio.
"""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from streamson.errors import DeviceError, MissingDependencyError
from streamson.synth.engine import Engine
from streamson.synth.memory import CHANNELS

_INSTALL: Final = {
    "apt-get": "apt-get install -y libportaudio2",
    "dnf": "dnf install -y portaudio",
    "pacman": "pacman -S --noconfirm portaudio",
    "zypper": "zypper install -y libportaudio2",
    "apk": "apk add portaudio",
    "brew": "brew install portaudio",
}

CLOSE_TIMEOUT_S: Final = 1.0

_log = logging.getLogger(__name__)
_stuck: Final[list[Any]] = []  # libraries that must not be unloaded: a thread still waits in them


def load() -> Any:
    """Import sounddevice.

    Raises
    ------
    MissingDependencyError
        If PortAudio is not installed.
    """
    try:
        with quiet_stderr():
            import sounddevice
    except OSError:
        raise MissingDependencyError(
            "the PortAudio library, which plays sound, is not installed. "
            f"Install it: {install_command()}"
        ) from None
    if sys.platform == "linux":
        # PortAudio aborts the process if its JACK server has gone by the time it says goodbye; the
        # system cleans up all the same.
        atexit.unregister(sounddevice._exit_handler)
    return sounddevice


def install_command() -> str:
    """Return the command that installs PortAudio on this machine."""
    for manager, command in _INSTALL.items():
        if shutil.which(manager):
            as_root = manager == "brew" or (hasattr(os, "geteuid") and os.geteuid() == 0)
            return command if as_root else f"sudo {command}"
    # The wheels for macOS and Windows bring it.
    return f"{sys.executable} -m pip install --force-reinstall sounddevice"


def refresh() -> None:
    """Look for devices anew: PortAudio lists them only once. Stops every stream."""
    sounddevice = load()
    with quiet_stderr():
        sounddevice._terminate()
        sounddevice._initialize()


def open_stream(engine: Engine, device: int) -> Any:
    """Open and start a stream that calls an engine's machine code; return sounddevice's object.

    Raises
    ------
    DeviceError
        If PortAudio can't open it.
    """
    sounddevice = load()
    cast = sounddevice._ffi.cast
    try:
        with quiet_stderr():
            # The base class alone takes a C function as its callback; python-rtmixer, by the same
            # author, is built on it too.
            stream = sounddevice._StreamBase(
                kind="output",
                device=device,
                samplerate=engine.sample_rate,
                channels=CHANNELS,
                dtype="float32",
                latency="low",
                clip_off=True,
                callback=cast("PaStreamCallback*", engine.callback_address),
                userdata=cast("void*", engine.user_data_address),
                wrap_callback=None,
            )
            stream.start()
    except sounddevice.PortAudioError as error:
        raise DeviceError(str(error)) from None
    return stream


def abandon(stream: Any) -> None:
    """Close a stream whose device is gone, within `CLOSE_TIMEOUT_S`.

    Where a JACK server died, PortAudio waits ten minutes for it to say goodbye. It is left to wait
    then, in a thread of its own, and a fresh copy of the library takes its place.
    """
    closing = threading.Thread(target=stream.close, name="closing a lost device", daemon=True)
    with quiet_stderr():
        closing.start()
        closing.join(CLOSE_TIMEOUT_S)
    if closing.is_alive():
        _load_fresh_copy()


def _load_fresh_copy() -> None:
    sounddevice = load()
    library = _library_path()
    if library is None:
        _log.warning("PortAudio is stuck: start streamson again to hear something")
        return
    _stuck.append(sounddevice._lib)
    # The loader knows a library by its file: only another file is loaded a second time.
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(library, folder)
        sounddevice._lib = sounddevice._ffi.dlopen(copy)
    sounddevice._initialized = 0
    with quiet_stderr():
        sounddevice._initialize()


def _library_path() -> Path | None:
    """Return the file that PortAudio was loaded from; None where the system does not tell."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return None
    for line in maps.read_text().splitlines():
        path = Path(line.split(maxsplit=5)[-1])
        if path.name.startswith("libportaudio") and path.exists():
            return path
    return None


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what ALSA and JACK write to the process's stderr, unless debugging."""
    if _log.isEnabledFor(logging.DEBUG):
        yield
        return
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
