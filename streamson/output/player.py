"""The player: keeps an engine running on a device, and on the null device while there is none."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self

from streamson._event_log import EventLog
from streamson.errors import DeviceError, MissingDependencyError
from streamson.model.event.base import Event
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.output.device import (
    AUTO,
    Device,
    DeviceStream,
    NoDeviceError,
    ThisProcess,
    find_device,
)
from streamson.output.null_device import NullDevice
from streamson.synth.engine import Engine

if TYPE_CHECKING:
    from streamson.output.device_process import DeviceProcess, Supervisor

WATCH_INTERVAL_S: Final = 0.25
LOST_AFTER_S: Final = 2.0
"""A device that has not asked for samples for so long is lost, whatever it says."""

RETRY_INTERVAL_S: Final = 2.0
SAY_INTERVAL_S: Final = 60.0
"""Why a device that is there can't be opened is said again after so long."""

STOP_TIMEOUT_S: Final = 0.5
STALLED_S: Final = 0.2
"""At the end, a device that asks for nothing for so long is not waited for: no block is as long."""

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


def _device_home(engine: Engine, stopping: threading.Event) -> "Supervisor | ThisProcess":
    """Return where devices are opened on this system."""
    if sys.platform != "linux":
        return ThisProcess(engine)
    from streamson.output.device_process import Supervisor  # it has parts that others lack

    return Supervisor(engine, stopping)


class Player:
    """Run an engine in real time, from `start` until it is stopped.

    A device that goes away is replaced by the null device, and taken again when it comes back:
    the frame counter goes on all the time. Made before there are threads and sockets, it keeps
    them out of the processes that it forks.

    Parameters
    ----------
    engine
        What to play.
    device
        Where; None plays on the null device for good.
    on_event
        Is called when a device is lost or back, in the watchdog's thread; by default it is logged.
    """

    def __init__(
        self,
        engine: Engine,
        device: Device | None,
        *,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._on_event = EventLog() if on_event is None else on_event
        self.devices_lost = 0
        self._engine = engine
        self._device = device
        self._stopping = threading.Event()
        self._home = None if device is None else _device_home(engine, self._stopping)
        self._running: DeviceStream | DeviceProcess | NullDevice | None = None
        self._watchdog: threading.Thread | None = None
        self._said = ""
        self._say_again_at = 0.0

    def start(self) -> Self:
        """Begin to play.

        Raises
        ------
        DeviceError
            If the device can't be opened.
        """
        if self._home is None or self._device is None:
            self._running = NullDevice(self._engine)
            return self
        stream = self._home.open(self._device)
        stream.start()
        self._running = stream
        if stream.sample_rate != self._engine.sample_rate:
            _log.warning('sound device "%s" plays%s', stream.device.name, self._rates(stream))
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()
        return self

    @property
    def description(self) -> str:
        """Where the sound goes, for a person."""
        running = self._running
        if running is None:
            return "not started"
        if isinstance(running, NullDevice):
            return "without sound"
        latency_ms = 1000 * running.latency_s
        return f"on {running.device.name} ({running.device.host_api}, {latency_ms:.0f} ms)"

    def stop(self) -> None:
        """Fade out if the engine was not told to, wait for the end of the fade, and stop."""
        self._stopping.set()
        if self._watchdog is not None:
            self._watchdog.join()
        if self._running is not None:
            frame = self._engine.stop_soon()
            if isinstance(self._running, NullDevice):
                self._running.stop(frame)
            else:
                self._await_frame(frame)
                self._running.stop()
            self._running = None
        if self._home is not None:
            self._home.close()
            self._home = None

    def _await_frame(self, frame: int) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        now, moved_at = self._engine.frame, time.monotonic()
        while now < frame and time.monotonic() < min(deadline, moved_at + STALLED_S):
            time.sleep(0.002)  # machine code has no way to wake this thread
            if self._engine.frame != now:
                now, moved_at = self._engine.frame, time.monotonic()

    def _watch(self) -> None:
        frame, moved_at = -1, time.monotonic()
        while not self._stopping.wait(WATCH_INTERVAL_S):
            now = time.monotonic()
            if self._engine.frame != frame:
                frame, moved_at = self._engine.frame, now
            running = self._running
            if running is None or isinstance(running, NullDevice):
                self._try_again()
            elif not running.active or now - moved_at > LOST_AFTER_S:
                self._replace_lost(running)

    def _replace_lost(self, stream: "DeviceStream | DeviceProcess") -> None:
        self.devices_lost += 1
        lost = DeviceLost(
            frame=self._engine.frame, device=stream.device.name, retry_s=RETRY_INTERVAL_S
        )
        self._on_event(lost)
        stream.abandon()
        self._running = NullDevice(self._engine)

    def _try_again(self) -> None:
        assert self._device is not None
        assert self._home is not None
        if self._stopping.wait(RETRY_INTERVAL_S):
            return
        try:
            stream = self._home.open(self._device)
        except DeviceError as error:
            self._say_why(error)
            return
        if self._running is not None:
            self._running.stop()
        try:
            stream.start()
        except DeviceError as error:
            self._say_why(error)
            stream.abandon()
            self._running = NullDevice(self._engine)
            return
        self._running = stream
        back = DeviceBack(
            frame=self._engine.frame, device=stream.device.name, rates=self._rates(stream)
        )
        self._on_event(back)

    def _rates(self, stream: "DeviceStream | DeviceProcess") -> str:
        if stream.sample_rate == self._engine.sample_rate:
            return ""
        return f", at {stream.sample_rate} Hz; resampled from {self._engine.sample_rate} Hz"

    def _say_why(self, error: DeviceError) -> None:
        """Say why a device can't be taken again, unless it is just not there."""
        if isinstance(error, NoDeviceError) or self._stopping.is_set():
            return
        now = time.monotonic()
        if str(error) != self._said or now >= self._say_again_at:
            self._said, self._say_again_at = str(error), now + SAY_INTERVAL_S
            _log.warning("%s", error)
