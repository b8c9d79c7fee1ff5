"""The player: keeps an engine running on a device, and on the silent clock while there is none."""

import logging
import threading
import time
from typing import Final

from streamson.errors import DeviceError, MissingDependencyError
from streamson.output import portaudio
from streamson.output.device import (
    AUTO,
    Device,
    DeviceStream,
    find_device,
)
from streamson.output.silent_clock import SilentClock
from streamson.synth.engine import Engine

WATCH_INTERVAL_S: Final = 0.25
LOST_AFTER_S: Final = 2.0
"""A device that has not asked for samples for so long is lost, whatever it says."""

RETRY_INTERVAL_S: Final = 2.0
STOP_TIMEOUT_S: Final = 0.5

_log = logging.getLogger(__name__)


def choose_device(output: str) -> Device | None:
    """Return the device to play on; None where ``"auto"`` finds none, which is said once.

    Raises
    ------
    DeviceError
        If a device was named that is not there, or PortAudio is missing.
    """
    try:
        return find_device(output)
    except (DeviceError, MissingDependencyError) as error:
        if output != AUTO:
            raise DeviceError(str(error)) from None
        _log.warning("%s. Going on without sound; recording works.", str(error).rstrip("."))
        return None


class Player:
    """Run an engine in real time until it is stopped.

    A device that goes away is replaced by the silent clock, and taken again when it comes back:
    the frame counter goes on all the time.

    Parameters
    ----------
    engine
        What to play.
    device
        Where; None plays on the silent clock for good.

    Raises
    ------
    DeviceError
        If the device can't be opened.
    """

    def __init__(self, engine: Engine, device: Device | None) -> None:
        self.devices_lost = 0
        self._engine = engine
        self._device = device
        self._running: DeviceStream | SilentClock = (
            SilentClock(engine) if device is None else DeviceStream(engine, device)
        )
        self._stopping = threading.Event()
        self._watchdog: threading.Thread | None = None
        if device is not None:
            self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._watchdog.start()

    @property
    def description(self) -> str:
        """Where the sound goes, for a person."""
        if isinstance(self._running, SilentClock):
            return "without sound"
        device = self._running.device
        latency_ms = 1000 * self._running.latency_s
        return f"on {device.name} ({device.host_api}, {latency_ms:.0f} ms)"

    def stop(self) -> None:
        """Fade out if the engine was not told to, wait for the end of the fade, and stop."""
        self._stopping.set()
        if self._watchdog is not None:
            self._watchdog.join()
        self._await_frame(self._engine.stop_soon())
        self._running.stop()

    def _await_frame(self, frame: int) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._engine.frame < frame and time.monotonic() < deadline:
            time.sleep(0.002)  # machine code has no way to wake this thread

    def _watch(self) -> None:
        frame, moved_at = -1, time.monotonic()
        while not self._stopping.wait(WATCH_INTERVAL_S):
            now = time.monotonic()
            if self._engine.frame != frame:
                frame, moved_at = self._engine.frame, now
            running = self._running
            if isinstance(running, SilentClock):
                self._try_again()
            elif not running.active or now - moved_at > LOST_AFTER_S:
                self._replace_lost(running)

    def _replace_lost(self, stream: DeviceStream) -> None:
        self.devices_lost += 1
        _log.warning(
            'sound device "%s" is gone; going on without sound, looking for it every %.0f s',
            stream.device.name,
            RETRY_INTERVAL_S,
        )
        stream.abandon()
        self._running = SilentClock(self._engine)

    def _try_again(self) -> None:
        assert self._device is not None
        if self._stopping.wait(RETRY_INTERVAL_S):
            return
        try:
            portaudio.refresh()
            device = find_device(self._device.name)
        except DeviceError:
            return
        self._running.stop()
        try:
            self._running = DeviceStream(self._engine, device)
        except DeviceError as error:
            _log.info("%s", error)
            self._running = SilentClock(self._engine)
            return
        _log.warning('sound device "%s" is back', device.name)
