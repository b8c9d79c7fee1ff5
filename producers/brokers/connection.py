"""Staying connected to a broker: refusals are told at once, everything else is tried again."""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from streamson.errors import UsageError
from streamson.producers.base.backoff import Backoff

CONNECT_S: Final = 3
"""How long a broker may take to answer."""

QUIET_S: Final = 4.0
"""If nothing came so long after a connection, that is told."""

CLEAN_UP_S: Final = 0.3
"""How long a session may take to say goodbye."""

_NUMBER: Final = re.compile(r"\[Errno -?\d+\] ")

_WORDS: Final = (
    (re.compile("Connection refused|Connect call failed|Error 111"), "nobody listens there"),
    (
        re.compile(
            "Disconnected during message iteration|unexpected EOF|Connection closed by server"
        ),
        "the connection broke",
    ),
    (re.compile("Protocol Error"), "what listens there does not speak this protocol"),
)
"""What libraries say in words of their own, each in another one."""

MAX_CAUSES: Final = 8
"""Libraries wrap an error in their own, and that in another."""

_log = logging.getLogger(__name__)


async def stay_connected(
    what: str,
    session: Callable[[Callable[[], None]], Coroutine[Any, Any, None]],
    gone: tuple[type[Exception], ...],
    look: Callable[[], None] = lambda: None,
) -> None:
    """Run one session after the other, without end.

    Parameters
    ----------
    what
        What is connected to, for messages.
    session
        Connects, and returns or raises when the connection has ended. It is given what to call as
        soon as messages can come. It raises a `UsageError` where it is refused: the first time
        that ends the producer, later it is tried again, for a broker that begins may not know its
        users yet.
    gone
        What it raises where the connection can't be made, or has ended.
    look
        Is called once a connection holds for `QUIET_S`: tells if nothing came.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_note)
    looking: asyncio.TimerHandle | None = None
    backoff = Backoff(what)
    was_connected = False

    def connected() -> None:
        nonlocal was_connected, looking
        was_connected = True
        looking = loop.call_later(QUIET_S, look)
        backoff.connected()

    while True:
        reason: object = "the connection has ended"
        try:
            await _until_cancelled(session(connected))
        except UsageError as error:
            if not was_connected:
                raise
            reason = error
        except gone as error:
            untrusted = _untrusted(error)
            if untrusted and not was_connected:
                raise UsageError(
                    f"{what}: its certificate is not trusted: {untrusted}; give the authority that "
                    "signed it by --ca-file FILE"
                ) from None
            reason = _reason(error)
        finally:
            if looking is not None:
                looking.cancel()
        await asyncio.sleep(backoff.failed(reason))


def quieten(*names: str) -> None:
    """Let nothing be written of what a library logs: it is told here in other words."""
    for name in names:
        log = logging.getLogger(name)
        log.addHandler(logging.NullHandler())
        log.propagate = False


async def first_end(parts: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run parts until the first of them ends or fails, and end the others."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_cancelled(session: Coroutine[Any, Any, None]) -> None:
    """Run a session; cancel it until it ends, should this be cancelled.

    Once is not enough: until Python 3.12 ``asyncio.wait_for``, which libraries use, goes on if what
    it waits for is done at that moment.
    """
    task = asyncio.ensure_future(session)
    try:
        await asyncio.wait([task])
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CLEAN_UP_S)
    task.result()


def _reason(error: Exception) -> str:
    """Return why a connection can't be made, or has ended, in words."""
    if isinstance(error, TimeoutError) and not error.args:
        return "it does not answer"
    text = _NUMBER.sub("", str(error)).rstrip(".") or type(error).__name__
    return next((words for pattern, words in _WORDS if pattern.search(text)), text)


def _untrusted(error: BaseException | None) -> str:
    """Return what is wrong with a broker's certificate, if that is it; empty otherwise."""
    for _ in range(MAX_CAUSES):
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        if error is None:
            break
        error = error.__cause__ or error.__context__
    return ""


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Take in what libraries leave behind when a connection breaks: the session has told it."""
    _log.debug("%s: %r", context.get("message"), context.get("exception"))
