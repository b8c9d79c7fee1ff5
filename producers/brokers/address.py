"""Where a broker is: what an address on the command line says."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from streamson.errors import UsageError, nearest
from streamson.producers.base.secret import check_no_secret

MAX_ADDRESS_CHARS: Final = 2_000
MAX_PORT: Final = 65_535

_SURE_HOST: Final = re.compile(
    r"(localhost|(\d{1,3}\.){3}\d{1,3}|\[[\da-fA-F:.]+\])(:\d+)?(/.*)?", re.ASCII
)
"""What can be nothing but a host: no topic, subject or key is like this."""

_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)*(:\d+)?(/\d+)?", re.ASCII)


class BrokerAddress(NamedTuple):
    """Where a broker is.

    Attributes
    ----------
    scheme
        "mqtt", "tls".
    host, port
        Of the machine.
    path
        What follows, without the slash; mostly empty.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_address(text: str, schemes: Mapping[str, int], *, argument: str) -> BrokerAddress:
    """Return what an address says.

    Parameters
    ----------
    text
        ``mqtt://HOST:PORT``; the port may be missing, and so may the scheme where the host can be
        nothing else: ``127.0.0.1:1883``, ``localhost``.
    schemes
        Those that are allowed, each with its port; the first is that of an address without one.
    argument
        What it was given as, for messages.

    Raises
    ------
    UsageError
        Where it is none, or holds a user or a password.

    Examples
    --------
    >>> str(parse_address("mqtts://broker", {"mqtt": 1883, "mqtts": 8883}, argument="URL"))
    'mqtts://broker:8883'
    """
    check_no_secret(text, argument, "--password-file FILE or the environment's STREAMSON_PASSWORD")
    full = text if "://" in text else f"{next(iter(schemes))}://{text}"
    allowed = " or ".join(f"{scheme}://HOST[:PORT]" for scheme in schemes)
    wrong = f"{argument}: found {text[:MAX_ADDRESS_CHARS]!r}; an address is allowed: {allowed}"
    try:
        parts = urlsplit(full if _SURE_HOST.fullmatch(text) else text)
        host, port = parts.hostname, parts.port
    except ValueError:
        port_text = text.rpartition(":")[2]
        is_port = port_text.isascii() and port_text.isdigit()
        of_port = f"; a port is at most {MAX_PORT}" if is_port else ""
        raise UsageError(wrong + of_port) from None
    if parts.scheme not in schemes or not host or len(text) > MAX_ADDRESS_CHARS:
        is_host = full != text and _HOST.fullmatch(text)
        meant = f"; did you mean {full}? It comes first" if is_host else ""
        if "://" not in text and not meant:
            meant = f"; it comes first, such as {next(iter(schemes))}://127.0.0.1"
        raise UsageError(wrong + (meant or nearest(parts.scheme, schemes)))
    if parts.username is not None:
        raise UsageError(f"{argument}: the address holds a user; give it by --user NAME")
    if parts.query or parts.fragment:
        raise UsageError(wrong)
    return BrokerAddress(parts.scheme, host, port or schemes[parts.scheme], parts.path.strip("/"))
