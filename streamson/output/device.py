"""Sound devices: finding one, and a stream that calls the engine's machine code.

The one place that touches sounddevice, which is imported only when a device is wanted: everything
but playing works without PortAudio.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, NamedTuple

from streamson.errors import DeviceError, MissingDependencyError, nearest
from streamson.synth.engine import Engine
from streamson.synth.memory import CHANNELS

AUTO: Final = "auto"
"""The default device, or silence where there is none."""

NO_DEVICE: Final = "none"
"""No device, by choice."""

PORTAUDIO_INSTALL: Final = {
    "linux": "sudo apt-get install libportaudio2  (Fedora: portaudio, Arch: portaudio)",
    "darwin": "brew install portaudio",
}
"""The command that brings PortAudio where sounddevice does not bring it itself."""

_log = logging.getLogger(__name__)


class Device(NamedTuple):
    """A sound device that can play.

    Attributes
    ----------
    index
        Its number, as PortAudio counts.
    name, host_api
        Its name and the system that it belongs to, such as ALSA or JACK.
    channels
        Most output channels.
    sample_rate
        Its own rate in Hz.
    latency_s
        Its own low latency in seconds.
    is_default
        Whether ``--output auto`` takes it.
    """

    index: int
    name: str
    host_api: str
    channels: int
    sample_rate: int
    latency_s: float
    is_default: bool


def output_devices() -> list[Device]:
    """Return every device that can play; empty where there is none.

    Raises
    ------
    MissingDependencyError
        If PortAudio is not installed.
    """
    sounddevice = _sounddevice()
    with quiet_stderr():
        found = list(sounddevice.query_devices())
        apis = [api["name"] for api in sounddevice.query_hostapis()]
        default = sounddevice.default.device[1]
    playing = [info for info in found if info["max_output_channels"] > 0]
    if default < 0 and playing:
        # PortAudio knows no default when the first host API has no device, though another has.
        default = playing[0]["index"]
    return [
        Device(
            index=info["index"],
            name=info["name"],
            host_api=apis[info["hostapi"]],
            channels=info["max_output_channels"],
            sample_rate=int(info["default_samplerate"]),
            latency_s=info["default_low_output_latency"],
            is_default=info["index"] == default,
        )
        for info in playing
    ]


def find_device(wanted: str) -> Device:
    """Return the device of a number or a part of a name, or the default one for ``"auto"``.

    Raises
    ------
    DeviceError
        If there is no such device; the message lists those there are.
    MissingDependencyError
        If PortAudio is not installed.
    """
    devices = output_devices()
    if wanted == AUTO:
        matches = [device for device in devices if device.is_default]
    elif wanted.isdecimal():
        matches = [device for device in devices if device.index == int(wanted)]
    else:
        lowered = wanted.lower()
        matches = [device for device in devices if lowered == device.name.lower()] or [
            device for device in devices if lowered in device.name.lower()
        ]
    if matches:
        return matches[0]
    if not devices:
        raise DeviceError("no sound device was found")
    names = [device.name for device in devices]
    listed = ", ".join(f"{device.index} {device.name}" for device in devices)
    raise DeviceError(f'no sound device "{wanted}"; there are: {listed}{nearest(wanted, names)}')


def refresh_devices() -> None:
    """Look for devices anew: PortAudio lists them only once. Stops every stream."""
    sounddevice = _sounddevice()
    with quiet_stderr():
        sounddevice._terminate()
        sounddevice._initialize()


class DeviceStream:
    """A device that plays an engine.

    Parameters
    ----------
    engine
        What to play.
    device
        Where to play it.

    Raises
    ------
    DeviceError
        If the device can't be opened.
    """

    def __init__(self, engine: Engine, device: Device) -> None:
        sounddevice = _sounddevice()
        self.device = device
        self._engine = engine
        cast = sounddevice._ffi.cast
        engine.new_device()
        try:
            with quiet_stderr():
                # The base class alone takes a C function as its callback; python-rtmixer, by the
                # same author, is built on it too.
                self._stream: Any = sounddevice._StreamBase(
                    kind="output",
                    device=device.index,
                    samplerate=engine.sample_rate,
                    channels=CHANNELS,
                    dtype="float32",
                    latency="low",
                    clip_off=True,
                    callback=cast("PaStreamCallback*", engine.callback_address),
                    userdata=cast("void*", engine.user_data_address),
                    wrap_callback=None,
                )
                self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(f'sound device "{device.name}" can\'t be opened: {error}') from None

    @property
    def latency_s(self) -> float:
        """Time from the callback to the ears, as the device reports it."""
        return float(self._stream.latency)

    @property
    def active(self) -> bool:
        """Whether the device still says that it plays."""
        return bool(self._stream.active)

    def stop(self) -> None:
        """Play what was handed over, then close."""
        with quiet_stderr():
            self._stream.stop()
            self._stream.close()

    def abandon(self) -> None:
        """Close a device that is gone."""
        with quiet_stderr():
            self._stream.abort()
            self._stream.close()


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


def _sounddevice() -> ModuleType:
    try:
        with quiet_stderr():
            import sounddevice  # noqa: PLC0415  (see the module's text)
    except OSError:
        install = PORTAUDIO_INSTALL.get(sys.platform, "pip install --force-reinstall sounddevice")
        raise MissingDependencyError(
            f"the PortAudio library, which plays sound, is not installed. Install it: {install}"
        ) from None
    return sounddevice
