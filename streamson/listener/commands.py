"""The commands that come over the wire: taken, carried out, and answered."""

import threading
from typing import Final

from streamson._faults import Faults
from streamson.errors import StreamsonError
from streamson.listener.steering import Steering
from streamson.model.command import Answer, Command
from streamson.wire.control.server import CommandServer

WAIT_S: Final = 0.2
"""The longest time until it notices that it is to end."""


class Commands:
    """Takes commands, in a thread of its own.

    Parameters
    ----------
    server
        Where they come; this closes it.
    steering
        Carries them out.
    faults
        Survives what nobody foresaw.
    """

    def __init__(self, server: CommandServer, *, steering: Steering, faults: Faults) -> None:
        self._server = server
        self._steering = steering
        self._faults = faults
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)

    @property
    def taken(self) -> int:
        """Commands that were carried out."""
        return self._server.taken

    @property
    def refused(self) -> int:
        """Commands that were not, and what was none."""
        return self._server.refused

    @property
    def cut(self) -> int:
        """Connections that were cut off."""
        return self._server.cut

    @property
    def refused_connections(self) -> int:
        """Connections that were not let in."""
        return self._server.refused_connections

    def start(self) -> None:
        """Begin to take commands."""
        self._thread.start()

    def close(self) -> None:
        """Take no more. Can be called again."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._faults.surviving("a command"):
                self._server.serve(self._surviving, WAIT_S)
                self._steering.forget_gone()

    def _surviving(self, command: Command) -> Answer:
        try:
            return self._steering.carry_out(command)
        except StreamsonError:
            raise
        except Exception as error:  # no command ends a listener
            self._faults.survive(error, "a command")
            raise StreamsonError("streamson failed to do that; its log says more") from None
