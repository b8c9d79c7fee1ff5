"""Where a broker is: what an address on the command line says."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from streamson.errors import UsageError, nearest
from streamson.producers.base.secret import check_no_secret

MAX_ADDRESS_CHARS: Final = 2_000


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
        ``mqtt://HOST:PORT``; the port may be missing.
    schemes
        Those that are allowed, each with its port.
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
    allowed = " or ".join(f"{scheme}://HOST[:PORT]" for scheme in schemes)
    wrong = f"{argument}: found {text[:MAX_ADDRESS_CHARS]!r}; an address is allowed: {allowed}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(wrong) from None
    if parts.scheme not in schemes or not host or len(text) > MAX_ADDRESS_CHARS:
        raise UsageError(wrong + nearest(parts.scheme, schemes))
    if parts.username is not None:
        raise UsageError(f"{argument}: the address holds a user; give it by --user NAME")
    if parts.query or parts.fragment:
        raise UsageError(wrong)
    return BrokerAddress(parts.scheme, host, port or schemes[parts.scheme], parts.path.strip("/"))
