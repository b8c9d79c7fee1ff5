"""Sockets of protocols that can't ask who sends: who reaches them, and what the kernel lost."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from streamson._printable import counted
from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import UsageError
from streamson.producers.push.address import bind, bound_address, is_local, parse_address

MAX_DATAGRAM_BYTES: Final = 65_535
"""What UDP can carry."""

BUFFER_BYTES: Final = 4 << 20
"""Asked of the kernel, which gives what it allows: some seconds of a flood."""

MAX_A_TURN: Final = 64
"""Datagrams that are read at once before others have their turn."""

LOSS_INTERVAL_S: Final = 5.0
ERROR_PAUSE_S: Final = 0.05

_log = logging.getLogger(__name__)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def address_options(default_port: int) -> Callable[[_Command], _Command]:
    """Return the options ``address`` and ``insecure``."""

    def add(command: _Command) -> _Command:
        insecure = click.option(
            "--insecure",
            is_flag=True,
            help="Listen where other machines reach it: whoever does can send, and is not asked "
            "who it is.",
        )
        address = click.option(
            "--address",
            default=f"127.0.0.1:{default_port}",
            show_default=True,
            metavar="[HOST:]PORT",
            help="Where to listen. Another host than this one, such as 0.0.0.0, takes --insecure.",
        )
        return address(insecure(command))

    return add


def open_sockets(
    text: str, kinds: Sequence[socket.SocketKind], *, insecure: bool, default_port: int
) -> list[socket.socket]:
    """Return sockets of several kinds that are bound to one address, and say where that is.

    Parameters
    ----------
    text
        What ``--address`` says.
    kinds
        ``SOCK_STREAM`` or ``SOCK_DGRAM``.
    insecure
        Whether other machines may reach it.
    default_port
        For messages.

    Raises
    ------
    UsageError
        If it is no address, or one that other machines reach without `insecure`.
    StreamsonError
        If it can't be bound.
    """
    address = parse_address(text, "--address", default_port)
    opened: list[socket.socket] = []
    try:
        for kind in kinds:
            opened.append(bind(address, kind, "--address"))
            address = bound_address(address, opened[0])
            if not insecure:
                _check_local(opened[0], default_port)
            if kind is socket.SOCK_DGRAM:
                with suppress(OSError):
                    opened[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    except BaseException:
        for one in opened:
            one.close()
        raise
    names = " and ".join("UDP" if kind is socket.SOCK_DGRAM else "TCP" for kind in kinds)
    _log.info("listening on %s, %s", address, names)
    return opened


def _check_local(bound: socket.socket, default_port: int) -> None:
    if not is_local(bound):
        raise UsageError(
            f"--address: other machines reach {bound.getsockname()[0]}, and this protocol can't "
            "ask who sends: everybody there could play what they like. Add --insecure if that is "
            f"meant, in a network that you trust; 127.0.0.1:{default_port} is reached from this "
            "machine only"
        )


async def receive_datagrams(
    bound: socket.socket, on_datagram: Callable[[bytes, str], None]
) -> None:
    """Hand over each datagram and its sender's host until this is cancelled; close the socket.

    What the kernel drops because it comes too fast is told, where the kernel says it (Linux).
    """
    loop = asyncio.get_running_loop()
    watching = asyncio.create_task(_tell_losses(bound))
    try:
        while True:
            for _ in range(MAX_A_TURN):
                try:
                    data, sender = await loop.sock_recvfrom(bound, MAX_DATAGRAM_BYTES)
                except OSError:  # Windows tells what somebody answered whom nothing was sent
                    await asyncio.sleep(ERROR_PAUSE_S)
                else:
                    on_datagram(data, str(sender[0]))
            await asyncio.sleep(0)
    finally:
        watching.cancel()
        if lost := lost_datagrams(bound):
            _log.warning("%s lost: they came too fast", counted(lost, "datagram"))
        bound.close()


async def _tell_losses(bound: socket.socket) -> None:
    limited = RateLimitedLog(_log)
    lost = 0
    while True:
        await asyncio.sleep(LOSS_INTERVAL_S)
        if (lost_now := lost_datagrams(bound)) > lost:
            lost = lost_now
            limited.warning(
                "lost",
                "%s lost so far: they come faster than they are read",
                counted(lost, "datagram"),
            )


def lost_datagrams(bound: socket.socket) -> int:
    """Return how many datagrams the kernel dropped, for its buffer was full; 0 if it can't say."""
    table = "/proc/net/udp6" if bound.family == socket.AF_INET6 else "/proc/net/udp"
    try:
        inode = str(os.fstat(bound.fileno()).st_ino)
        rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        return next((int(row[-1]) for row in rows if row[9] == inode), 0)
    except (OSError, ValueError, IndexError):
        return 0
