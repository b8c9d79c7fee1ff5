"""What those who steer want, carried out one after the other, in a thread of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from streamson.errors import StreamsonError
from streamson.live.web.access import Role
from streamson.live.web.limits import MAX_COMMANDS, MAX_COMMANDS_OF_GUESTS
from streamson.model.command import Answer, Command
from streamson.wire.control.client import CommandClient


class Steering:
    """Hands commands to a listener.

    Parameters
    ----------
    client
        Its own alone from now on.

    Attributes
    ----------
    refused
        Commands that were not handed on.
    """

    def __init__(self, client: CommandClient) -> None:
        self.refused = 0
        self._client = client
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="steering")

    async def carry_out(self, command: Command, role: Role) -> Answer:
        """Return what came of a command."""
        if command.changes and role < Role.HOST:
            self.refused += 1
            return Answer(ok=False, id=command.id, text="guests may see and hear, not steer")
        if self._waiting >= (MAX_COMMANDS if role >= Role.HOST else MAX_COMMANDS_OF_GUESTS):
            self.refused += 1
            return Answer(ok=False, id=command.id, text="too many commands wait already")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._thread, self._client.call, command)
        except StreamsonError as error:
            return Answer(ok=False, id=command.id, text=str(error))
        finally:
            self._waiting -= 1
        return Answer(ok=answer.ok, id=command.id, text=answer.text, result=answer.result)

    def close(self) -> None:
        """Hand on nothing more."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._client.close()
