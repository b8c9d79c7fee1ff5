"""What both ends of the wire do to their sockets: keepalive, and addresses that explain failure."""

import errno
import socket as sockets
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import zmq

from streamson.errors import StreamsonError, UsageError
from streamson.keys.folder import KeyFolder
from streamson.keys.key import z85_of
from streamson.wire.sockets.endpoint import MAX_PORT, parse_endpoint
from streamson.wire.sockets.name_lookup import LOOK_UP_S, NameLookup

SILENCE_S: Final = 12
"""A peer whose machine has not answered for so long is gone."""

CONNECT_MS: Final = 1_000
RECONNECT_MS: Final = 500
"""So long a try to connect may take, and at most so long it is waited before the next: else a link
that was cut would be found again only after the kernel's pauses, which grow to many seconds."""

GIVEN_UP_S: Final = 0.5
"""At most so long a port is taken after its socket was closed: it is ZeroMQ's thread that does."""

_FORM: Final = 'the form is "tcp://HOST:PORT", such as tcp://127.0.0.1:5570, or "ipc://PATH"'


def set_keepalive(socket: zmq.Socket[Any]) -> None:
    """Make the kernel notice that a peer has gone without a word, within `SILENCE_S`.

    ZeroMQ's own heartbeat may abort a process that receives (4.3.5: ``out_event`` asserts that
    there was no input error): where a peer goes while so much of it waits that reading has paused.
    """
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, SILENCE_S // 2)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, SILENCE_S // 6)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    socket.setsockopt(zmq.TCP_MAXRT, 1000 * SILENCE_S)  # of what was sent and not acknowledged


def sending_socket(high_water_mark: int, linger_ms: int) -> zmq.Socket[bytes]:
    """Return a socket for points, which is to be connected.

    XPUB, because that receives the subscriptions: only so does who sends know that somebody is
    there.

    Parameters
    ----------
    high_water_mark
        Messages that wait in it.
    linger_ms
        How long they may take after it was closed.
    """
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
    socket.setsockopt(zmq.SNDHWM, high_water_mark)
    # It turns the silent drop at the high-water mark into one that is counted.
    socket.setsockopt(zmq.XPUB_NODROP, 1)
    # Without it a lost listener goes unnoticed, and comes back to a flood of old news.
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.LINGER, linger_ms)
    set_keepalive(socket)
    return socket


def connect(socket: zmq.Socket[Any], endpoint: str) -> None:
    """Connect, with this machine's key if the endpoint has one; or close the socket and raise.

    Raises
    ------
    UsageError
        The endpoint can't be one, or has a key, and this machine has none.
    InputFileError
        This machine's key can't be read, or others can read or change it.
    """
    try:
        address, key = parse_endpoint(endpoint)
        if key is not None:
            pair = KeyFolder.of_machine().pair()
            socket.setsockopt(zmq.CURVE_SERVERKEY, z85_of(key))
            socket.setsockopt(zmq.CURVE_PUBLICKEY, z85_of(pair.public))
            socket.setsockopt(zmq.CURVE_SECRETKEY, z85_of(pair.secret))
        _check_kind(address)
        _check_port(address)
        if NameLookup(address).is_ipv6(LOOK_UP_S):
            # Not for all: ZeroMQ would try the first address of a name alone, of which it then
            # has an IPv6 one though nobody listens there.
            socket.setsockopt(zmq.IPV6, 1)
        _allow_ipv6(socket, address)
        socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MS)
        socket.connect(address)
    except StreamsonError:
        socket.close(0)
        raise
    except (zmq.ZMQError, TypeError, ValueError) as error:
        socket.close(0)
        raise UsageError(f"can't connect to {endpoint!r}: {error}; {_FORM}") from None


def bind(socket: zmq.Socket[Any], endpoint: str, option: str = "--bind") -> str:
    """Bind and return the endpoint with its real port, or close the socket and raise.

    Parameters
    ----------
    socket
        The socket.
    endpoint
        Where.
    option
        What chooses another, for the message.

    Raises
    ------
    UsageError
        If the endpoint is none that ZeroMQ knows, or a file is there.
    StreamsonError
        If the port is taken or the address is not one of this machine.
    """
    try:
        _check_kind(endpoint)
        _check_port(endpoint)
        _check_path(endpoint, option)
        _allow_ipv6(socket, endpoint)
        _bind_patiently(socket, endpoint)
    except StreamsonError:
        socket.close(0)
        raise
    except (zmq.ZMQError, TypeError, ValueError, OSError) as error:
        socket.close(0)
        reason = getattr(error, "errno", None)
        if reason == zmq.EADDRINUSE:
            raise _in_use(endpoint, "port", option) from None
        if reason in (zmq.EADDRNOTAVAIL, errno.ENODEV):
            from_any = ", 0.0.0.0 from any" if option == "--bind" else ""
            raise StreamsonError(
                f"can't listen on {endpoint}: this machine does not have that address. "
                f"127.0.0.1 is reached from this machine{from_any}; choose with {option}."
            ) from None
        raise UsageError(f"can't listen on {endpoint!r}: {error}; {_FORM}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def descriptor_of(frame: zmq.Frame) -> int:
    """Return the descriptor through which a frame came, or -1: ZMTP 1.0 does not tell."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return -1


def _in_use(endpoint: str, what: str, option: str) -> StreamsonError:
    return StreamsonError(
        f"can't listen on {endpoint}: the {what} is in use, perhaps by another listener. "
        f"Stop that one, or choose another {what} with {option}."
    )


def _bind_patiently(socket: zmq.Socket[Any], endpoint: str) -> None:
    """Bind, also to a port that was just closed: ZeroMQ gives it up a moment later."""
    until = time.monotonic() + GIVEN_UP_S
    while True:
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _allow_ipv6(socket: zmq.Socket[Any], endpoint: str) -> None:
    """Let a socket have an IPv6 address where one is given: ZeroMQ knows of none by itself."""
    if endpoint.startswith("tcp://["):
        socket.setsockopt(zmq.IPV6, 1)


def _check_path(endpoint: str, option: str) -> None:
    """Raise where a path is taken: ZeroMQ would delete a file, or take another listener's place."""
    path = endpoint.removeprefix("ipc://")
    if path == endpoint or path[:1] in ("", "*", "@"):
        return
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise UsageError(
            f"can't listen on {endpoint}: there is a file of that name; choose another path with "
            f"{option}"
        )
    with closing(sockets.socket(sockets.AF_UNIX)) as asked:
        if asked.connect_ex(path) == 0:
            raise _in_use(endpoint, "path", option)


def _check_kind(endpoint: str) -> None:
    """Raise `ValueError` for another kind of endpoint: ZeroMQ has some that nobody here guards."""
    if not endpoint.startswith(("tcp://", "ipc://")):
        raise ValueError("that is no such endpoint")


def _check_port(endpoint: str) -> None:
    """Raise `ValueError` for a port that is none: ZeroMQ would try to connect to it for ever."""
    if not endpoint.startswith("tcp://"):
        return
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if not host:
        raise ValueError(f"there is no port; did you mean tcp://{port or '127.0.0.1'}:5570?")
    if ":" in host and not host.startswith("["):
        raise ValueError(f"an IPv6 address is in brackets; did you mean tcp://[{host}]:{port}?")
    if port != "*" and not (port.isdecimal() and 0 < int(port) <= MAX_PORT):
        raise ValueError(f"found port {port!r}; 1 to {MAX_PORT} is allowed")
