"""Sound devices: finding one, and a stream that plays an engine on it."""

from typing import Final, NamedTuple

from streamson.errors import DeviceError, nearest
from streamson.output import portaudio
from streamson.synth.engine import Engine

AUTO: Final = "auto"
"""The default device, or silence where there is none."""

NO_DEVICE: Final = "none"
"""No device, by choice."""


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
    """
    sounddevice = portaudio.load()
    with portaudio.quiet_stderr():
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
        raise DeviceError("no sound device was found")
    names = [device.name for device in devices]
    listed = ", ".join(f"{device.number} {device.name}" for device in devices)
    raise DeviceError(f'no sound device "{wanted}"; there are: {listed}{nearest(wanted, names)}')


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
        self.device = device
        engine.new_device()
        try:
            self._stream = portaudio.open_stream(engine, device.number)
        except DeviceError as error:
            raise DeviceError(f'sound device "{device.name}" can\'t be opened: {error}') from None
        self.latency_s = float(self._stream.latency)

    @property
    def active(self) -> bool:
        """Whether the device still says that it plays."""
        return bool(self._stream.active)

    def stop(self) -> None:
        """Play what was handed over, then close."""
        with portaudio.quiet_stderr():
            self._stream.stop()
            self._stream.close()

    def abandon(self) -> None:
        """Close a device that is gone."""
        portaudio.abandon(self._stream)
