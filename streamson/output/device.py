"""Sound devices: finding one, and a stream that plays an engine on it."""

import sys
import threading
from typing import Any, Final, NamedTuple

from streamson._quiet_stderr import quiet_stderr
from streamson.errors import ChildError, DeviceError, nearest
from streamson.output import portaudio
from streamson.synth.engine import Engine
from streamson.synth.resampling import can_resample

AUTO: Final = "auto"
"""The default device, or silence where there is none."""

NO_DEVICE: Final = "none"
"""No device, by choice."""

ANSWER_TIMEOUT_S: Final = 8.0
"""A sound system that says nothing for so long hangs; a slow one with many cards takes a second."""

CLOSE_TIMEOUT_S: Final = 0.3
"""A device that takes longer to close is left to itself: the end of all has one second."""


class Device(NamedTuple):
    """A sound device that can play.

    Attributes
    ----------
    number
        As PortAudio counts it.
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

    number: int
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
    DeviceError
        If the sound system does not answer.
    """
    if sys.platform != "linux":
        return list_devices()
    from streamson._child_process import in_child  # it has parts that other systems lack

    try:
        devices: list[Device] = in_child(
            list_devices,
            cleanup=portaudio.say_goodbye,
            timeout_s=ANSWER_TIMEOUT_S,
            cleanup_s=CLOSE_TIMEOUT_S,
        )
    except ChildError as error:
        raise DeviceError(f"the sound system can't be asked: {error}") from None
    return devices


def list_devices() -> list[Device]:
    """Return what `output_devices` does, as PortAudio in this process knows it."""
    sounddevice = portaudio.load()
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
            number=info["index"],
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
        matches = [device for device in devices if device.number == int(wanted)]
    else:
        lowered = wanted.lower()
        matches = [device for device in devices if lowered == device.name.lower()] or [
            device for device in devices if lowered in device.name.lower()
        ]
    if matches:
        return matches[0]
    if not devices:
        if wanted == AUTO:
            raise DeviceError("no sound device was found")
        raise DeviceError(
            f'no sound device "{wanted}": there is none at all; "none" plays without one'
        )
    names = [device.name for device in devices]
    listed = ", ".join(f"{device.number} {device.name}" for device in devices)
    raise DeviceError(f'no sound device "{wanted}"; there are: {listed}{nearest(wanted, names)}')


def same_device(device: Device) -> Device:
    """Return a device as it is now: it may have come back with another number and rate.

    Raises
    ------
    DeviceError
        If it is not there.
    """
    named = [found for found in list_devices() if found.name == device.name]
    named.sort(key=lambda found: (found.host_api != device.host_api, found.number != device.number))
    if not named:
        raise NoDeviceError(f'no sound device "{device.name}"')
    return named[0]


class NoDeviceError(DeviceError):
    """A device is not there."""


class DeviceStream:
    """A device that plays an engine, by PortAudio in this process.

    Parameters
    ----------
    engine
        What to play.
    device
        Where to play it.

    Attributes
    ----------
    device
        As it is now.
    sample_rate
        At which it is open; the engine's, or its own where it does not offer that.
    latency_s
        As PortAudio tells.

    Raises
    ------
    DeviceError
        If the device can't be opened.
    """

    def __init__(self, engine: Engine, device: Device) -> None:
        self.device = same_device(device)
        self._engine = engine
        self.sample_rate, self._stream = self._opened()
        self.latency_s = float(self._stream.latency)

    def _opened(self) -> tuple[int, Any]:
        wanted, own = self._engine.sample_rate, self.device.sample_rate
        number = self.device.number
        try:
            try:
                return wanted, portaudio.open_stream(self._engine, number, wanted)
            except portaudio.RateError:
                if own == wanted or not can_resample(wanted, own):
                    raise
                return own, portaudio.open_stream(self._engine, number, own)
        except DeviceError as error:
            raise cant_open(self.device, error) from None

    def start(self) -> None:
        """Begin to play; nobody else may be rendering the engine from now on.

        Raises
        ------
        DeviceError
            If the device does not start.
        """
        self._engine.attach_device(self.sample_rate)
        try:
            portaudio.start_stream(self._stream)
        except DeviceError as error:
            raise cant_open(self.device, error) from None

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
        """Close a device that is gone; it is left to itself where that takes long."""
        closing = threading.Thread(target=self._stream.close, name="closing a device", daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT_S)


def cant_open(device: Device, reason: object) -> DeviceError:
    """Return the error that says so."""
    return DeviceError(f'sound device "{device.name}" can\'t be opened: {reason}')


class ThisProcess:
    """Where devices are opened by PortAudio in this process.

    Parameters
    ----------
    engine
        What they play.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, device: Device) -> DeviceStream:
        """Return a device, ready to start. Looks for it anew."""
        portaudio.refresh()
        return DeviceStream(self._engine, device)

    def close(self) -> None:
        """Do nothing: PortAudio says goodbye at the exit."""
