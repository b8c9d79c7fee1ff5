"""Who may send over HTTP: tokens, names of this machine, and no page of somebody else's."""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from streamson.producers.push.body import Outcome

HOW: Final = "send it as a header, Authorization: Bearer TOKEN, or as the password of Basic"

_SCHEMES: Final = ("bearer", "token")
"""The second one is what clients of InfluxDB say."""

_OWN_SITES: Final = (None, "same-origin", "none")
"""What browsers say of requests that no other page made; programs say nothing."""


class Access:
    """Tells who may send.

    Parameters
    ----------
    token
        Whoever shows it may; None lets everybody who reaches this machine's own address.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token

    def refusal(self, headers: Mapping[str, str]) -> Outcome | None:
        """Return what somebody is told who may not send; None for who may.

        Parameters
        ----------
        headers
            Of the request, by their names in lower case.
        """
        origin, host = headers.get("origin"), headers.get("host")
        if not _is_same_origin(origin, host) or headers.get("sec-fetch-site") not in _OWN_SITES:
            return Outcome(403, "no page of another site may send here")
        if self._token is not None:
            return self._token_refusal(headers.get("authorization"), self._token)
        # A page elsewhere may let its name lead to this address (DNS rebinding): it can't change
        # what the browser says of it. It can't know a token either.
        if not _is_own_name(host):
            return Outcome(403, "this is not known by that name; use localhost or 127.0.0.1")
        return None

    def _token_refusal(self, authorization: str | None, token: str) -> Outcome | None:
        if authorization is None:
            return Outcome(401, f"a token is needed: {HOW}")
        shown = _token_of(authorization).encode(errors="surrogateescape")
        if not hmac.compare_digest(shown, token.encode()):
            return Outcome(401, f"this is not the token: {HOW}")
        return None


def _token_of(authorization: str) -> str:
    """Return the token in a header: collectd and old clients can only say a user's password."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() in _SCHEMES:
        return rest.strip()
    if scheme.lower() == "basic":
        with suppress(ValueError):
            return b64decode(rest, validate=True).decode().partition(":")[2]
    return ""


def _is_same_origin(origin: str | None, host: str | None) -> bool:
    if origin is None:
        return True
    with suppress(ValueError):
        return host is not None and urlsplit(origin).netloc == host
    return False


def _is_own_name(host: str | None) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname if host else None
    except ValueError:
        return False
    if name is None or name == "localhost":
        return name is not None
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
