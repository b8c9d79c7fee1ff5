"""The device in a process of its own, which can die: how Linux plays.

The engine's memory is shared, and the machine code was loaded before the fork: PortAudio's callback
runs in the other process on the very same notes and samples, without a hop between. A small
supervisor, forked before this process has threads and sockets, forks a fresh process for each time
that a device is opened, and reaps it before anything else renders.
"""

import os
import threading
import time
from multiprocessing.connection import Connection, wait
from typing import Any, Final, NamedTuple

from streamson._child_process import Child
from streamson.errors import DeviceError, StreamsonError
from streamson.output import portaudio
from streamson.output.device import ANSWER_TIMEOUT_S, CLOSE_TIMEOUT_S, Device, DeviceStream
from streamson.synth.engine import Engine

WATCH_INTERVAL_S: Final = 0.25
"""How often a process that plays asks whether its device is still there."""

PARENT_CHECK_S: Final = 1.0
"""How often the supervisor looks whether the listener lives, beside waiting for its pipe's end: a
copy of that may be open in another process that was forked."""

FADE_TIMEOUT_S: Final = 0.15
_SLICE_S: Final = 0.02

START: Final = "start"
END: Final = "end"
ENDED: Final = "ended"


class Opened(NamedTuple):
    """What a device is, once it is ready to start."""

    device: Device
    sample_rate: int
    latency_s: float


class DeviceProcess:
    """A device that plays an engine, by PortAudio in a process of its own.

    Attributes
    ----------
    device, sample_rate, latency_s
        As of `DeviceStream`.
    """

    def __init__(self, supervisor: "Supervisor", opened: Opened) -> None:
        self.device, self.sample_rate, self.latency_s = opened
        self._supervisor = supervisor

    def start(self) -> None:
        """Begin to play; nobody else may be rendering the engine from now on.

        Raises
        ------
        DeviceError
            If the device does not start.
        """
        self._supervisor.start()

    @property
    def active(self) -> bool:
        """Whether the process lives; it ends when its device is gone."""
        return not self._supervisor.device_ended()

    def stop(self) -> None:
        """Play what was handed over, then close."""
        self._supervisor.end_device()

    abandon = stop
    """A device that is gone is killed where it does not close."""


class Supervisor:
    """Where devices are opened, each in a process of its own.

    Parameters
    ----------
    engine
        What they play.
    stopping
        Ends all waiting for a device once it is set.
    """

    def __init__(self, engine: Engine, stopping: threading.Event) -> None:
        self._engine = engine
        self._stopping = stopping
        self._has_device = False
        self._child = self._fork()

    def _fork(self) -> Child:
        return Child(lambda pipe: _supervise(pipe, self._engine))

    def open(self, device: Device) -> DeviceProcess:
        """Return a device, ready to start.

        Raises
        ------
        DeviceError
            If it is not there or can't be opened.
        """
        self._send(device)
        self._has_device = True
        return DeviceProcess(self, self._answer())

    def start(self) -> None:
        """Let the device that was opened start."""
        self._send(START)
        self._answer()

    def device_ended(self) -> bool:
        """Return whether the process of the device is gone."""
        try:
            while self._has_device and self._child.pipe.poll():
                self._has_device = self._child.pipe.recv() != ENDED
        except (EOFError, OSError):
            self._renew()
        return not self._has_device

    def end_device(self) -> None:
        """End the process of the device; when this returns, it renders no more."""
        if self._has_device and self._send_quietly(END):
            deadline = time.monotonic() + 2 * CLOSE_TIMEOUT_S
            while not self.device_ended():
                if time.monotonic() > deadline:  # the supervisor itself stands still
                    self._renew()
                time.sleep(_SLICE_S / 4)

    def close(self) -> None:
        """End all processes."""
        self._child.end(2 * CLOSE_TIMEOUT_S)

    def _send(self, request: object) -> None:
        if not self._send_quietly(request):
            raise DeviceError("the process that plays sound died")

    def _send_quietly(self, request: object) -> bool:
        try:
            self._child.pipe.send(request)
        except OSError:
            self._renew()
            return False
        return True

    def _answer(self) -> Any:
        """Return what the device's process says; where that is no good, it is ended."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not self._child.pipe.poll(_SLICE_S):
            if self._stopping.is_set() or time.monotonic() > deadline:
                self.end_device()
                raise DeviceError(f"the sound system did not answer in {ANSWER_TIMEOUT_S:.0f} s")
        try:
            answer = self._child.pipe.recv()
        except (EOFError, OSError):
            answer = ENDED
            self._renew()
        if answer == ENDED:
            self._has_device = False
            raise DeviceError("the process that plays sound died")
        if isinstance(answer, StreamsonError):
            self.end_device()
            raise answer
        return answer

    def _renew(self) -> None:
        """Take another supervisor, once the last one and its device render no more."""
        self._child.kill(CLOSE_TIMEOUT_S)
        self._has_device = False
        self._child = self._fork()


def _supervise(listener: Connection, engine: Engine) -> None:
    """Serve a listener until it is gone: one device at a time."""
    parent = os.getppid()
    device: Child | None = None
    try:
        while os.getppid() == parent:
            pipes = [listener] if device is None else [listener, device.pipe]
            ready = wait(pipes, PARENT_CHECK_S)
            if device is not None and device.pipe in ready:
                device = _pass_on(device, listener)
            elif listener in ready:
                device = _serve(listener.recv(), device, listener, engine)
    finally:
        if device is not None:
            _fade(engine)
            device.end(CLOSE_TIMEOUT_S)


def _pass_on(device: Child, listener: Connection) -> Child | None:
    """Pass on what the device's process says, and its end."""
    try:
        listener.send(device.pipe.recv())
    except (EOFError, ConnectionResetError):
        _end(device, listener)
        return None
    return device


def _serve(
    request: object, device: Child | None, listener: Connection, engine: Engine
) -> Child | None:
    """Do what the listener asks for; return the process of the device, if there is one."""
    if isinstance(request, Device):
        return Child(
            lambda pipe: _play(pipe, engine, request),
            # The listener sees the end of its pipe when nobody is left that could render.
            keep=(listener.fileno(),),
            dies_with_thread=True,
        )
    if device is None:  # it has ended meanwhile, which the listener has been told
        return None
    if request == END:
        _end(device, listener)
        return None
    device.pipe.send(request)
    return device


def _end(device: Child, listener: Connection) -> None:
    device.end(CLOSE_TIMEOUT_S)
    listener.send(ENDED)


def _play(pipe: Connection, engine: Engine, device: Device) -> None:
    """Play an engine on a device until the pipe ends; without a goodbye if the device is gone."""
    engine.touch()
    stream = DeviceStream(engine, device)
    pipe.send(Opened(stream.device, stream.sample_rate, stream.latency_s))
    pipe.recv()
    stream.start()
    pipe.send(START)
    while not pipe.poll(WATCH_INTERVAL_S):
        if not stream.active:
            return
    if not stream.active:
        return
    stream.stop()
    portaudio.say_goodbye()


def _fade(engine: Engine) -> None:
    """Fade out, which a listener that was killed could not ask for."""
    frame = engine.stop_soon()
    deadline = time.monotonic() + FADE_TIMEOUT_S
    while engine.frame < frame and time.monotonic() < deadline:
        time.sleep(_SLICE_S / 4)
