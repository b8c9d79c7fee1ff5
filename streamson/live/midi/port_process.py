"""A MIDI port in a process of its own.

RtMidi waits without end, and with the interpreter's lock, where a JACK server takes nothing any
more, and does not tell that one has died: its thread of that server is gone then.
"""

import os
import signal
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from select import select
from socket import socket, socketpair
from typing import Final

from streamson._child_process import Child, in_child
from streamson.errors import ChildError, StreamsonError
from streamson.live.midi.ports import OpenPort, PortName, list_ports

ANSWER_S: Final = 3.0
"""A MIDI system that says nothing for so long hangs."""

CLOSE_S: Final = 1.5
"""RtMidi waits for a second until the last message has gone."""

STUCK_S: Final = 4
"""A process that waits in a message for so long ends."""

MAX_WAITING_BYTES: Final = 65_536
"""Messages that wait, beside those that the system holds: some seconds of dense notes."""

_THREADS: Final = "/proc/self/task"


class PortProcess:
    """A port that was opened, and what is sent to it, in another process.

    Parameters
    ----------
    port
        Which; None for one of our own.

    Raises
    ------
    StreamsonError
        As of `OpenPort`, or if that takes too long.
    """

    def __init__(self, port: PortName | None) -> None:
        self._socket, theirs = socketpair()
        self._socket.setblocking(False)
        self._waiting = bytearray()
        self._is_asked = False
        self._child = Child(partial(_serve, port, theirs), keep=(theirs.fileno(),))
        theirs.close()
        try:
            self._child.receive(ANSWER_S)
        except BaseException:
            self._socket.close()
            self._child.end(0)
            raise

    def send(self, message: bytes) -> None:
        """Send a message, of 255 bytes at most. Never waits.

        Raises
        ------
        StreamsonError
            If too much waits already.
        """
        self._waiting += bytes([len(message)]) + message
        with suppress(BlockingIOError):
            del self._waiting[: self._send_some()]
        if len(self._waiting) > MAX_WAITING_BYTES:
            raise StreamsonError("nothing goes to it any more")

    def is_there(self) -> bool:
        """Return whether it was there when this was asked last; what hangs is not."""
        try:
            if self._is_asked and not self._child.receive(0):
                return False
            self._child.pipe.send(None)
        except (StreamsonError, OSError):
            return False
        self._is_asked = True
        return True

    def close(self) -> None:
        """Give it back, once all has gone that can."""
        with suppress(OSError, StreamsonError):
            self._send_some()
        self._socket.close()
        self._child.end(CLOSE_S)

    def _send_some(self) -> int:
        try:
            return self._socket.send(self._waiting)
        except (BrokenPipeError, ConnectionResetError):
            raise StreamsonError("its process has ended") from None


def list_ports_apart() -> list[PortName]:
    """Return what `list_ports` does, as another process knows it.

    Raises
    ------
    StreamsonError
        If that hangs, or dies.
    """
    try:
        found: list[PortName] = in_child(
            list_ports, cleanup=lambda: None, timeout_s=ANSWER_S, cleanup_s=0
        )
    except ChildError as error:
        raise StreamsonError(f"the MIDI system can't be asked: {error}") from None
    return found


def _serve(port: PortName | None, messages: socket, pipe: Connection) -> None:
    """Send what comes; say whether the port is there; end with the other process, or if stuck."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends what waits within RtMidi, too
    signal.alarm(STUCK_S)
    opened = OpenPort(port)
    threads = len(os.listdir(_THREADS))
    pipe.send(True)
    framed = bytearray()
    while True:
        signal.alarm(STUCK_S)
        ready, _, _ = select([messages.fileno(), pipe.fileno()], [], [], STUCK_S / 2)
        if messages.fileno() in ready:
            received = messages.recv(MAX_WAITING_BYTES)
            if not received:
                opened.close()
                return
            framed += received
            while framed and len(framed) > framed[0]:
                opened.send(bytes(framed[1 : 1 + framed[0]]))
                del framed[: 1 + framed[0]]
        if pipe.fileno() in ready:
            # Where the other end is closed, messages end too, once the last have gone.
            with suppress(EOFError, OSError):
                pipe.recv()
                pipe.send(opened.is_there() and len(os.listdir(_THREADS)) == threads)
