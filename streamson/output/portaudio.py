"""PortAudio behind sounddevice: loading it, opening streams, and keeping it quiet.

The one place that reaches into sounddevice. It is imported only when a device is wanted: everything
but playing works without PortAudio. On Linux no process loads it but those made for it
(`output.device_process`): with JACK, it takes its process down when a server dies twice, when it
says goodbye to one that has gone, and when it is unloaded without a goodbye.
"""

import logging
import os
import shutil
import sys
from typing import Any, Final

from streamson._quiet_stderr import quiet_stderr
from streamson.errors import DeviceError, MissingDependencyError
from streamson.model.limits import CHANNELS
from streamson.synth.engine import Engine

_INSTALL: Final = {
    "apt-get": "apt-get install -y libportaudio2",
    "dnf": "dnf install -y portaudio",
    "pacman": "pacman -S --noconfirm portaudio",
    "zypper": "zypper install -y libportaudio2",
    "apk": "apk add portaudio",
    "brew": "brew install portaudio",
}

_log = logging.getLogger(__name__)


class RateError(DeviceError):
    """A device does not play at a rate."""


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


def say_goodbye() -> None:
    """Close all streams and let the sound system know; it may take for ever if that is gone."""
    load()._terminate()


def open_stream(engine: Engine, device: int, sample_rate: int) -> Any:
    """Open a stream that calls an engine's machine code; return sounddevice's object.

    Raises
    ------
    RateError
        If the device does not play at the rate.
    DeviceError
        If PortAudio can't open it.
    """
    sounddevice = load()
    cast = sounddevice._ffi.cast
    try:
        with quiet_stderr():
            # The base class alone takes a C function as its callback; python-rtmixer, by the same
            # author, is built on it too.
            return sounddevice._StreamBase(
                kind="output",
                device=device,
                samplerate=sample_rate,
                channels=CHANNELS,
                dtype="float32",
                latency="low",
                clip_off=True,
                callback=cast("PaStreamCallback*", engine.callback_address),
                userdata=cast("void*", engine.user_data_address),
                wrap_callback=None,
            )
    except sounddevice.PortAudioError as error:
        wrong_rate = sounddevice._lib.paInvalidSampleRate in error.args
        raise (RateError if wrong_rate else DeviceError)(str(error)) from None


def start_stream(stream: Any) -> None:
    """Let a stream play.

    Raises
    ------
    DeviceError
        If PortAudio can't start it.
    """
    try:
        with quiet_stderr():
            stream.start()
    except load().PortAudioError as error:
        raise DeviceError(str(error)) from None
